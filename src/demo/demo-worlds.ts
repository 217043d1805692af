import type { GitHubId, OrgId } from '../model/identity.ts';
import { writeMark } from '../model/mark.ts';
import {
  addMember,
  addOrg,
  addRepository,
  addTeam,
  addToken,
  addUser,
  emptyGitHubWorld,
  type GitHubWorld,
  orgOf,
} from './github/github.ts';
import { addPermitUser, addResource, addRole, type PermitWorld, permitWorld } from './permit/permit.ts';

export const DEMO_ORG = 'acme';
export const DEMO_TOKEN = 'ghp_emulatedDemo';

/** Has an account on GitHub in every world, and is a member in none. */
export const NEWCOMER = 'octocat';

/** In every world, with `DEMOTED` in it. Only reads `DEMO_REPOSITORY` at first, as everyone does. */
export const DEMO_TEAM = 'payments';
export const DEMO_REPOSITORY = 'payments-api';

/** What `--world` takes. */
export type WorldName = 'small' | 'drift' | 'existing' | 'large';

export type DemoWorlds = { readonly github: GitHubWorld; readonly permit: PermitWorld };

const OWNERS = ['ada', 'grace', 'linus'];
const MEMBERS = `
  alan annie barbara brian claude dennis dorothy donald edith edsger frances guido hedy ida joan katherine ken leslie
  margaret mary niklaus radia rob shafi sophie tim vint yukihiro`
  .trim()
  .split(/\s+/);

/** What is wrong in the drifted Permit, one person each. */
const JOINED = ['radia', 'sophie', 'vint'];
const LEFT = ['kevin', 'trudy'];
const PROMOTED = 'grace';
/** A member in every world. */
export const DEMOTED = 'brian';
const LOST_GRANT = 'ida';
const LEFT_WITH_FOREIGN_GRANT = 'mallory';

/** Chosen first where there are fewer members than names. */
const FIRST = [...OWNERS, DEMOTED, LOST_GRANT, ...JOINED];

/** Default numbers of members. */
const MEMBERS_OF: Readonly<Record<WorldName, number>> = {
  small: 5,
  drift: OWNERS.length + MEMBERS.length,
  existing: 2000,
  large: 2000,
};

/**
 * GitHub with the organization `acme`, and a Permit environment.
 * - `small`: a handful of people; Permit has neither users nor permissions
 * - `drift`: Permit differs from GitHub in every way that a user can
 * - `existing`: Permit has everyone already, half under logins and half under emails, and no user has a mark
 * - `large`: Permit is set up and has no users
 * @param members at least 5: with fewer, the drifted users alone would cross the limit of 25 %
 */
export function demoWorlds(name: WorldName = 'drift', members: number = MEMBERS_OF[name]): DemoWorlds {
  const github = emptyGitHubWorld();
  addOrg(github, DEMO_ORG);
  const people = peopleOf(members);
  for (const person of people) addMember(github, DEMO_ORG, person);
  addMember(github, DEMO_ORG, { login: 'invited-ivy', state: 'pending' });
  const [owner = ''] = OWNERS;
  // Enough to redeliver webhooks, to change members and to read repositories.
  const scopes = ['admin:org', 'admin:org_hook', 'repo'];
  addToken(github, DEMO_TOKEN, { kind: 'pat', userId: addUser(github, owner).id, scopes });
  const permit = permitWorld();
  if (name !== 'small') addDemoPolicy(permit);
  if (name === 'drift') addDriftedUsers({ github, permit }, people);
  if (name === 'existing') addExistingUsers(permit, people);
  addUser(github, NEWCOMER);
  addTeam(github, DEMO_ORG, { slug: DEMO_TEAM, members: [DEMOTED, LOST_GRANT] });
  addRepository(github, DEMO_ORG, { name: DEMO_REPOSITORY });
  const [teams, collaborators] = [{ [DEMO_TEAM]: 'write' }, { [LOST_GRANT]: 'maintain' }];
  addRepository(github, DEMO_ORG, { name: 'website', visibility: 'public', teams, collaborators });
  return { github, permit };
}

type Person = { readonly login: string; readonly role: 'admin' | 'member' };

function peopleOf(members: number): readonly Person[] {
  const chosen = new Set([...FIRST, ...MEMBERS.filter((login) => !FIRST.includes(login))].slice(0, members));
  const named = [...OWNERS, ...MEMBERS].filter((login) => chosen.has(login));
  const numbered = Array.from({ length: members - named.length }, (_, index) => {
    return `dev-${String(index + 1).padStart(5, '0')}`;
  });
  return [...named, ...numbered].map((login) => ({
    login,
    role: OWNERS.includes(login) ? 'admin' : 'member',
  }));
}

