import { folded } from '../model/identity.ts';
import { type Flaw, quoted } from './flaw.ts';

const LONGEST_NAME = 39;
/** Today GitHub allows single hyphens inside; older names also end in one, and GitHub itself sets underscores. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** What keeps `name` from being an organization's name on GitHub. */
export function organizationFlaw(name: string): Flaw | undefined {
  if (NAME.test(name) && name.length <= LONGEST_NAME) return undefined;
  if (name.trim() === '') return { what: 'is empty', mend: 'give the name of an organization' };
  const inside = /^(?:@|(?:https?:\/\/)?github\.com\/(?:orgs\/)?)([^/?#]+)\/?$/i.exec(name)?.[1];
  return {
    what: `${quoted(name)} is no organization name`,
    mend:
      inside !== undefined && organizationFlaw(inside) === undefined
        ? `did you mean "${inside}"?`
        : `expected letters, digits and hyphens, at most ${LONGEST_NAME}`,
  };
}

/** What keeps `names` from being a list of organizations: GitHub compares names without regard to case. */
export function repeatedOrganization(
  names: readonly string[],
): (Flaw & { readonly index: number }) | undefined {
  const seen = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const first = seen.get(folded(name));
    if (first !== undefined) {
      const what =
        first === name ? `${quoted(name)} is named twice` : `${quoted(name)} is ${quoted(first)} once more`;
      return { index, what, mend: 'name each organization once' };
    }
    seen.set(folded(name), name);
  }
  return undefined;
}

/** Names separated by commas; blanks around them and empty ones do not count. */
export const splitOrganizations = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
