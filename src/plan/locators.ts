import { folded } from '../model/identity.ts';
import type { OrgRole } from '../model/member.ts';

/** The locators that a membership in `org` gives a person (CONTRACT §4). */
export function membershipLocators(org: string, login: string, role: OrgRole): readonly string[] {
  return [`github:${org}:role:${role}`, `github:${org}:user:${login}`];
}

/** Tests one locator. Without regard to case, as GitHub compares logins, organizations and slugs. */
export type LocatorPattern = (locator: string) => boolean;

/**
 * `*` matches any run of characters inside one segment; a last segment of `*` matches one or more segments.
 * @param pattern well-formed: the config has checked it.
 */
export function compilePattern(pattern: string): LocatorPattern {
  if (!pattern.includes('*')) {
    const literal = folded(pattern);
    return (locator) => folded(locator) === literal;
  }
  const segments = folded(pattern).split(':');
  const source = segments.map((segment, index) =>
    segment === '*' && index === segments.length - 1 ? '.+' : glob(segment, '[^:]*'),
  );
  const expression = new RegExp(`^${source.join(':')}$`);
  return (locator) => expression.test(folded(locator));
}

/** Where in Permit a role or tenant pattern of a `deny` matches: `*` is any run of characters. Keys keep case. */
export function compileKeyPattern(pattern: string): (key: string) => boolean {
  if (!pattern.includes('*')) return (key) => key === pattern;
  const expression = new RegExp(`^${glob(pattern, '.*')}$`);
  return (key) => expression.test(key);
}

const glob = (text: string, any: string): string =>
  text
    .split('*')
    .map((literal) => literal.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'))
    .join(any);
