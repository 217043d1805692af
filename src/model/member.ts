import type { ErrorCode } from './errors.ts';
import type { GitHubId, OrgId } from './identity.ts';

/** GitHub's role of a person in an organization: `admin` is an owner. */
export type OrgRole = 'admin' | 'member';

/** One active member of one organization, as GitHub lists or answers it. Invitations are not members. */
export type Member = { readonly id: GitHubId; readonly login: string; readonly role: OrgRole };

/**
 * What GitHub said of one organization. Only a complete listing proves that somebody is *not* a member;
 * an incomplete one gives nothing and takes nothing, and says why.
 */
export type OrgListing =
  | {
      readonly kind: 'complete';
      readonly org: string;
      readonly id: OrgId;
      readonly members: readonly Member[];
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

/**
 * A look: what GitHub answered when asked about one person alone, by id. `account` is undefined when no account
 * has that id any more. `roles` has an entry for every organization that was asked and answered: the role of an
 * active membership, or undefined for somebody who is no active member.
 */
export type Look = {
  readonly id: GitHubId;
  readonly login: string | undefined;
  readonly roles: ReadonlyMap<OrgId, OrgRole | undefined>;
};
