import fc from 'fast-check';
import {
  addMember,
  addTeam,
  addTeamMember,
  addUser,
  deleteUser,
  type GitHubAccount,
  type GitHubWorld,
  githubWorld,
  orgOf,
  removeMember,
  removeTeamMember,
  renameUser,
  teamOf,
} from '../../src/demo/github/github.ts';
import {
  addPermitUser,
  addRole,
  type PermitSnapshot,
  type PermitWorld,
  permitWorld,
} from '../../src/demo/permit/permit.ts';
import type { GitHubId, OrgId } from '../../src/model/identity.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { QueueEntry } from '../../src/model/webhooks/queue.ts';
import { markOf, orgIdOf } from '../support/adapters.ts';
import { allow } from '../support/builders.ts';

/** The people of the drains: the first four are members from the beginning, the last two have an account only. */
const LOGINS = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5'] as const;
const MEMBERS = 4;
/** Names to change to; `svc` and `theirs` are users of others in Permit, under which nobody can get a user. */
const NAMES = [...LOGINS, 'n0', 'n1', 'svc', 'theirs'];

export const PEOPLE = LOGINS.length;

export const RULES: readonly Rule[] = [
  allow('github:*:role:admin', 'admin'),
  allow('github:*:role:member', 'member'),
  allow('github:acme:team:platform:*', 'deployer'),
];

/** What changes on GitHub, and how often it is reported: 0 is a lost webhook, 2 a duplicate one. */
export type Mutation = {
  readonly kind: 'join' | 'own' | 'leave' | 'rename' | 'squat' | 'vanish' | 'enter team' | 'leave team';
  readonly who: number;
  /** Of `rename`, the number of the name; of `squat`, of the person whose login is claimed as soon as it is free. */
  readonly name: number;
  readonly told: number;
  /** The webhook arrives later than it should. */
  readonly late: boolean;
};

export const mutations: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(
    ...(['join', 'join', 'own', 'leave', 'leave', 'rename', 'rename', 'squat', 'squat', 'vanish'] as const),
    ...(['enter team', 'leave team'] as const),
  ),
  who: fc.nat(LOGINS.length - 1),
  name: fc.nat(NAMES.length - 1),
  told: fc.constantFrom(0, 1, 1, 1, 2),
  late: fc.constantFrom(false, false, true),
});

/** GitHub and Permit in sync, along with users of others. */
export function openWorlds(): {
  readonly github: GitHubWorld;
  readonly permit: PermitWorld;
  /** By the number of the person; an id stays the same when the login changes. */
  readonly ids: readonly GitHubId[];
} {
  const [github, permit] = [githubWorld(), permitWorld()];
  addRole(permit, 'deployer');
  const ids = LOGINS.map((login, i) => {
    const account =
      i < MEMBERS ? addMember(github, 'acme', { login, role: roleAtFirst(i) }) : addUser(github, login);
    return account.id as GitHubId;
  });
  addTeam(github, 'acme', { slug: 'platform', members: ['p2', 'p3'] });
  for (const login of ['owner', ...LOGINS.slice(0, MEMBERS)]) {
    const role = login === 'owner' ? 'admin' : roleAtFirst(LOGINS.indexOf(login as 'p0'));
    const inTeam = login === 'p2' || login === 'p3';
    const grants = [`default/${role}`, ...(inTeam ? ['default/deployer'] : [])];
    addPermitUser(permit, { key: login, attributes: markOf(github, login), grants });
  }
  addPermitUser(permit, { key: 'svc', attributes: { seat: 7 }, grants: ['default/admin'] });
  const theirs = { ...markOf(github, 'owner'), github_id: 77, managed_by: 'gh-permit-sync:others' };
  addPermitUser(permit, { key: 'theirs', attributes: theirs, grants: ['default/member'] });
  return { github, permit, ids };
}

const roleAtFirst = (i: number): 'admin' | 'member' => (i === 0 ? 'admin' : 'member');

/** Changes GitHub. @returns the people it affects, the last one first. */
export function mutate(
  world: GitHubWorld,
  ids: readonly GitHubId[],
  { kind, who, name }: Mutation,
): readonly GitHubId[] {
  const id = ids[who] as GitHubId;
  const account = world.users.get(id);
  if (account === undefined) return [];
  if (kind !== 'squat') return change(world, account, kind, NAMES[name] ?? '') ? [id] : [];
  const former = ids[name % ids.length] as GitHubId;
  const victim = world.users.get(former);
  const free = NAMES.find((one) => world.users.byLogin(one) === undefined);
  if (victim === undefined || former === id || free === undefined) return [];
  renameUser(world, victim.login, free);
  renameUser(world, account.login, victim.login);
  addMember(world, 'acme', { login: victim.login });
  return [former, id];
}

function change(
  world: GitHubWorld,
  account: GitHubAccount,
  kind: Exclude<Mutation['kind'], 'squat'>,
  name: string,
): boolean {
  const { id, login } = account;
  const isMember = orgOf(world, 'acme').members.has(id);
  switch (kind) {
    case 'join':
    case 'own':
      addMember(world, 'acme', { login, role: kind === 'own' ? 'admin' : 'member' });
      return true;
    case 'leave':
      if (isMember) removeMember(world, 'acme', login);
      return isMember;
    case 'rename':
      return rename(world, account, name);
    case 'vanish':
      deleteUser(world, login);
      return true;
    case 'enter team':
      if (isMember) addTeamMember(world, 'acme', 'platform', login);
      return isMember;
    case 'leave team':
      removeTeamMember(world, 'acme', 'platform', login);
      return isMember;
    default:
      return kind satisfies never;
  }
}

function rename(world: GitHubWorld, { login }: GitHubAccount, to: string): boolean {
  if (world.users.byLogin(to) !== undefined) return false;
  renameUser(world, login, to);
  return true;
}

let deliveries = 0;

/** As the receiver writes it. */
export const hint = (world: GitHubWorld, over: Partial<QueueEntry> = {}): QueueEntry => ({
  delivery: `delivery-${++deliveries}`,
  event: 'organization',
  action: 'member_added',
  org: 'acme',
  orgId: orgIdOf(world) as OrgId,
  login: undefined,
  id: undefined,
  team: undefined,
  repository: undefined,
  at: new Date().toISOString(),
  ...over,
});

/** What should hold for a person according to GitHub alone: the key and the grants, or no user. */
export function wanted(world: GitHubWorld, id: GitHubId): string | undefined {
  const role = orgOf(world, 'acme').members.get(id)?.role;
  const login = world.users.get(id)?.login;
  if (role === undefined || login === undefined) return undefined;
  const inTeam = teamOf(world, 'acme', 'platform').members.has(id);
  const grants = [...(inTeam ? ['default/deployer'] : []), `default/${role}`];
  return [login.toLowerCase(), ...grants.sort()].join();
}

/** The users of ours that are this person's, in the same words. */
export const standing = (held: PermitSnapshot, id: GitHubId): string | undefined => {
  const users = Object.entries(held).filter(
    ([, { attributes }]) =>
      attributes?.github_id === id && attributes.managed_by === 'gh-permit-sync:default',
  );
  if (users.length === 0) return undefined;
  return users.map(([key, { grants }]) => [key.toLowerCase(), ...grants.toSorted()].join()).join(' and ');
};
