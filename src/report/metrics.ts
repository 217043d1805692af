import { CHANGE_KINDS } from '../model/change.ts';
import { GRAPH_LIMIT_NAMES } from '../model/limits.ts';
import { GRAPH_KINDS } from '../model/repositories/graph-change.ts';
import { allResultsOf, type RunReport } from './run-report.ts';

type RunMetrics = {
  readonly command: string;
  readonly exitCode: number;
  /** Undefined for a run that ended with an error. */
  readonly report: RunReport | undefined;
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
  /** When the run ended, in milliseconds since the epoch. */
  readonly endedMs: number;
  /** When the last run succeeded, this one included; undefined if none has. In seconds since the epoch. */
  readonly lastSuccess: number | undefined;
  /** What GitHub's rate limit still allows; undefined until GitHub says it. */
  readonly gitHubRequestsLeft: number | undefined;
};

const LAST_SUCCESS = 'gh_permit_sync_last_success_timestamp_seconds';
const OUTCOMES = ['planned', 'applied', 'failed', 'skipped'] as const;
const LIMITS = ['removals', 'demotions', 'moves', 'floors', 'unmanaged', 'duplicates'] as const;

/** A run succeeded if it ended with 0, or with 2: changes pending, asked for by `--detailed-exitcode`. */
export const isSuccess = (exitCode: number): boolean => exitCode === 0 || exitCode === 2;

/**
 * One run as Prometheus text for node_exporter's textfile collector. No label holds a text from outside, and the same
 * series are there after every run that made a plan.
 */
export function renderMetrics(run: RunMetrics): string {
  const { command, report } = run;
  const lines: string[] = [];
  const gauge = (
    name: string,
    help: string,
    samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number | undefined])[],
  ): void => {
    const known = samples.filter(([, value]) => value !== undefined);
    if (known.length === 0) return;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`);
    for (const [labels, value] of known) {
      const all = Object.entries({ command, ...labels }).map(([label, text]) => `${label}="${text}"`);
      lines.push(`${name}{${all.join(',')}} ${value}`);
    }
  };
  const one = (name: string, help: string, value: number | undefined): void =>
    gauge(name, help, [[{}, value]]);

  one('gh_permit_sync_last_run_timestamp_seconds', 'When the last run ended.', run.endedMs / 1000);
  one(LAST_SUCCESS, 'When the last run that succeeded ended.', run.lastSuccess);
  one('gh_permit_sync_last_run_exit_code', 'Exit code of the last run.', run.exitCode);
  one('gh_permit_sync_last_run_duration_seconds', 'Duration of the last run.', run.durationMs / 1000);
  gauge('gh_permit_sync_last_run_requests', 'Requests that the last run sent, retries included.', [
    [{ service: 'github' }, run.requests.github],
    [{ service: 'permit' }, run.requests.permit],
  ]);
  one(
    'gh_permit_sync_github_requests_left',
    "Requests that GitHub's rate limit still allowed.",
    run.gitHubRequestsLeft,
  );
  if (report?.plan === undefined) return `${lines.join('\n')}\n`;

  const { plan, verdict, dryRun, queue } = report;
  one('gh_permit_sync_last_run_dry_run', '1 if the last run only planned.', Number(dryRun));
  one('gh_permit_sync_last_run_members', 'Members on GitHub that the last run saw.', plan.members);
  one(
    'gh_permit_sync_last_run_managed_users',
    'Users with our mark before the last run.',
    plan.managedBefore,
  );
  // What repositories add is there only where they are mirrored.
  const kinds = plan.graph ? [...CHANGE_KINDS, ...GRAPH_KINDS] : CHANGE_KINDS;
  const limits = plan.graph ? [...LIMITS, ...GRAPH_LIMIT_NAMES] : LIMITS;
  const results = allResultsOf(report);
  gauge(
    'gh_permit_sync_last_run_changes',
    'Changes of the last run.',
    kinds.flatMap((kind) =>
      OUTCOMES.map(
        (outcome) =>
          [
            { kind, outcome },
            results.filter((one) => one.change.kind === kind && one.outcome.kind === outcome).length,
          ] as const,
      ),
    ),
  );
  gauge(
    'gh_permit_sync_last_run_limits_crossed',
    'Limits that refused the plan of the last run.',
    limits.map(
      (limit) =>
        [{ limit }, verdict.violations.filter((violation) => violation.limit === limit).length] as const,
    ),
  );
  one('gh_permit_sync_queue_waiting', 'Entries that still wait in the queue.', queue?.waiting);
  return `${lines.join('\n')}\n`;
}

/** The time of the last success of this command in an earlier file, in seconds since the epoch. */
export function lastSuccessIn(text: string, command: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${LAST_SUCCESS}{command="${command}"} `));
  const seconds = Number(line?.split(' ')[1] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
