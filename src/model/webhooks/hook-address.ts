import { printable } from '../text/text.ts';

/** A webhook of an organization. Its URL may hold credentials, so it is compared but never shown. */
export type OrgHook = {
  readonly id: number;
  readonly active: boolean;
  readonly url: string;
  readonly events: readonly string[];
  readonly hasSecret: boolean;
  /** GitHub does not check the receiver's certificate. */
  readonly insecure: boolean;
};

/** The webhook of the GitHub App itself, about which GitHub says less. */
export type AppHook = Pick<OrgHook, 'url' | 'hasSecret' | 'insecure'>;

export type AppHookWithEvents = AppHook & {
  /** Undefined if GitHub does not say. */
  readonly events: readonly string[] | undefined;
};

/**
 * Whether an address ends in a path, segment by segment; its query and a slash at its end do not matter.
 * @param path `/` alone means the root, and not every address.
 */
export function leadsTo(url: string, path: string): boolean {
  if (!URL.canParse(url)) return false;
  const wanted = withoutSlashes(path);
  const found = withoutSlashes(new URL(url).pathname);
  return found === wanted || (wanted !== '' && found.endsWith(`/${wanted}`));
}

/**
 * The host and the path of an address, without parts that may be secret: name and password, the query, and segments of
 * the path that look like a key rather than a word. The addresses of Slack and Discord are secrets themselves.
 */
export function hostAndPathOf(url: string): string {
  if (!URL.canParse(url)) return 'an invalid address';
  const { host, pathname } = new URL(url);
  const path = pathname.split('/').map(concealed).join('/');
  return printable(path === '/' ? host : host + path);
}

/** Long, and with a digit or with both cases: `github-membership` is a word, `xoxb1A9…` is not. */
const concealed = (segment: string): string =>
  segment.length >= 16 && (/\d/.test(segment) || (/[a-z]/.test(segment) && /[A-Z]/.test(segment)))
    ? '***'
    : segment;

const withoutSlashes = (path: string): string => path.replace(/^\/+|\/+$/g, '');
