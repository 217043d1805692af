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
  /** Why it nearly applies but does not. Undefined if it applies, or is about someone else. */
  readonly nearly: string | undefined;
  /** Of an `allow` that holds: the numbers of the rules that take something of it away. */
  readonly deniedBy: readonly number[];
};

/** Whose user has the person's key or id. */
export type UserOwnership = 'none' | 'ours' | 'unmarked' | 'another person' | 'another owner' | 'bad mark';

/** Which rules give or deny one person which grants, what Permit holds now, and the drift. */
export type Explanation = {
  readonly login: string;
  /** Undefined for someone unknown to GitHub and to marks. */
  readonly id: GitHubId | undefined;
  /** A member or collaborator of an organization that was listed. */
  readonly known: boolean;
  /** Undefined if the user key holds no identity. */
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
  /** The owner of the user under the person's key, if it is someone else: its grants are not this person's. */
  readonly occupant: GitHubId | undefined;
  readonly held: readonly { readonly grant: Grant; readonly managed: boolean }[];
  /** The plan for this person alone. */
  readonly drift: Plan;
};
