import type { Settings } from '../../config/settings.ts';
import { GRAPH_LIMIT_NAMES, LIMIT_NAMES, type Limit } from '../../model/limits.ts';
import { asWarning, type Warning } from '../../model/problem.ts';
import { shellWord } from '../../model/text/text.ts';
import { describeTokenExpiry, renewalHint } from '../../model/token-expiry.ts';
import type { RunReport } from '../../report/run-report.ts';

/** Warnings that change neither status nor exit code: about the settings, and about a token that is about to expire. */
export function lastingWarnings(
  settings: Pick<Settings, 'warnings' | 'github'> | undefined,
  expiresMs: number | undefined,
): readonly Warning[] {
  const auth = settings?.github.auth;
  const expiry =
    auth?.kind === 'token' && expiresMs !== undefined ? { variable: auth.variable, expiresMs } : undefined;
  const renewal = expiry && renewalHint(expiry, Date.now());
  return [
    ...(settings?.warnings ?? []).map(asWarning),
    ...(expiry && renewal !== undefined
      ? [{ code: 'TOKEN_EXPIRES', message: `${describeTokenExpiry(expiry, Date.now())}; ${renewal}` }]
      : []),
  ];
}

const LIMITS = [...LIMIT_NAMES, ...GRAPH_LIMIT_NAMES];

/** Notes for stderr about flags that have no effect on this run. */
export function runNotes(
  { dryRun, audit }: { readonly dryRun: boolean; readonly audit: string | undefined },
  {
    limits,
    overrides,
    acceptedTeams,
    redis,
  }: Pick<Settings, 'limits' | 'overrides' | 'acceptedTeams' | 'redis'>,
): readonly string[] {
  const withoutEffect = LIMITS.filter(
    (name) => (overrides[name] ?? Number.POSITIVE_INFINITY) <= surely(limits[name]),
  );
  return [
    ...(dryRun && audit !== undefined
      ? ['note: --audit has no effect: a dry run applies nothing, so it records nothing']
      : []),
    ...(acceptedTeams.length > 0 && redis.url === undefined
      ? ['note: --accept-team has no effect: without REDIS_URL, runs do not remember which team a slug named']
      : []),
    ...withoutEffect.map(
      (name) =>
        `note: --allow-${name} ${overrides[name]} has no effect: it only raises a limit, and limits.${name} allows as ` +
        `much without it; to allow less, set limits.${name} in the config file`,
    ),
  ];
}

/** How many people these limits allow at any size of organization: any percentage but 0 allows one. */
const surely = (limits: readonly Limit[]): number =>
  Math.min(...limits.map((one) => (one.kind === 'count' ? one.people : one.ratio === 0 ? 0 : 1)));

/** The note of a dry run about the plan that it has saved. */
export function aboutSavedPlan(
  file: string,
  { status, plan }: Pick<RunReport, 'status' | 'plan'>,
  { repeatedFlags, planFlags }: Pick<Settings, 'repeatedFlags' | 'planFlags'>,
): string {
  const saved = `the plan is saved in ${file}`;
  if (status === 'refused') return `${saved}; it crosses a limit, so apply would refuse it too`;
  if (plan && plan.people.length + (plan.graph?.changes.length ?? 0) === 0)
    return `${saved}; there is nothing in it to apply`;
  return `${saved}; ${['gh-permit-sync apply', shellWord(file), ...repeatedFlags, ...planFlags].join(' ')} applies it`;
}
