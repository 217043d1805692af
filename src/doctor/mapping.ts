import type { Finding } from '../model/finding.ts';
import type { LocatorPattern } from '../model/locator.ts';
import type { Rule } from '../model/rule.ts';
import { enumerate } from '../model/text.ts';

/**
 * What members can do to themselves: leave a team, change their login, rename a team that they maintain, create a team
 * (GitHub lets any member, unless the organization forbids it). One warning for each pattern that this defeats.
 */
export function findEscapes(rules: readonly Rule[]): readonly Finding[] {
  const warnings = rules.flatMap(weakPatterns);
  if (warnings.length > 0) return warnings;
  const message = 'no rule can be got round by leaving or renaming a team, or by changing a login';
  return [{ id: 'mapping.escape', area: 'mapping', status: 'ok', message }];
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

type Located = { readonly place: string; readonly pattern: LocatorPattern; readonly gain: string };

/** A pattern that people can stop matching, to their advantage. */
function evasion({ place, pattern, gain }: Located): readonly Finding[] {
  const kind = weakKind(pattern);
  if (kind === 'team') {
    const create = teamOf(pattern).includes('*')
      ? '; and any member may create a team of such a name and put others into it'
      : '';
    return [
      warning(
        { place, pattern },
        `whoever leaves the team in ${pattern.text} ${gain}${create}`,
        'turn it round: allow a team that holds those who may, or use a team that an identity provider fills, which ' +
          'nobody can leave',
      ),
    ];
  }
  if (kind === 'user') {
    return [
      warning(
        { place, pattern },
        `whoever matches ${pattern.text} and changes the login ${gain}`,
        'turn it round: allow a team that holds those who may; a login is only a name',
      ),
    ];
  }
  return [];
}

/** A pattern that people can come to match, to their advantage. */
function intrusion({ place, pattern, gain }: Located): readonly Finding[] {
  const kind = weakKind(pattern);
  const team = teamOf(pattern);
  if (kind === 'team' && !team.startsWith('#')) {
    const byId = pattern.text.replace(`:${team}:`, ':#ID:');
    const how = team.includes('*')
      ? `any member may create a team that matches ${pattern.text}, and whoever is in it ${gain}`
      : `${pattern.text} goes by the team's name: when its maintainers rename it, any member may create another of that ` +
        `name, and whoever is in that ${gain}`;
    return [
      warning(
        { place, pattern },
        how,
        `write ${byId} with the team's number (gh api orgs/ORG/teams/SLUG --jq .id), which stays`,
      ),
    ];
  }
  if (kind === 'user') {
    return [
      warning(
        { place, pattern },
        `a member who takes a login that matches ${pattern.text} ${gain}`,
        'use a team by its #ID in its place: a login is only a name',
      ),
    ];
  }
  return [];
}

/** What people can change about themselves; nobody can for a role, so `github:acme:*` is not weak. */
function weakKind(pattern: LocatorPattern): 'team' | 'user' | undefined {
  if (pattern.matchesAnyRole) return undefined;
  if (pattern.canMatchKind('team')) return 'team';
  return pattern.canMatchKind('user') ? 'user' : undefined;
}

const teamOf = ({ forms }: LocatorPattern): string =>
  forms.findLast(({ kind }) => kind === 'team')?.names[0] ?? '';

const warning = (
  { place, pattern }: Pick<Located, 'place' | 'pattern'>,
  what: string,
  mend: string,
): Finding => ({
  id: `mapping.escape:${place}:${pattern.text}`,
  area: 'mapping',
  status: 'warning',
  message: `${place}: ${what}`,
  mend,
});
