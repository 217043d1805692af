import type { Unread } from '../model/member.ts';
import type { Note, Skipped } from '../model/plan.ts';
import { enumerate } from '../model/text/text.ts';
import type { RunReport, Warning } from './run-report.ts';
import { amount, describeAdoptable } from './words.ts';

/**
 * Every warning of a run, each once: those about the run as a whole, then those about skipped people, then the notes.
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

/** The same for people to read: many people whom adopting would help become one warning. */
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

/** One entry for many people, or beside a few. */
type Sum = { readonly title: 'KEY_TAKEN' | 'adoption'; readonly sentences: readonly string[] };

/** Up to here, people whose key is taken are listed one by one. */
const MOST_TOLD_ALONE = 3;

/**
 * @param all lists everyone one by one, however many there are.
 * @returns the people to list one by one, and a sum: how many could be adopted, and who the others are.
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

/** The warnings about anything but skipped people, who have a section of their own. */
export function otherWarningsOf(report: RunReport): readonly Warning[] {
  const skipped = new Set((report.plan?.skipped ?? []).map(aboutSkipped).map(said));
  return warningsOf(report).filter((warning) => !skipped.has(said(warning)));
}

/** Names the person where the message does not. */
function aboutSkipped({ user, code, message }: Skipped): Warning {
  const named = message.toLowerCase().includes(user.toLowerCase());
  return { code, message: named ? message : `${user}: ${message}` };
}

const aboutNote = ({ code, message }: Note): Warning => ({ code, message });

const said = ({ code, message }: Warning): string => `${code} ${message}`;

function distinct(warnings: readonly Warning[]): readonly Warning[] {
  return [...new Map(warnings.map((warning) => [said(warning), warning])).values()];
}

/**
 * A team, an organization role or a list of collaborators that could not be read, with what to do. Grants that depend
 * on it are frozen.
 */
export function unreadWarning({ what, message, changed }: Unread): Warning {
  if (changed) return { code: 'TEAM_CHANGED', message: `${message}; ${changed.hint}` };
  return { code: 'TEAM_UNREADABLE', message: `${message}; ${fixOf(what)}` };
}

function fixOf(what: Unread['what']): string {
  switch (what.kind) {
    case 'team':
      return (
        'grants that depend on it are left as they are: if it was renamed or deleted, correct the rules; ' +
        'if it exists, the credential needs Organization › Members: read (a classic token: read:org, and only ' +
        'members and owners see a secret team)'
      );
    case 'collaborators':
      return (
        'grants that depend on them are left as they are: the credential needs Organization › Members: read, ' +
        'or, with a classic token, the token of an owner'
      );
    case 'org-role':
      return (
        'grants that depend on it are left as they are: correct the rules if the role was renamed or deleted; the ' +
        'credential needs Custom organization roles: read (a classic token: admin:org)'
      );
    default:
      return what satisfies never;
  }
}
