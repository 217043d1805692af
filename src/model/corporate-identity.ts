import type { GitHubId } from './identity.ts';

/** The names by which a company knows a person, as placeholders of `users.key` (CONTRACT §12). */
const IDENTITY_NAMES = ['saml.nameId', 'saml.email', 'scim.userName', 'email', 'map'] as const;
export type IdentityName = (typeof IDENTITY_NAMES)[number];

/** Everything that `users.key` can hold in braces. */
export const KEY_PLACEHOLDERS = ['login', 'id', ...IDENTITY_NAMES] as const;
export type KeyPlaceholder = (typeof KEY_PLACEHOLDERS)[number];

/** Matches every known placeholder of a template of user keys; the name is in its group. */
export const KEY_PLACEHOLDER = /\{(login|id|saml\.nameId|saml\.email|scim\.userName|email|map)\}/g;

const placeholdersOf = (template: string): readonly KeyPlaceholder[] =>
  [...template.matchAll(KEY_PLACEHOLDER)].map(([, name]) => name as KeyPlaceholder);

/** The identities in a template: none for one of logins and ids. */
export const identitiesIn = (template: string): readonly IdentityName[] =>
  placeholdersOf(template).filter((name) => name !== 'login' && name !== 'id');

/** One row of `users.map`. `person` is a login in lower case, or a numeric id: all digits mean an id. */
export type MapRow = { readonly person: string; readonly key: string };

/** What one source says about one person. */
export type Identity = {
  readonly id: GitHubId;
  readonly login: string;
  /** Shown to the operator, such as `SAML of acme`. */
  readonly source: string;
  /** Every value of each name. Several are ambiguous. */
  readonly names: { readonly [name in Exclude<IdentityName, 'map'>]?: readonly string[] };
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
};

/** Which lists of identities to read: the fewest that a template and a profile need. */
export type IdentityNeeds = {
  /** SAML and SCIM identities, of the organization or of the enterprise. */
  readonly external: boolean;
  /** Emails of verified domains, and names on GitHub. */
  readonly emails: 'always' | 'without a provider' | 'never';
  /** The slug of the enterprise to ask where an organization shows no identity provider. */
  readonly enterprise?: string | undefined;
};

/** What GitHub said about identities. */
export type IdentityReading = {
  readonly identities: readonly Identity[];
  /** Why some may be missing; undefined if every list is complete. While it is set, no change of an identity counts. */
  readonly flaw: string | undefined;
};
