import { CHANGES, type Outcome } from '../model/change.ts';
import { changesOf } from '../model/plan.ts';
import { waysOn } from './first-run.ts';
import { row, table } from './markdown-table.ts';
import { clip, code, codeBlock, prose } from './markdown-text.ts';
import { mostTelling, type PersonResults, peopleOf, remarkOn } from './results.ts';
import type { RunReport, Status } from './run-report.ts';
import { summarize } from './summary.ts';
import { countKinds, countPeople } from './tally.ts';
import { fewWarningsOf } from './warnings.ts';
import { amount, describeGrant, describeViolation, namesOf, quantity, verbOf } from './words.ts';

/**
 * GitHub takes 65,536 characters of a comment and 1 MiB of a step summary; both hold this with room to spare. Each
 * part has a share of its own, so that hostile names can't crowd out the rest; the changes take what is left.
 */
const MOST_CHARACTERS = 60_000;
const LIMITS = { rows: 20, characters: 8_000 };
const WARNINGS = { rows: 20, characters: 12_000 };
const UNMANAGED = { rows: 20, characters: 10_000 };
const MOST_CHANGES = 500;
const MOST_ORGS = 20;
const LONGEST_NAME = 120;
const LONGEST_SENTENCE = 300;
const LONGEST_ERROR = 4_000;

const TITLE: { readonly [status in Status]: string } = {
  'in-sync': '✅ in sync',
  pending: '📝 changes pending',
  applied: '✅ applied',
  partial: '⚠️ partly done',
  refused: '⛔ refused',
  error: '❌ error',
};

const name = (text: string): string => code(clip(text, LONGEST_NAME));
const sentence = (text: string): string => prose(clip(text, LONGEST_SENTENCE));
const blocks = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n');

/** For a job summary or a comment. Nothing from outside takes effect as markdown, HTML, mention or link. */
export function renderMarkdown(report: RunReport): string {
  const before = blocks([
    title(report),
    errorBlock(report),
    limitsBlock(report),
    firstRunBlock(report),
    countsBlock(report),
  ]);
  const after = blocks([warningsBlock(report), unmanagedBlock(report)]);
  const room = MOST_CHARACTERS - blocks([before, after]).length;
  return `${blocks([before, changesBlock(report, room), after])}\n`;
}

function title(report: RunReport): string {
  const { verdict, sentence: outcome, facts } = summarize(report);
  const rest = report.orgs.length - MOST_ORGS;
  const orgs = [...report.orgs.slice(0, MOST_ORGS).map(name), ...(rest > 0 ? [`${rest} more`] : [])].join(
    ', ',
  );
  return blocks([
    `## gh-permit-sync: ${TITLE[report.status]}`,
    `**${verdict}:** ${sentence(outcome)}.`,
    [orgs, report.dryRun ? 'dry run' : '', facts].filter(Boolean).join(' · '),
  ]);
}

function errorBlock({ error }: RunReport): string {
  if (error === undefined) return '';
  const text = blocks([error.message.trimEnd(), error.hint.trimEnd()]);
  return blocks([`### Error ${name(error.code)}`, codeBlock(clip(text, LONGEST_ERROR))]);
}

function limitsBlock({ verdict, command }: RunReport): string {
  const so = command === 'drain' ? 'whoever is one too many waits in the queue' : 'nothing was written';
  return table({
    heading: `### Limits crossed, ${so}`,
    columns: ['Limit', 'Raise it for one run'],
    rows: verdict.violations.map((violation) => [describeViolation(violation), name(violation.override)]),
    most: LIMITS,
  });
}

function firstRunBlock(report: RunReport): string {
  return blocks(
    waysOn(report).flatMap(({ text, copy }) => [
      prose(text),
      ...(copy === undefined ? [] : [codeBlock(copy)]),
    ]),
  );
}

function countsBlock({ plan }: RunReport): string {
  if (plan === undefined) return '';
  const users = countKinds(changesOf(plan));
  const movements = Object.entries(countPeople(plan.people))
    .filter(([, people]) => people > 0)
    .map(([movement, people]) => `${quantity(people)} ${movement}`);
  const managed = amount(plan.managedBefore, 'managed user');
  const unmanaged = amount(plan.unmanaged.length, 'unmanaged grant');
  const counts = [
    '| | to add | to change | to remove |',
    '| --- | ---: | ---: | ---: |',
    row(['Users', quantity(users.createUser), quantity(users.updateUser), quantity(users.deleteUser)]),
    row(['Role assignments', quantity(users.assignRole), '', quantity(users.unassignRole)]),
  ];
  return blocks([counts.join('\n'), [managed, unmanaged, ...movements].join(', ')]);
}

function changesBlock(report: RunReport, characters: number): string {
  return table({
    heading: '### Changes',
    columns: ['Person', 'Change', 'Grant', 'Reason', 'Outcome'],
    rows: mostTelling(peopleOf(report), MOST_CHANGES).flatMap((one) => changeRows(one, report)),
    total: report.plan === undefined ? 0 : changesOf(report.plan).length,
    most: { rows: MOST_CHANGES, characters },
  });
}

function changeRows({ person, results }: PersonResults, report: RunReport): readonly (readonly string[])[] {
  const who = namesOf(person).map(name).join(' ');
  return results.map(({ change, outcome }) => [
    change.user === person.user ? who : name(change.user),
    `${CHANGES[change.kind].sign} ${verbOf(change.kind)}`,
    'grant' in change ? describeGrant(change.grant, name) : '',
    sentence(change.reason),
    outcomeCell(outcome, report),
  ]);
}

function outcomeCell(outcome: Outcome, report: RunReport): string {
  const remark = remarkOn(outcome, report);
  if (remark === undefined) return outcome.kind;
  return outcome.kind === 'failed' ? `❌ ${sentence(remark)}` : sentence(remark);
}

function warningsBlock(report: RunReport): string {
  return table({
    heading: '### Warnings',
    columns: ['Code', 'Message'],
    rows: fewWarningsOf(report).map((warning) => [name(warning.code), sentence(warning.message)]),
    most: WARNINGS,
  });
}

function unmanagedBlock({ plan }: RunReport): string {
  const unmanaged = plan?.unmanaged ?? [];
  if (unmanaged.length === 0) return '';
  const grants = table({
    heading: `<summary>Left alone: ${amount(unmanaged.length, 'unmanaged grant')}</summary>`,
    columns: ['User', 'Grant', 'Line under <code>manages</code> that would govern it'],
    rows: unmanaged.map(({ user, grant, govern = '' }) => [
      name(user),
      describeGrant(grant, name),
      name(govern),
    ]),
    most: UNMANAGED,
  });
  return `<details>\n${grants}\n\n</details>`;
}
