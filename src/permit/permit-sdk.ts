import axios, {
  type AxiosInstance,
  type AxiosRequestConfig,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
  isAxiosError,
} from 'axios';
import { Permit } from 'permitio';
import { sameOrigin } from '../http/address.ts';
import { harmlessQuery } from '../http/harmless-query.ts';
import { HttpFailure } from '../http/http-failure.ts';
import { openPace, type Pace, type PaceTiming } from '../http/pace.ts';
import { openFetch, type Proxies, proxyFor } from '../http/proxy.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import { MOST_BODY_BYTES } from '../http/sizes.ts';
import type { Stop } from '../http/stop.ts';
import { SyncError } from '../model/errors.ts';
import type { CallKind, PaceLimits } from '../model/pace.ts';
import { failureOf, isRedirect, NOT_FOLLOWED, pathOf, requestName, undocumented } from './permit-failure.ts';

const READ_TIMEOUT_MS = 30_000;
const MOST_REDIRECTS = 3;
/** A bulk call may hold 3,000 users. */
const WRITE_TIMEOUT_MS = 60_000;

export type PermitOptions = {
  readonly apiUrl: string;
  readonly pdpUrl: string;
  readonly proxies?: Proxies | undefined;
  readonly apiKey: string;
  readonly stop: Stop;
  readonly observer: RequestObserver;
  /** False for a dry run: then nothing but GET leaves this module, whatever is asked of it. */
  readonly mayWrite: boolean;
  /** Rate limits that no request of this SDK crosses, repeated ones included. */
  readonly pace: PaceLimits;
  readonly paceTiming?: Partial<PaceTiming>;
  /** In the place of one by `pace`: for a process that opens one SDK after another. */
  readonly sharedPace?: Pace | undefined;
  readonly readTimeoutMs?: number;
  readonly writeTimeoutMs?: number;
  /**
   * Awaited right before each request that is not a GET, retries included. If it throws, the request is not sent. A
   * SyncError reaches the caller as it is; a writer turns it into `stopped`.
   */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
};

/**
 * The SDK, tamed. This module owns it: its axios instance is ours, so every request is bounded in time and counted,
 * and every failure is turned into an HttpFailure before the SDK sees it. The SDK's own errors hold the API key, and
 * a `null` error body would make it throw a TypeError instead of the actual error.
 */
export type PermitSdk = {
  readonly api: Permit['api'];
  /**
   * Asks once which environment the key is for.
   * @throws SyncError PERMIT_AUTH for a key that is refused or not of one environment.
   * @throws HttpFailure when Permit can't be reached.
   */
  readonly ready: () => Promise<void>;
  /** The ids of the project and the environment that the key is for. @throws as `ready` does. */
  readonly environment: () => Promise<{ readonly project: string; readonly environment: string }>;
  /**
   * One page of `GET …/resource_instances/detailed?search=KEY&search=KEY`, which the SDK can't ask for. The caller
   * picks what fits: Permit doesn't promise to compare whole keys. After `ready`.
   */
  readonly searchInstances: (
    keys: readonly string[],
    page: { readonly page: number; readonly perPage: number },
  ) => Promise<unknown>;
  /** `GET /v2/projects/PATH`, which the SDK refuses to ask for with the key of one environment. */
  readonly readProject: (path: string) => Promise<unknown>;
  /** How long Permit's limits would make calls wait. */
  readonly forecast: Pace['forecast'];
};

export function openPermit(options: PermitOptions): PermitSdk {
  const failures: HttpFailure[] = [];
  const { stop, observer } = options;
  const pace = options.sharedPace ?? openPace(options.pace, stop.signal, observer.onWait, options.paceTiming);
  const http = createHttp(options, pace, failures);
  const permit = silentPermit(options, http);
  let scope: Promise<void> | undefined;
  const ready = (): Promise<void> => {
    scope ??= askScope(permit, failures, options.apiUrl).catch((error: unknown) => {
      // A later call may ask again.
      scope = undefined;
      throw error;
    });
    return scope;
  };
  const get = async (path: string, params?: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const answer = await http.get<unknown>(`${options.apiUrl}/v2/${path}`, {
      ...(params && { params }),
      paramsSerializer: { indexes: null },
      headers: { authorization: `Bearer ${options.apiKey}`, accept: 'application/json' },
    });
    return answer.data;
  };
  return {
    api: permit.api,
    ready,
    environment: async () => {
      await ready();
      const { project, environment } = permit.config.apiContext;
      return { project: project ?? '', environment: environment ?? '' };
    },
    searchInstances: (keys, { page, perPage }) => {
      const { project, environment } = permit.config.apiContext;
      const path = `facts/${project}/${environment}/resource_instances/detailed`;
      return get(path, { search: keys, page, per_page: perPage });
    },
    readProject: (path) => get(`projects/${path}`),
    forecast: pace.forecast,
  };
}

