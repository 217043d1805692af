import { CHANGE_KINDS, CHANGES, type Outcome, type Result } from '../../model/change.ts';
import type { Violation } from '../../model/limits.ts';
import { changesOf, type Plan } from '../../model/plan.ts';
import type { Problem } from '../../model/problem.ts';
import { getOrMake } from '../../model/text/record.ts';
import { count, enumerate, quantity } from '../../model/text/text.ts';
import {
  type ActionsReport,
  type Annotation,
  cautionRow,
  dryRunNote,
  type Group,
  joinPhrases,
  name,
  type Page,
  type Phrase,
  plainText,
  type Remark,
  type Row,
  type Section,
  SIGN_TONE,
  warningsSection,
} from '../page.ts';
import {
  allResultsOf,
  countKinds,
  countPeople,
  graphResultsOf,
  type PersonResults,
  peopleOf,
  type RunReport,
  resultsOf,
  type Status,
} from '../run-report.ts';
import { fewWarningsOf, foldSkipped, otherWarningsOf } from '../warnings.ts';
import { changePhrase, describeViolation, personPhrase, signOfMovement } from '../words.ts';
import { waysOn } from './first-run.ts';
import { documentOf } from './run-document.ts';
import { graphCountRows, graphPhrase, graphSection } from './run-graph.ts';
import { summarize } from './run-summary.ts';
import { unmanagedSection } from './unmanaged.ts';

/** The status as a heading shows it. */
export const BADGE: { readonly [status in Status]: string } = {
  'in-sync': '✅ in sync',
  pending: '📝 changes pending',
  applied: '✅ applied',
  partial: '⚠️ partly done',
  refused: '⛔ refused',
  error: '❌ error',
};

const VERB_OF = {
  reconcile: 'Reconcile',
  apply: 'Apply a saved plan: reconcile',
  drain: 'Drain the queue: reconcile',
} as const satisfies Record<RunReport['command'], string>;

/** The report of `reconcile`, `apply` and `drain`: reads like a plan. */
export function runPage(report: RunReport): Page {
  const { command, orgs, dryRun, status } = report;
  const verb = VERB_OF[command];
  const title = orgs.length === 0 ? `${verb} with Permit` : `${verb} ${enumerate(orgs)} with Permit`;
  return {
    heading: `gh-permit-sync: ${BADGE[status]}`,
    title: [{ text: title, strong: true }, ...dryRunNote(dryRun)],
    context: [...orgs.map((org) => [name(org)]), ...(dryRun ? ['dry run'] : [])],
    where: whereOf(report),
    // Made when they are needed: a run over 100,000 people is printed in one format.
    get sections() {
      return sectionsOf(report);
    },
    summary: summarize(report),
    ...(status === 'error' ? { isSilent: 'always' } : {}),
    ...(status === 'in-sync' ? { isSilent: 'with --quiet' } : {}),
    get document() {
      return documentOf(report);
    },
    get actions() {
      return actionsOf(report);
    },
  };
}

/** What is written to, and by which config. */
export function whereOf({
  target,
  owner = 'default',
  config,
}: Pick<RunReport, 'target' | 'owner' | 'config'>): readonly Phrase[] {
  const parts = [
    ...(target
      ? [['Permit project ', name(target.project), ', environment ', name(target.environment)]]
      : []),
    ...(config === undefined ? [] : [['config ', name(config)]]),
    ...(owner === 'default' ? [] : [['owner ', name(owner)]]),
  ];
  return parts.length === 0 ? [] : [joinPhrases(parts, '; ')];
}

function sectionsOf(report: RunReport): readonly Section[] {
  return [
    ...errorSections(report.error),
    ...countsSections(report.plan),
    peopleSection(report),
    graphSection(report, (outcome) => outcomeRemark(outcome, report)),
    skippedSection(report),
    warningsSection(otherWarningsOf(report)),
    ...everyoneSections(report.plan),
    unmanagedSection(report.plan?.unmanaged ?? []),
    limitsSection(report.verdict.violations),
    { kind: 'steps', title: '', isUrgent: true, steps: waysOn(report) },
  ];
}

/** The error that ended the run: in the text, stderr has it. */
export const errorSections = (error: Problem | undefined): readonly Section[] =>
  error === undefined
    ? []
    : [
        {
          kind: 'steps',
          title: `Error ${error.code}`,
          only: 'markdown',
          isUrgent: true,
          steps: [{ copy: [error.message.trimEnd(), error.hint.trimEnd()].filter(Boolean).join('\n\n') }],
        },
      ];

