import { type Finding, findingsIn } from '../model/finding.ts';
import type { LocatorPattern } from '../model/locator.ts';
import { hasEnded, namesOrganization, type Rule } from '../model/rule.ts';
import { globMatches } from '../model/text/glob.ts';
import { enumerate } from '../model/text/text.ts';

const { ok, warning } = findingsIn('mapping');

/**
 * Finds patterns that members can defeat: by leaving a team, changing their login, renaming a team that they maintain,
 * or creating a team (GitHub lets any member, unless the organization forbids it).
 */
export function findEscapes(rules: readonly Rule[]): readonly Finding[] {
  const warnings = rules.flatMap(weakPatterns);
  if (warnings.length > 0) return warnings;
  return [
    ok('mapping.escape', 'no rule can be bypassed by leaving or renaming a team, or by changing a login'),
  ];
}

/**
 * People gain by matching the subject of an `allow`, and by no longer matching the subject of a `deny`. In an `unless`
 * it is the other way round.
 */
function weakPatterns(rule: Rule, index: number): readonly Finding[] {
  const { subject, also, unless, effect, roles } = rule;
  const names = enumerate(roles.map((role) => (role === '*' ? 'every role' : role)));
  const gain = effect === 'allow' ? `gets ${names}` : `is no longer denied ${names}`;
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
      ? '; any member may also create a team with such a name and add others to it'
      : '';
    const what = `anyone who leaves the team in ${pattern.text} ${gain}${create}`;
    const hint =
      'reverse the rule: allow a team of the people who may, or use a team that an identity provider manages, which ' +
      'nobody can leave';
    return [weak(located, what, hint)];
  }
  if (kind !== 'user') return [];
  const hint = 'reverse the rule: allow a team of the people who may; a login is only a name';
  return [weak(located, `anyone who matches ${pattern.text} and changes the login ${gain}`, hint)];
}

/** A pattern that people can start to match, to their advantage. */
function intrusion(located: PlacedPattern): readonly Finding[] {
  const { pattern, gain } = located;
  const kind = weakKind(pattern);
  const team = teamOf(pattern);
  if (kind === 'team' && !team.startsWith('#')) {
    const byId = pattern.text.replace(`:${team}:`, ':#ID:');
    const how = team.includes('*')
      ? `any member may create a team that matches ${pattern.text}, and everyone in it ${gain}`
      : `${pattern.text} names the team by its slug: when its maintainers rename it, any member may create another team ` +
        `under that slug, and everyone in it ${gain}`;
    const hint = `write ${byId} with the team's id (gh api orgs/ORG/teams/SLUG --jq .id), which never changes`;
    return [weak(located, how, hint)];
  }
  if (kind !== 'user') return [];
  const hint = 'name a team by its #ID instead: a login is only a name';
  return [weak(located, `a member who takes a login that matches ${pattern.text} ${gain}`, hint)];
}

/** What people can change about themselves. Nobody can change their role, so `github:acme:*` is not weak. */
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
 * Finds rules that give the owners of one organization a role over several that share a tenant. That is intended in a
 * pattern that names its organization, but rarely in one with `*`.
 * @returns a warning for each such pattern.
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
        `${where}: every owner of any of ${enumerate(owned)} gets ${enumerate(roles)} in the ` +
        `tenant ${tenant}, which they share: owning one of them is enough for all`;
      const hint =
        'put {org} into the tenant, or write a rule for each organization whose owners should have this';
      return [warning(`mapping.shared:${where}:${pattern.text}`, message, hint)];
    });
  });
}

/** Whether it matches owners only, and not all members as `github:acme:role:*` does. */
function isOfOwners({ forms }: LocatorPattern): boolean {
  const role = forms.find(({ kind }) => kind === 'role')?.names[0];
  return role !== undefined && globMatches(role, 'admin') && !globMatches(role, 'member');
}

/** Finds rules that end, or have ended. */
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
