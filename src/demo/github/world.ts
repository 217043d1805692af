import { TrackedMap } from '../tracked-map.ts';
import type { GitHubAccount, GitHubEnterprise, GitHubIdentity } from './people-world.ts';
import {
  type GitHubLevel,
  type GitHubRepositories,
  noRepositories,
} from './repositories/repository-world.ts';

export type { GitHubAccount } from './people-world.ts';

export type GitHubRole = 'admin' | 'member';
/** `pending` is an invitation, never listed. `public: false` is a concealed membership, GitHub's default. */
export type GitHubMembership = {
  /** A billing manager isn't a member, and is never listed. */
  readonly role: GitHubRole | 'billing_manager';
  readonly state: 'active' | 'pending';
  readonly public: boolean;
  /** Slugs of the enterprise teams through which the person is a member, where the membership is only indirect. */
  readonly through?: readonly string[];
};

export type GitHubTeam = {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  /** The id of the parent team. */
  readonly parent: number | undefined;
  /** A secret team is seen by owners, Apps and its own members only. */
  readonly privacy: 'closed' | 'secret';
  /** By the person's id; children's members are not repeated here. */
  readonly members: TrackedMap<number, 'maintainer' | 'member'>;
};

/** An organization role. `admin` and `member` aren't organization roles. */
export type GitHubOrgRole = {
  readonly id: number;
  readonly name: string;
  readonly source: 'Organization' | 'Enterprise' | 'Predefined';
  /** The access that it gives to every repository, if any. */
  readonly base?: GitHubLevel;
  /** Ids of people and of teams. */
  readonly users: Set<number>;
  readonly teams: Set<number>;
};

/** One entry of an audit log. `atMs`: since the epoch. */
export type GitHubAuditEvent = {
  readonly action: string;
  readonly atMs: number;
  readonly user?: { readonly id: number; readonly login: string };
};

export type GitHubOrg = {
  readonly id: number;
  readonly login: string;
  /** By the person's id. */
  readonly members: TrackedMap<number, GitHubMembership>;
  /** By the team's id. */
  readonly teams: TrackedMap<number, GitHubTeam>;
  /** By the person's id. */
  readonly outsideCollaborators: TrackedMap<number, true>;
  /** By the role's id. */
  readonly roles: Map<number, GitHubOrgRole>;
  readonly repositories: GitHubRepositories;
  /** Oldest first; undefined if the plan has no audit log. */
  auditLog?: GitHubAuditEvent[];
  /** Those of the organization's own identity provider; undefined if it has none. */
  identities?: GitHubIdentity[];
  /** The organization enforces SAML single sign-on; a PAT must be authorised at this URL. */
  samlSsoUrl?: string;
  /** The organization admits certain IP addresses only, and the caller's is not among them. */
  ipAllowList?: boolean;
};

/** A token. A PAT acts for a person; an Actions token is the workflow's own `GITHUB_TOKEN`. */
export type GitHubCredential =
  | {
      readonly kind: 'pat';
      readonly userId: number;
      readonly scopes: readonly string[];
      readonly ssoAuthorized?: boolean;
    }
  | {
      readonly kind: 'installation';
      readonly orgId: number;
      readonly permissions: Readonly<Record<string, string>>;
      /** Ids of the repositories it is installed on; on all of them without. */
      readonly repositories?: readonly number[];
      /** Milliseconds since the epoch; it never expires without. */
      readonly expiresAt?: number;
    }
  | { readonly kind: 'actions' };

export type GitHubInstallation = {
  readonly id: number;
  /** Of the account: an organization, or a person. */
  readonly orgId: number;
  readonly permissions: Readonly<Record<string, string>>;
  readonly repositories?: readonly number[];
  readonly suspended?: boolean;
};
export type GitHubApp = {
  readonly id: number;
  readonly slug: string;
  /** PEM; checks the JSON web tokens that the private key signed. */
  readonly publicKey: string;
  /** By the installation's id. */
  readonly installations: Map<number, GitHubInstallation>;
};

