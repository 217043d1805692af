import type { Proven } from './absence.ts';
import type { ErrorCode } from './errors.ts';
import type { GitHubId, OrgId } from './identity.ts';
import type { Level, RepositoryRole } from './repositories/access-model.ts';
import type { RepositoryFacts, RepositoryNeeds } from './repositories/facts.ts';

/** GitHub's role of a person in an organization: `admin` is an owner. */
export type OrgRole = 'admin' | 'member';

/** One active member of one organization, as GitHub lists or answers it. Invitations are not members. */
export type Member = { readonly id: GitHubId; readonly login: string; readonly role: OrgRole };

/** GitHub's role of a person in a team. */
export type TeamRole = 'maintainer' | 'member';

/**
 * How a rule names a team: its slug, which its maintainers may change, or `#` and its numeric id, which stays.
 * `*` in a slug stands for any run of characters.
 */
export type TeamRef = string;

/** A team that a rule can need, with everyone GitHub lists in it, members of child teams included. */
export type Team = {
  readonly ref: TeamRef;
  /** GitHub's numeric id, where it is known. */
  readonly id?: number | undefined;
  /**
   * `name`: a rule names this team, so not being in it can matter. `pattern`: a pattern of a rule matched it. `mirror`:
   * its repositories are mirrored; `ref` is `#ID` then.
   */
  readonly asked: 'name' | 'pattern' | 'mirror';
  readonly members: ReadonlyMap<GitHubId, TeamRole>;
};

/** A person on GitHub: a member, or an outside collaborator, who has access to a repository without being a member. */
export type Account = { readonly id: GitHubId; readonly login: string };

/** An organization role that a rule can need, with everyone who holds it, directly or through a team. */
export type HeldOrgRole = {
  readonly id: number;
  readonly name: string;
  /** The level that it gives on all repositories, where it gives one. */
  readonly base?: Level | undefined;
  readonly holders: ReadonlySet<GitHubId>;
  /** People who may or may not hold it: a second read of the list was empty, which proves nothing. */
  readonly unproven?: ReadonlySet<GitHubId>;
};

/** What a listing has to hold beyond the members, since a rule can need it. */
export type OrgNeeds = {
  readonly teams: readonly TeamRef[];
  readonly collaborators: boolean;
  /** Names of organization roles in lower case. `*` stands for any run of characters. */
  readonly orgRoles: readonly string[];
  /** Undefined if repositories are not mirrored. Then all teams and all roles with a base level are needed too. */
  readonly repositories?: RepositoryNeeds | undefined;
};

/** A team or an organization role (or all that a pattern matches), or the collaborators, that could not be read. */
export type Unread = {
  readonly what:
    | { readonly kind: 'team'; readonly ref: TeamRef }
    | { readonly kind: 'collaborators' }
    | { readonly kind: 'org-role'; readonly name: string }
    /** All repositories of the organization; one team's repositories; one repository's direct collaborators. */
    | { readonly kind: 'repositories' }
    | { readonly kind: 'team-repositories'; readonly id: number }
    | { readonly kind: 'direct-collaborators'; readonly id: number };
  readonly message: string;
  /** Set if the slug now names another team than before. `hint` says what to do. */
  readonly changed?: { readonly hint: string };
};

/**
 * What GitHub said about one organization. Only a complete listing proves that someone is *not* a member;
 * an incomplete one gives nothing and takes nothing, and says why.
 */
export type OrgListing =
  | {
      readonly kind: 'complete';
      readonly org: string;
      readonly id: OrgId;
      readonly members: readonly Member[];
      /** Those that were asked for and read. A pattern is read as the teams that it matches, each with its slug. */
      readonly teams: readonly Team[];
      /** Undefined unless they were asked for and read. */
      readonly collaborators: readonly Account[] | undefined;
      /** Those that were asked for and read, of the roles that exist; undefined if a source knows none. */
      readonly orgRoles?: readonly HeldOrgRole[] | undefined;
      /** People who may or may not be collaborators: a second read of the list was empty, which proves nothing. */
      readonly unproven?: ReadonlySet<GitHubId> | undefined;
      /** Undefined unless they were asked for and read. */
      readonly repositories?: RepositoryFacts | undefined;
      readonly unread: readonly Unread[];
    }
  | {
      readonly kind: 'incomplete';
      readonly org: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string;
    };

