import { globMatches } from '../model/glob.ts';
import { folded } from '../model/identity.ts';
import { expandLocator, kindsMatched, LOCATOR_TAILS, type LocatorKind } from '../model/locator.ts';
import { quoted } from './flaw.ts';
import { type StatementFlaw, textsAt } from './statement-rules.ts';

/**
 * A statement whose `subject` and `also` no person can match together: in one organization a person is either owner,
 * or member, or outside collaborator, has one role in a team, and one login everywhere.
 * @param organizations every one that is configured.
 */
export function contradictions(
  statement: object,
  organizations: readonly string[],
): readonly StatementFlaw[] {
  const subject = textsAt(statement, 'subject');
  const also = textsAt(statement, 'also');
  const excludes = (a: string, b: string): boolean => areExclusive(a, b, organizations.length === 1);
  for (const [i, { path, pattern }] of also.entries()) {
    const rival =
      also.slice(0, i).find((other) => excludes(other.pattern, pattern)) ??
      (subject.every((one) => excludes(one.pattern, pattern)) ? subject[0] : undefined);
    if (rival === undefined) continue;
    const what = `the statement can never hold: nobody is ${quoted(rival.pattern)} and ${quoted(pattern)}`;
    return [{ path, what, mend: 'remove one of them, or write two statements' }];
  }
  return [];
}

/** Whether no person can match both patterns. In doubt it says no. */
export function areExclusive(a: string, b: string, oneOrganization: boolean): boolean {
  const kindsOf = { a: kindsMatched(a), b: kindsMatched(b) };
  if (kindsOf.a.length === 0 || kindsOf.b.length === 0) return false;
  const sameOrganization = oneOrganization || isSameName(a.split(':')[1], b.split(':')[1]);
  return kindsOf.a.every((kindA) =>
    kindsOf.b.every((kindB) => kindsExclude([kindA, a], [kindB, b], sameOrganization)),
  );
}

type Read = readonly [kind: LocatorKind, pattern: string];

function kindsExclude([kindA, a]: Read, [kindB, b]: Read, sameOrganization: boolean): boolean {
  const [namesA, namesB] = [tailOf(a, kindA), tailOf(b, kindB)];
  if (kindA === 'user' && kindB === 'user') return differ(namesA[0], namesB[0]);
  if (!sameOrganization) return false;
  if (kindA === kindB) {
    if (kindA === 'team' && !isSameName(namesA[0], namesB[0])) return false;
    return LOCATOR_TAILS[kindA].some(
      (words, i) =>
        words !== undefined &&
        !words.some((word) => globMatches(namesA[i] ?? '', word) && globMatches(namesB[i] ?? '', word)),
    );
  }
  // Members are in teams; a collaborator is no member.
  const inside = (kind: LocatorKind): boolean => kind === 'role' || kind === 'team';
  return (kindA === 'collaborator' && inside(kindB)) || (kindB === 'collaborator' && inside(kindA));
}

const tailOf = (pattern: string, kind: LocatorKind): readonly string[] =>
  expandLocator(pattern, kind)?.slice(3) ?? [];

/** Two names without `*` that are one. */
const isSameName = (a = '', b = ''): boolean => !a.includes('*') && folded(a) === folded(b);

/** Whether no login matches both; two patterns with `*` may always meet. */
function differ(a = '', b = ''): boolean {
  if (a.includes('*') && b.includes('*')) return false;
  return a.includes('*') ? !globMatches(a, b) : !globMatches(b, a);
}
