import { type Change, compareChanges } from './change.ts';
import type { NoteCode, PersonErrorCode } from './errors.ts';
import type { Grant } from './grant.ts';
import type { GitHubId, UserKey } from './identity.ts';
import type { GraphCounts } from './limits.ts';
import type { LinkLoss } from './repositories/facts.ts';
import type { GraphChange } from './repositories/graph-change.ts';

/**
 * What the plan means for a person. `leaving`: had managed grants and would have none. `demoted`: loses a grant, keeps
 * one, and gains nothing stronger. `moved`: only the user key changes. `changed`: anything else.
 */
export type Movement = 'joining' | 'leaving' | 'promoted' | 'demoted' | 'moved' | 'changed';

/**
 * Why a person moves from one user key to another. A `rename` counts against no limit. A changed `template` in the
 * config counts against the limit `moves`. So does a changed `identity` (a user key that holds one does not tell
 * which of the two has changed), and the `return` of a person whose user was released: only a numeric id still says
 * whose user it was.
 */
export type MoveCause = 'rename' | 'template' | 'identity' | 'return';

/** One person of the plan and all the changes for that person. */
export type PersonPlan = {
  /** Undefined for a user with no known GitHub id whose unmanaged grants are pruned. */
  readonly id: GitHubId | undefined;
  readonly login: string;
  readonly user: UserKey;
  readonly movement: Movement;
  /** Set if everything that the person loses ends with a rule. Such a loss counts against no limit. */
  readonly isExpected?: true;
  readonly move?: { readonly from: UserKey; readonly cause: MoveCause };
  /** Someone else who now has the login in this person's user key. Both have to be looked up to confirm the loss. */
  readonly claimant?: GitHubId;
  /** Set if the person gains what a `deny` or an `unless` would prevent, and only a list says that none applies. */
  readonly restsOnAbsence?: true;
  readonly changes: readonly Change[];
  /** The same changes, where their order matters: a stage begins once the one before it is in effect. */
  readonly stages?: readonly (readonly Change[])[];
  /** What happens instead if the move fails and the former key is due to someone else. */
  readonly otherwise?: { readonly person: PersonPlan; readonly skipped: Skipped };
};

/** Which `--adopt` adopts an unmarked user: `plain` if it holds managed grants only, otherwise `all`. */
export type Adoption = 'plain' | 'all';

/** People who already seem to have an unmarked user, and for whom a first run would create a second one. */
export type ExistingUsers = {
  readonly people: number;
  /** The template that most of these users' keys fit, and what adopting those takes; undefined if none fits. */
  readonly adoptable:
    | ({ readonly template: string } & { readonly [adoption in Adoption]: number })
    | undefined;
};

/** A person or user that this run leaves unchanged although something should change. The exit code is 4. */
export type Skipped = {
  readonly id: GitHubId | undefined;
  readonly user: string;
  readonly code: PersonErrorCode;
  readonly message: string;
  /** Set if adopting the user under the person's key would help. */
  readonly adoption?: Adoption;
};

/** Something the operator should know. It does not change the exit code. One note covers everyone it concerns. */
export type Note = { readonly code: NoteCode; readonly users: readonly string[]; readonly message: string };

/** A grant that is not managed: reported, never touched. `govern` is the line for `manages` that would manage it. */
export type Unmanaged = { readonly user: UserKey; readonly grant: Grant; readonly govern?: string };

/** The holders of one role in one tenant, managed or not, before the plan and after it. */
export type Holders = {
  readonly tenant: string;
  readonly role: string;
  readonly before: number;
  readonly after: number;
};

/** What a run would change in Permit's graph of repositories. */
export type GraphPlan = {
  readonly changes: readonly GraphChange[];
  /** Those behind the changes that GitHub has to confirm. */
  readonly losses: readonly LinkLoss[];
  /** The instances that are deleted, by name: grants on them end with them. */
  readonly gone: readonly string[];
  /** Instances about which GitHub gave no clear answer, so that they or their links stay. */
  readonly kept: readonly string[];
  /** How many we manage before the run. The ratios of the limits refer to these. */
  readonly before: GraphCounts;
  /** What `policy` has to create first, and how many instances or links wait for it. */
  readonly waiting: readonly { readonly name: string; readonly many: number }[];
};

/**
 * A sorted, serialisable value: what one run would change, for whom, and what it would leave alone.
 * Equal inputs give equal plans, byte for byte.
 */
export type Plan = {
  readonly people: readonly PersonPlan[];
  /** Undefined if no repositories are mirrored. */
  readonly graph?: GraphPlan;
  readonly skipped: readonly Skipped[];
  readonly notes: readonly Note[];
  readonly unmanaged: readonly Unmanaged[];
  /** How many users `--prune-unmanaged` may touch, and how many it would. Undefined without that flag. */
  readonly pruning?: { readonly allowed: number; readonly users: number };
  /** On a first run, while no user carries our mark: what the limit `duplicates` counts, over everyone. */
  readonly existing?: ExistingUsers;
  readonly holders: readonly Holders[];
  /** Grants that can't be made because Permit lacks a role, tenant or instance. One for each person and grant. */
  readonly waiting: readonly Grant[];
  /** People who were kept or skipped, or about whom something could not be read; ascending. */
  readonly unsettled: readonly GitHubId[];
  /** Distinct people in the organizations that were listed. */
  readonly members: number;
  /** All users with our mark before the run, even if the run is narrowed to a few people. */
  readonly managedBefore: number;
};

/** The user keys of these people, and the former keys of those who move. */
export function usersOf(people: readonly PersonPlan[]): ReadonlySet<UserKey> {
  const users = new Set<UserKey>();
  for (const { user, move } of people) {
    users.add(user);
    if (move) users.add(move.from);
  }
  return users;
}

/** Every change of a plan, sorted by user, then kind, then grant. */
export function changesOf(plan: Plan): readonly Change[] {
  const changes: Change[] = [];
  // People are sorted by user. Only a move, or leaving during a move, changes two users.
  let mixed = false;
  for (const { user, changes: own } of plan.people) {
    for (const change of own) {
      changes.push(change);
      mixed ||= change.user !== user;
    }
  }
  return mixed ? changes.sort(compareChanges) : changes;
}
