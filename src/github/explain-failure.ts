import type { HttpFailure } from '../http/http-failure.ts';
import { PROXY_HINTS } from '../http/proxy.ts';
import type { GitHubCredentials } from '../model/connections/github-credentials.ts';
import { type ErrorCode, SyncError } from '../model/errors.ts';
import { type IncompleteListing, incompleteOrg } from '../model/member.ts';
import { refusalIn } from './refusal-hints.ts';

/** Which credentials are in use, as far as an explanation needs to know. */
export type CredentialKind = { readonly kind: GitHubCredentials['kind']; readonly inActions: boolean };

/** What to do so that all members can be read, for the credentials in use. */
export function visibilityHint(org: string, { kind, inActions }: CredentialKind): string {
  if (kind === 'app') {
    return `give the GitHub App the permission "Organization › Members: read" and accept it in the settings of ${org}`;
  }
  const token = `use a GitHub App with "Organization › Members: read", or a token of a member of ${org} with read:org`;
  return inActions ? `the workflow's own GITHUB_TOKEN can't read members: ${token}` : token;
}

/** GitHub's own words on what would do. */
export const acceptedPermissions = ({ acceptedPermissions: accepted }: HttpFailure): string =>
  accepted === undefined ? '' : ` (GitHub accepts: ${accepted})`;

/**
 * Turns a failed request about one organization into what the operator reads.
 * @throws SyncError where no other organization could fare better: the credentials themselves are refused.
 */
export function explainFailure(
  failure: HttpFailure,
  org: string,
  credentials: CredentialKind,
): IncompleteListing {
  const incomplete = (code: ErrorCode, message: string, hint: string) =>
    incompleteOrg(org, message, hint, code);
  const said = `GitHub answered ${failure.status} to ${failure.request}: ${failure.reply}`;

  if (failure.trouble === 'oversized') {
    return incomplete(
      'GITHUB_INCOMPLETE',
      `${failure.request}: ${failure.reply}`,
      'check GITHUB_API_URL and any proxy in between: this is not how GitHub answers',
    );
  }
  if (failure.trouble !== undefined) {
    return incomplete(
      'GITHUB_UNAVAILABLE',
      `GitHub could not be asked (${failure.request}): ${failure.reply}`,
      PROXY_HINTS[failure.trouble],
    );
  }
  // GitHub does not answer 401 for an App that does not exist, but 404 with these words.
  if (failure.status === 401 || /^integration not found/i.test(failure.reply)) {
    throw credentials.kind === 'app'
      ? new SyncError(
          'GITHUB_AUTH',
          `GitHub refuses the App's credentials (${said})`,
          'check GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY: they must belong together, and the clock must be right',
        )
      : new SyncError(
          'GITHUB_AUTH',
          `GitHub refuses the token (${said})`,
          'it is wrong, expired or revoked: set GH_TOKEN (or GITHUB_TOKEN) to a valid one',
        );
  }
  if (failure.throttled) {
    const wait =
      failure.retryAfterMs === undefined ? '' : ` for another ${Math.ceil(failure.retryAfterMs / 1000)} s`;
    return incomplete(
      'GITHUB_UNAVAILABLE',
      `GitHub's rate limit is used up${wait}, longer than this run may last (${said})`,
      'run it later, raise --timeout, or use a GitHub App, whose limit is its own',
    );
  }
  if (failure.ssoUrl !== undefined) {
    return incomplete(
      'GITHUB_AUTH',
      `the token is not authorised for single sign-on in ${org} (${said})`,
      `authorise it at ${failure.ssoUrl}`,
    );
  }
  const refusal = failure.status === 403 ? refusalIn(failure.reply, org) : undefined;
  if (refusal) return incomplete('GITHUB_AUTH', `${refusal.message} (${said})`, refusal.hint);
  if (failure.status === 403) {
    return incomplete(
      'GITHUB_AUTH',
      `the credentials may not read ${org} (${said})`,
      visibilityHint(org, credentials) + acceptedPermissions(failure),
    );
  }
  if (failure.status === 404 && failure.isOwnWords && failure.request.endsWith('/access_tokens')) {
    return incomplete(
      'GITHUB_NOT_FOUND',
      `the GitHub App has no installation with the id that is set (${said})`,
      'check GITHUB_APP_INSTALLATION_ID, or leave it out: then the installation is looked up',
    );
  }
  if (failure.status === 404 && failure.isOwnWords) {
    return credentials.kind === 'app' && failure.request.endsWith('/installation')
      ? incomplete(
          'GITHUB_NOT_FOUND',
          `the GitHub App is not installed in ${org}, or there is no such organization (${said})`,
          `install the App in ${org}, or check the name`,
        )
      : incomplete(
          'GITHUB_NOT_FOUND',
          `there is no organization ${org} that these credentials can see (${said})`,
          'check the name: the organization may have been renamed; a user account is not an organization',
        );
  }
  return incomplete(
    'GITHUB_UNAVAILABLE',
    `GitHub gave no usable answer to ${failure.request} (${failure.answer})`,
    'see githubstatus.com and GITHUB_API_URL (for GitHub Enterprise Server it ends in /api/v3), then run again',
  );
}
