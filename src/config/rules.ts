import { folded } from '../model/identity.ts';
import { LOCATOR_NAMES, type LocatorForm, type LocatorKind, LocatorPattern } from '../model/locator.ts';
import type { PlacedProblem } from '../model/problem.ts';
import { defaultRules, type Rule } from '../model/rule.ts';
import { globMatches } from '../model/text/glob.ts';
import { defined } from '../model/text/record.ts';
import type { RuleConfig } from './document/schema.ts';
import { covers, openToAnyTeam, organizationOf } from './locator.ts';
import { organizationHint } from './organization.ts';
import { invalid, quoted } from './problem.ts';

/**
 * The rules of the file, with patterns compiled and single values as lists.
 * @param tenant for an `allow` without one. A `deny` without one applies in every tenant: a rule that keeps bots out
 * applies everywhere.
 */
export function rulesOf(grants: readonly RuleConfig[] | undefined, tenant: string): readonly Rule[] {
  if (grants === undefined) return defaultRules(tenant);
  return grants.map((grant) => {
    const effect = grant.effect ?? 'allow';
    return {
      subject: compile(grant.subject),
      also: compile(grant.also ?? []),
      unless: compile(grant.unless ?? []),
      effect,
      roles: grant.roles,
      tenant: grant.tenant ?? (effect === 'deny' ? '*' : tenant),
      ...defined({ resource: grant.resource, until: grant.until }),
    };
  });
}

const compile = (value: string | readonly string[]): readonly LocatorPattern[] =>
  [value].flat().map((text) => new LocatorPattern(text));

/** `path` is relative to the rule. */
type Place = Pick<PlacedProblem, 'path'>;
type Located = Place & { readonly pattern: LocatorPattern };
type LocatedPatterns = { readonly [list in 'subject' | 'also' | 'unless']: readonly Located[] };

/**
 * What is wrong with a rule even though each of its values is valid. Paths are relative to the rule.
 * @param rule as it is in the file. Values of a wrong type are ignored here: the schema reports them.
 * @param organizations all that flags, environment or file name, so that narrowing a run with `--org` does not make the
 * rest of the file wrong. Without any, nothing that depends on them is checked.
 */
export function ruleProblems(rule: unknown, organizations: readonly string[]): readonly PlacedProblem[] {
  if (typeof rule !== 'object' || rule === null) return [];
  const patterns: LocatedPatterns = {
    subject: patternsAt(rule, 'subject'),
    also: patternsAt(rule, 'also'),
    unless: patternsAt(rule, 'unless'),
  };
  return [
    ...excludedBySelf(patterns),
    ...allowProblems(rule, patterns),
    ...(organizations.length === 0
      ? []
      : [...unknownOrganizations(patterns, organizations), ...contradictions(patterns, organizations)]),
  ];
}

/** The texts under a key that holds one or a list of them. */
function textsAt(rule: object, key: string): readonly (Place & { readonly text: string })[] {
  const value = (rule as { readonly [key: string]: unknown })[key];
  if (typeof value === 'string') return [{ path: [key], text: value }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, i) => (typeof item === 'string' ? [{ path: [key, i], text: item }] : []));
}

const patternsAt = (rule: object, key: string): readonly Located[] =>
  textsAt(rule, key).map(({ path, text }) => ({ path, pattern: new LocatorPattern(text) }));

/** An `allow` names what it gives, and admits nobody through a team that any member can create. */
function allowProblems(rule: object, { subject, also }: LocatedPatterns): readonly PlacedProblem[] {
  if ('effect' in rule && rule.effect !== 'allow') return [];
  const patterns = [
    ...textsAt(rule, 'roles').map((one) => ({ ...one, what: 'each role' })),
    ...textsAt(rule, 'tenant').map((one) => ({ ...one, what: 'its tenant' })),
    ...textsAt(rule, 'resource').map((one) => ({ ...one, what: 'its resource' })),
  ].filter(({ text }) => text.includes('*'));
  const open = [...subject, ...also].filter(({ pattern }) => openToAnyTeam(pattern));
  return [
    ...patterns.map(({ path, text, what }) => ({
      path,
      ...invalid(`${quoted(text)}: an allow names ${what}`, 'only a deny can hold *'),
    })),
    ...open.map(({ path, pattern }) => ({
      path,
      ...invalid(
        `${quoted(pattern.text)} admits any team, and any member may create a team`,
        'name the team by its slug or #ID; only the last segment can be *',
      ),
    })),
  ];
}

