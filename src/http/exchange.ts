import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Proxies } from '../model/connections/proxies.ts';
import { neverSent } from './http-failure.ts';
import { addressOf, ProxyFailure, proxyAuthorization, proxyFor, TunnelAgent } from './proxy.ts';
import { MAX_BODY_BYTES } from './sizes.ts';

export type HttpRequest = {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
};

/** A complete answer: its body has arrived and is decoded. */
export type HttpReply = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** The service sent more than any real answer holds. */
export class Oversized extends Error {
  override readonly name = 'Oversized';
}

/** No complete answer arrived in time. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/**
 * Sends one request over a kept-alive connection, through the proxy that the environment names for it. A redirect is an
 * answer like any other.
 * @returns rejects with `Oversized`, `TimedOut`, `ProxyFailure`, the reason of `signal`, or the system's error.
 */
export type Exchange = (
  request: HttpRequest,
  bounds: { readonly timeoutMs: number; readonly signal?: AbortSignal },
) => Promise<HttpReply>;

/** Idle connections are closed after 5 s, the time that Node's own servers keep theirs. */
const KEPT = { keepAlive: true, timeout: 5000 } as const;

export function openExchange(proxies: Proxies | undefined): Exchange {
  const plain = new http.Agent(KEPT);
  const secure = new https.Agent(KEPT);
  let tunnels: TunnelAgent | undefined;

  const start = (
    address: URL,
    { method, headers, body }: HttpRequest,
    proxy: URL | undefined,
  ): http.ClientRequest => {
    const isTunneled = proxy !== undefined && address.protocol === 'https:';
    if (isTunneled) tunnels ??= new TunnelAgent(proxy, KEPT);
    // An http address is requested from the proxy itself, as curl and Go do: many proxies tunnel to port 443 only.
    const peer = proxy === undefined || isTunneled ? address : proxy;
    const isSecure = peer.protocol === 'https:';
    const path = address.pathname + address.search;
    return (isSecure ? https : http).request({
      ...addressOf(peer),
      method,
      path: peer === address ? path : address.origin + path,
      headers: {
        'accept-encoding': 'gzip, br',
        'user-agent': 'gh-permit-sync',
        ...headers,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...(peer === address ? {} : { host: address.host, ...proxyAuthorization(peer) }),
      },
      agent: isTunneled ? tunnels : isSecure ? secure : plain,
    });
  };

  return (request, { timeoutMs, signal }) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const address = new URL(request.url);
      const proxy = proxyFor(proxies, address);
      const outgoing = start(address, request, proxy);
      let over = (): void => undefined;
      const fail = (error: unknown): void => {
        over();
        reject(error);
        outgoing.destroy();
      };
      const timer = setTimeout(() => fail(new TimedOut(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
      const abort = (): void => fail(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      over = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      /** The proxy, if the request itself goes to it. */
      const relay = address.protocol === 'http:' ? proxy : undefined;
      outgoing.on('error', (error) => fail(failureOf(error, relay)));
      outgoing.once('response', (incoming) => {
        const status = incoming.statusCode ?? 0;
        if (relay && status === 407) return fail(ProxyFailure.refused(relay, status));
        readBody(incoming).then((body) => {
          over();
          resolve({ status, headers: incoming.headers, body });
        }, fail);
      });
      outgoing.end(request.body);
    });
}

function failureOf(error: NodeJS.ErrnoException, relay: URL | undefined): Error {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new Oversized('the answer has larger headers than any real one', { cause: error });
  }
  const isUnreachable = neverSent(error) || error.code === 'ETIMEDOUT';
  return relay && isUnreachable ? ProxyFailure.unreachable(relay, error) : error;
}

/** Reads and decodes a body. @returns rejects with `Oversized` beyond the size limit, and if the body breaks off. */
function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) reject(tooLarge());
      else chunks.push(chunk);
    });
    incoming.on('error', reject);
    incoming.once('end', () => {
      const [first = Buffer.alloc(0)] = chunks;
      try {
        const body = chunks.length > 1 ? Buffer.concat(chunks) : first;
        resolve(decoded(body, incoming.headers['content-encoding']));
      } catch (error) {
        reject(error);
      }
    });
  });
}

const tooLarge = (): Oversized =>
  new Oversized(`the answer is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB, which no real page is`);

function decoded(body: Buffer, encoding = 'identity'): Buffer {
  const decode = DECODERS[encoding.trim().toLowerCase()];
  if (body.length === 0) return body;
  if (decode === undefined) throw new Error('the answer has an encoding that was not asked for');
  try {
    return decode(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge() : error;
  }
}

type Decoder = (body: Buffer, bounds: { readonly maxOutputLength: number }) => Buffer;

const DECODERS: { readonly [encoding: string]: Decoder | undefined } = {
  identity: (body) => body,
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  br: brotliDecompressSync,
};
