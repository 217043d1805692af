import type { Note, Skipped } from '../model/plan.ts';
import type { RunReport, Warning } from './run-report.ts';

/**
 * Every warning of a run: those of the run as a whole first, then the people who were skipped, then the notes.
 * One that says the same as another stands once.
 */
export function warningsOf(report: RunReport): readonly Warning[] {
  const { skipped, notes } = report.plan ?? { skipped: [], notes: [] };
  return distinct([...report.warnings, ...skipped.map(aboutSkipped), ...notes.map(aboutNote)]);
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
