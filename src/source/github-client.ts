import { Octokit } from '@octokit/rest';
import pLimit from 'p-limit';
import { printable } from '../model/text.ts';
import { HttpFailure, parseRetryAfter } from '../net/http-failure.ts';
import { DEFAULT_RETRY, type RetryPolicy, withRetry } from '../net/retry.ts';
import type { Stop } from '../net/stop.ts';
import type { Wire } from '../net/wire.ts';
import { boundedFetch } from './github-fetch.ts';

/** Ten at a time: well under GitHub's secondary limit of 100 concurrent requests. */
const CONCURRENT_REQUESTS = 10;
const REQUEST_TIMEOUT_MS = 30_000;

export type GitHubCredentials =
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'app';
      readonly appId: string;
      readonly privateKey: string;
      readonly installationId: number | undefined;
    };

export type GitHubClientOptions = {
  readonly apiUrl: string;
  readonly credentials: GitHubCredentials;
  readonly stop: Stop;
  readonly wire: Wire;
  readonly userAgent: string;
  readonly retry?: RetryPolicy;
  readonly requestTimeoutMs?: number;
};

/** A parsed answer. `lastPage` and `hasNext` are what the Link header says. */
export type Answer<T> = { readonly body: T; readonly lastPage: number; readonly hasNext: boolean };

/** Turns JSON from outside into a value of ours. @returns undefined where it is not what GitHub documents. */
export type Parser<T> = (body: unknown) => T | undefined;

/** Everything that is asked of GitHub on behalf of one organization goes through one of these. */
export type GitHubClient = {
  /** @throws HttpFailure once repeating has not helped; SyncError when the run is stopped. */
  readonly get: <T>(
    route: string,
    parameters: Readonly<Record<string, string | number>>,
    parse: Parser<T>,
  ) => Promise<Answer<T>>;
};

/** One client for each organization: a GitHub App has another installation, and another token, in each. */
export function createGitHubClients(options: GitHubClientOptions): (org: string) => Promise<GitHubClient> {
  const { stop, wire, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const sentCredentials = new Set<string>();
  const shared = {
    baseUrl: options.apiUrl,
    userAgent: options.userAgent,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: { fetch: noting(sentCredentials, boundedFetch(stop, wire, requestTimeoutMs)) },
  };
  const clean: Clean = (text) => shorten(concealed(printable(text), sentCredentials));
  const limit = pLimit(CONCURRENT_REQUESTS);
  const send: Send = (octokit, route, parameters, parse) =>
    withRetry(() => limit(() => sendOnce(octokit, route, parameters, parse, stop, clean)), {
      stop,
      repeatable: true,
      policy: options.retry ?? DEFAULT_RETRY,
    });
  const clientOf = (octokit: Octokit): GitHubClient => ({
    get: (route, parameters, parse) => send(octokit, `GET ${route}`, parameters, parse),
  });

  const { credentials } = options;
  if (credentials.kind === 'token') {
    const client = clientOf(new Octokit({ ...shared, auth: credentials.token }));
    return async () => client;
  }
  return async (org) => {
    const { createAppAuth } = await import('@octokit/auth-app');
    const app = { appId: credentials.appId, privateKey: credentials.privateKey };
    const installationId =
      credentials.installationId ??
      (await findInstallation(new Octokit({ ...shared, authStrategy: createAppAuth, auth: app }), org, send));
    return clientOf(
      new Octokit({ ...shared, authStrategy: createAppAuth, auth: { ...app, installationId } }),
    );
  };
}

type Send = <T>(
  octokit: Octokit,
  route: string,
  parameters: Readonly<Record<string, string | number>>,
  parse: Parser<T>,
) => Promise<Answer<T>>;

const silent = (): void => undefined;

/** Makes words from outside fit for an error. */
type Clean = (text: string) => string;

/**
 * Notes every credential that is sent: the token that was given, and those that a GitHub App is given later, which
 * nobody else knows of. Whoever answers may repeat what it was sent.
 */
function noting(sent: Set<string>, send: typeof fetch): typeof fetch {
  return (input, init) => {
    const credential = new Headers(init?.headers).get('authorization')?.split(' ').at(-1);
    if (credential) sent.add(credential);
    return send(input, init);
  };
}

const concealed = (text: string, credentials: ReadonlySet<string>): string =>
  [...credentials].reduce((left, credential) => left.replaceAll(credential, '***'), text);

async function findInstallation(octokit: Octokit, org: string, send: Send): Promise<number> {
  const { body } = await send(octokit, 'GET /orgs/{org}/installation', { org }, (answer) => {
    const id = isRecord(answer) ? answer.id : undefined;
    return typeof id === 'number' ? id : undefined;
  });
  return body;
}

async function sendOnce<T>(
  octokit: Octokit,
  route: string,
  parameters: Readonly<Record<string, string | number>>,
  parse: Parser<T>,
  stop: Stop,
  clean: Clean,
): Promise<Answer<T>> {
  stop.signal.throwIfAborted();
  const request = fill(route, parameters);
  let answer: { readonly data: unknown; readonly headers: { readonly link?: string | undefined } };
  try {
    answer = await octokit.request(route, parameters);
  } catch (error) {
    stop.signal.throwIfAborted();
    throw failureOf(error, request, clean);
  }
  const body = parse(answer.data);
  if (body === undefined) {
    const reply = 'the answer is not what GitHub documents: it was cut short, or no GitHub API answers there';
    throw new HttpFailure({ service: 'GitHub', request, status: undefined, reply });
  }
  const link = answer.headers.link ?? '';
  return { body, lastPage: lastPageOf(link), hasNext: /;\s*rel="next"/.test(link) };
}

const fill = (route: string, parameters: Readonly<Record<string, string | number>>): string =>
  route.replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? ''));

/** The page number behind `rel="last"`; 1 where there is none, which is how GitHub marks the only page. */
function lastPageOf(link: string): number {
  const last = /<([^>]*)>;\s*rel="last"/.exec(link)?.[1];
  const page = last && URL.canParse(last) ? Number(new URL(last).searchParams.get('page')) : 1;
  return Number.isSafeInteger(page) && page > 0 ? page : 1;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Octokit's errors hold the request with its headers: only what is harmless is taken over. */
function failureOf(error: unknown, request: string, clean: Clean): HttpFailure {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof HttpFailure) return at;
  }
  if (!isRecord(error) || !isRecord(error.response)) {
    // No whole answer: cut off in its body, or an error of the authentication before anything was sent.
    const words = error instanceof Error ? error.message : String(error);
    return new HttpFailure({ service: 'GitHub', request, status: undefined, reply: clean(words) });
  }
  const status = typeof error.status === 'number' ? error.status : 0;
  const headers = isRecord(error.response.headers) ? error.response.headers : {};
  const data = error.response.data;
  const reply = isRecord(data) && typeof data.message === 'string' ? data.message : statusWords(status);
  const waitMs = rateLimitWaitMs(status, headers, reply, Date.now());
  return new HttpFailure({
    service: 'GitHub',
    request: requestOf(error) ?? request,
    status,
    reply: clean(reply),
    retryAfterMs: waitMs ?? parseRetryAfter(headers['retry-after'], Date.now()),
    throttled: status === 429 || waitMs !== undefined,
    ssoUrl: ssoUrlOf(headers['x-github-sso']),
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

const statusWords = (status: number): string => (status >= 500 ? 'server error' : 'refused');

const shorten = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text);
