import type { IdentityReading } from '../model/corporate-identity.ts';
import type { GitHubId, OrgId, OrgPins } from '../model/identity.ts';
import type { GraphCounts, Mode } from '../model/limits.ts';
import type { CompleteListing } from '../model/member.ts';
import type { Missing } from '../model/missing.ts';
import type { LinkLoss, RepositorySettings } from '../model/repositories/facts.ts';
import type { PermitGraph } from '../model/repositories/graph.ts';
import type { Rule } from '../model/rule.ts';
import type { PermitUser, UserSettings } from '../model/user.ts';

/** Everything that a plan depends on. Equal inputs give plans that are equal byte for byte. */
export type PlanInput = {
  /** Only complete listings: an incomplete one gives nothing and takes nothing. */
  readonly listings: readonly CompleteListing[];
  readonly users: readonly PermitUser[];
  readonly rules: readonly Rule[];
  /** Rules that have ended by then apply to nobody. */
  readonly now: Date;
  /** The configured organizations, listed or not. */
  readonly configuredOrgs: readonly string[];
  /** Numeric ids that the config gives its organizations. */
  readonly orgPins?: OrgPins | undefined;
  readonly owner: string;
  /** The tenant of rules that name none; may hold `{org}`. */
  readonly tenant: string;
  /** Patterns `tenant/role` of grants that are managed without a rule that gives them. */
  readonly manages: readonly string[];
  readonly userSettings: UserSettings;
  /** Undefined if no user key needs any. */
  readonly identities?: IdentityReading | undefined;
  readonly mode: Mode;
  /** Undefined if no repositories are mirrored. */
  readonly repositories?: RepositorySettings | undefined;
  /** What Permit holds of their model. Undefined if it was not read. */
  readonly graph?: PermitGraph | undefined;
  /** The totals of what we manage, if `graph` is only a part. */
  readonly graphCounts?: GraphCounts | undefined;
  /**
   * Links and instances that stay, by `linkLossId`: a second question to GitHub did not confirm their loss. `why` is
   * set if GitHub gave no clear answer.
   */
  readonly keptLinks?: ReadonlyMap<string, KeptLink> | undefined;
  /** Narrows the plan to the people with these logins. */
  readonly logins?: readonly string[] | undefined;
  /** Narrows the plan to the people with these ids. */
  readonly ids?: ReadonlySet<GitHubId> | undefined;
  /** Organizations that the operator has stopped managing: nobody counts as their member. */
  readonly retiredOrgs?: readonly OrgId[] | undefined;
  /** Unassign managed grants from unmarked users, if at most this many users hold some. */
  readonly pruneUnmanaged?: number | undefined;
  /** What Permit lacks. Grants that name it wait. No user is created just for grants that wait. */
  readonly missing?: Missing | undefined;
  /** People whose losses a second lookup did not confirm: they keep what they have. */
  readonly unconfirmed?: ReadonlyMap<GitHubId, Unconfirmed> | undefined;
  /** People for whom GitHub's answer contradicts a webhook: they keep what they have until the two agree. */
  readonly contradicted?: ReadonlySet<GitHubId> | undefined;
};

/**
 * Why a second lookup did not confirm a loss. `unanswered`: GitHub gave no clear answer. `still listed`: GitHub did not
 * find the person, but a listing of the same run shows them.
 */
export type Unconfirmed =
  | { readonly kind: 'unanswered'; readonly why: string }
  | { readonly kind: 'still listed' };

export type KeptLink = {
  readonly loss: LinkLoss;
  readonly title: string;
  /** The instances that it is about. */
  readonly about: readonly string[];
  readonly why: string | undefined;
};
