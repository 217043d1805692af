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
  return parseUserKey(template.replaceAll('{login}', person.login).replaceAll('{id}', String(person.id)));
}
