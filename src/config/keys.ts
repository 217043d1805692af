import { KEY_PLACEHOLDER, KEY_PLACEHOLDERS } from '../model/corporate-identity.ts';
import { USER_KEY_PATTERN } from '../model/identity.ts';
import type { Problem } from '../model/problem.ts';
import { tenantFor } from '../model/rule.ts';
import { invalid, quoted, suggestion } from './problem.ts';

/** A numeric id survives a changed login, and Auth0 names users from GitHub in the same way. */
export const DEFAULT_USER_KEY = 'github|{id}';

/**
 * Checks a template of user keys. Placeholders are replaced; without one, all people would share one key.
 * The text around them must be valid in a key.
 */
export function userKeyProblem(template: string): Problem | undefined {
  const literal = template.replace(KEY_PLACEHOLDER, '');
  const stranger = /\{[^{}]*\}/.exec(literal)?.[0];
  if (stranger !== undefined) {
    return invalid(
      `unknown placeholder ${quoted(stranger)}`,
      suggestion(
        stranger,
        KEY_PLACEHOLDERS.map((name) => `{${name}}`),
      ),
    );
  }
  if (literal === template) {
    return invalid(
      'gives every person the same key',
      `put {id}, {login} or an identity in it, such as ${quoted(DEFAULT_USER_KEY)}`,
    );
  }
  if (literal === '' || USER_KEY_PATTERN.test(literal)) return undefined;
  return invalid(
    `${quoted(template)} makes keys that Permit does not accept`,
    'around placeholders, use only letters, digits and | @ + - . _',
  );
}

/** Checks a tenant key, in which `{org}` is replaced later: an organization's name is always a valid part of a key. */
export const tenantProblem = (text: string): Problem | undefined =>
  tenantFlawBeside(text, /^[A-Za-z0-9\-_]*$/);

/** Checks a tenant key in which `*` matches any run of characters. */
export const tenantPatternProblem = (text: string): Problem | undefined =>
  tenantFlawBeside(text, /^[A-Za-z0-9\-_*]*$/);

export const TENANT_FORM = 'letters, digits, - and _, and {org} for the name of the organization';

function tenantFlawBeside(text: string, literal: RegExp): Problem | undefined {
  if (text.trim() === '') return invalid('is empty', `expected ${TENANT_FORM}`);
  const placeholder = /\{[^}]*\}/.exec(tenantFor(text, ''))?.[0];
  if (placeholder !== undefined) {
    return invalid(`unknown placeholder ${quoted(placeholder)}`, 'a tenant can hold only {org}');
  }
  if (literal.test(tenantFor(text, ''))) return undefined;
  return invalid(`${quoted(text)} is not a valid tenant key in Permit`, `expected ${TENANT_FORM}`);
}
