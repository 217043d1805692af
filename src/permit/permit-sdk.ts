import axios, { type AxiosAdapter, type AxiosInstance } from 'axios';
import { ApiContext, Permit } from 'permitio';
import type { HttpReply, HttpRequest } from '../http/exchange.ts';
import { type HttpFailure, onHttpFailure } from '../http/http-failure.ts';
import { openPace, type Pace, type PaceTiming } from '../http/pace.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import type { Stop } from '../http/stop.ts';
import { openTransport, requestName } from '../http/transport.ts';
import type { Proxies } from '../model/connections/proxies.ts';
import { SyncError } from '../model/errors.ts';
import type { CallKind, PaceLimits } from '../model/pace.ts';
import { parseJson } from '../model/text/record.ts';
import { failureOf, undocumented } from './permit-failure.ts';

const READ_TIMEOUT_MS = 30_000;
/** A bulk call may hold 3,000 users. */
const WRITE_TIMEOUT_MS = 60_000;

export type PermitOptions = {
  readonly apiUrl: string;
  readonly pdpUrl: string;
  readonly proxies?: Proxies | undefined;
  readonly apiKey: string;
  readonly stop: Stop;
  readonly observer: RequestObserver;
  /** False for a dry run: then this module sends nothing but GET requests, even if a caller asks for more. */
  readonly mayWrite: boolean;
  /** Rate limits that no request of this SDK crosses, repeated ones included. */
  readonly pace: PaceLimits;
  readonly paceTiming?: Partial<PaceTiming>;
  /** Replaces `pace`: for a process that opens one SDK after another. */
  readonly sharedPace?: Pace | undefined;
  /** The key's environment, also for such a process: only the first SDK has to ask for it. */
  readonly sharedScope?: SharedScope | undefined;
  readonly readTimeoutMs?: number;
  readonly writeTimeoutMs?: number;
  /**
   * Awaited right before each request that is not a GET, retries included. If it throws, the request is not sent. A
   * SyncError reaches the caller as it is; a writer turns it into `stopped`.
   */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
};

/** Which environment an API key is for, once an SDK has asked. It never changes for a key. */
export type SharedScope = ApiContext;
export const openSharedScope = (): SharedScope => new ApiContext();

/**
 * The SDK under our control. Only this module uses it. Its axios instance sends through our transport, so every request
 * is bounded and counted, and every failure is an HttpFailure before the SDK sees it. The SDK's own errors hold the API
 * key, and a `null` error body would make it throw a TypeError instead of the actual error.
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
   * Sends one request below `/v2/facts/PROJECT/ENVIRONMENT/` without the SDK's own client, which lacks routes and takes
   * a third of a page's CPU. A GET unless `write` is given. After `ready`.
   * @throws HttpFailure for any answer but a 2xx.
   */
  readonly facts: (path: string, write?: FactsWrite) => Promise<unknown>;
  /** `GET /v2/projects/PATH`, which the SDK refuses to ask for with the key of one environment. */
  readonly readProject: (path: string) => Promise<unknown>;
  /** How long Permit's limits would make calls wait. */
  readonly forecast: Pace['forecast'];
  readonly onWait: RequestObserver['onWait'];
};

type FactsWrite = { readonly method: 'PUT' | 'DELETE'; readonly body: unknown };

export function openPermit(options: PermitOptions): PermitSdk {
  const failures: HttpFailure[] = [];
  const { stop, observer } = options;
  const pace = options.sharedPace ?? openPace(options.pace, stop.signal, observer.onWait, options.paceTiming);
  const send = openJsonRequests(options, pace, failures);
  // No transforms: the SDK serializes bodies, and `send` parses answers.
  const http = axios.create({ adapter: adapterOver(send), transformRequest: [], transformResponse: [] });
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
  const headers = { authorization: `Bearer ${options.apiKey}`, accept: 'application/json' };
  const ask = async (path: string, write?: FactsWrite): Promise<unknown> => {
    const url = `${options.apiUrl}/v2/${path}`;
    const { data } = await send(
      write === undefined
        ? { method: 'GET', url, headers }
        : {
            method: write.method,
            url,
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify(write.body),
          },
    );
    return data;
  };
  return {
    api: permit.api,
    ready,
    environment: async () => {
      await ready();
      const { project, environment } = permit.config.apiContext;
      return { project: project ?? '', environment: environment ?? '' };
    },
    facts: (path, write) => {
      const { project, environment } = permit.config.apiContext;
      return ask(`facts/${project}/${environment}/${path}`, write);
    },
    readProject: (path) => ask(`projects/${path}`),
    forecast: pace.forecast,
    onWait: observer.onWait,
  };
}