/** What `policy` writes by default. */
function addDemoPolicy(permit: PermitWorld): void {
  const actions = ['create-repo', 'view-private-repo', 'edit-repo', 'delete-repo'];
  addResource(permit, 'membership', actions);
  const all = actions.map((action) => `membership:${action}`);
  addRole(permit, 'admin', all);
  addRole(permit, 'member', ['membership:view-private-repo']);
}

/** Beyond the named ones, one numbered person in 50 has joined, and one in 100 has left. */
function addDriftedUsers({ github, permit }: DemoWorlds, people: readonly Person[]): void {
  const { id: orgId } = orgOf(github, DEMO_ORG);
  const sync = (
    login: string,
    role: 'admin' | 'member',
    more: Partial<Parameters<typeof addPermitUser>[1]> = {},
  ) => {
    const { id } = addUser(github, login);
    addPermitUser(permit, {
      key: `github|${id}`,
      grants: [`default/${role}`],
      ...more,
      attributes: { ...markOf(id, login, orgId), ...more.attributes },
    });
  };
  const logins = new Set(people.map(({ login }) => login));
  for (const { login, role } of people) {
    if (!JOINED.includes(login) && !/^dev-\d+[05]0$/.test(login)) sync(login, role);
  }
  sync(PROMOTED, 'member', { attributes: { seat: 'B-12' } });
  if (logins.has(DEMOTED)) sync(DEMOTED, 'admin');
  if (logins.has(LOST_GRANT)) sync(LOST_GRANT, 'member', { grants: [] });
  // Below the limits of 25 % and of 100 people.
  const former = Array.from(
    { length: Math.min(40, Math.floor(people.length / 100)) },
    (_, index) => `former-${index + 1}`,
  );
  for (const login of [...(people.length < 20 ? [] : LEFT), ...former]) sync(login, 'member');
  sync(LEFT_WITH_FOREIGN_GRANT, 'member', { grants: ['default/member', 'default/billing'] });
  addPermitUser(permit, {
    key: 'svc-deploy',
    attributes: { purpose: 'deployments' },
    grants: ['default/admin'],
  });
}

/** Made by the company's own application; every tenth user also has a role that no rule gives. */
function addExistingUsers(permit: PermitWorld, people: readonly Person[]): void {
  addRole(permit, 'billing');
  for (const [index, { login, role }] of people.entries()) {
    const email = `${login}@${DEMO_ORG}.example`;
    addPermitUser(permit, {
      key: index % 2 === 0 ? login : email,
      email,
      attributes: { signed_up: 2024 },
      grants: [`default/${role}`, ...(index % 10 === 0 ? ['default/billing'] : [])],
    });
  }
}

function markOf(id: number, login: string, orgId: number): Readonly<Record<string, unknown>> {
  const mark = {
    id: id as GitHubId,
    login,
    orgs: [orgId as OrgId],
    owner: 'default',
    origin: 'created',
  } as const;
  return { ...writeMark(mark) };
}

/** Active members of the demo's organization, in the order in which they were made. */
export function membersOf(github: GitHubWorld): readonly Person[] {
  return [...orgOf(github, DEMO_ORG).members].flatMap(([id, { role, state }]) => {
    const login = github.users.get(id)?.login;
    return login === undefined || state !== 'active' || role === 'billing_manager' ? [] : [{ login, role }];
  });
}

/** People for whom Permit and GitHub still disagree about the role in the tenant: login, and what each says. */
export function disagreements({ github, permit }: DemoWorlds): readonly string[] {
  const wanted = new Map<string, string>(membersOf(github).map(({ login, role }) => [login, role]));
  const held = new Map<string, string>();
  for (const { key, attributes, grants } of permit.users.values()) {
    if (attributes?.managed_by === undefined) continue;
    const roles = grants.filter(({ resource }) => resource === undefined).map(({ role }) => role);
    held.set(String(attributes.github_login ?? key), roles.join(' and '));
  }
  return [...new Set([...wanted.keys(), ...held.keys()])]
    .filter((login) => wanted.get(login) !== held.get(login))
    .map(
      (login) =>
        `${login}: ${wanted.get(login) ?? 'nothing'} on GitHub, ${held.get(login) ?? 'nothing'} in Permit`,
    );
}
