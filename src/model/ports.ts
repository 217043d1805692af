import type { IdentityNeeds, IdentityReading } from './corporate-identity.ts';
import type { Grant } from './grant.ts';
import type { GitHubId, UserKey } from './identity.ts';
import type {
  IncompleteListing,
  Lookup,
  OrgFacts,
  OrgListing,
  OrgNeeds,
  OrgWithoutMembers,
  PersonToLookUp,
  TeamRef,
} from './member.ts';
import type { Missing, MissingKind } from './missing.ts';
import type { LinkAnswer, LinkLoss } from './repositories/facts.ts';
import type { GraphScope, PermitGraph, PermitInstance, Tuple } from './repositories/graph.ts';
import type { Attributes, PermitUser, Profile } from './user.ts';

/** What a run needs of GitHub. It can only read. */
export type GitHubSource = {
  /**
   * Lists everyone in an organization, or says why the listing is incomplete.
   * @param needs the teams, organization roles and collaborators that a rule can need. No others are read.
   * @throws SyncError for what would fail for every organization: a bad token, a stopped run.
   */
  readonly listOrg: (org: string, needs: OrgNeeds) => Promise<OrgListing>;
  /**
   * Looks up each of these people by id: today's login, then membership, teams and collaboration. All lookups of a call
   * are one phase and share their proofs of absence: two requests for each organization and one for each team.
   * @param listings the organizations to ask about, with the teams to ask about.
   * @returns one answer for each person. @throws SyncError as `listOrg` does.
   */
  readonly lookUp: (
    people: readonly PersonToLookUp[],
    listings: readonly OrgFacts[],
  ) => Promise<ReadonlyMap<GitHubId, Lookup>>;
  /**
   * Reads what identity providers call the people of an organization. Without it, no identity is known.
   * @param logins only these people, and anyone who shares an identity with them; everyone if left out.
   * @throws SyncError as `listOrg` does.
   */
  readonly readIdentities?: (
    org: string,
    needs: IdentityNeeds,
    logins?: readonly string[],
  ) => Promise<IdentityReading>;
  /**
   * Asks about each repository, team or link individually before it is removed. Without this, none are removed.
   * @returns one answer for each loss, by `linkLossId`. @throws SyncError as `listOrg` does.
   */
  readonly confirmLinkLosses?: (
    losses: readonly LinkLoss[],
    listings: readonly OrgFacts[],
  ) => Promise<ReadonlyMap<string, LinkAnswer>>;
};

/** Finds the numeric ids of teams, since a slug may now name another team. */
export type TeamIdentifier = {
  /**
   * @param slugs of one organization.
   * @returns the ids of those that can be seen. @throws SyncError when the run is stopped.
   */
  readonly identifyTeams: (org: string, slugs: readonly TeamRef[]) => Promise<ReadonlyMap<TeamRef, number>>;
};

/** Reads who owns an organization. It shows role changes that no webhook announces. */
export type OwnerLister = {
  /**
   * @returns logins by id; undefined if the list could not be read, or is empty. @throws SyncError when the run is
   * stopped.
   */
  readonly listOwners: (org: string) => Promise<ReadonlyMap<GitHubId, string> | undefined>;
};

/** What the audit log says about changed roles since a time. */
type RoleChanges = {
  /** Logins by id. */
  readonly people: ReadonlyMap<GitHubId, string>;
  /** When the last of them happened, in milliseconds since the epoch; undefined if there was none. */
  readonly lastMs: number | undefined;
  /** Whether more may follow after `lastMs`. */
  readonly isCut: boolean;
};

/** Reads an organization's audit log: GitHub Enterprise Cloud and Server, for owners and Apps with the permission. */
export type AuditLogReader = {
  /**
   * People whose role in the organization changed, or who were given or lost an organization role, since then. At most
   * 100 entries at once, the oldest first.
   * @returns `refused` if this credential has no audit log; undefined if it could not be read.
   * @throws SyncError when the run is stopped.
   */
  readonly readRoleChanges: (org: string, sinceMs: number) => Promise<RoleChanges | 'refused' | undefined>;
};

