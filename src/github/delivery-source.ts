import { type HttpFailure, onHttpFailure } from '../http/http-failure.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { Problem } from '../model/problem.ts';
import type { Attempt, DeliverySource, HookReading, HookRef } from '../model/webhooks/redelivery.ts';
import { listAttempts } from './deliveries.ts';
import type { CredentialKind } from './explain-failure.ts';
import {
  explainAppHookFailure,
  explainDeliveryFailure,
  explainHookFailure,
  hooksHidden,
} from './explain-hook-failure.ts';
import { type ClientOf, findInstallation, type GitHubClient } from './github-client.ts';
import { listHooks, readAppHook } from './hooks.ts';

/** The GitHub App whose credentials are used, with a client that authenticates with its JWT. */
export type AppAccess<C = GitHubClient> = { readonly id: string; readonly open: () => Promise<C> };

type DeliverySourceOptions = {
  /** Undefined if a token is used. */
  readonly app?: AppAccess | undefined;
  /** The organizations whose deliveries matter. */
  readonly orgs?: readonly string[];
};

/**
 * Webhooks and their deliveries over GitHub's REST API. Reads only.
 * @param open what `createGitHubClients` returns, wrapped in `once`.
 */
export function createDeliverySource(
  open: ClientOf,
  credentials: CredentialKind,
  { app, orgs = [] }: DeliverySourceOptions = {},
): DeliverySource {
  const read = <T>(
    question: () => Promise<HookReading<T>>,
    explain: (failure: HttpFailure) => Problem<ErrorCode>,
  ): Promise<HookReading<T>> =>
    question().catch(onHttpFailure((failure) => ({ kind: 'unread', ...explain(failure) })));
  return {
    listHooks: (org) =>
      read(
        async () => {
          const hooks = await listHooks(await open(org), org);
          return hooks === 'hidden'
            ? { kind: 'unread', ...hooksHidden(org, credentials) }
            : { kind: 'read', value: hooks };
        },
        (failure) => explainHookFailure(failure, org, credentials),
      ),
    readAppHook: async () => {
      if (app === undefined) return { kind: 'read', value: undefined };
      return read(
        async () => {
          const hook = await readAppHook(await app.open());
          return { kind: 'read', value: hook && { app: app.id, url: hook.url } };
        },
        (failure) => explainAppHookFailure(failure, credentials),
      );
    },
    listAttempts: (hook: HookRef, sinceMs) =>
      read(
        async () => {
          if (!('app' in hook)) {
            return { kind: 'read', value: await listAttempts(await open(hook.org), hook, sinceMs) };
          }
          if (app === undefined) throw new TypeError('a webhook of a GitHub App without its credentials');
          const client = await app.open();
          const attempts = await listAttempts(client, hook, sinceMs);
          return { kind: 'read', value: await onlyOf(client, orgs, attempts) };
        },
        (failure) => explainDeliveryFailure(failure, hook, credentials),
      ),
  };
}

/**
 * An App has one webhook for all its installations: deliveries from other organizations are left out. If one of these
 * organizations does not name its installation, nothing is left out: the App may just have been removed from it.
 */
async function onlyOf(
  client: GitHubClient,
  orgs: readonly string[],
  attempts: readonly Attempt[],
): Promise<readonly Attempt[]> {
  if (attempts.length === 0) return attempts;
  return Promise.all(orgs.map((org) => findInstallation(client, org))).then(
    (ids) => attempts.filter(({ installationId: id }) => id === undefined || ids.includes(id)),
    onHttpFailure(() => attempts),
  );
}