/** Every limit that the plan crosses, with the flag that allows this plan and no larger one. */
export const limitsSection = (violations: readonly Violation[]): Section => ({
  kind: 'rows',
  title: 'Limits crossed, each with the flag that raises it for one run',
  isUrgent: true,
  columns: ['Limit', 'Raise it for one run'],
  rows: violations.map((one) => ({
    ...{ bullet: '✗', tone: 'alarm', label: describeViolation(one) },
    remarks: [{ text: [name(one.override)] }],
  })),
});

/** Counts for a reader who sees only the top of a job summary. */
function countsSections(plan: Plan | undefined): readonly Section[] {
  if (plan === undefined) return [];
  const counts = countKinds(CHANGE_KINDS, changesOf(plan));
  const movements = Object.entries(countPeople(plan.people))
    .filter(([, people]) => people > 0)
    .map(([movement, people]) => `${quantity(people)} ${movement}`);
  const managed = count(plan.managedBefore, 'managed user');
  const unmanaged = count(plan.unmanaged.length, 'unmanaged grant');
  const rows = [
    ['Users', counts.createUser, counts.updateUser, counts.deleteUser],
    ['Role assignments', counts.assignRole, 0, counts.unassignRole],
    ...(plan.graph ? graphCountRows(plan.graph.changes) : []),
  ].map((cells) => ({ cells: cells.map((cell) => (typeof cell === 'number' ? quantity(cell) : cell)) }));
  const text = [managed, unmanaged, ...movements].join(', ');
  return [
    {
      kind: 'table',
      title: '',
      only: 'markdown',
      columns: ['', 'to add', 'to change', 'to remove'],
      rows: plan.people.length + (plan.graph?.changes.length ?? 0) === 0 ? [] : rows,
    },
    { kind: 'steps', title: '', only: 'markdown', steps: [{ text }] },
  ];
}

const isLoss = ({ person: { movement } }: PersonResults): boolean =>
  movement === 'leaving' || movement === 'demoted';

/** Losses first: a reviewer must see them. */
function peopleSection(report: RunReport): Section {
  const people = peopleOf(report);
  const losses = people.filter(isLoss);
  const others = people.filter((one) => !isLoss(one));
  const shared: SharedGroups = new Map();
  return {
    kind: 'groups',
    title: 'Changes',
    columns: ['Person', 'Change', 'Reason', 'Outcome'],
    noun: ['person', 'people'],
    groups: [...losses, ...others].map((one) => personGroup(one, report, shared)),
  };
}

/**
 * Keyed by what they show: people with the same changes, most people in a long report, share everything but the title.
 */
type SharedGroups = Map<string, Omit<Group, 'title'>>;

function personGroup({ person, results }: PersonResults, report: RunReport, shared: SharedGroups): Group {
  const { movement } = person;
  const row = ({ change, outcome }: Result): Row => ({
    sign: CHANGES[change.kind].sign,
    label: changePhrase(change, person.user),
    remarks: [{ text: change.reason, tone: 'faint' }, outcomeRemark(outcome, report)],
  });
  const shown = results.map(({ change, outcome }) => {
    const { kind, reason, user } = change;
    return [kind, reason, 'grant' in change && change.grant, outcome, user === person.user || user];
  });
  const group = getOrMake(shared, JSON.stringify([movement, shown]), () => {
    const sign = signOfMovement(movement);
    const note = { text: movement, tone: SIGN_TONE[sign] };
    return { sign, note, rows: results.map(row), rank: rankOf({ person, results }), kind: movement };
  });
  return {
    ...group,
    // Made only when it is needed: of many people, few are shown.
    get title() {
      return personPhrase(person);
    },
  };
}

/** Failed changes first, then losses. */
function rankOf({ person, results }: PersonResults): number {
  if (results.some(({ outcome }) => outcome.kind === 'failed')) return 0;
  return isLoss({ person, results }) ? 1 : 2;
}

/** Empty where the report's status already says it: a run that wrote nothing has tried no change. */
export function outcomeRemark(
  outcome: Outcome,
  { dryRun, status }: Pick<RunReport, 'dryRun' | 'status'>,
): Remark {
  const wroteNothing = dryRun || status === 'refused' || status === 'error';
  switch (outcome.kind) {
    case 'planned':
      return { text: '' };
    case 'applied':
      return status === 'partial' ? { text: 'applied', only: 'markdown' } : { text: '' };
    case 'skipped':
      return wroteNothing ? { text: '' } : { text: `skipped: ${outcome.why}`, tone: 'caution' };
    case 'failed':
      return { text: `failed: ${outcome.code} ${outcome.message}`, tone: 'alarm' };
    default:
      return outcome satisfies never;
  }
}

