import { changesOf } from '../model/plan.ts';
import { resultsOf } from './results.ts';
import type { RunReport } from './run-report.ts';
import { countKinds, countOutcome, describeCounts } from './tally.ts';
import { amount, duration, quantity } from './words.ts';

/** The last line of a report, in three parts: "Applied", "1 user created", "412 members, 431 ms". */
export type Summary = { readonly verdict: string; readonly sentence: string; readonly facts: string };

/** What came of the run. The sentence may quote text from outside, as it is. */
export function summarize(report: RunReport): Summary {
  if (report.command === 'drain' && report.status !== 'error') return summarizeDrain(report);
  const planned = countKinds(report.plan === undefined ? [] : changesOf(report.plan));
  const plan = describeCounts(planned, 'to do') || 'nothing to change';
  const members = amount(report.plan?.members ?? 0, 'member');
  const cost = costOf(report);
  const cleared = report.queue
    ? `, ${amount(report.queue.settled, 'queue entry', 'queue entries')} settled`
    : '';
  const facts = `${report.plan === undefined ? '' : `${members}, `}${cost}${cleared}`;
  switch (report.status) {
    case 'in-sync':
      return { verdict: 'In sync', sentence: `${members}, nothing to change`, facts: `${cost}${cleared}` };
    case 'pending':
      return { verdict: 'Plan', sentence: `${plan} (dry run, nothing was written)`, facts };
    case 'applied':
      return { verdict: 'Applied', sentence: describeCounts(planned, 'done') || 'nothing to change', facts };
    case 'partial':
      return { ...partlyDone(report, plan), facts };
    case 'refused': {
      const limits = amount(report.verdict.violations.length, 'limit');
      return { verdict: 'Refused', sentence: `${plan}; ${limits} crossed, nothing was written`, facts };
    }
    case 'error':
      return { verdict: 'Error', sentence: `${describeError(report)}; nothing was written`, facts };
  }
}

const DRAINED = {
  'in-sync': 'Drained',
  pending: 'Not drained yet',
  applied: 'Drained',
  partial: 'Partly drained',
  refused: 'Held back',
} as const;

/** "Drained: 1 user deleted, 2 entries settled". */
function summarizeDrain(report: RunReport): Summary {
  const status = report.status === 'error' ? 'partial' : report.status;
  const applied = resultsOf(report).filter(({ outcome }) => outcome.kind === 'applied');
  const changes = describeCounts(countKinds(applied.map(({ change }) => change)), 'done');
  const { settled = 0, failed = 0, waiting = 0 } = report.queue ?? {};
  const parts = [
    changes || 'nothing to change',
    ...(settled + failed + waiting === 0 ? ['the queue is empty'] : []),
    ...(settled > 0 ? [`${amount(settled, 'entry', 'entries')} settled`] : []),
    ...(failed > 0 ? [`${quantity(failed)} failed`] : []),
    ...(waiting > 0 ? [`${amount(waiting, 'entry waits', 'entries wait')}`] : []),
  ];
  return { verdict: DRAINED[status], sentence: parts.join(', '), facts: costOf(report) };
}

function partlyDone(report: RunReport, plan: string): Omit<Summary, 'facts'> {
  const results = resultsOf(report);
  const short = shortfall(report);
  if (results.length === 0) return { verdict: 'Partly in sync', sentence: `nothing to change; ${short}` };
  if (report.dryRun) {
    return { verdict: 'Partial plan', sentence: `${plan} (dry run, nothing was written); ${short}` };
  }
  const applied = results.filter(({ outcome }) => outcome.kind === 'applied').map(({ change }) => change);
  const done = describeCounts(countKinds(applied), 'done') || 'nothing';
  return { verdict: 'Partly applied', sentence: `${done}; ${short}` };
}

/** Why a run is only partly done, as far as it can be counted. */
function shortfall(report: RunReport): string {
  const results = resultsOf(report);
  const failed = countOutcome(results, 'failed');
  const untried = report.dryRun ? 0 : countOutcome(results, 'skipped');
  const people = report.plan?.skipped.length ?? 0;
  const parts = [
    failed > 0 ? `${amount(failed, 'change')} failed` : '',
    untried > 0 ? `${amount(untried, 'change')} skipped` : '',
    people > 0 ? `${amount(people, 'person', 'people')} left as they are` : '',
  ];
  return parts.filter(Boolean).join(', ') || 'see the warnings';
}

function describeError({ error }: RunReport): string {
  if (error === undefined) return 'the run ended early';
  const [first = ''] = error.message.split(/\r?\n/);
  return `${first.replace(/[\s.:]+$/, '')} (${error.code})`;
}

function costOf({ requests, durationMs }: RunReport): string {
  return `${amount(requests.github, 'request')} to GitHub and ${quantity(requests.permit)} to Permit, ${duration(durationMs)}`;
}