/** A rule whose `unless` excludes everyone that it matches. */
function excludedBySelf({ subject, also, unless }: LocatedPatterns): readonly PlacedProblem[] {
  const excluded = ({ pattern }: Located) => unless.some((wider) => covers(wider.pattern, pattern));
  const one = also.find(excluded) ?? (subject.every(excluded) ? subject[0] : undefined);
  if (one === undefined) return [];
  const hint = `unless excludes all of ${quoted(one.pattern.text)}`;
  return [{ path: ['unless'], ...invalid('the rule can never apply', hint) }];
}

/** Patterns of organizations that are not synced. They can never match; in an `unless` that would be dangerous. */
function unknownOrganizations(
  { subject, also, unless }: LocatedPatterns,
  organizations: readonly string[],
): readonly PlacedProblem[] {
  const unknown = [...subject, ...also, ...unless].filter(
    ({ pattern }) =>
      pattern.forms.length > 0 && !organizations.some((org) => pattern.canMatchOrganization(org)),
  );
  return unknown.map(({ path, pattern }) => {
    const org = organizationOf(pattern);
    return {
      path,
      ...invalid(
        `${quoted(pattern.text)} can never match: ${quoted(org)} is not a configured organization`,
        organizationHint(org, organizations),
      ),
    };
  });
}

/**
 * A rule whose `subject` and `also` nobody can match together: in one organization a person is either an owner, a
 * member or an outside collaborator, has one role in a team, and one login everywhere.
 */
function contradictions(
  { subject, also }: LocatedPatterns,
  organizations: readonly string[],
): readonly PlacedProblem[] {
  const excludes = (a: Located, b: Located): boolean =>
    areExclusive(a.pattern, b.pattern, organizations.length === 1);
  for (const [i, one] of also.entries()) {
    const rival =
      also.slice(0, i).find((other) => excludes(other, one)) ??
      (subject.every((other) => excludes(other, one)) ? subject[0] : undefined);
    if (rival === undefined) continue;
    const message = `the rule can never apply: nobody is ${quoted(rival.pattern.text)} and ${quoted(one.pattern.text)}`;
    return [{ path: one.path, ...invalid(message, 'remove one of them, or write two rules') }];
  }
  return [];
}

/** Whether no person can match both patterns; false when in doubt. */
export function areExclusive(a: LocatorPattern, b: LocatorPattern, oneOrganization: boolean): boolean {
  if (a.forms.length === 0 || b.forms.length === 0) return false;
  return a.forms.every((one) =>
    b.forms.every((other) => formsExclude(one, other, oneOrganization || isSameName(one.org, other.org))),
  );
}

function formsExclude(a: LocatorForm, b: LocatorForm, sameOrganization: boolean): boolean {
  if (a.kind === 'user' && b.kind === 'user') return differ(a.names[0], b.names[0]);
  if (!sameOrganization) return false;
  if (a.kind === b.kind) {
    if (a.kind === 'team' && !isSameName(a.names[0], b.names[0])) return false;
    return LOCATOR_NAMES[a.kind].some(
      (words, i) =>
        words !== undefined &&
        !words.some((word) => globMatches(a.names[i] ?? '', word) && globMatches(b.names[i] ?? '', word)),
    );
  }
  // Only members are in teams and hold organization roles, and a collaborator is not a member.
  const inside = (kind: LocatorKind): boolean => kind === 'role' || kind === 'team' || kind === 'org-role';
  return (a.kind === 'collaborator' && inside(b.kind)) || (b.kind === 'collaborator' && inside(a.kind));
}

/** Whether both are the same name, without `*`. */
const isSameName = (a = '', b = ''): boolean => !a.includes('*') && folded(a) === folded(b);

/** Whether no login matches both. Two patterns with `*` can always have a login in common. */
function differ(a = '', b = ''): boolean {
  if (a.includes('*') && b.includes('*')) return false;
  return a.includes('*') ? !globMatches(a, b) : !globMatches(b, a);
}