/** The people whom the run leaves as they are even though something should change. */
function skippedSection({ plan }: RunReport): Section {
  const skipped = plan?.skipped ?? [];
  const { one, sums } = foldSkipped(skipped);
  const sumRows = (isAbout: (title: string) => boolean): readonly Row[] =>
    sums
      .filter(({ title }) => isAbout(title))
      .map(({ title, sentences }) => row(title, sentences.join(';\n')));
  const row = (label: Phrase, text: string): Row => cautionRow(label, { text, isMultiline: true });
  const folded = skipped.filter((person) => !one.includes(person));
  return {
    kind: 'rows',
    title: `Skipped: ${count(skipped.length, 'person', 'people')}`,
    columns: ['Person', 'Reason'],
    rows: [
      ...sumRows((title) => title !== 'adoption'),
      ...one.map(({ user, code, message }) => row([name(user)], reasonOf(message, code))),
      ...folded.map(
        ({ user, code, message }): Row => ({
          ...row([name(user)], reasonOf(message, code)),
          shown: 'with --full',
        }),
      ),
      ...sumRows((title) => title === 'adoption'),
    ],
  };
}

const reasonOf = (message: string, code: string): string =>
  `${message.replaceAll(/\s*\n\s*/g, ' ')} (${code})`;

/** A note's message names this many people itself (`enumerate`). */
const NAMED_BY_NOTES = 10;

/** With `--full`, everyone whom a note is about. */
function everyoneSections(plan: Plan | undefined): readonly Section[] {
  const notes = (plan?.notes ?? []).filter(({ users }) => users.length > NAMED_BY_NOTES);
  const rows = notes.map(
    ({ code, users }): Row => ({
      ...cautionRow([name(code)], { text: `all of them: ${enumerate(users, users.length)}` }),
      shown: 'with --full',
    }),
  );
  return [{ kind: 'rows', title: 'Everyone concerned', only: 'text', columns: [], rows }];
}

/** A command that ended before it had anything else to say (CONTRACT §9): stderr has it, JSON too. */
export const errorPage = (command: string, { code, message, hint }: Problem): Page => ({
  heading: `gh-permit-sync ${command}: ${BADGE.error}`,
  title: '',
  sections: errorSections({ code, message, hint }),
  isSilent: 'always',
  document: { version: 1, command, status: 'error', error: { code, message, hint } },
});

/** `changes` counts those of the plan, whether they were applied or not. */
function actionsOf(report: RunReport): ActionsReport {
  return {
    errors: [...runErrors(report), ...failedChanges(report)],
    warnings: fewWarningsOf(report).map(({ code, message }) => ({ title: code, message })),
    outputs: {
      status: report.status,
      changes: allResultsOf(report).length,
      refused: report.status === 'refused',
    },
  };
}

function runErrors(report: RunReport): readonly Annotation[] {
  const { status, error, verdict } = report;
  if (status === 'refused') {
    const limits = verdict.violations.map((one) => `${describeViolation(one)} (${one.override})`);
    const message = [`${summarize(report).sentence}.`, ...limits].join('\n');
    return [{ title: 'Refused by a limit', message }];
  }
  return status === 'error' ? [errorAnnotation(error)] : [];
}

export const errorAnnotation = (error: RunReport['error']): Annotation =>
  error === undefined
    ? { title: 'INTERNAL', message: 'the run ended early; nothing was written.' }
    : { title: error.code, message: [error.message, error.hint].filter(Boolean).join('\n') };

const failedChanges = (report: RunReport): readonly Annotation[] => [
  ...resultsOf(report).flatMap(({ change, outcome }) => {
    if (outcome.kind !== 'failed') return [];
    const what = plainText(changePhrase(change, change.user));
    return [{ title: outcome.code, message: `${change.user}: ${what}: ${outcome.message}` }];
  }),
  ...graphResultsOf(report).flatMap(({ change, outcome }) => {
    if (outcome.kind !== 'failed') return [];
    const about = change.repository ?? change.team;
    const what = [...(about === undefined ? [] : [about]), plainText(graphPhrase(change)), outcome.message];
    return [{ title: outcome.code, message: what.join(': ') }];
  }),
];
