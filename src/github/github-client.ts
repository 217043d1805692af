import { Octokit } from '@octokit/core';
import pLimit from 'p-limit';
import { HttpFailure, parseRetryAfter } from '../http/http-failure.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import { DEFAULT_RETRY, type Repeatable, type RetryPolicy, withRetry } from '../http/retry.ts';
import type { Stop } from '../http/stop.ts';
import { clean, newestCredentials, openTransport } from '../http/transport.ts';
import type { GitHubCredentials } from '../model/connections/github-credentials.ts';
import type { Proxies } from '../model/connections/proxies.ts';
import { SyncError } from '../model/errors.ts';
import { folded } from '../model/identity.ts';
import { defined, isRecord, parseJson } from '../model/text/record.ts';
import { printable } from '../model/text/text.ts';
import { openDirectGet, openFetch, openGitHubTransport, type Reply } from './github-fetch.ts';
import { isTooMuch, openQuery, type Query } from './identities/graphql.ts';
import { type PageLinks, pageLinksOf } from './page-links.ts';
import { isRenewedForEachRun } from './token-expiry.ts';

/** Well under GitHub's secondary limit of 100 concurrent requests; 10,000 members are four round trips then. */
const CONCURRENT_REQUESTS = 40;
const REQUEST_TIMEOUT_MS = 30_000;

export type GitHubClientOptions = {
  readonly apiUrl: string;
  readonly proxies?: Proxies | undefined;
  readonly credentials: GitHubCredentials;
  readonly stop: Stop;
  readonly observer: RequestObserver;
  readonly userAgent: string;
  readonly retry?: RetryPolicy;
  readonly requestTimeoutMs?: number;
};

/** A parsed answer, and what its `Link` header says about other pages. */
export type Answer<T> = { readonly body: T; readonly links: PageLinks };

/** Parses JSON from GitHub. @returns undefined if it is not what GitHub documents. */
export type Parser<T> = (body: unknown) => T | undefined;

/** Sends GET requests and GraphQL queries: for one organization, or for the GitHub App itself. */
export type GitHubClient = {
  /**
   * @param options `numbers`: whole numbers past 2^53 are parsed as bigints, which takes twice as long. `accept`: the
   *   media type to ask for, where GitHub has more than one.
   * @throws HttpFailure once repeating has not helped; SyncError when the run is stopped.
   */
  readonly get: <T>(
    route: string,
    parameters: Readonly<Record<string, string | number>>,
    parse: Parser<T>,
    options?: { readonly numbers: 'exact' } | { readonly accept: string },
  ) => Promise<Answer<T>>;
  readonly query: Query;
  /**
   * Which repositories the installation of a GitHub App sees, `all` or `selected`. Undefined for a token: GitHub does
   * not say. @throws as `get` does.
   */
  readonly repositorySelection?: () => Promise<string>;
};

/** Opens the client of an organization. */
export type ClientOf = (org: string) => Promise<GitHubClient>;

/** A client that can also write. Code that only reads never gets one. */
export type WritingGitHubClient = GitHubClient & {
  /**
   * Sends a POST without a body, and waits for its end even if the run is stopped meanwhile. It is repeated only if
   * GitHub certainly did not process it. The body of the answer is not read.
   * @throws HttpFailure; SyncError when the run was stopped before it was sent.
   */
  readonly post: (route: string, parameters: Readonly<Record<string, string | number>>) => Promise<void>;
};

/** One client for each organization: a GitHub App has a different installation and token in each. */
export const createGitHubClients = (options: GitHubClientOptions): ClientOf =>
  openClients(options, false, ({ get, query }) => ({ get, query }));

/** As `createGitHubClients`, for what may write. */
export const createWritingGitHubClients = (
  options: GitHubClientOptions,
): ((org: string) => Promise<WritingGitHubClient>) => openClients(options, true, (client) => client);

/**
 * The client of the GitHub App itself: it authenticates with the App's JWT and can only call `/app` and read
 * installations.
 */
export const createAppClient = (options: GitHubClientOptions): (() => Promise<GitHubClient>) =>
  openAppClient(options, false, ({ get, query }) => ({ get, query }));

/** As `createAppClient`, for what may write. */
export const createWritingAppClient = (options: GitHubClientOptions): (() => Promise<WritingGitHubClient>) =>
  openAppClient(options, true, (client) => client);

function openAppClient<C>(
  options: GitHubClientOptions,
  mayWrite: boolean,
  pick: (client: WritingGitHubClient) => C,
): () => Promise<C> {
  const { shared, clientOf } = prepare(options, mayWrite);
  let client: Promise<C> | undefined;
  const open = async (): Promise<C> => {
    const { credentials } = options;
    if (credentials.kind !== 'app') throw new TypeError('a token is not a GitHub App');
    const { createAppAuth } = await import('@octokit/auth-app');
    const auth = { appId: credentials.appId, privateKey: credentials.privateKey };
    return pick(clientOf(new Octokit({ ...shared, authStrategy: createAppAuth, auth })));
  };
  return () => {
    client ??= open();
    return client;
  };
}

