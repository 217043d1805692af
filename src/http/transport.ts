import type { Proxies } from '../model/connections/proxies.ts';
import { SyncError } from '../model/errors.ts';
import { concealer } from '../model/text/conceal.ts';
import { printable } from '../model/text/text.ts';
import { type HttpReply, type HttpRequest, Oversized, openExchange, TimedOut } from './exchange.ts';
import { HttpFailure, neverSent, type Service } from './http-failure.ts';
import { ProxyFailure } from './proxy.ts';
import type { RequestObserver } from './request-observer.ts';
import type { Stop } from './stop.ts';

const MAX_REDIRECTS = 3;

/** Prepares text from outside for an error: printable, short, and without these secrets. */
export function clean(text: string, secrets: Iterable<string>): string {
  const plain = concealer(secrets)(printable(text));
  return plain.length > 300 ? `${plain.slice(0, 300)}…` : plain;
}

/**
 * Sends one request to a service and follows its redirects within the same origin.
 * @returns the answer, whatever its status. Rejects with an `HttpFailure` if no complete answer came or it redirects to
 *   another origin, and with the reason of the stop if the run is stopped.
 */
export type Transport = (request: HttpRequest) => Promise<HttpReply>;

type TransportOptions = {
  readonly service: Service;
  readonly proxies: Proxies | undefined;
  readonly stop: Stop;
  readonly observer: RequestObserver;
  /** False for a dry run, which refuses every write. */
  readonly mayWrite: boolean;
  /** A write under way is awaited when the run is stopped, until the run is abandoned: its outcome must be known. */
  readonly isWrite: (request: HttpRequest) => boolean;
  readonly timeoutMs: (isWrite: boolean) => number;
  /** Awaited right before each request is sent, redirected ones included. If it throws, the request is not sent. */
  readonly beforeSend?: (request: HttpRequest, isWrite: boolean) => Promise<void> | void;
  readonly secrets: () => Iterable<string>;
};

/** Both clients send through this. It limits time and size, counts requests, and never follows to another origin. */
export function openTransport(options: TransportOptions): Transport {
  const { service, observer, stop } = options;
  const exchange = openExchange(options.proxies);

  const sendOnce = async (request: HttpRequest, name: string, isWrite: boolean): Promise<HttpReply> => {
    stop.signal.throwIfAborted();
    await options.beforeSend?.(request, isWrite);
    stop.signal.throwIfAborted();
    const signal = isWrite ? stop.abandoned : stop.signal;
    const began = performance.now();
    observer.onStart(service, isWrite);
    const ended = (status: number | undefined): void =>
      observer.onEnd(service, name + harmlessQuery(request.url), status, performance.now() - began, isWrite);
    try {
      const reply = await exchange(request, { timeoutMs: options.timeoutMs(isWrite), signal });
      ended(reply.status);
      return reply;
    } catch (error) {
      ended(undefined);
      if (!isWrite) signal.throwIfAborted();
      throw failureOf(error, name, signal.aborted);
    }
  };

  const failureOf = (error: unknown, request: string, isAbandoned: boolean): HttpFailure => {
    const facts = { service, request } as const;
    const words = error instanceof Error ? error.message || error.name : '';
    if (error instanceof ProxyFailure) {
      return new HttpFailure({ ...facts, reply: words, sent: false, trouble: error.trouble });
    }
    if (error instanceof Oversized) return new HttpFailure({ ...facts, reply: words, trouble: 'oversized' });
    if (isAbandoned) return new HttpFailure({ ...facts, reply: 'in doubt: it may have been done' });
    const reply = error instanceof TimedOut ? words : clean(`no answer: ${words}`, options.secrets());
    return new HttpFailure({ ...facts, reply, sent: !neverSent(error) });
  };

  return async (request) => {
    const isWrite = options.isWrite(request);
    if (isWrite && !options.mayWrite) {
      throw new SyncError('INTERNAL', 'a dry run was about to write', 'this is a bug: please report it');
    }
    for (let redirects = 0, { url } = request; ; redirects++) {
      const name = requestName({ ...request, url });
      const reply = await sendOnce({ ...request, url }, name, isWrite);
      const { location } = reply.headers;
      if (!REDIRECTS.has(reply.status) || location === undefined) return reply;
      // A redirected POST would be repeated as a GET, whose answer would then be taken for the success of the write.
      if (request.method !== 'GET' || redirects === MAX_REDIRECTS || !sameOrigin(url, location)) {
        throw new HttpFailure({ service, request: name, status: reply.status, reply: NOT_FOLLOWED });
      }
      url = new URL(location, url).href;
    }
  };
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
export const NOT_FOLLOWED = 'redirects to another place, which is not followed';

/** "GET /orgs/acme/members": the method and the path, without the query. */
export const requestName = ({ method, url }: HttpRequest): string => `${method} ${new URL(url).pathname}`;

/** Whether a redirect stays at the origin that the credentials are for. */
const sameOrigin = (from: string, to: string): boolean =>
  URL.canParse(to, from) && new URL(to, from).origin === new URL(from).origin;

/** Query parameters that distinguish requests of one path and never hold a secret. */
const HARMLESS = ['role', 'page', 'per_page'] as const;

/** The harmless part of an address's query, such as `?role=admin&per_page=100`, or "". */
function harmlessQuery(url: string): string {
  const start = url.indexOf('?');
  if (start < 0) return '';
  const query = new URLSearchParams(url.slice(start));
  const told = HARMLESS.flatMap((name) => {
    const value = query.get(name) ?? '';
    return /^\w{1,40}$/.test(value) ? [`${name}=${value}`] : [];
  });
  return told.length === 0 ? '' : `?${told.join('&')}`;
}

/** A process that runs for years gets a new token each hour. Old ones have expired. */
const MAX_CREDENTIALS = 50;

/** Remembers the credentials that were sent last. @param onNew called for each new one. */
export function newestCredentials(onNew: (credential: string) => void) {
  const known = new Set<string>();
  return {
    add: (credential: string): void => {
      if (known.has(credential)) return;
      const [oldest = ''] = known;
      if (known.size >= MAX_CREDENTIALS) known.delete(oldest);
      known.add(credential);
      onNew(credential);
    },
    all: (): readonly string[] => [...known],
  };
}
