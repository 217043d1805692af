import { CHANGES, type Change, type Outcome } from '../../model/change.ts';
import { changesOf } from '../../model/plan.ts';
import { GRAPH_CHANGES, type GraphChange } from '../../model/repositories/graph-change.ts';
import { count, quantity } from '../../model/text/text.ts';
import type { QueueCounts } from '../../model/webhooks/queue.ts';
import type { Summary, Tone } from '../page.ts';
import {
  allResultsOf,
  countKinds,
  countOutcome,
  graphResultsOf,
  type RunReport,
  resultsOf,
  type Status,
} from '../run-report.ts';
import { costOf, firstLineOf } from '../words.ts';

/** The tone of a run's verdict. */
export const STATUS_TONE: { readonly [status in Status]: Tone } = {
  'in-sync': 'good',
  pending: 'news',
  applied: 'good',
  partial: 'caution',
  refused: 'alarm',
  error: 'alarm',
};

type RunSummary = Summary & { readonly verdict: string };

/** The result of the run in one sentence. */
export function summarize(report: RunReport): RunSummary {
  return { ...sentenceOf(report), tone: STATUS_TONE[report.status] };
}

function sentenceOf(report: RunReport): Omit<RunSummary, 'tone'> {
  const { command, status } = report;
  if (command === 'drain' && status !== 'error') return drainSentence(report, status);
  const changes = report.plan === undefined ? [] : changesOf(report.plan);
  const graph = report.plan?.graph?.changes ?? [];
  const plan = describeCounts(changes, graph, 'to do') || 'nothing to change';
  // Without any change, these two mean that someone keeps access that may be lost.
  const why = changes.length + graph.length === 0 ? '; see the warnings' : '';
  const members = count(report.plan?.members ?? 0, 'member');
  const cost = costOf(report);
  const cleared = report.queue ? describeQueue(report.queue) : '';
  const facts = `${report.plan === undefined ? '' : `${members}, `}${cost}${cleared}`;
  switch (status) {
    case 'in-sync':
      return { verdict: 'In sync', sentence: `${members}, nothing to change`, facts: `${cost}${cleared}` };
    case 'pending':
      return { verdict: 'Plan', sentence: `${plan} (dry run, nothing was written)${why}`, facts };
    case 'applied':
      return {
        verdict: 'Applied',
        sentence: (describeCounts(changes, graph, 'done') || 'nothing to change') + why,
        facts,
      };
    case 'partial':
      return { ...partlyDone(report, plan), facts };
    case 'refused': {
      const limits = count(report.verdict.violations.length, 'limit');
      return { verdict: 'Refused', sentence: `${plan}; ${limits} crossed, nothing was written`, facts };
    }
    case 'error':
      return { verdict: 'Error', sentence: `${describeRunError(report)}; nothing was written`, facts };
  }
}

/** What a full run did to the queue. */
function describeQueue({ settled, waiting }: QueueCounts): string {
  const waits = waiting === 0 ? '' : `, ${quantity(waiting)} ${waiting === 1 ? 'waits' : 'wait'}`;
  return `, ${count(settled, 'queue entry', 'queue entries')} settled${waits}`;
}

const DRAINED = {
  'in-sync': 'Drained',
  pending: 'Not drained yet',
  applied: 'Drained',
  partial: 'Partly drained',
  refused: 'Held back',
} as const;

/** "Drained: 1 user deleted, 2 entries settled". */
function drainSentence(report: RunReport, status: keyof typeof DRAINED): Omit<RunSummary, 'tone'> {
  const changes = describeApplied(report);
  const { settled = 0, failed = 0, waiting = 0 } = report.queue ?? {};
  const parts = [
    changes || 'nothing to change',
    ...(settled + failed + waiting === 0 ? ['the queue is empty'] : []),
    ...(settled > 0 ? [`${count(settled, 'entry', 'entries')} settled`] : []),
    ...(failed > 0 ? [`${quantity(failed)} failed`] : []),
    ...(waiting > 0 ? [`${count(waiting, 'entry waits', 'entries wait')}`] : []),
  ];
  return { verdict: DRAINED[status], sentence: parts.join(', '), facts: costOf(report) };
}

function partlyDone(report: RunReport, plan: string): Pick<RunSummary, 'verdict' | 'sentence'> {
  const results = allResultsOf(report);
  const short = shortfall(report);
  if (results.length === 0) return { verdict: 'Partly in sync', sentence: `nothing to change; ${short}` };
  if (report.dryRun) {
    return { verdict: 'Partial plan', sentence: `${plan} (dry run, nothing was written); ${short}` };
  }
  const done = describeApplied(report) || 'nothing';
  return { verdict: 'Partly applied', sentence: `${done}; ${short}` };
}

const describeApplied = (report: RunReport): string =>
  describeCounts(appliedOf(resultsOf(report)), appliedOf(graphResultsOf(report)), 'done');

export const appliedOf = <C>(
  results: readonly { readonly change: C; readonly outcome: Outcome }[],
): readonly C[] => results.filter(({ outcome }) => outcome.kind === 'applied').map(({ change }) => change);

/** Why a run is only partly done, as far as it can be counted. */
function shortfall(report: RunReport): string {
  const results = allResultsOf(report);
  const undone = describeUndone(report.dryRun ? results.filter(isFailed) : results);
  const people = report.plan?.skipped.length ?? 0;
  const skipped = people > 0 ? [`${count(people, 'person', 'people')} skipped`] : [];
  return [...undone, ...skipped].join(', ') || 'see the warnings';
}

type Ended = { readonly outcome: Outcome };

const isFailed = ({ outcome }: Ended): boolean => outcome.kind === 'failed';

/** "1 change failed, 2 changes skipped", in one piece; nothing where every change was applied. */
export function describeUndone(results: readonly Ended[]): readonly string[] {
  const failed = countOutcome(results, 'failed');
  const skipped = countOutcome(results, 'skipped');
  const parts = [
    ...(failed > 0 ? [`${count(failed, 'change')} failed`] : []),
    ...(skipped > 0 ? [`${count(skipped, 'change')} skipped`] : []),
  ];
  return parts.length === 0 ? [] : [parts.join(', ')];
}

/** "Permit refuses the key (PERMIT_AUTH)". */
export const describeRunError = ({ error }: Pick<RunReport, 'error'>): string =>
  error === undefined ? 'the run ended early' : `${firstLineOf(error.message)} (${error.code})`;

/** "2 users to create, 1 to delete, 3 roles to assign", or "… created, …"; "" without changes. */
const describeCounts = (
  changes: readonly Change[],
  graph: readonly GraphChange[],
  tense: 'to do' | 'done',
): string => [...listCounts(CHANGES, changes, tense), ...listCounts(GRAPH_CHANGES, graph, tense)].join(', ');

/** Only the first count of each noun names it. */
function listCounts<Kind extends string>(
  traits: { readonly [kind in Kind]: { readonly [word in 'verb' | 'done' | 'noun']: string } },
  changes: readonly { readonly kind: Kind }[],
  tense: 'to do' | 'done',
): readonly string[] {
  const kinds = Object.keys(traits) as Kind[];
  const counts = countKinds(kinds, changes);
  const nouns = new Set(kinds.map((kind) => traits[kind].noun));
  return [...nouns].flatMap((noun) =>
    kinds
      .filter((kind) => traits[kind].noun === noun && counts[kind] > 0)
      .map((kind, index) => {
        const { verb, done } = traits[kind];
        const counted = index === 0 ? count(counts[kind], noun) : quantity(counts[kind]);
        return `${counted} ${tense === 'done' ? done : `to ${verb}`}`;
      }),
  );
}
