import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Proxies } from '../model/connections/proxies.ts';
import { systemCode } from './http-failure.ts';

/** A proxy did not let a request through: the service was never asked. Its message names no credentials. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure';
  readonly trouble: 'proxy-refused' | 'proxy-unreachable';

  private constructor(trouble: ProxyFailure['trouble'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
  }

  static refused({ host }: URL, status: number | undefined): ProxyFailure {
    return new ProxyFailure('proxy-refused', `the proxy ${host} refuses the connection (${status})`);
  }

  static unreachable({ host }: URL, cause: unknown): ProxyFailure {
    const code = systemCode(cause) ?? 'connection lost';
    return new ProxyFailure('proxy-unreachable', `the proxy ${host} can't be reached (${code})`, { cause });
  }
}

export const PROXY_HINTS = {
  'proxy-refused':
    'check the user and password in HTTPS_PROXY or HTTP_PROXY, and that the proxy allows this host; or add the host to NO_PROXY',
  'proxy-unreachable': 'check HTTPS_PROXY and HTTP_PROXY, or add the host to NO_PROXY',
} as const;

/** The proxy for requests to an address; undefined for direct requests. Loopback is never proxied. */
export function proxyFor(proxies: Proxies | undefined, address: URL): URL | undefined {
  const proxy = address.protocol === 'https:' ? proxies?.https : proxies?.http;
  if (proxies === undefined || proxy === undefined) return undefined;
  return isLoopback(address.hostname) || isExempt(proxies.noProxy, address) ? undefined : new URL(proxy);
}

const isLoopback = (hostname: string): boolean =>
  /^(?:localhost\.?|.+\.localhost\.?|\[::1\]|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.test(hostname);

/** A name in NO_PROXY covers its subdomains, with or without a dot or `*.` before it, and may end with a port. */
function isExempt(noProxy: string, { hostname, port, protocol }: URL): boolean {
  if (noProxy.trim() === '*') return true;
  const usedPort = port || (protocol === 'https:' ? '443' : '80');
  return noProxy.split(/[,\s]+/).some((entry) => {
    const [, host = entry, onlyPort = usedPort] = /^(.+):(\d+)$/.exec(entry) ?? [];
    const name = host.replace(/^\*?\./, '').toLowerCase();
    return name !== '' && onlyPort === usedPort && (hostname === name || hostname.endsWith(`.${name}`));
  });
}

/** The user and the password that a proxy's address holds, as the header that carries them. */
export function proxyAuthorization({ username, password }: URL): { readonly [header: string]: string } {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Connections to https addresses through a proxy, by CONNECT. They fail with a `ProxyFailure`. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: http.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const connected = callback as (error: Error | null, stream?: Duplex) => void;
    openTunnel(this.#proxy, `${options.host}:${options.port}`)
      .then((socket) => connected(null, super.createConnection({ ...options, socket } as object) as Duplex))
      .catch((error: Error) => connected(error));
    return undefined;
  }
}

function openTunnel(proxy: URL, target: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { request } = proxy.protocol === 'https:' ? https : http;
    const headers = { host: target, ...proxyAuthorization(proxy) };
    const connect = request({ ...addressOf(proxy), method: 'CONNECT', path: target, headers, agent: false });
    // A request that is aborted meanwhile must not keep the process waiting for its tunnel.
    connect.once('socket', (socket) => socket.unref());
    connect.once('connect', ({ statusCode }, socket) => {
      connect.setTimeout(0);
      connect.socket?.ref();
      if (statusCode === 200) return resolve(socket as Socket);
      socket.destroy();
      reject(ProxyFailure.refused(proxy, statusCode));
    });
    connect.on('error', (error) => reject(ProxyFailure.unreachable(proxy, error)));
    connect.setTimeout(CONNECT_TIMEOUT_MS, () =>
      connect.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })),
    );
    connect.end();
  });
}

/** Where to connect to for an address. */
export const addressOf = ({ protocol, hostname, port }: URL) => ({
  protocol,
  host: hostname.replace(/^\[|\]$/g, ''),
  port: port || (protocol === 'https:' ? 443 : 80),
});