function openClients<C extends GitHubClient>(
  options: GitHubClientOptions,
  mayWrite: boolean,
  pick: (client: WritingGitHubClient) => C,
): (org: string) => Promise<C> {
  const { shared, clientOf } = prepare(options, mayWrite);
  const { credentials } = options;
  if (credentials.kind === 'token') {
    const client = pick(clientOf(new Octokit({ ...shared, auth: credentials.token })));
    return async () => client;
  }
  return async (org) => {
    const { createAppAuth } = await import('@octokit/auth-app');
    const app = { appId: credentials.appId, privateKey: credentials.privateKey };
    const asApp = () => clientOf(new Octokit({ ...shared, authStrategy: createAppAuth, auth: app }));
    const known = credentials.installations?.get(folded(org)) ?? credentials.installationId;
    const installationId = known ?? (await findInstallation(asApp(), org));
    const auth = { ...app, installationId };
    return {
      ...pick(clientOf(new Octokit({ ...shared, authStrategy: createAppAuth, auth }))),
      repositorySelection: () => readSelection(asApp(), installationId),
    };
  };
}

/** What all clients of one set of credentials share. */
function prepare(options: GitHubClientOptions, mayWrite: boolean) {
  const { stop, credentials, retry: policy = DEFAULT_RETRY } = options;
  const { onTokenExpiry, onCredential, ...silent } = options.observer;
  const waiting = defined({ onWait: silent.onWait });
  const lasts = credentials.kind === 'token' && !isRenewedForEachRun(credentials.token);
  const observer = lasts && onTokenExpiry ? { ...silent, onTokenExpiry } : silent;
  // The token that was given, and those that a GitHub App is given later, which only this client knows.
  const sentCredentials = newestCredentials((secret) => {
    if (credentials.kind === 'app') onCredential?.(secret);
  });
  const transport = openTransport({
    service: 'GitHub',
    proxies: options.proxies,
    stop,
    observer,
    mayWrite,
    // The only write to GitHub is the request for another delivery.
    isWrite: ({ method, url }) => method === 'POST' && url.endsWith('/attempts'),
    timeoutMs: () => options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    beforeSend: ({ headers }) => {
      const credential = headers?.authorization?.split(' ').at(-1);
      if (credential) sentCredentials.add(credential);
    },
    secrets: sentCredentials.all,
  });
  const send = openGitHubTransport(transport, observer);
  const shared = {
    baseUrl: options.apiUrl,
    userAgent: options.userAgent,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    request: { fetch: openFetch(send) },
  };
  const limit = pLimit(CONCURRENT_REQUESTS);
  const repeated = <T>(ask: () => Promise<T>, request: string, repeatable: Repeatable): Promise<T> =>
    withRetry(
      () =>
        limit(() => {
          stop.signal.throwIfAborted();
          return ask().catch((error: unknown) => {
            throw failureOf(error, request, sentCredentials.all());
          });
        }),
      { stop, repeatable, policy, ...waiting },
    );
  const clientOf = (octokit: Octokit): WritingGitHubClient => {
    const getDirectly = openDirectGet(octokit, send);
    const answered = <T>(
      ask: () => Promise<Reply>,
      request: string,
      parse: Parser<T>,
      repeatable: Repeatable,
    ): Promise<Answer<T>> => repeated(async () => answerOf(await ask(), request, parse), request, repeatable);
    return {
      get: (route, parameters, parse, options) => {
        const ask = (): Promise<Reply> =>
          options && 'numbers' in options
            ? octokit.request(`GET ${route}`, parameters)
            : getDirectly(addressOf(route, parameters), options ?? {});
        return answered(ask, `GET ${fill(route, parameters)}`, parse, true);
      },
      query: openQuery(options.apiUrl, (parameters, parse) => {
        const ask = async (): Promise<Reply> => {
          const { data, headers } = await octokit.request(GRAPHQL, { ...parameters, request: UNPARSED });
          return { data: Buffer.isBuffer(data) ? parseJson(String(data)) : undefined, headers };
        };
        return answered(ask, GRAPHQL, parse, (failure) => !isTooMuch(failure));
      }),
      post: async (route, parameters) => {
        const request = `POST ${route}`;
        await repeated(() => octokit.request(request, parameters), fill(request, parameters), false);
      },
    };
  };
  return { shared, clientOf };
}

const GRAPHQL = 'POST /graphql';

const ignore = (): void => undefined;

