import type { DeliverySource, Read } from '../model/redelivery.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { listAttempts } from './deliveries.ts';
import type { CredentialKind } from './explain-failure.ts';
import { explainHookFailure, hooksHidden } from './explain-hook-failure.ts';
import type { GitHubClient } from './github-client.ts';
import { listHooks } from './hooks.ts';

/**
 * Webhooks and their deliveries over GitHub's REST API. Reads only.
 * @param open what `createGitHubClients` returns, by way of `openOnce`.
 */
export function createDeliverySource(
  open: (org: string) => Promise<GitHubClient>,
  credentials: CredentialKind,
): DeliverySource {
  const ask = async <T>(
    org: string,
    question: (client: GitHubClient) => Promise<Read<T>>,
  ): Promise<Read<T>> => {
    try {
      return await question(await open(org));
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      return { kind: 'unread', ...explainHookFailure(error, org, credentials) };
    }
  };
  return {
    listHooks: (org) =>
      ask(org, async (client) => {
        const hooks = await listHooks(client, org);
        return hooks === 'hidden'
          ? { kind: 'unread', ...hooksHidden(org, credentials) }
          : { kind: 'read', value: hooks };
      }),
    listAttempts: (org, hook, sinceMs) =>
      ask(org, async (client) => ({
        kind: 'read',
        value: await listAttempts(client, { org, hook }, sinceMs),
      })),
  };
}