/** What else a drain needs of GitHub, to look up a few people where listing everyone would cost more. */
export type PersonLookup = {
  /**
   * Reads which organization has this name, and its teams, but not its people.
   * @throws SyncError as `listOrg` does.
   */
  readonly readOrgWithoutMembers: (
    org: string,
    needs: OrgNeeds,
  ) => Promise<OrgWithoutMembers | IncompleteListing>;
  /**
   * Begins the requests that a lookup of these people most likely needs, while the organizations are being read.
   * Never fails. @param people as entries show them: `login` and `isLeaving` decide what is asked early, nothing else.
   * @returns `lookUp`, to be called once, which shares a phase with these requests.
   */
  readonly beginLookUp: (
    people: readonly {
      readonly id: GitHubId;
      readonly login: string | undefined;
      readonly isLeaving: boolean;
    }[],
    orgs: readonly string[],
  ) => GitHubSource['lookUp'];
  /**
   * The id behind a login. @param org whose credentials ask.
   * @returns undefined if nobody has this login. @throws SyncError `GITHUB_UNAVAILABLE` without a clear answer.
   */
  readonly findAccount: (login: string, org: string) => Promise<GitHubId | undefined>;
};

/** What a run needs of Permit to make a plan. A dry run gets nothing else. */
export type PermitReader = {
  /**
   * Every user with every grant. @param likely how many there probably are, which only saves time.
   * @throws SyncError, never a shorter list.
   */
  readonly readUsers: (likely?: number) => Promise<readonly PermitUser[]>;
  /** One user with every grant; undefined if no user has that key. @throws SyncError */
  readonly readUser: (key: UserKey) => Promise<PermitUser | undefined>;
  /** How many users there are, ours and others. @throws SyncError */
  readonly countUsers: () => Promise<number>;
  /**
   * Which of these grants name a role, a tenant or a resource instance that Permit does not have.
   * @param kinds what to ask about; everything if left out.
   */
  readonly findMissing: (
    grants: readonly Grant[],
    users: readonly PermitUser[],
    kinds?: readonly MissingKind[],
  ) => Promise<Missing>;
  /**
   * The instances and tuples of the model for repositories, and what `policy` has created of it.
   * @param scope everything if left out. @throws SyncError, never less than that.
   */
  readonly readGraph?: (scope?: GraphScope) => Promise<PermitGraph>;
};

export type NewUser = {
  readonly key: UserKey;
  readonly attributes: Attributes;
  /** Of someone who moves without the email: Permit allows it on one user only, and a move needs both for a while. */
  readonly profile?: Profile;
};
export type Assignment = { readonly user: UserKey; readonly grant: Grant };

/** What each kind of change sends to Permit. Users are updated by `updateAttributes`. */
export type WriteItems = {
  readonly createUser: NewUser;
  readonly deleteUser: { readonly user: UserKey };
  readonly assignRole: Assignment;
  readonly unassignRole: Assignment;
  /** A bulk request replaces any instance with the same name, even someone else's: read the names right before it. */
  readonly createInstance: PermitInstance;
  readonly updateInstance: PermitInstance;
  readonly deleteInstance: Pick<PermitInstance, 'name'>;
  readonly createTuple: Tuple;
  readonly deleteTuple: Tuple;
};

/**
 * What a run needs from Permit to apply a plan. Each call is one request. It throws a `WriteError`, and never repeats
 * a request that may have been processed.
 */
export type PermitWriter = {
  /** Writes a batch of one kind. @returns how many items are in effect; undefined if Permit's answer does not say. */
  readonly write: <K extends keyof WriteItems>(
    kind: K,
    batch: readonly WriteItems[K][],
  ) => Promise<number | undefined>;
  readonly writeOne: <K extends keyof WriteItems>(kind: K, item: WriteItems[K]) => Promise<void>;
  /**
   * Reads the user's attributes, passes them to `change`, and writes what it returns.
   * @param change throws to refuse.
   * @param profile fields that are written too.
   */
  readonly updateAttributes: (
    user: UserKey,
    change: (now: Attributes) => Attributes,
    profile?: Profile,
  ) => Promise<void>;
};

/**
 * How a write failed.
 * - `refused`: Permit will not do it, however often it is asked; `culprits` are the items that it blames.
 * - `conflict`: Permit does not hold what was expected: something exists already, or does not exist.
 * - `ambiguous`: it may have been done. Permit has to be read again.
 * - `unavailable`: it was not done, and repeating it has not helped.
 * - `stopped`: it was not sent, because the run ended.
 */
export class WriteError extends Error {
  override readonly name = 'WriteError';
  readonly kind: 'refused' | 'conflict' | 'ambiguous' | 'unavailable' | 'stopped';
  readonly culprits: readonly number[];

  constructor(kind: WriteError['kind'], message: string, culprits: readonly number[] = []) {
    super(message);
    this.kind = kind;
    this.culprits = culprits;
  }
}
