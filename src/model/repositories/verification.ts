import type { ErrorCode } from '../errors.ts';
import type { GitHubId, UserKey } from '../identity.ts';
import type { Problem, Warning } from '../problem.ts';
import type { Level, RepositoryRole } from './access-model.ts';
import type { AccessPath } from './access-paths.ts';

/** A repository of one organization, and the tenant of its instance in Permit. */
export type MirroredRepository = {
  readonly id: number;
  readonly org: string;
  readonly name: string;
  readonly tenant: string;
};

/** The kinds of sources of access, as GitHub names them. */
export const SOURCE_KINDS = ['Organization', 'Team', 'Repository'] as const;

/** One source of someone's access, by GitHub's own account. `role`: "write", or the name of a custom role. */
export type AccessSource = {
  readonly kind: (typeof SOURCE_KINDS)[number];
  /** Of the organization, the team (its slug) or the repository. */
  readonly name: string;
  readonly role: string;
};

/** GitHub and the PDP differ about what one person may do in one repository. */
export type AccessMismatch = {
  /** Undefined for a user that is not managed: its key stands for the login. */
  readonly id: GitHubId | undefined;
  readonly login: string;
  /** The login in the mark of the user, where it is not the person's any more. */
  readonly formerLogin?: string;
  /** Undefined for someone who has no user in Permit, and so may do nothing. */
  readonly user: UserKey | undefined;
  /** The highest role, as GitHub lists it; undefined if the person is not on its list. */
  readonly gitHub: RepositoryRole | undefined;
  /** The sources of that access; undefined if GitHub was not asked or did not show them. */
  readonly sources?: readonly AccessSource[] | undefined;
  /** The levels that the PDP allows, the weakest first. */
  readonly allowed: readonly Level[];
  /** The levels on which the two differ. */
  readonly differing: readonly Level[];
  /** The ways by which Permit's model gives access. */
  readonly paths: readonly AccessPath[];
};

/** The result of comparing one repository. */
export type Verification = { readonly repository: MirroredRepository } & (
  | {
      readonly kind: 'compared';
      /** How many people and users were compared. */
      readonly people: number;
      /** Sorted by login. */
      readonly mismatches: readonly AccessMismatch[];
    }
  /** GitHub or the PDP could not be asked. */
  | { readonly kind: 'unknown'; readonly problem: Problem<ErrorCode> }
);

/** Whether GitHub says so; `unknown` where it gave no clear answer. */
export type OnGitHub = 'yes' | 'no' | 'unknown';

/** One way of access: whether GitHub gives it, and whether Permit holds what gives it. */
export type AccessWay = AccessPath & { readonly gitHub: OnGitHub; readonly permit: boolean };

/** Why one person has access to one repository, or has none. */
export type AccessExplanation = {
  readonly repository: MirroredRepository;
  readonly id: GitHubId;
  readonly login: string;
  /** Undefined if Permit has no user of ours for this person. */
  readonly user: UserKey | undefined;
  /** Whether Permit has an instance for the repository. */
  readonly hasInstance: boolean;
  /** The highest role, as GitHub lists it; undefined if the person is not on its list. */
  readonly gitHub: RepositoryRole | undefined;
  /** The sources of that access; undefined if GitHub did not show them. */
  readonly sources: readonly AccessSource[] | undefined;
  readonly ways: readonly AccessWay[];
  /** What GitHub did not answer. */
  readonly warnings: readonly Warning[];
};
