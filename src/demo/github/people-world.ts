/** An account of a person (or bot). Replace it to change it; `renameUser` does. */
export type GitHubAccount = {
  readonly id: number;
  readonly login: string;
  readonly type?: 'User' | 'Bot';
  /** The name on the profile. */
  readonly name?: string;
  /** Emails of verified domains of the person's organizations. */
  readonly verifiedEmails?: readonly string[];
  /** Stays in every listing all the same, as on GHES and in organizations with managed users. */
  readonly suspended?: boolean;
  /**
   * Ids of the organizations whose members and Apps can see the account itself, by id or login; for everyone else it
   * answers 404, as a managed user (EMU) does. An empty list hides it from all, as GitHub hides a flagged account.
   * Listings and memberships show it all the same.
   */
  readonly visibleTo?: readonly number[];
};

/** One identity of an identity provider. */
export type GitHubIdentity = {
  /** Undefined for an identity that isn't linked yet. */
  readonly userId?: number | undefined;
  readonly nameId?: string;
  /** Undefined if the provider sends none at all. */
  readonly emails?: readonly string[];
  readonly givenName?: string;
  readonly familyName?: string;
  readonly scimUserName?: string;
};

export type GitHubEnterprise = {
  readonly slug: string;
  /** People whose classic tokens may read its identities. */
  readonly owners: readonly number[];
  readonly identities: GitHubIdentity[];
};
