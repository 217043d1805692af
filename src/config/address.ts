import type { Proxies } from '../model/connections/proxies.ts';
import { SyncError } from '../model/errors.ts';
import type { Problem } from '../model/problem.ts';
import { invalid, quoted } from './problem.ts';
import type { Environment } from './settings.ts';

/** Websites that are mistaken for the API, and the address of the API. */
const API_OF: { readonly [host: string]: string } = {
  'github.com': 'https://api.github.com',
  'www.github.com': 'https://api.github.com',
  'permit.io': 'https://api.permit.io',
  'www.permit.io': 'https://api.permit.io',
  'app.permit.io': 'https://api.permit.io',
};

/**
 * Why `text` can't be the address of an API, which is absolute http(s), without credentials, query or fragment. The
 * text itself is shown only once it is known to hold no credentials.
 */
export function addressProblem(text: string): Problem | undefined {
  const example = 'give an absolute address such as https://api.example.com';
  if (text.trim() === '') return invalid('is empty', example);
  // The URL parser accepts blanks, backslashes and missing slashes; a setting should be exact.
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority?.includes('@')) {
    return invalid('the address holds credentials', 'remove everything before the @');
  }
  if (authority === undefined || /[\s\\]/.test(text) || !URL.canParse(text)) {
    return invalid('is not an absolute http or https address', example);
  }
  if (/[?#]/.test(text)) {
    return invalid('the address holds a query or a fragment', 'remove everything from the ? or # on');
  }
  const { hostname } = new URL(text);
  const api = Object.hasOwn(API_OF, hostname) ? API_OF[hostname] : undefined;
  if (api === undefined) return undefined;
  return invalid(`${quoted(hostname)} is the website, not the API`, `did you mean "${api}"?`);
}

/**
 * Why a well-formed address can't be used: credentials sent over plain http could be read in transit, unless they never
 * leave the machine.
 */
export function plainHttpProblem(address: string): Problem | undefined {
  const url = new URL(address);
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return undefined;
  return invalid(
    `${quoted(url.origin)} is not https: the credentials could be read in transit`,
    'use https, or pass --allow-http if you trust the network in between',
  );
}

/** @param hostname as the URL parser gives it: lower case, IPv4 in its dotted form, IPv6 in brackets. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);

/** The address without slashes at its end, so that paths can be appended. */
export const normalizeAddress = (address: string): string => new URL(address).href.replace(/\/+$/, '');

/**
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY. The lower-case name wins, as in curl.
 * @throws SyncError `CONFIG_INVALID` for an invalid address, which is not shown because it can hold a password.
 */
export function chooseProxies(env: Environment): Proxies {
  return {
    http: proxyOf(env, 'HTTP_PROXY'),
    https: proxyOf(env, 'HTTPS_PROXY'),
    noProxy: (env.no_proxy ?? env.NO_PROXY ?? '').trim(),
  };
}

function proxyOf(env: Environment, name: string): string | undefined {
  const lower = env[name.toLowerCase()]?.trim();
  const text = lower || env[name]?.trim();
  if (!text) return undefined;
  const address = text.includes('://') ? text : `http://${text}`;
  const usable =
    /^https?:\/\/[^\s\\]+$/i.test(address) && URL.canParse(address) && new URL(address).hostname !== '';
  if (usable) return address;
  throw new SyncError(
    'CONFIG_INVALID',
    `${lower ? name.toLowerCase() : name}: is not the address of an HTTP proxy`,
    'set it to http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before the host if the proxy requires it; ' +
      'percent-encode characters such as @ / : # in a password',
  );
}