/** The id of the App's installation in an organization. @param client of the App itself. @throws HttpFailure */
export async function findInstallation(client: GitHubClient, org: string): Promise<number> {
  const { body } = await client.get('/orgs/{org}/installation', { org }, (answer) => {
    const id = isRecord(answer) ? answer.id : undefined;
    return typeof id === 'number' ? id : undefined;
  });
  return body;
}

/** @param client of the App itself. @throws HttpFailure */
async function readSelection(client: GitHubClient, installationId: number): Promise<string> {
  const route = '/app/installations/{installation_id}';
  const { body } = await client.get(route, { installation_id: installationId }, (answer) => {
    const selection = isRecord(answer) ? answer.repository_selection : undefined;
    return typeof selection === 'string' ? selection : undefined;
  });
  return body;
}

/** @throws HttpFailure */
function answerOf<T>({ data, headers }: Reply, request: string, parse: Parser<T>): Answer<T> {
  const body = parse(data);
  if (body === undefined) {
    const reply = 'the answer is not what GitHub documents: it was cut short, or no GitHub API answers there';
    throw new HttpFailure({ service: 'GitHub', request, reply });
  }
  return { body, links: pageLinksOf(String(headers.link ?? '')) };
}

/** Octokit searches every body for numbers past 2^53 with regular expressions. Nothing here needs those. */
const UNPARSED = { parseSuccessResponseBody: false };

type Parameters = Readonly<Record<string, string | number>>;

/** The path with its query: what the route does not name becomes a part of that, as in Octokit. */
function addressOf(route: string, parameters: Parameters): string {
  const path = route.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
  const query = Object.entries(parameters)
    .filter(([name]) => !route.includes(`{${name}}`))
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

/** The path of a route, for messages. */
export const fill = (route: string, parameters: Parameters): string =>
  route.replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? ''));

/** Octokit's errors hold the request with its headers: only harmless parts are kept, and our own errors. */
function failureOf(error: unknown, request: string, secrets: readonly string[]): HttpFailure | SyncError {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof HttpFailure || at instanceof SyncError) return at;
  }
  if (!isRecord(error) || !isRecord(error.response)) {
    // No complete answer: its body was cut off, or authentication failed before anything was sent.
    const words = error instanceof Error ? error.message : String(error);
    return new HttpFailure({ service: 'GitHub', request, reply: clean(words, secrets) });
  }
  const status = typeof error.status === 'number' ? error.status : 0;
  const headers = isRecord(error.response.headers) ? error.response.headers : {};
  const data = error.response.data;
  const words = isRecord(data) && typeof data.message === 'string' ? data.message : undefined;
  const reply = words ?? statusWords(status);
  const waitMs = rateLimitWaitMs(status, headers, reply, Date.now());
  return new HttpFailure({
    service: 'GitHub',
    request: requestOf(error) ?? request,
    status,
    reply: clean(reply, secrets),
    retryAfterMs: waitMs ?? parseRetryAfter(headers['retry-after'], Date.now()),
    throttled: status === 429 || waitMs !== undefined,
    ssoUrl: ssoUrlOf(headers['x-github-sso']),
    isOwnWords: words !== undefined,
    acceptedPermissions: acceptedPermissionsOf(headers['x-accepted-github-permissions']),
  });
}

/** The request that failed may be the one for an App's token rather than ours. */
function requestOf(error: Record<string, unknown>): string | undefined {
  const sent = isRecord(error.request) ? error.request : {};
  if (typeof sent.url !== 'string' || !URL.canParse(sent.url)) return undefined;
  return `${String(sent.method)} ${new URL(sent.url).pathname}`;
}

/**
 * GitHub's rate limits come as 403 or 429, with `Retry-After`, or with `x-ratelimit-remaining: 0` and the second of
 * the reset ("Best practices for using the REST API"). A 403 without either is a lack of permission.
 */
function rateLimitWaitMs(
  status: number,
  headers: Record<string, unknown>,
  reply: string,
  now: number,
): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now);
  if (retryAfterMs !== undefined) return retryAfterMs;
  if (headers['x-ratelimit-remaining'] === '0') {
    const reset = Number(headers['x-ratelimit-reset']);
    // A second more, since the clocks differ.
    return Number.isFinite(reset) ? Math.max(0, reset * 1000 - now) + 1000 : 60_000;
  }
  // A secondary limit without a header: GitHub asks for at least a minute.
  return /secondary rate limit/i.test(reply) ? 60_000 : undefined;
}

function ssoUrlOf(header: unknown): string | undefined {
  const url = typeof header === 'string' ? /required;\s*url=(\S+)/.exec(header)?.[1] : undefined;
  return url && URL.canParse(url) ? printable(url) : undefined;
}

const acceptedPermissionsOf = (header: unknown): string | undefined =>
  typeof header === 'string' && header !== '' ? clean(header, []) : undefined;

const statusWords = (status: number): string => (status >= 500 ? 'server error' : 'refused');
