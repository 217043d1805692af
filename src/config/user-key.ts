import { USER_KEY_PATTERN } from '../model/identity.ts';
import { type Flaw, quoted } from './flaw.ts';
import { suggestion } from './suggest.ts';

/** A numeric id survives a renamed login, and Auth0 names users that come from GitHub in the same way. */
export const DEFAULT_USER_KEY = 'github|{id}';

/**
 * What keeps `template` from making user keys: `{login}` and `{id}` are replaced, one of them must be there (else
 * all people would share a key), and what stands around them must be valid in a key.
 */
export function userKeyFlaw(template: string): Flaw | undefined {
  const literal = template.replace(/\{(?:login|id)\}/g, '');
  const stranger = /\{[^{}]*\}/.exec(literal)?.[0];
  if (stranger !== undefined) {
    return {
      what: `${quoted(stranger)} stands for nothing`,
      mend: suggestion(stranger, ['{login}', '{id}']),
    };
  }
  if (literal === template) {
    return {
      what: 'gives every person the same key',
      mend: `put {login} or {id} in it, such as ${quoted(DEFAULT_USER_KEY)}`,
    };
  }
  if (literal === '' || USER_KEY_PATTERN.test(literal)) return undefined;
  return {
    what: `${quoted(template)} makes keys that Permit refuses`,
    mend: 'around {login} and {id} only letters, digits and | @ + - . _ may stand',
  };
}

/** What keeps `pattern` from matching any user key. */
export function userKeyPatternFlaw(pattern: string): Flaw | undefined {
  if (/^[A-Za-z0-9|@+\-._*]+$/.test(pattern)) return undefined;
  return {
    what: `${quoted(pattern)} can match no user key`,
    mend: 'expected letters, digits, | @ + - . _ and * for any run of characters',
  };
}
