import { HttpFailure, onHttpFailure } from '../http/http-failure.ts';
import type { Answered, OrgView, Quota } from '../model/finding.ts';
import { once } from '../model/once.ts';
import { isRecord } from '../model/text/record.ts';
import type { AppHookWithEvents, OrgHook } from '../model/webhooks/hook-address.ts';
import { parseAccounts } from './answers.ts';
import { type CredentialKind, explainFailure } from './explain-failure.ts';
import { explainAppHookFailure } from './explain-hook-failure.ts';
import type { ClientOf, GitHubClient, Parser } from './github-client.ts';
import { listHooks, readAppEvents, readAppHook } from './hooks.ts';
import { seesConcealedMembers } from './list-org.ts';
import { readOrganization } from './membership.ts';
import { PER_PAGE } from './pages.ts';

/** What `doctor` asks of GitHub. @throws SyncError GITHUB_AUTH where the credentials themselves are refused. */
type GitHubSetupReader = {
  /** Undefined if the server sets no limit. */
  readonly quota: (org: string) => Promise<Answered<Quota | undefined>>;
  readonly organization: (org: string) => Promise<OrgView>;
  /** The webhook of the GitHub App itself; undefined if it has none or a token is used. */
  readonly appHook: () => Promise<Answered<AppHookWithEvents | undefined>>;
  readonly hooks: (org: string) => Promise<Answered<readonly OrgHook[] | 'hidden'>>;
};

/** @param open as `createGitHubClients` returns it. @param openApp as `createAppClient` does; undefined for a token. */
export function createGitHubSetupReader(
  open: ClientOf,
  credentials: CredentialKind,
  openApp?: () => Promise<GitHubClient>,
): GitHubSetupReader {
  const clientOf = once(open);
  const ask = async <T>(
    org: string,
    question: (client: GitHubClient) => Promise<T>,
  ): Promise<Answered<T>> => {
    const explain = (failure: HttpFailure) => explainFailure(failure, org, credentials);
    return answered(clientOf(org).then(question), explain);
  };
  return {
    quota: (org) => ask(org, readQuota),
    appHook: () => {
      const read = async () => {
        const client = await openApp?.();
        const hook = client && (await readAppHook(client));
        return client && hook && { ...hook, events: await readAppEvents(client) };
      };
      return answered(read(), (failure) => explainAppHookFailure(failure, credentials));
    },
    hooks: (org) => ask(org, (client) => listHooks(client, org)),
    organization: async (org) => {
      const [organization, owners] = await Promise.all([
        ask(org, (client) => readOrganization(client, org)),
        ask(org, (client) =>
          client.get('/orgs/{org}/members', { org, role: 'admin', per_page: PER_PAGE }, parseAccounts),
        ),
      ]);
      if (owners.kind === 'refused') return { organization, owners };
      const { body, links } = owners.value;
      const counted: OrgView['owners'] = {
        kind: 'answered',
        value: { shown: body.length, more: links.hasNext },
      };
      if (body.length === 0) return { organization, owners: counted };
      const concealed = await ask(
        org,
        async (client) => (await seesConcealedMembers(client, org, body)) !== 'hidden',
      );
      return { organization, owners: counted, concealed };
    },
  };
}

const answered = <T>(
  value: Promise<T>,
  explain: (failure: HttpFailure) => { readonly message: string; readonly hint: string },
): Promise<Answered<T>> =>
  value.then(
    (known) => ({ kind: 'answered', value: known }),
    onHttpFailure((failure) => {
      const { message, hint } = explain(failure);
      return { kind: 'refused', message, hint };
    }),
  );

/** `GET /rate_limit`, which costs nothing; GitHub Enterprise Server answers 404 where it sets no limit. */
async function readQuota(client: GitHubClient): Promise<Quota | undefined> {
  try {
    return (await client.get('/rate_limit', {}, parseQuota)).body;
  } catch (error) {
    // Whatever the words ("Rate limiting is not enabled."), this answer says nothing about an organization.
    const isNoLimit = error instanceof HttpFailure && error.status === 404 && error.isOwnWords;
    if (isNoLimit && error.request.endsWith('/rate_limit')) return undefined;
    throw error;
  }
}

const parseQuota: Parser<Quota> = (body) => {
  const core = isRecord(body) && isRecord(body.resources) ? body.resources.core : undefined;
  if (!isRecord(core)) return undefined;
  const { limit, remaining, reset } = core;
  if (typeof limit !== 'number' || typeof remaining !== 'number' || typeof reset !== 'number')
    return undefined;
  return { limit, remaining, resetMs: reset * 1000 };
};