/** Everything that the emulated GitHub knows. Plain data: tests change it while the emulator runs. */
export type GitHubWorld = {
  readonly users: Accounts;
  /** By the login in lower case; see `orgOf`. */
  readonly orgs: Map<string, GitHubOrg>;
  /** Former names of organizations, in lower case, with the id of the organization. */
  readonly formerOrgNames: Map<string, number>;
  /** Former names of repositories, as `org/name` in lower case, with the id of the repository. */
  readonly formerRepositoryNames: Map<string, number>;
  /** By the token itself. */
  readonly tokens: Map<string, GitHubCredential>;
  readonly apps: Map<number, GitHubApp>;
  /** By the slug. */
  readonly enterprises: Map<string, GitHubEnterprise>;
  /** The last id given out: people, organizations, teams and installations share one row of numbers. */
  lastId: number;
};

/** People by id. Two accounts never have one login, whatever its case. */
class Accounts extends TrackedMap<number, GitHubAccount> {
  readonly #ids = new Map<string, number>();

  /** @throws when another account has the login. */
  override set(id: number, account: GitHubAccount): this {
    const login = account.login.toLowerCase();
    const holder = this.#ids.get(login);
    if (holder !== undefined && holder !== id) throw new Error(`the login ${account.login} is taken`);
    this.delete(id);
    this.#ids.set(login, id);
    return super.set(id, account);
  }

  override delete(id: number): boolean {
    const account = this.get(id);
    if (account !== undefined) this.#ids.delete(account.login.toLowerCase());
    return super.delete(id);
  }

  override clear(): void {
    this.#ids.clear();
    super.clear();
  }

  /** @param login in any case */
  byLogin(login: string): GitHubAccount | undefined {
    const id = this.#ids.get(login.toLowerCase());
    return id === undefined ? undefined : this.get(id);
  }
}

/** A PAT of the owner `owner` of `acme`, with `read:org`. */
export const OWNER_TOKEN = 'ghp_emulatedOwner';

/** An organization `acme` with one concealed owner, `owner`, whose PAT is `OWNER_TOKEN`. */
export function githubWorld(): GitHubWorld {
  const world = emptyGitHubWorld();
  addOrg(world, 'acme');
  const owner = addMember(world, 'acme', { login: 'owner', role: 'admin' });
  addToken(world, OWNER_TOKEN, { kind: 'pat', userId: owner.id, scopes: ['read:org'] });
  return world;
}

export function emptyGitHubWorld(): GitHubWorld {
  return {
    users: new Accounts(),
    orgs: new Map(),
    formerOrgNames: new Map(),
    formerRepositoryNames: new Map(),
    tokens: new Map(),
    apps: new Map(),
    enterprises: new Map(),
    lastId: 1000,
  };
}

/** @throws if the organization does not exist. */
export function orgOf(world: GitHubWorld, login: string): GitHubOrg {
  const org = world.orgs.get(login.toLowerCase());
  if (org === undefined) throw new Error(`no organization ${login}`);
  return org;
}

export const nextId = (world: GitHubWorld, id?: number): number => {
  const given = id ?? world.lastId + 1;
  world.lastId = Math.max(world.lastId, given);
  return given;
};

export function addOrg(world: GitHubWorld, login: string, id?: number): GitHubOrg {
  const org: GitHubOrg = {
    id: nextId(world, id),
    login,
    members: new TrackedMap(),
    teams: new TrackedMap(),
    outsideCollaborators: new TrackedMap(),
    roles: new Map(),
    repositories: noRepositories(),
  };
  world.orgs.set(login.toLowerCase(), org);
  return org;
}

/** The id stays; anyone can claim the old name: `addOrg` registers a stranger's organization under it. */
export function renameOrg(world: GitHubWorld, from: string, to: string): GitHubOrg {
  const org = { ...orgOf(world, from), login: to };
  world.orgs.delete(from.toLowerCase());
  world.formerOrgNames.set(from.toLowerCase(), org.id);
  world.orgs.set(to.toLowerCase(), org);
  return org;
}

/** The account with that login; created if there is none. */
export function addUser(world: GitHubWorld, login: string, id?: number): GitHubAccount {
  const known = world.users.byLogin(login);
  if (known !== undefined && (id === undefined || id === known.id)) return known;
  const account: GitHubAccount = { id: nextId(world, id), login };
  world.users.set(account.id, account);
  return account;
}

