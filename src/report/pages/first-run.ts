import { count } from '../../model/text/text.ts';
import type { RunReport } from '../run-report.ts';
import { describeAdoptable } from '../words.ts';

/**
 * What to do about a first run that would create second users: sentences, each with a command to copy.
 * @returns nothing unless the limit `duplicates` refused the run.
 */
export function waysOn({
  plan,
  verdict,
  flags = [],
}: RunReport): readonly { readonly text: string; readonly copy?: string }[] {
  const existing = plan?.existing;
  const violation = verdict.violations.find(({ limit }) => limit === 'duplicates');
  if (existing === undefined || violation === undefined) return [];
  const command = (...more: readonly string[]): string =>
    ['gh-permit-sync reconcile', ...flags, ...more].join(' ');
  const people = count(existing.people, 'member already has', 'members already have');
  const intro = {
    text:
      `${people} a Permit user that this tool does not manage, and this first run would create a second one for ` +
      `${existing.people === 1 ? 'that person' : 'each of them'}.`,
  };
  const beside = { text: 'To create new users alongside them:', copy: command(violation.override) };
  const { adoptable } = existing;
  if (adoptable === undefined) return [intro, beside];
  const { template, plain, all } = adoptable;
  const adopt = plain > 0 ? 'plain' : 'all';
  return [
    intro,
    {
      text: `To adopt them under the keys they have (${describeAdoptable(adoptable)}):`,
      copy: command('--user-key', `'${template}'`, '--adopt', adopt),
    },
    {
      text: 'and for every later run, in the config file:',
      copy: `users: { key: "${template}", adopt: ${adopt} }`,
    },
    ...(plain > 0 && all > 0
      ? [{ text: '--adopt all also adopts users that hold other roles, or that another tool manages.' }]
      : []),
    beside,
  ];
}

/** The same as lines, for JSON and stderr. */
export const describeWaysOn = (report: RunReport): readonly string[] =>
  waysOn(report).flatMap(({ text, copy }) => (copy === undefined ? [text] : [text, `  ${copy}`]));
