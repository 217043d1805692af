import type { Finding } from '../model/finding.ts';
import type { LocatorPattern } from '../model/locator.ts';
import { hasEnded, namesOrganization, type Rule } from '../model/rule.ts';
import { globMatches } from '../model/text/glob.ts';
import { enumerate } from '../model/text/text.ts';
import { findingsIn } from './examine.ts';

const { ok, warning } = findingsIn('mapping');

/**
 * What members can do to themselves: leave a team, change their login, rename a team that they maintain, create a team
 * (GitHub lets any member, unless the organization forbids it). One warning for each pattern that this defeats.
 */
export function findEscapes(rules: readonly Rule[]): readonly Finding[] {
  const warnings = rules.flatMap(weakPatterns);
  if (warnings.length > 0) return warnings;
  return [
    ok('mapping.escape', 'no rule can be bypassed by leaving or renaming a team, or by changing a login'),
  ];
}

/**
 * Whoever matches the subject of an `allow` has something to gain by it, and whoever matches that of a `deny` by not
 * matching any more; in an `unless` it is the other way round.
 */
function weakPatterns(rule: Rule, index: number): readonly Finding[] {
  const { subject, also, unless, effect, roles } = rule;
  const names = enumerate(roles.map((role) => (role === '*' ? 'every role' : role)));
  const gain = effect === 'allow' ? `is given ${names}` : `is no longer denied ${names}`;
  const [holding, excepting] = effect === 'allow' ? [intrusion, evasion] : [evasion, intrusion];
  const at = (
    list: string,
    patterns: readonly LocatorPattern[],
    look: typeof intrusion,
  ): readonly Finding[] =>
    patterns.flatMap((pattern) => look({ place: `grants[${index}].${list}`, pattern, gain }));
  return [
    ...at('subject', subject, holding),
    ...at('also', also, holding),
    ...at('unless', unless, excepting),
  ];
}

type PlacedPattern = { readonly place: string; readonly pattern: LocatorPattern; readonly gain: string };

/** A pattern that people can stop matching, to their advantage. */
function evasion(located: PlacedPattern): readonly Finding[] {
  const { pattern, gain } = located;
  const kind = weakKind(pattern);
  if (kind === 'team') {
    const create = teamOf(pattern).includes('*')
      ? '; and any member may create a team of such a name and put others into it'
      : '';
    const what = `whoever leaves the team in ${pattern.text} ${gain}${create}`;
    const hint =
      'turn it round: allow a team that holds those who may, or use a team that an identity provider fills, which ' +
      'nobody can leave';
    return [weak(located, what, hint)];
  }
  if (kind !== 'user') return [];
  const hint = 'turn it round: allow a team that holds those who may; a login is only a name';
  return [weak(located, `anyone who matches ${pattern.text} and changes the login ${gain}`, hint)];
}

/** A pattern that people can come to match, to their advantage. */
function intrusion(located: PlacedPattern): readonly Finding[] {
  const { pattern, gain } = located;
  const kind = weakKind(pattern);
  const team = teamOf(pattern);
  if (kind === 'team' && !team.startsWith('#')) {
    const byId = pattern.text.replace(`:${team}:`, ':#ID:');
    const how = team.includes('*')
      ? `any member may create a team that matches ${pattern.text}, and whoever is in it ${gain}`
      : `${pattern.text} goes by the team's name: when its maintainers rename it, any member may create another of that ` +
        `name, and whoever is in that ${gain}`;
    const hint = `write ${byId} with the team's number (gh api orgs/ORG/teams/SLUG --jq .id), which stays`;
    return [weak(located, how, hint)];
  }
  if (kind !== 'user') return [];
  const hint = 'use a team by its #ID in its place: a login is only a name';
  return [weak(located, `a member who takes a login that matches ${pattern.text} ${gain}`, hint)];
}

/** What people can change about themselves; nobody can for a role, so `github:acme:*` is not weak. */
function weakKind(pattern: LocatorPattern): 'team' | 'user' | undefined {
  if (pattern.matchesAnyRole) return undefined;
  if (pattern.canMatchKind('team')) return 'team';
  return pattern.canMatchKind('user') ? 'user' : undefined;
}

const teamOf = ({ forms }: LocatorPattern): string =>
  forms.findLast(({ kind }) => kind === 'team')?.names[0] ?? '';

const weak = ({ place, pattern }: PlacedPattern, what: string, hint: string): Finding =>
  warning(`mapping.escape:${place}:${pattern.text}`, `${place}: ${what}`, hint);

/**
 * Rules by which the owners of any one of several organizations get a role over all of them, since all share a
 * tenant. A pattern that names its organization was meant so; one with `*` most often was not.
 * @returns a warning for each such pattern; nothing where there is none.
 */
export function findSharedTenants(rules: readonly Rule[], orgs: readonly string[]): readonly Finding[] {
  return rules.flatMap((rule, index) => {
    const { effect, subject, also, tenant, roles } = rule;
    if (effect !== 'allow' || also.length > 0 || namesOrganization(tenant)) return [];
    return subject.filter(isOfOwners).flatMap((pattern): readonly Finding[] => {
      const owned = orgs.filter((org) => pattern.canMatchOrganization(org));
      if (owned.length < 2) return [];
      const where = `grants[${index}].subject`;
      const message =
        `${where}: whoever owns any of ${enumerate(owned)} is given ${enumerate(roles)} in the ` +
        `tenant ${tenant}, which they share: owning one of them is enough for all`;
      const hint =
        'put {org} into the tenant, or write a rule for each organization whose owners may have this';
      return [warning(`mapping.shared:${where}:${pattern.text}`, message, hint)];
    });
  });
}

/** Matches owners as owners: not everybody, as `github:acme:role:*` does. */
function isOfOwners({ forms }: LocatorPattern): boolean {
  const role = forms.find(({ kind }) => kind === 'role')?.names[0];
  return role !== undefined && globMatches(role, 'admin') && !globMatches(role, 'member');
}

/** When rules end, and those that are over. @returns nothing where no rule has an end. */
export const findEnds = (rules: readonly Rule[], now: Date): readonly Finding[] =>
  rules.flatMap((rule, index) => {
    if (rule.until === undefined) return [];
    const id = `mapping.until:grants[${index}]`;
    const what = `grants[${index}] (${rule.subject.map(({ text }) => text).join(', ')})`;
    return hasEnded(rule, now)
      ? [
          warning(
            id,
            `${what} ended on ${rule.until} and applies to nobody`,
            'remove it from the config file',
          ),
        ]
      : [ok(id, `${what} ends on ${rule.until}, at the end of the day (UTC)`)];
  });
