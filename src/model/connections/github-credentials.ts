/** A personal access token, or one that an App or a workflow was given. */
export type GitHubToken = { readonly kind: 'token'; readonly token: string };

export type GitHubAppCredentials = {
  readonly kind: 'app';
  readonly appId: string;
  /** PEM text. */
  readonly privateKey: string;
  /** Looked up per organization if it is not given. */
  readonly installationId: number | undefined;
  /** By organization in lower case, if GitHub was asked for all of them. */
  readonly installations?: ReadonlyMap<string, number>;
};

/** How to authenticate to GitHub. */
export type GitHubCredentials = GitHubToken | GitHubAppCredentials;
