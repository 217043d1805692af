import type { BulkKind } from './change.ts';
import type { Grant } from './grant.ts';
import type { GitHubId, UserKey } from './identity.ts';
import type {
  Asked,
  IncompleteListing,
  Lookup,
  OrgFacts,
  OrgIntroduction,
  OrgListing,
  OrgNeeds,
  TeamRef,
} from './member.ts';
import type { Missing, MissingKind } from './missing.ts';
import type { Attributes, PermitUser, Profile } from './user.ts';

/** What a run needs of GitHub. It can only read. */
export type GitHubSource = {
  /**
   * Lists everybody in an organization, or says why the view is not complete.
   * @param needs the teams and collaborators that a rule can need; nothing else is asked for.
   * @throws SyncError for what no other organization would survive either: a bad token, a stopped run.
   */
  readonly listOrg: (org: string, needs: OrgNeeds) => Promise<OrgListing>;
  /**
   * Asks about each of these people alone, by id: today's login, then membership, teams and collaboration. It is one
   * phase: whatever GitHub did not find is proven for all of them together, at the cost of two requests an organization
   * and one for each team in question.
   * @param listings of the organizations to ask about; their teams are the teams to ask about.
   * @returns one answer for each person. @throws SyncError as `listOrg` does.
   */
  readonly lookUp: (
    people: readonly Asked[],
    listings: readonly OrgFacts[],
  ) => Promise<ReadonlyMap<GitHubId, Lookup>>;
};

/** Tells teams apart by their numeric ids, where slugs may have changed hands. */
export type TeamIdentifier = {
  /**
   * @param slugs of one organization.
   * @returns the ids of those that can be seen. @throws SyncError when the run is stopped.
   */
  readonly identifyTeams: (org: string, slugs: readonly TeamRef[]) => Promise<ReadonlyMap<TeamRef, number>>;
};

/** What a drain needs of GitHub besides, to ask about a few people where listing everyone would cost more. */
export type GitHubAcquaintance = {
  /**
   * Reads which organization has the name, without its people: what follows holds only for people who are then looked
   * up. @throws SyncError as `listOrg` does.
   */
  readonly introduceOrg: (org: string, needs: OrgNeeds) => Promise<OrgIntroduction | IncompleteListing>;
  /**
   * The id behind a login. @param org whose credentials ask.
   * @returns undefined when nobody is called so. @throws SyncError `GITHUB_UNAVAILABLE` without a clear answer.
   */
  readonly findAccount: (login: string, org: string) => Promise<GitHubId | undefined>;
};

/** What a run needs of Permit to make a plan. A dry run holds nothing more than this. */
export type PermitReader = {
  /**
   * Every user with every grant.
   * @throws SyncError, never a shorter list.
   */
  readonly readUsers: () => Promise<readonly PermitUser[]>;
  /** One user with every grant; undefined where there is none of that key. @throws SyncError */
  readonly readUser: (key: UserKey) => Promise<PermitUser | undefined>;
  /** How many users there are, ours and others. @throws SyncError */
  readonly countUsers: () => Promise<number>;
  /**
   * Which of these grants name a role, a tenant or a resource instance that Permit does not have.
   * @param kinds what to ask about; everything where it is left out.
   */
  readonly findMissing: (
    grants: readonly Grant[],
    users: readonly PermitUser[],
    kinds?: readonly MissingKind[],
  ) => Promise<Missing>;
};

export type NewUser = {
  readonly key: UserKey;
  readonly attributes: Attributes;
  /** Names only: an email can't stand on two users, and a move needs both for a while. */
  readonly names?: Omit<Profile, 'email'>;
};
export type Assignment = { readonly user: UserKey; readonly grant: Grant };

/** What each kind of change sends to Permit. */
export type WriteItems = {
  readonly createUser: NewUser;
  readonly deleteUser: { readonly user: UserKey };
  readonly assignRole: Assignment;
  readonly unassignRole: Assignment;
};

/**
 * What a run needs from Permit to apply a plan. Each call is one request. It throws a `WriteError`, and never repeats
 * a request that may have been processed.
 */
export type PermitWriter = {
  /** Writes a batch of one kind. @returns how many items are in effect; undefined if Permit's answer does not say. */
  readonly write: <K extends BulkKind>(
    kind: K,
    batch: readonly WriteItems[K][],
  ) => Promise<number | undefined>;
  readonly writeOne: <K extends BulkKind>(kind: K, item: WriteItems[K]) => Promise<void>;
  /**
   * Reads the user's attributes, lets `change` make the new ones of them, and writes those.
   * @param change throws to refuse.
   * @param email written along with them; left as it is where there is none.
   */
  readonly updateAttributes: (
    user: UserKey,
    change: (now: Attributes) => Attributes,
    email?: string,
  ) => Promise<void>;
};

/**
 * How a write failed.
 * - `refused`: Permit will not do it, however often it is asked; `culprits` are the items that it blames.
 * - `conflict`: Permit holds something else than was believed: something is there already, or is not there.
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