/** The SDK with its log turned off. */
function silentPermit(
  {
    apiKey,
    apiUrl,
    pdpUrl,
    sharedScope,
  }: Pick<PermitOptions, 'apiKey' | 'apiUrl' | 'pdpUrl' | 'sharedScope'>,
  http: AxiosInstance,
): Permit {
  const log = { level: 'silent', json: false, label: '' };
  return withoutLogSettings(
    () =>
      new Permit({
        ...{ token: apiKey, apiUrl, pdp: pdpUrl, axiosInstance: http, log },
        ...(sharedScope && { apiContext: sharedScope }),
      }),
  );
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

/** The SDK hides why it could not read the scope, so the failures that our transport recorded say why. */
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

/** Every request to Permit goes through this. @param failures the last ones, the newest at the end. */
function openJsonRequests(options: PermitOptions, pace: Pace, failures: HttpFailure[]): JsonRequests {
  const { stop, apiKey } = options;
  const send = openTransport({
    service: 'Permit',
    proxies: options.proxies,
    stop,
    observer: options.observer,
    mayWrite: options.mayWrite,
    isWrite: ({ method }) => method !== 'GET',
    timeoutMs: (isWrite) =>
      isWrite ? (options.writeTimeoutMs ?? WRITE_TIMEOUT_MS) : (options.readTimeoutMs ?? READ_TIMEOUT_MS),
    beforeSend: async (request, isWrite) => {
      // The last moment before it is sent. Repeated requests pass here again.
      await pace.turn(callKindOf(request));
      stop.signal.throwIfAborted();
      if (isWrite) await options.beforeWrite?.();
    },
    secrets: () => [apiKey],
  });
  const request = async (asked: HttpRequest): Promise<JsonReply> => {
    const sent = { ...asked, url: completeUrl(asked) };
    const reply = await sendForJson(send, sent, apiKey);
    // Permit answers a write by an object or by nothing: a page, or a `null`, comes from something in between.
    const isDocumented = reply.data === '' || (typeof reply.data !== 'string' && reply.data !== null);
    if (asked.method !== 'GET' && !isDocumented) throw undocumented(requestName(sent));
    return reply;
  };
  return (asked) =>
    request(asked).catch(
      onHttpFailure((failure) => {
        failures.push(failure);
        if (failures.length > 8) failures.shift();
        throw failure;
      }),
    );
}

type JsonReply = HttpReply & { readonly data: unknown };
type JsonRequests = (request: HttpRequest) => Promise<JsonReply>;

/**
 * @returns the answer with its parsed body; a text that is not JSON as it is. @throws HttpFailure for any but a 2xx.
 */
export async function sendForJson(
  send: (request: HttpRequest) => Promise<HttpReply>,
  request: HttpRequest,
  apiKey: string,
): Promise<JsonReply> {
  const reply = await send(request);
  const text = reply.body.toString();
  const json = parseJson(text);
  const data = json === undefined ? text.trim() : json;
  if (reply.status >= 300) throw failureOf(requestName(request), reply, data, apiKey);
  return { ...reply, data };
}

/** Makes axios send through `send` and do nothing else. */
const adapterOver =
  (send: JsonRequests): AxiosAdapter =>
  async (config) => {
    const { status, headers, data } = await send({
      method: config.method?.toUpperCase() ?? 'GET',
      url: config.url ?? '',
      headers: Object.fromEntries(
        Object.entries(config.headers.toJSON()).map(([name, value]) => [name.toLowerCase(), String(value)]),
      ),
      body: config.data as string | undefined,
    });
    return { status, statusText: '', headers: headers as Record<string, string>, data, config };
  };

/** Adds parameters that the SDK does not send. */
function completeUrl({ method, url }: HttpRequest): string {
  if (method !== 'GET') return url;
  const { pathname, search } = new URL(url);
  const [, list] = /^\/v2\/facts\/[^/]+\/[^/]+\/(users|tenants)$/.exec(pathname) ?? [];
  if (list === undefined) return url;
  // `users`: false at the API unless asked for: grants on instances would stay unseen. `tenants`: without it nobody
  // could tell that pages have shifted.
  const wanted = list === 'users' ? 'include_resource_instance_roles' : 'include_total_count';
  return `${url}${search === '' ? '?' : '&'}${wanted}=true`;
}

const BULK = /\/(?:bulk\/[a-z_]+|(?:role_assignments|relationship_tuples)\/bulk)$/;

function callKindOf({ method, url }: HttpRequest): CallKind {
  if (method === 'GET') return 'read';
  const path = new URL(url).pathname;
  if (method === 'POST' && path.startsWith('/v2/schema/')) return 'schemaPost';
  const isBulk = BULK.test(path);
  if (method === 'DELETE') return isBulk ? 'bulkDelete' : 'delete';
  return isBulk ? 'bulkWrite' : 'write';
}
