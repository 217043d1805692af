import { type GitHubId, parseUserKey, type UserKey } from '../model/identity.ts';

/**
 * The user key that the config gives a person.
 * @param template holds `{login}` or `{id}`.
 * @returns undefined where Permit would refuse the key.
 */
export function userKeyFor(
  template: string,
  person: { readonly login: string; readonly id: GitHubId },
): UserKey | undefined {
  // One pass, and a function: what stands in a login is text, neither a placeholder nor a `$` pattern.
  return parseUserKey(template.replace(/\{(login|id)\}/g, (_, name: 'login' | 'id') => String(person[name])));
}