/** The SDK without a voice. @param http for the REST API; the SDK makes its own for the PDP (permit-pdp.ts). */
export function silentPermit(
  { apiKey, apiUrl, pdpUrl }: Pick<PermitOptions, 'apiKey' | 'apiUrl' | 'pdpUrl'>,
  http: AxiosInstance = axios.create(),
): Permit {
  const log = { level: 'silent', json: false, label: '' };
  return withoutLogSettings(
    () => new Permit({ token: apiKey, apiUrl, pdp: pdpUrl, axiosInstance: http, log }),
  );
}

/** The HTTP client that the SDK asks the PDP with, which it keeps to itself. */
export function pdpHttpOf(permit: Permit): AxiosInstance {
  return (permit as unknown as { readonly enforcer: { readonly client: AxiosInstance } }).enforcer.client;
}

/** The SDK parses PERMIT_LOG_JSON as JSON when it is made, and throws on `yes`: its log is off anyway. */
function withoutLogSettings<T>(make: () => T): T {
  const value = process.env.PERMIT_LOG_JSON;
  delete process.env.PERMIT_LOG_JSON;
  try {
    return make();
  } finally {
    if (value !== undefined) process.env.PERMIT_LOG_JSON = value;
  }
}

/** The SDK's classes have it, the interfaces that it exports do not. */
type ContextAware = { readonly ensureContext: (level: number) => Promise<void> };

/** The SDK hides why the scope could not be had; our own interceptor has seen it. */
async function askScope(permit: Permit, failures: HttpFailure[], apiUrl: string): Promise<void> {
  failures.length = 0;
  try {
    // 3: the API context level of an environment.
    await (permit.api.users as unknown as ContextAware).ensureContext(3);
  } catch (error) {
    const failure = failures.at(-1);
    if (failure?.status === 401 || failure?.status === 403) {
      throw new SyncError(
        'PERMIT_AUTH',
        `Permit refuses the API key (${failure.status} to ${failure.request}: ${failure.reply})`,
        'set PERMIT_API_KEY to a key of the environment (Permit › Settings › API keys)',
      );
    }
    if (failure) throw failure;
    if (error instanceof SyncError) throw error;
    const level = permit.config.apiContext.permittedAccessLevel;
    if (level === ('PROJECT_LEVEL_API_KEY' as never) || level === ('ORGANIZATION_LEVEL_API_KEY' as never)) {
      const wider = level === ('PROJECT_LEVEL_API_KEY' as never) ? 'a whole project' : 'a whole organization';
      throw new SyncError(
        'PERMIT_AUTH',
        `the Permit API key is for ${wider}, and one run writes to one environment`,
        'set PERMIT_API_KEY to a key of the environment (Permit › Settings › API keys)',
      );
    }
    throw new SyncError(
      'PERMIT_UNAVAILABLE',
      `the answer of ${apiUrl} to GET /v2/api-key/scope is not what Permit documents`,
      'check PERMIT_API_URL',
    );
  }
}