export type CompleteListing = Extract<OrgListing, { kind: 'complete' }>;
export type IncompleteListing = Extract<OrgListing, { kind: 'incomplete' }>;

export const incompleteOrg = (
  org: string,
  message: string,
  hint: string,
  code: ErrorCode = 'GITHUB_INCOMPLETE',
): IncompleteListing => ({ kind: 'incomplete', org, code, message, hint });

/** What was read of an organization, whether all of its people were listed or a few were looked up. */
export type OrgFacts = Omit<CompleteListing, 'kind'>;

/** Whether its repositories were to be read. */
export const isMirrored = ({ repositories, unread }: OrgFacts): boolean =>
  repositories !== undefined || unread.some(({ what }) => what.kind === 'repositories');

/**
 * An organization whose people were not listed. It says nothing about anyone who was not looked up, so it must never be
 * treated as a listing.
 */
export type OrgWithoutMembers = OrgFacts & { readonly kind: 'without-members' };

/** The members and outside collaborators of these organizations. Who is in several of them appears several times. */
export const accountsIn = (orgs: readonly OrgFacts[]): readonly Account[] =>
  orgs.flatMap(({ members, collaborators = [] }) => [...members, ...collaborators]);

/** A person to look up: by id, and by their known logins, the latest first. */
export type PersonToLookUp = {
  readonly id: GitHubId;
  /**
   * Used when GitHub shows no account with that id, as with managed users and hidden accounts. Undefined before
   * Permit's users were read, since their marks may hold a login. Empty if no user of ours has the id: nothing can be
   * lost then.
   */
  readonly logins: readonly string[] | undefined;
  /**
   * By organization, the mirrored teams and repositories on which they hold something in Permit. They are asked about
   * even where no listing shows the person. Of each repository, the lowest level that they hold: GitHub showing less
   * than that proves a loss where its list is empty.
   */
  readonly atStake?: ReadonlyMap<
    OrgId,
    { readonly teams: readonly TeamRef[]; readonly repositories: ReadonlyMap<number, Level> }
  >;
};

/**
 * A fact that GitHub shows in a list only. `unproven`: it answered 200 with an empty list, which proves nothing
 * (CONTRACT §6.2).
 */
export type ListedFact = Proven<true> | 'unproven';

/**
 * What GitHub answered about one person. `clear` holds, for each organization asked, what the person is there, or the
 * proof of absence. `unclear` takes nothing from anyone.
 */
export type Lookup =
  | {
      readonly kind: 'clear';
      readonly id: GitHubId;
      /** Today's login; undefined if GitHub shows neither an account nor a membership. */
      readonly login: string | undefined;
      /** The role of an active membership. */
      readonly roles: ReadonlyMap<OrgId, Proven<OrgRole>>;
      /** By organization, the role in each team that was asked about. */
      readonly teams: ReadonlyMap<OrgId, ReadonlyMap<TeamRef, Proven<TeamRole>>>;
      /** The organizations whose collaborators were read again. */
      readonly collaborates: ReadonlyMap<OrgId, ListedFact>;
      /** By organization, whether the person holds each role that was read again, by its id. */
      readonly orgRoles?: ReadonlyMap<OrgId, ReadonlyMap<number, ListedFact>>;
      /** By organization, the role as a direct collaborator of each repository that was asked about, by its id. */
      readonly repositories?: ReadonlyMap<OrgId, ReadonlyMap<number, Proven<RepositoryRole> | 'unproven'>>;
    }
  /** `why` gives the cause, worded to follow a colon. */
  | { readonly kind: 'unclear'; readonly id: GitHubId; readonly why: string };

export type ClearLookup = Extract<Lookup, { kind: 'clear' }>;
