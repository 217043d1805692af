import { folded, type OrgPins, parseOrgId } from '../model/identity.ts';
import type { Problem } from '../model/problem.ts';
import { enumerate } from '../model/text/text.ts';
import { didYouMean, invalid, quoted } from './problem.ts';

const MAX_NAME_LENGTH = 39;
/** Today GitHub allows single hyphens inside; older names may also end in one, and GitHub itself uses underscores. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Why `name` can't be the name of an organization on GitHub. */
export function organizationProblem(name: string): Problem | undefined {
  if (NAME.test(name) && name.length <= MAX_NAME_LENGTH) return undefined;
  if (name.trim() === '') return invalid('is empty', 'give the name of an organization');
  const inside = organizationIn(name);
  return invalid(
    `${quoted(name)} is not an organization name`,
    inside !== undefined
      ? `did you mean "${inside}"?`
      : `expected letters, digits and hyphens, at most ${MAX_NAME_LENGTH}`,
  );
}

/** @returns the name in `@acme` or an address such as `https://github.com/acme`; undefined if there is none. */
export function organizationIn(text: string): string | undefined {
  const inside = /^(?:@|(?:https?:\/\/)?github\.com\/(?:orgs\/)?)([^/?#]+)\/?$/i.exec(text)?.[1];
  return inside !== undefined && organizationProblem(inside) === undefined ? inside : undefined;
}

/**
 * An entry of `github.orgs`: with an id, the organization is identified by more than a name that someone else may
 * claim.
 */
type OrganizationEntry = string | { readonly name: string; readonly id: number };

export const nameOfEntry = (entry: OrganizationEntry): string =>
  typeof entry === 'string' ? entry : entry.name;

/** In place of a list in `github.orgs`: every organization that the GitHub App is installed in. */
export const INSTALLED = 'installed';

type Organizations = readonly OrganizationEntry[] | typeof INSTALLED | undefined;

/** Those that the config file names; none if it says `installed`. */
export const entriesOf = (orgs: Organizations): readonly OrganizationEntry[] =>
  orgs === undefined || orgs === INSTALLED ? [] : orgs;

/** The numeric ids that entries pin, by name in lower case; undefined if none does. */
export function pinsOf(orgs: Organizations): OrgPins | undefined {
  const pins = entriesOf(orgs).flatMap((entry) => {
    const id = typeof entry === 'string' ? undefined : parseOrgId(entry.id);
    return id === undefined ? [] : [[folded(nameOfEntry(entry)), id] as const];
  });
  return pins.length === 0 ? undefined : Object.fromEntries(pins);
}

/**
 * Why these entries are not a valid list of organizations: GitHub compares names without regard to case, and no two
 * organizations share an id.
 */
export function repeatedOrganization(
  entries: readonly OrganizationEntry[],
): (Problem & { readonly index: number }) | undefined {
  const seen = new Map<string, string>();
  const ids = new Map<number, string>();
  for (const [index, entry] of entries.entries()) {
    const name = nameOfEntry(entry);
    if (typeof entry !== 'string') {
      const other = ids.get(entry.id);
      if (other !== undefined && folded(other) !== folded(name)) {
        const message = `${quoted(name)} and ${quoted(other)} have the same id ${entry.id}`;
        return { index, ...invalid(message, 'give each organization its own id (gh api orgs/ORG --jq .id)') };
      }
      ids.set(entry.id, name);
    }
    const first = seen.get(folded(name));
    if (first !== undefined) {
      const message =
        first === name
          ? `${quoted(name)} is named twice`
          : `${quoted(name)} and ${quoted(first)} are the same organization`;
      return { index, ...invalid(message, 'name each organization once') };
    }
    seen.set(folded(name), name);
  }
  return undefined;
}

/** What to do about a name that is not among the configured organizations. */
export const organizationHint = (org: string, organizations: readonly string[]): string =>
  didYouMean(org, organizations) ?? `add it to github.orgs, which has ${enumerate(organizations)}`;

/** Names separated by commas; blanks around them and empty ones do not count. */
export const splitOrganizations = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** Those of `orgs` that `named` has, in any case. */
export function narrowOrganizations(named: readonly string[], orgs: readonly string[]): readonly string[] {
  const names = new Set(named.map(folded));
  return orgs.filter((org) => names.has(folded(org)));
}
