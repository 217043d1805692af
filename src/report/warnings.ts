import type { Note, Skipped } from '../model/plan.ts';
import { enumerate } from '../model/text.ts';
import type { RunReport, Warning } from './run-report.ts';
import { amount, describeAdoptable } from './words.ts';

/**
 * Every warning of a run: those of the run as a whole first, then the people who were skipped, then the notes.
 * One that says the same as another stands once.
 */
export function warningsOf(report: RunReport): readonly Warning[] {
  const { skipped, notes } = report.plan ?? { skipped: [], notes: [] };
  return distinct([
    ...report.warnings,
    ...(report.notes ?? []),
    ...skipped.map(aboutSkipped),
    ...notes.map(aboutNote),
  ]);
}

/** The same for people to read: many whom adopting would help are told as one. */
export function fewWarningsOf(report: RunReport): readonly Warning[] {
  const { skipped, notes } = report.plan ?? { skipped: [], notes: [] };
  const { one, sum } = foldAdoptable(skipped);
  return distinct([
    ...report.warnings,
    ...(report.notes ?? []),
    ...one.map(aboutSkipped),
    ...(sum ? [{ code: sum.title, message: sum.sentences.join('; ') }] : []),
    ...notes.map(aboutNote),
  ]);
}

/** What stands in place of many people, or beside a few. */
type Sum = { readonly title: 'KEY_TAKEN' | 'adoption'; readonly sentences: readonly string[] };

/** So many people under a key that is taken are told one by one. */
const MOST_TOLD_ALONE = 3;

/**
 * @param all tells everyone one by one, however many they are.
 * @returns the people to tell one by one, and in sentences how many could be adopted, and who else is meant.
 */
export function foldAdoptable(
  skipped: readonly Skipped[],
  all = false,
): { readonly one: readonly Skipped[]; readonly sum: Sum | undefined } {
  const adoptable = skipped.filter(({ adoption }) => adoption !== undefined);
  if (adoptable.length === 0) return { one: skipped, sum: undefined };
  const plain = adoptable.filter(({ adoption }) => adoption === 'plain').length;
  const sum = describeAdoptable({ plain, all: adoptable.length - plain });
  if (all || adoptable.length <= MOST_TOLD_ALONE)
    return { one: skipped, sum: { title: 'adoption', sentences: [sum] } };
  const what = `${amount(adoptable.length, 'member')} not synced: their keys belong to users that this tool does not manage`;
  const names = enumerate(adoptable.map(({ user }) => user));
  return {
    one: skipped.filter(({ adoption }) => adoption === undefined),
    sum: { title: 'KEY_TAKEN', sentences: [what, sum, names] },
  };
}

/** The warnings that are about no skipped person: for where those people have a section of their own. */
export function otherWarningsOf(report: RunReport): readonly Warning[] {
  const skipped = new Set((report.plan?.skipped ?? []).map(aboutSkipped).map(said));
  return warningsOf(report).filter((warning) => !skipped.has(said(warning)));
}

/** Names the person, whether or not the message already does. */
function aboutSkipped({ user, code, message }: Skipped): Warning {
  const named = message.toLowerCase().includes(user.toLowerCase());
  return { code, message: named ? message : `${user}: ${message}` };
}

const aboutNote = ({ code, message }: Note): Warning => ({ code, message });

const said = ({ code, message }: Warning): string => `${code} ${message}`;

function distinct(warnings: readonly Warning[]): readonly Warning[] {
  return [...new Map(warnings.map((warning) => [said(warning), warning])).values()];
}