/** Makes a person a member, or changes their membership. Creates the account if there is none. */
export function addMember(
  world: GitHubWorld,
  org: string,
  member: { readonly login: string; readonly id?: number } & Partial<GitHubMembership>,
): GitHubAccount {
  const { role = 'member', state = 'active', public: isPublic = false, through } = member;
  const account = addUser(world, member.login, member.id);
  const membership = { role, state, public: isPublic, ...(through === undefined ? {} : { through }) };
  orgOf(world, org).members.set(account.id, membership);
  return account;
}

/** Takes the membership, every team and every repository of the organization; the account stays. */
export function removeMember(world: GitHubWorld, org: string, login: string): void {
  const { members, teams, repositories } = orgOf(world, org);
  const { id } = userOf(world, login);
  members.delete(id);
  for (const repository of repositories.all.values()) repository.collaborators.delete(id);
  for (const team of teams.values()) team.members.delete(id);
}

/** The id stays; anyone can claim the old login. @throws if someone else has the new login. */
export function renameUser(world: GitHubWorld, from: string, to: string): GitHubAccount {
  const account = { ...userOf(world, from), login: to };
  world.users.set(account.id, account);
  return account;
}

/** The account is gone, and its memberships with it. */
export function deleteUser(world: GitHubWorld, login: string): void {
  const { id } = userOf(world, login);
  for (const org of world.orgs.values()) {
    removeMember(world, org.login, login);
    org.outsideCollaborators.delete(id);
  }
  world.users.delete(id);
}

export function addOutsideCollaborator(world: GitHubWorld, org: string, login: string): GitHubAccount {
  const account = addUser(world, login);
  orgOf(world, org).outsideCollaborators.set(account.id, true);
  return account;
}

/** @throws if the account does not exist. */
export function userOf(world: GitHubWorld, login: string): GitHubAccount {
  const account = world.users.byLogin(login);
  if (account === undefined) throw new Error(`no account ${login}`);
  return account;
}

/** Enterprise teams appear in the organizations that they are assigned to, under slugs with this prefix. */
export const isEnterpriseTeam = ({ slug }: Pick<GitHubTeam, 'slug'>): boolean => slug.startsWith('ent:');

type NewTeam = {
  /** With the prefix `ent:` it is an enterprise team. */
  readonly slug: string;
  readonly id?: number;
  readonly name?: string;
  /** The slug of the parent team. */
  readonly parent?: string;
  readonly privacy?: 'closed' | 'secret';
  /** Logins. They must be members of the organization already to be listed. */
  readonly maintainers?: readonly string[];
  readonly members?: readonly string[];
};
export function addTeam(world: GitHubWorld, org: string, team: NewTeam): GitHubTeam {
  const { slug, name = slug, privacy = 'closed', maintainers = [], members = [] } = team;
  const parent = team.parent === undefined ? undefined : teamOf(world, org, team.parent).id;
  const made: GitHubTeam = {
    id: nextId(world, team.id),
    slug,
    name,
    parent,
    privacy,
    members: new TrackedMap(),
  };
  for (const login of members) made.members.set(userOf(world, login).id, 'member');
  for (const login of maintainers) made.members.set(userOf(world, login).id, 'maintainer');
  orgOf(world, org).teams.set(made.id, made);
  return made;
}

/** @throws if the organization does not have the team. */
export function teamOf(world: GitHubWorld, org: string, slug: string): GitHubTeam {
  const team = [...orgOf(world, org).teams.values()].find((one) => one.slug === slug);
  if (team === undefined) throw new Error(`no team ${slug} in ${org}`);
  return team;
}

/** The id stays; the old slug is free for any team. */
export function renameTeam(world: GitHubWorld, org: string, from: string, to: string): GitHubTeam {
  const team = { ...teamOf(world, org, from), slug: to, name: to };
  orgOf(world, org).teams.set(team.id, team);
  return team;
}

export function addTeamMember(
  world: GitHubWorld,
  org: string,
  slug: string,
  login: string,
  role: 'maintainer' | 'member' = 'member',
): void {
  teamOf(world, org, slug).members.set(userOf(world, login).id, role);
}

export function removeTeamMember(world: GitHubWorld, org: string, slug: string, login: string): void {
  teamOf(world, org, slug).members.delete(userOf(world, login).id);
}

export function addToken(world: GitHubWorld, token: string, credential: GitHubCredential): string {
  world.tokens.set(token, credential);
  return token;
}
