import type { HttpFailure } from '../http/http-failure.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { Problem } from '../model/problem.ts';
import type { HookRef } from '../model/webhooks/redelivery.ts';
import { acceptedPermissions, type CredentialKind, explainFailure } from './explain-failure.ts';
import { isRefusal } from './membership.ts';
import { refusalIn } from './refusal-hints.ts';

/** What lets credentials see webhooks and have deliveries repeated. */
function hookHint(org: string, { kind, inActions }: CredentialKind): string {
  if (kind === 'app') {
    return `give the GitHub App the permission "Organization › Webhooks: write" and accept it in the settings of ${org}`;
  }
  const token =
    `use a token of an owner of ${org} with admin:org_hook (a fine-grained one: Organization › Webhooks: write), ` +
    'or a GitHub App with "Organization › Webhooks: write"';
  return inActions ? `the workflow's own GITHUB_TOKEN can't see webhooks: ${token}` : token;
}

/** GitHub answers 404 to most of those who may not see the webhooks. */
export const hooksHidden = (org: string, credentials: CredentialKind): Problem<ErrorCode> => ({
  code: 'GITHUB_AUTH',
  message: `these credentials may not see the webhooks of ${org}, or there is no such organization`,
  hint: hookHint(org, credentials),
});

/**
 * Turns a failed request about one organization's webhooks into what the operator reads.
 * @throws SyncError where the credentials themselves are refused.
 */
export function explainHookFailure(
  failure: HttpFailure,
  org: string,
  credentials: CredentialKind,
): Problem<ErrorCode> {
  if (isRefusal(failure) && !refusalIn(failure.reply, org)) {
    return {
      code: 'GITHUB_AUTH',
      message: `the credentials may not do this with the webhooks of ${org} (${said(failure)})`,
      hint: hookHint(org, credentials) + acceptedPermissions(failure),
    };
  }
  if (failure.status === 404 && failure.request.endsWith('/deliveries')) {
    return {
      code: 'GITHUB_NOT_FOUND',
      message: `the webhook of ${org} is gone, or these credentials may not see its deliveries (${said(failure)})`,
      hint: hookHint(org, credentials),
    };
  }
  const { code, message, hint } = explainFailure(failure, org, credentials);
  return { code, message, hint };
}

/**
 * Turns a failed request about the webhook of the GitHub App itself into what the operator reads.
 * @throws SyncError where the credentials themselves are refused.
 */
export function explainAppHookFailure(failure: HttpFailure, credentials: CredentialKind): Problem<ErrorCode> {
  const { code, message, hint } = explainFailure(failure, 'the GitHub App', credentials);
  if (failure.throttled || (failure.status !== 403 && failure.status !== 404)) return { code, message, hint };
  return {
    code: 'GITHUB_AUTH',
    message: `the webhook of the GitHub App can't be read (${said(failure)})`,
    hint: "check that the webhook is active in the App's settings",
  };
}

/** The same for a webhook of either kind. @throws SyncError as both do. */
export const explainDeliveryFailure = (
  failure: HttpFailure,
  hook: HookRef,
  credentials: CredentialKind,
): Problem<ErrorCode> =>
  'app' in hook
    ? explainAppHookFailure(failure, credentials)
    : explainHookFailure(failure, hook.org, credentials);

/** "GitHub answered 404 to POST /orgs/…: Not Found". */
export const said = ({ status, request, reply }: HttpFailure): string =>
  status === undefined ? `${request}: ${reply}` : `GitHub answered ${status} to ${request}: ${reply}`;
