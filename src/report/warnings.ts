import type { Unread } from '../model/member.ts';
import type { Skipped } from '../model/plan.ts';
import type { Warning } from '../model/problem.ts';
import { count, enumerate } from '../model/text/text.ts';
import type { RunReport } from './run-report.ts';
import { describeAdoptable } from './words.ts';

/**
 * Every warning of a run, each once: those about the run as a whole, then those about skipped people, then the notes.
 */
export const warningsOf = (report: RunReport): readonly Warning[] =>
  allWarnings(report, (report.plan?.skipped ?? []).map(aboutSkipped));

/** The same for people to read: many people who are skipped for one reason become one warning. */
export function fewWarningsOf(report: RunReport): readonly Warning[] {
  const { one, sums } = foldSkipped(report.plan?.skipped ?? []);
  const summed = sums.map(({ title, sentences }) => ({ code: title, message: sentences.join('; ') }));
  return allWarnings(report, [...one.map(aboutSkipped), ...summed]);
}

/** One entry that stands for many people, or that adds advice to a few. */
type Sum = {
  readonly title: 'KEY_TAKEN' | 'NO_IDENTITY' | 'adoption';
  readonly sentences: readonly string[];
};

type Folded = { readonly one: readonly Skipped[]; readonly sums: readonly Sum[] };

/** Up to here, people who are skipped for one reason are listed one by one. */
const MAX_LISTED_PEOPLE = 3;

/** @returns the people to list one by one, and the sums: who has no identity, and how many could be adopted. */
export function foldSkipped(skipped: readonly Skipped[]): Folded {
  const unknown = skipped.filter(({ code }) => code === 'NO_IDENTITY');
  if (unknown.length <= MAX_LISTED_PEOPLE) return foldAdoptable(skipped);
  const { one, sums } = foldAdoptable(skipped.filter(({ code }) => code !== 'NO_IDENTITY'));
  const what = `${count(unknown.length, 'member')} not synced: no identity is clearly theirs`;
  const how = 'gh-permit-sync explain LOGIN shows why, and doctor shows which sources are visible';
  const names = enumerate(unknown.map(({ user }) => user));
  return { one, sums: [{ title: 'NO_IDENTITY', sentences: [what, how, names] }, ...sums] };
}

function foldAdoptable(skipped: readonly Skipped[]): Folded {
  const adoptable = skipped.filter(({ adoption }) => adoption !== undefined);
  if (adoptable.length === 0) return { one: skipped, sums: [] };
  const plain = adoptable.filter(({ adoption }) => adoption === 'plain').length;
  const sum = describeAdoptable({ plain, all: adoptable.length - plain });
  if (adoptable.length <= MAX_LISTED_PEOPLE)
    return { one: skipped, sums: [{ title: 'adoption', sentences: [sum] }] };
  const what = `${count(adoptable.length, 'member')} not synced: their keys belong to users that this tool does not manage`;
  const names = enumerate(adoptable.map(({ user }) => user));
  return {
    one: skipped.filter(({ adoption }) => adoption === undefined),
    sums: [{ title: 'KEY_TAKEN', sentences: [what, sum, names] }],
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

const said = ({ code, message }: Warning): string => `${code} ${message}`;

/** @param people the warnings about skipped people. */
function allWarnings(
  { warnings, notes = [], plan }: RunReport,
  people: readonly Warning[],
): readonly Warning[] {
  const aboutPlan = (plan?.notes ?? []).map(({ code, message }) => ({ code, message }));
  const all = [...warnings, ...notes, ...people, ...aboutPlan];
  return [...new Map(all.map((warning) => [said(warning), warning])).values()];
}

/**
 * A team, an organization role or a list of collaborators that could not be read, with what to do. Grants that depend
 * on it are frozen.
 */
export function unreadWarning({ what, message, changed }: Unread): Warning {
  if (changed) return { code: 'TEAM_CHANGED', message: `${message}; ${changed.hint}` };
  return { code: 'TEAM_UNREADABLE', message: `${message}; ${FIXES[what.kind]}` };
}

const FIX_REPOSITORIES =
  'access that depends on it is left as it is: the credential needs Repository › Metadata: read on all ' +
  'repositories and Organization › Members: read (a classic token: repo and read:org)';

const FIXES: { readonly [kind in Unread['what']['kind']]: string } = {
  team:
    'grants that depend on it are left as they are: if it was renamed or deleted, correct the rules; ' +
    'if it exists, the credential needs Organization › Members: read (a classic token: read:org, and only ' +
    'members and owners see a secret team)',
  collaborators:
    'grants that depend on them are left as they are: the credential needs Organization › Members: read, ' +
    'or, with a classic token, the token of an owner',
  'org-role':
    'grants that depend on it are left as they are: correct the rules if the role was renamed or deleted; the ' +
    'credential needs Custom organization roles: read (a classic token: admin:org)',
  repositories: FIX_REPOSITORIES,
  'team-repositories': FIX_REPOSITORIES,
  'direct-collaborators': FIX_REPOSITORIES,
};
