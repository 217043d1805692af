import { folded, type GitHubId, parseUserKey, type UserKey } from '../../model/identity.ts';

/**
 * The login that the template would have made this key of.
 * @returns undefined if nobody can tell: the key holds no login, or another template made it.
 */
export function loginBehind(template: string, key: string, id: GitHubId): string | undefined {
  const [before, after, ...more] = template.replaceAll('{id}', String(id)).split('{login}');
  if (before === undefined || after === undefined || more.length > 0) return undefined;
  if (!folded(key).startsWith(folded(before)) || !folded(key).endsWith(folded(after))) return undefined;
  const login = key.slice(before.length, key.length - after.length);
  return login === '' ? undefined : login;
}

const TEMPORARY_KEY = 'gh-permit-sync|move|';

/** The user key of a person for a moment while people swap keys. No login contains `|`, so nobody can claim it. */
export const temporaryKeyFor = (id: GitHubId): UserKey => `${TEMPORARY_KEY}${id}` as UserKey;

export const isTemporaryKey = (key: string): boolean => key.startsWith(TEMPORARY_KEY);

/**
 * The user key that the config gives a person.
 * @param template holds `{login}` or `{id}`.
 * @returns undefined if Permit would refuse the key.
 */
export function userKeyFor(
  template: string,
  person: { readonly login: string; readonly id: GitHubId },
): UserKey | undefined {
  // Fast path for the usual templates. Permit accepts every id.
  if (template === 'github|{id}') return `github|${person.id}` as UserKey;
  if (template === '{login}') return parseUserKey(person.login);
  // A replacer function, so that a login is taken literally, never as a placeholder or a `$` pattern.
  return parseUserKey(template.replace(/\{(login|id)\}/g, (_, name: 'login' | 'id') => String(person[name])));
}
