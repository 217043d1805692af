import type { Grant } from '../grant.ts';
import type { GitHubId } from '../identity.ts';
import type { Plan } from '../plan.ts';
import type { Rule } from '../rule.ts';

/** What one rule says about a person. */
export type Trace = {
  /** Its place in the config, from 1. */
  readonly number: number;
  readonly rule: Rule;
  /** `undecided`: it hangs on something that could not be read. */
  readonly holds: 'yes' | 'no' | 'undecided';
  /** The person's locators by which its subject matches. */
  readonly by: readonly string[];
  /** Why it does not hold though it nearly does; undefined where it holds, or is about somebody else altogether. */
  readonly nearly: string | undefined;
  /** Of an `allow` that holds: the numbers of the rules that take something of it away. */
  readonly deniedBy: readonly number[];
};

/** Whose the user is that stands under the person's key, or carries the person's id. */
export type UserOwnership = 'none' | 'ours' | 'unmarked' | 'another person' | 'another owner' | 'bad mark';

/** Which rules give or deny one person which grants, what Permit holds now, and the drift. */
export type Explanation = {
  readonly login: string;
  /** Undefined for somebody whom neither GitHub nor a mark knows. */
  readonly id: GitHubId | undefined;
  /** A member or collaborator of an organization that was listed. */
  readonly known: boolean;
  /** Undefined where the user key holds no identity. */
  readonly identity?:
    | {
        readonly values: readonly {
          readonly name: string;
          readonly value: string;
          readonly source: string;
        }[];
        /** Why none of them counts. */
        readonly why: string | undefined;
      }
    | undefined;
  readonly locators: readonly string[];
  readonly traces: readonly Trace[];
  readonly wanted: readonly { readonly grant: Grant; readonly because: readonly string[] }[];
  readonly undecided: readonly string[];
  readonly user: string | undefined;
  readonly standing: UserOwnership;
  /** Whose user stands under the person's key, where it is someone else's: what it holds is not this person's. */
  readonly occupant: GitHubId | undefined;
  readonly held: readonly { readonly grant: Grant; readonly managed: boolean }[];
  /** The plan for this person alone. */
  readonly drift: Plan;
};
