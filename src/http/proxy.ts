import { systemCode } from './http-failure.ts';

/** The proxies that the environment names, checked. `noProxy` is a list of hosts, as NO_PROXY holds it. */
export type Proxies = {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly noProxy: string;
};

/** A proxy did not let a request through: the service was never asked. Its message names no credentials. */
class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure';
  readonly trouble: 'proxy-refused' | 'proxy-unreachable';

  constructor(trouble: ProxyFailure['trouble'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
  }
}

export const PROXY_HINTS = {
  'proxy-refused':
    'check the user and password in HTTPS_PROXY or HTTP_PROXY, and that the proxy allows this host; or add the host to NO_PROXY',
  'proxy-unreachable': 'check HTTPS_PROXY and HTTP_PROXY, or add the host to NO_PROXY',
} as const;

/** @returns undefined where no proxy failed. */
export function proxyFailureIn(error: unknown): ProxyFailure | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at instanceof ProxyFailure) return at;
  }
  return undefined;
}

/** The proxy that an address may be reached by, unless NO_PROXY names its host. Loopback is never proxied. */
export function proxyFor(proxies: Proxies | undefined, address: string): string | undefined {
  const { protocol, hostname } = new URL(address);
  if (isLoopback(hostname)) return undefined;
  return protocol === 'https:' ? proxies?.https : proxies?.http;
}

const isLoopback = (hostname: string): boolean =>
  /^(?:localhost\.?|.+\.localhost\.?|\[::1\]|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.test(hostname);

/**
 * A `fetch` that follows HTTPS_PROXY, HTTP_PROXY and NO_PROXY as undici's EnvHttpProxyAgent reads them. Node's own
 * `fetch` takes no proxy from the environment before Node 24, and no dispatcher of another undici safely.
 */
export function openFetch(proxies: Proxies | undefined): typeof fetch {
  let opened: Promise<typeof fetch> | undefined;
  return async (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    const proxy = proxyFor(proxies, address);
    if (proxies === undefined || proxy === undefined) return fetch(input, init);
    opened ??= openProxied(proxies);
    let response: Response;
    try {
      response = await (await opened)(address, init);
    } catch (error) {
      throw failureOf(error, proxy) ?? error;
    }
    return response;
  };
}

async function openProxied({ http, https, noProxy }: Proxies): Promise<typeof fetch> {
  // CommonJS: bundled, it has nothing but a default export.
  const { default: undici } = (await import('undici')) as unknown as {
    readonly default: Pick<typeof import('undici'), 'EnvHttpProxyAgent' | 'fetch'>;
  };
  const dispatcher = new undici.EnvHttpProxyAgent({
    httpProxy: http ?? '',
    httpsProxy: https ?? '',
    noProxy,
    // An http address is asked for at the proxy itself, as curl and Go do; many proxies tunnel to port 443 alone.
    proxyTunnel: false,
  });
  return ((address: string, init: RequestInit | undefined) =>
    undici.fetch(address, {
      ...init,
      dispatcher,
    } as import('undici').RequestInit)) as unknown as typeof fetch;
}

function failureOf(error: unknown, proxy: string): ProxyFailure | undefined {
  const { host, hostname } = new URL(proxy);
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    // The words of undici for a tunnel that is refused, and for an http address that is.
    const status = /^Proxy (?:response|Authentication Required) \((\d+)\)/.exec(at.message)?.[1];
    if (status) {
      const message = `the proxy ${host} refuses the connection (${status})`;
      return new ProxyFailure('proxy-refused', message, { cause: error });
    }
    // An error of a connection to the proxy, not to the service: only the proxy's host is resolved and connected to.
    const { code } = at as NodeJS.ErrnoException;
    if (
      code !== undefined &&
      UNREACHABLE.has(code) &&
      at.message.includes(hostname.replace(/^\[|\]$/g, ''))
    ) {
      return unreachable(host, code, error);
    }
  }
  const code = systemCode(error);
  return code !== undefined && UNREACHABLE.has(code) ? unreachable(host, code, error) : undefined;
}

const unreachable = (host: string, code: string, cause: unknown): ProxyFailure =>
  new ProxyFailure('proxy-unreachable', `the proxy ${host} can't be reached (${code})`, { cause });

const UNREACHABLE = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH'],
  ...['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'],
]);
