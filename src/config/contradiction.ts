import { globMatches } from '../model/glob.ts';
import { folded } from '../model/identity.ts';
import { LOCATOR_NAMES, type LocatorForm, type LocatorKind, type LocatorPattern } from '../model/locator.ts';
import { quoted } from './flaw.ts';
import { patternsAt, type RuleFlaw } from './rule-checks.ts';

/**
 * A rule whose `subject` and `also` no person can match together: in one organization a person is either owner,
 * or member, or outside collaborator, has one role in a team, and one login everywhere.
 * @param organizations every one that is configured.
 */
export function contradictions(rule: object, organizations: readonly string[]): readonly RuleFlaw[] {
  const subject = patternsAt(rule, 'subject');
  const also = patternsAt(rule, 'also');
  const excludes = (a: LocatorPattern, b: LocatorPattern): boolean =>
    areExclusive(a, b, organizations.length === 1);
  for (const [i, { path, pattern }] of also.entries()) {
    const rival =
      also.slice(0, i).find((other) => excludes(other.pattern, pattern)) ??
      (subject.every((one) => excludes(one.pattern, pattern)) ? subject[0] : undefined);
    if (rival === undefined) continue;
    const what = `the rule can never hold: nobody is ${quoted(rival.pattern.text)} and ${quoted(pattern.text)}`;
    return [{ path, what, mend: 'remove one of them, or write two rules' }];
  }
  return [];
}

/** Whether no person can match both patterns. In doubt it says no. */
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
  // Members are in teams; a collaborator is no member.
  const inside = (kind: LocatorKind): boolean => kind === 'role' || kind === 'team';
  return (a.kind === 'collaborator' && inside(b.kind)) || (b.kind === 'collaborator' && inside(a.kind));
}

/** Two names without `*` that are one. */
const isSameName = (a = '', b = ''): boolean => !a.includes('*') && folded(a) === folded(b);

/** Whether no login matches both; two patterns with `*` may always meet. */
function differ(a = '', b = ''): boolean {
  if (a.includes('*') && b.includes('*')) return false;
  return a.includes('*') ? !globMatches(a, b) : !globMatches(b, a);
}