function createHttp(options: PermitOptions, pace: Pace, failures: HttpFailure[]): AxiosInstance {
  const { stop, apiUrl, observer } = options;
  const began = new WeakMap<object, number>();
  const ended = (request: InternalAxiosRequestConfig | undefined, status: number | undefined): void => {
    if (!request) return;
    const durationMs = performance.now() - (began.get(request) ?? performance.now());
    const isWrite = request.method?.toUpperCase() !== 'GET';
    observer.onEnd('Permit', requestName(request) + harmlessQuery(request.url), status, durationMs, isWrite);
  };
  const http = axios.create({
    ...transportFor(apiUrl, options.proxies),
    maxBodyLength: Number.POSITIVE_INFINITY,
    maxContentLength: MOST_BODY_BYTES,
    // What follows redirects costs a fifth of a large run's CPU: it is let in only where there is one, below.
    maxRedirects: 0,
    beforeRedirect: (to, { statusCode }, from) => {
      if (sameOrigin(apiUrl, String(to.href))) return;
      const request = requestName(from);
      throw new HttpFailure({ service: 'Permit', request, status: statusCode, reply: NOT_FOLLOWED });
    },
  });
  http.interceptors.request.use(async (request) => {
    const writes = request.method?.toUpperCase() !== 'GET';
    if (writes && !options.mayWrite) {
      throw new SyncError('INTERNAL', 'a dry run was about to write', 'this is a bug: please report it');
    }
    // The last moment before it is sent: whatever repeats a request comes by here again.
    await pace.turn(callKindOf(request));
    stop.signal.throwIfAborted();
    if (writes) {
      await options.beforeWrite?.();
      stop.signal.throwIfAborted();
    }
    observer.onStart('Permit', writes);
    began.set(request, performance.now());
    const timeoutMs = writes
      ? (options.writeTimeoutMs ?? WRITE_TIMEOUT_MS)
      : (options.readTimeoutMs ?? READ_TIMEOUT_MS);
    // A write under way is awaited when the run is stopped: its outcome must be known, unless nobody waits any more.
    const timeout = AbortSignal.timeout(timeoutMs);
    request.signal = AbortSignal.any([writes ? stop.abandoned : stop.signal, timeout]);
    if (isUsersListing(request)) {
      // False at the API unless asked for, and the SDK does not ask: grants on instances would stay unseen.
      request.params = { ...request.params, include_resource_instance_roles: true };
    }
    // Nor does it ask here how many there are, without which nobody could tell that pages have shifted.
    if (isTenantsListing(request)) request.params = { ...request.params, include_total_count: true };
    return request;
  });
  const passOn = (response: AxiosResponse): AxiosResponse => {
    ended(response.config, response.status);
    const writes = response.config.method?.toUpperCase() !== 'GET';
    // Permit answers a write by an object or by nothing: a page, or a `null`, comes from something in between.
    if (
      writes &&
      (response.data === null || (typeof response.data === 'string' && response.data.trim() !== ''))
    ) {
      throw undocumented(requestName(response.config));
    }
    return response;
  };
  http.interceptors.response.use(passOn, (error: unknown) => {
    if (!isAxiosError(error)) throw error;
    ended(error.config, error.response?.status);
    // A redirected POST would be repeated as a GET, whose answer would then be taken for the success of the write.
    const mayFollow = error.config?.method?.toUpperCase() === 'GET' && error.config.maxRedirects === 0;
    const location: unknown = error.response?.headers.location;
    if (
      mayFollow &&
      isRedirect(error.response?.status ?? 0) &&
      typeof location === 'string' &&
      sameOrigin(apiUrl, location)
    ) {
      return http.request({ ...error.config, maxRedirects: MOST_REDIRECTS });
    }
    if (error.config?.method?.toUpperCase() === 'GET') stop.signal.throwIfAborted();
    const failure =
      error.code === 'ERR_CANCELED' && stop.abandoned.aborted
        ? abandoned(requestName(error.config ?? {}))
        : failureOf(error, options.apiKey);
    failures.push(failure);
    if (failures.length > 8) failures.shift();
    throw failure;
  });
  return http;
}

/**
 * How axios reaches one address. Left to itself it reads the proxy's variables by a rule of its own, and would lead
 * loopback through it. Behind a proxy it uses the `fetch` that GitHub is asked with.
 */
export function transportFor(
  address: string,
  proxies: Proxies | undefined,
): Pick<AxiosRequestConfig, 'adapter' | 'proxy'> & { readonly env?: Record<string, unknown> } {
  if (proxyFor(proxies, address) === undefined) return { adapter: 'http', proxy: false };
  const send = openFetch(proxies);
  const followNowhere: typeof fetch = (input, init) => send(input, { ...init, redirect: 'manual' });
  return { adapter: 'fetch', proxy: false, env: { fetch: followNowhere, Request: null, Response } };
}

const BULK = /\/(?:bulk\/[a-z_]+|(?:role_assignments|relationship_tuples)\/bulk)$/;

function callKindOf(request: InternalAxiosRequestConfig): CallKind {
  const method = request.method?.toUpperCase();
  if (method === 'GET') return 'read';
  const path = pathOf(request);
  if (method === 'POST' && path.startsWith('/v2/schema/')) return 'schemaPost';
  const isBulk = BULK.test(path);
  if (method === 'DELETE') return isBulk ? 'bulkDelete' : 'delete';
  return isBulk ? 'bulkWrite' : 'write';
}

const isUsersListing = (request: InternalAxiosRequestConfig): boolean =>
  request.method?.toUpperCase() === 'GET' && /\/v2\/facts\/[^/]+\/[^/]+\/users$/.test(pathOf(request));

const isTenantsListing = (request: InternalAxiosRequestConfig): boolean =>
  request.method?.toUpperCase() === 'GET' && /\/v2\/facts\/[^/]+\/[^/]+\/tenants$/.test(pathOf(request));

/** A write whose answer nobody waited for. */
const abandoned = (request: string): HttpFailure =>
  new HttpFailure({ service: 'Permit', request, reply: 'in doubt: it may have been done' });
