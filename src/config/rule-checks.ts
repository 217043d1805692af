import { LocatorPattern } from '../model/locator.ts';
import { enumerate } from '../model/text.ts';
import { type Flaw, quoted } from './flaw.ts';
import { covers, openToAnyTeam, organizationOf } from './locator.ts';
import { suggestion } from './suggest.ts';

/** A flaw of one rule; `path` from the rule on. */
export type RuleFlaw = Flaw & { readonly path: readonly (string | number)[] };

const LISTS = ['subject', 'also', 'unless'] as const;
type LocatedText = { readonly path: readonly (string | number)[]; readonly text: string };
type Located = Pick<LocatedText, 'path'> & { readonly pattern: LocatorPattern };

/**
 * What is wrong with a rule although each of its values has a valid form.
 * @param rule as it stands in the file, of any shape: values of a wrong shape are passed over here, since the
 * schema objects to them.
 */
export function ruleFlaws(rule: unknown): readonly RuleFlaw[] {
  if (typeof rule !== 'object' || rule === null) return [];
  const { effect, tenant, resource } = rule as { [key: string]: unknown };
  const flaws = neverHolds(rule);
  if (effect !== undefined && effect !== 'allow') return flaws;

  const mend = 'only a deny may hold *';
  for (const { path, text } of textsAt(rule, 'roles')) {
    if (text.includes('*')) flaws.push({ path, what: `${quoted(text)}: an allow names each role`, mend });
  }
  if (typeof tenant === 'string' && tenant.includes('*')) {
    flaws.push({ path: ['tenant'], what: `${quoted(tenant)}: an allow names its tenant`, mend });
  }
  if (typeof resource === 'string' && resource.includes('*')) {
    flaws.push({ path: ['resource'], what: `${quoted(resource)}: an allow names its resource`, mend });
  }
  for (const { path, pattern } of [...patternsAt(rule, 'subject'), ...patternsAt(rule, 'also')]) {
    if (!openToAnyTeam(pattern)) continue;
    const what = `${quoted(pattern.text)} lets any team in, and any member may create a team`;
    const mend = 'name the team by its slug or #ID; only the last segment may be *';
    flaws.push({ path, what, mend });
  }
  return flaws;
}

/** A rule whose `unless` takes back all that it gives. */
function neverHolds(rule: object): RuleFlaw[] {
  const unless = patternsAt(rule, 'unless').map(({ pattern }) => pattern);
  const excluded = ({ pattern }: Located) => unless.some((wider) => covers(wider, pattern));
  const subject = patternsAt(rule, 'subject');
  const also = patternsAt(rule, 'also').find(excluded);
  const [first] = subject;
  const by = also ?? (subject.every(excluded) ? first : undefined);
  if (by === undefined) return [];
  return [
    {
      path: ['unless'],
      what: 'the rule can never hold',
      mend: `unless excludes all of ${quoted(by.pattern.text)}`,
    },
  ];
}

/**
 * Patterns of organizations that are not synced. They can never match, and in an `unless` that would be worse than
 * nothing.
 * @param organizations every one that flags, environment or file name: a run that is narrowed by `--org` does not
 * make the rest of the file wrong.
 */
export function strangerFlaws(rule: unknown, organizations: readonly string[]): readonly RuleFlaw[] {
  if (typeof rule !== 'object' || rule === null) return [];
  return LISTS.flatMap((list) => patternsAt(rule, list)).flatMap(({ path, pattern }) => {
    if (pattern.forms.length === 0) return [];
    if (organizations.some((org) => pattern.canMatchOrganization(org))) return [];
    const org = organizationOf(pattern);
    const what = `${quoted(pattern.text)} can never match: ${quoted(org)} is not among the organizations`;
    const near = suggestion(org, organizations);
    const mend = near.startsWith('did')
      ? near
      : `add it to github.orgs, which has ${enumerate(organizations)}`;
    return [{ path, what, mend }];
  });
}

/** The texts under a key that holds one or a list of them. */
function textsAt(rule: object, key: string): readonly LocatedText[] {
  const value = (rule as { [key: string]: unknown })[key];
  if (typeof value === 'string') return [{ path: [key], text: value }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, i) => (typeof item === 'string' ? [{ path: [key, i], text: item }] : []));
}

/** The locator patterns under a key, each with its place. */
export const patternsAt = (rule: object, key: 'subject' | 'also' | 'unless'): readonly Located[] =>
  textsAt(rule, key).map(({ path, text }) => ({ path, pattern: new LocatorPattern(text) }));
