import { getOrMake } from '../model/text/record.ts';
import { count, quantity } from '../model/text/text.ts';
import { type Group, joinPhrases } from './page.ts';

/** From this many people on, those with the same changes form one group; this many of them are named. */
const MIN_GROUP_SIZE = 5;
const MAX_PEOPLE_NAMED = 10;

/**
 * People with the same changes become one group, placed where the first of them is: "+ 120 people  joining  ada, bob …".
 */
export function mergeAlike(
  groups: readonly Group[],
  [, plural]: readonly [string, string],
): readonly Group[] {
  const alike = new Map<string, Group[]>();
  const alikeOf = new Map<Group, readonly Group[]>();
  // Of a hundred thousand groups most share their note and rows: equal ones get the same number.
  const numbers = new Map<unknown, number>();
  const byText = new Map<string | undefined, number>();
  const numberOf = (part: Group['note'] | Group['rows']): number =>
    getOrMake(numbers, part, () => getOrMake(byText, JSON.stringify(part), () => byText.size));
  for (const group of groups) {
    const { sign, kind, note, rows } = group;
    const key = `${sign} ${kind} ${numberOf(note)} ${numberOf(rows)}`;
    const known = getOrMake(alike, key, () => []);
    known.push(group);
    alikeOf.set(group, known);
  }
  return groups.flatMap((group) => {
    const all = alikeOf.get(group) ?? [];
    if (group.kind === undefined || all.length < MIN_GROUP_SIZE) return [group];
    if (group !== all[0]) return [];
    const titles = all.slice(0, MAX_PEOPLE_NAMED).map(({ title }) => title);
    const names = joinPhrases(titles, ', ');
    const rest = all.length - MAX_PEOPLE_NAMED;
    const text = rest > 0 ? [...names, ` and ${quantity(rest)} more`] : names;
    const title = [{ text: `${quantity(all.length)} ${plural}`, strong: true }];
    return [{ ...group, title, remarks: [{ text }], count: all.length }];
  });
}

/** "… and 255 more people: 105 leaving, 150 joining". */
export function describeFolded(
  groups: readonly Group[],
  [singular, plural]: readonly [string, string],
): string {
  const counts = new Map<string, number>();
  let total = 0;
  for (const { kind, count = 1 } of groups) {
    total += count;
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  const kinds = [...counts].map(([kind, count]) => `${quantity(count)} ${kind}`).join(', ');
  return `… and ${count(total, `more ${singular}`, `more ${plural}`)}${kinds && `: ${kinds}`}`;
}

/** The groups that fit: those with the lowest ranks, in their original order. */
export function mostInformative<G extends Group>(groups: readonly G[], most: number): readonly G[] {
  if (groups.length <= most) return groups;
  const chosen = new Set(groups.toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0)).slice(0, most));
  return groups.filter((group) => chosen.has(group));
}
