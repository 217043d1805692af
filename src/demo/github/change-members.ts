import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { integrationForbidden, noContent, notFound, refusal } from './answers.ts';
import { type Ask, type Caller, findOrg, isPrivileged } from './caller.ts';
import { deliverSoon } from './delivery-attempts.ts';
import { membershipShape, simpleOrg, simpleUser } from './shapes.ts';
import {
  addMember,
  type GitHubAccount,
  type GitHubMembership,
  type GitHubOrg,
  removeMember,
} from './world.ts';

const on = routesFor<Ask>();

/** How an owner adds, promotes and removes members (docs.github.com/rest/orgs/members). Webhooks are sent. */
export const changeMemberRoutes: readonly Route<Ask>[] = [
  on('PUT', '/orgs/{org}/memberships/{login}', (ask, { org, login }) => setMembership(ask, org, login)),
  on('DELETE', '/orgs/{org}/memberships/{login}', (ask, { org, login }) => endMembership(ask, org, login)),
];

/** An invitation stays pending until it is accepted; `switches.invitations` can make that immediate. */
function setMembership(ask: Ask, orgName: string, login: string): Answer {
  const { world, request, switches } = ask;
  const { org, account, membership } = find(ask, orgName, login);
  const role = (request.body as { readonly role?: unknown } | undefined)?.role ?? 'member';
  if (role !== 'admin' && role !== 'member') throw refusal(422, 'Validation Failed');
  if (role === 'member') mustKeepAnOwner(org, account);
  const state = switches.invitations === 'accepted' ? 'active' : (membership?.state ?? 'pending');
  addMember(world, org.login, { public: false, ...membership, login: account.login, role, state });
  if (membership?.state !== 'active' && state === 'active') announce(ask, 'member_added', org, account);
  const now = org.members.get(account.id);
  if (now === undefined) throw notFound();
  return { status: 200, body: membershipShape(org, account, now, request.origin) };
}

function endMembership(ask: Ask, orgName: string, login: string): Answer {
  const { org, account, membership } = find(ask, orgName, login);
  if (membership === undefined) throw notFound();
  mustKeepAnOwner(org, account);
  if (membership.state === 'active') announce(ask, 'member_removed', org, account);
  removeMember(ask.world, org.login, account.login);
  return noContent;
}

type Found = {
  readonly org: GitHubOrg;
  readonly account: GitHubAccount;
  readonly membership: GitHubMembership | undefined;
};

function find(ask: Ask, orgName: string, login: string): Found {
  const org = findOrg(ask, 'login', orgName);
  mustAdministerMembers(ask.caller, org);
  const account = ask.world.users.byLogin(login);
  if (account === undefined) throw notFound();
  return { org, account, membership: org.members.get(account.id) };
}

function mustAdministerMembers(caller: Caller, org: GitHubOrg): void {
  if (caller.kind === 'installation' && caller.installation.permissions.members === 'write') return;
  if (caller.kind !== 'person') throw integrationForbidden('members=write');
  const hasScope = caller.pat.scopes.some((scope) => scope === 'admin:org' || scope === 'write:org');
  if (!hasScope || !isPrivileged(caller, org)) {
    throw refusal(403, 'You must be an admin to add or update an organization membership.');
  }
}

function mustKeepAnOwner({ members }: GitHubOrg, { id }: GitHubAccount): void {
  const owners = [...members].filter(([, { role, state }]) => role === 'admin' && state === 'active');
  if (owners.length === 1 && owners[0]?.[0] === id) {
    throw refusal(403, 'You cannot remove or demote the last owner of the organization.');
  }
}

function announce(
  { world, caller, request: { origin } }: Ask,
  action: 'member_added' | 'member_removed',
  org: GitHubOrg,
  account: GitHubAccount,
): void {
  const membership = org.members.get(account.id);
  if (membership === undefined) return;
  deliverSoon(world, org.login, 'organization', {
    action,
    membership: membershipShape(org, account, membership, origin),
    organization: simpleOrg(org, origin),
    sender: simpleUser(caller.kind === 'person' ? caller.account : account, origin),
  });
}
