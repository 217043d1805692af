import { type Flaw, quoted } from './flaw.ts';

/** Addresses that people look at; their programs' side lives elsewhere. */
const API_OF: { readonly [host: string]: string } = {
  'github.com': 'https://api.github.com',
  'www.github.com': 'https://api.github.com',
  'permit.io': 'https://api.permit.io',
  'www.permit.io': 'https://api.permit.io',
  'app.permit.io': 'https://api.permit.io',
};

/**
 * What keeps `text` from being the address of an API: absolute http(s), without credentials, query or fragment.
 * The text itself is shown only once it is known to hold no credentials.
 */
export function addressFlaw(text: string): Flaw | undefined {
  const example = 'give an absolute address such as https://api.example.com';
  if (text.trim() === '') return { what: 'is empty', mend: example };
  // The URL parser would forgive blanks, backslashes and missing slashes; a setting should say what it means.
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority?.includes('@')) {
    return { what: 'the address holds credentials', mend: 'remove what stands before the @' };
  }
  if (authority === undefined || /[\s\\]/.test(text) || !URL.canParse(text)) {
    return { what: 'is no absolute http or https address', mend: example };
  }
  if (/[?#]/.test(text)) {
    return { what: 'the address holds a query or a fragment', mend: 'remove what stands from the ? or # on' };
  }
  const { hostname } = new URL(text);
  const api = Object.hasOwn(API_OF, hostname) ? API_OF[hostname] : undefined;
  if (api === undefined) return undefined;
  return { what: `${quoted(hostname)} is the website, not the API`, mend: `did you mean "${api}"?` };
}

/**
 * What keeps a well-formed address from being used: credentials sent over plain http could be read on the way,
 * unless they never leave the machine.
 */
export function plainHttpFlaw(address: string): Flaw | undefined {
  const url = new URL(address);
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return undefined;
  return {
    what: `${quoted(url.origin)} is not https: the credentials could be read on the way`,
    mend: 'use https, or give --allow-http if the network in between is yours',
  };
}

/** @param hostname as the URL parser gives it: lower case, IPv4 in its dotted form, IPv6 in brackets. */
const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);

/** The address without slashes at its end, so that paths can be appended. */
export const normalizeAddress = (address: string): string => new URL(address).href.replace(/\/+$/, '');
