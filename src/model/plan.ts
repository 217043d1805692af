import { type Change, compareChanges } from './change.ts';
import type { NoteCode, PersonErrorCode } from './errors.ts';
import type { Grant } from './grant.ts';
import type { GitHubId, UserKey } from './identity.ts';

/**
 * What the plan means for a person. `leaving`: had managed grants and would have none. `demoted`: loses a grant,
 * keeps one, and gains nothing stronger. `moved`: from one user key to another, and nothing of the others. `changed`: anything else.
 */
export type Movement = 'joining' | 'leaving' | 'promoted' | 'demoted' | 'moved' | 'changed';

/**
 * Why a person moves from one user key to another. A `rename` counts against no limit. A `template` that was changed in
 * the config moves people under the limit `moves`; so does the `return` of people whose users were released, since
 * nothing but a numeric id says then that the user was theirs.
 */
export type MoveCause = 'rename' | 'template' | 'return';

/** One person of the plan and all the changes for that person. */
export type PersonPlan = {
  /** Undefined for a user of whom nobody knows who on GitHub it is, and whose unmanaged grants are pruned. */
  readonly id: GitHubId | undefined;
  readonly login: string;
  readonly user: UserKey;
  readonly movement: Movement;
  readonly move?: { readonly from: UserKey; readonly cause: MoveCause };
  /** Who has the login that this person's user key is made of; a loss because of that rests on both of them. */
  readonly claimant?: GitHubId;
  readonly changes: readonly Change[];
  /** The same changes where their order matters: a stage begins when the one before it stands. */
  readonly stages?: readonly (readonly Change[])[];
  /** What is done instead where the move fails and the former key is due to someone else. */
  readonly otherwise?: { readonly person: PersonPlan; readonly skipped: Skipped };
};

/** Which `--adopt` takes over an unmarked user: `plain` where it holds nothing but managed grants, else only `all`. */
export type Adoption = 'plain' | 'all';

/** People for whom a first run would create a user although an unmarked user is theirs already. */
export type ExistingUsers = {
  readonly people: number;
  /** The template that most of these users' keys fit, and what adopting those takes; undefined where none fits. */
  readonly adoptable:
    | ({ readonly template: string } & { readonly [adoption in Adoption]: number })
    | undefined;
};

/** Somebody whom this run leaves as they are although something should change; the run ends with exit code 4. */
export type Skipped = {
  readonly id: GitHubId | undefined;
  readonly user: string;
  readonly code: PersonErrorCode;
  readonly message: string;
  /** Where adopting the user that is in the way would help. */
  readonly adoption?: Adoption;
};

/** Something the operator should know that changes no exit code; one note for all whom it concerns. */
export type Note = { readonly code: NoteCode; readonly users: readonly string[]; readonly message: string };

/** A grant that is not ours: reported, never touched. `govern` is the `manages` line that would govern it. */
export type Unmanaged = { readonly user: UserKey; readonly grant: Grant; readonly govern?: string };

/** The holders of one role in one tenant, managed or not, before the plan and after it. */
export type Holders = {
  readonly tenant: string;
  readonly role: string;
  readonly before: number;
  readonly after: number;
};

/**
 * A sorted, serialisable value: what one run would change, for whom, and what it would leave alone.
 * Equal inputs give equal plans, byte for byte.
 */
export type Plan = {
  readonly people: readonly PersonPlan[];
  readonly skipped: readonly Skipped[];
  readonly notes: readonly Note[];
  readonly unmanaged: readonly Unmanaged[];
  /** What `--prune-unmanaged` may take, and what there is; undefined unless it was asked for. */
  readonly pruning?: { readonly allowed: number; readonly users: number };
  /** On a first run, while no user carries our mark: what the limit `duplicates` counts, over everyone. */
  readonly existing?: ExistingUsers;
  readonly holders: readonly Holders[];
  /** Grants that are due and can't be made, since Permit lacks what they name; one for each person and grant. */
  readonly waiting: readonly Grant[];
  /** People who were kept or skipped, or about whom something could not be read; ascending. */
  readonly unsettled: readonly GitHubId[];
  /** Distinct people in the organizations that were listed. */
  readonly members: number;
  /** Users that carry our mark before the run, however the run is narrowed. */
  readonly managedBefore: number;
};

/** The users whom these people have or had: the key, and the former one of whoever moves. */
export const usersOf = (people: readonly PersonPlan[]): ReadonlySet<UserKey> =>
  new Set(people.flatMap(({ user, move }) => (move ? [user, move.from] : [user])));

/** Every change of a plan, sorted by user, then kind, then grant. */
export function changesOf(plan: Plan): readonly Change[] {
  const changes = plan.people.flatMap((person) => person.changes);
  // People are sorted by user; only somebody who moves, or left while moving, has changes for two users.
  const mixed = plan.people.some(({ user, changes: own }) => own.some((change) => change.user !== user));
  return mixed ? changes.sort(compareChanges) : changes;
}
