/** When full runs ended, by Redis' clock. `damaged`: someone else changed it. */
export type FullRuns =
  | { readonly kind: 'never' }
  | { readonly kind: 'damaged' }
  | {
      readonly kind: 'known';
      /** Since the last one ended. */
      readonly ageMs: number;
      /** Between one and the next; undefined until there were two. */
      readonly usualMs: number | undefined;
    };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * A warning if the schedule seems to have stopped: the last full run is older than a day, or than twice the usual
 * interval. @returns undefined if it is younger, or if nothing is known.
 */
export function silenceOf(runs: FullRuns): { readonly message: string; readonly hint: string } | undefined {
  if (runs.kind !== 'known') return undefined;
  const { ageMs, usualMs } = runs;
  if (ageMs <= Math.min(DAY_MS, 2 * (usualMs ?? DAY_MS))) return undefined;
  const usually = usualMs === undefined ? '' : `; usually one ends every ${timeSpan(usualMs)}`;
  return {
    message: `the last full run ended ${timeSpan(ageMs)} ago${usually}`,
    hint: SCHEDULE_HINT,
  };
}

/** docs.github.com, "Disabling and enabling a workflow" and "Events that trigger workflows", on `schedule`. */
const SCHEDULE_HINT =
  'check that the schedule still runs `gh-permit-sync reconcile`; only a full run finds changed roles and lost ' +
  'webhooks. GitHub disables a scheduled workflow after 60 days without activity in a public repository, and when ' +
  'the last person who edited its cron line leaves the organization: enable it again on the Actions tab, or change ' +
  'the cron line in a commit';

/** "3 days", "5 hours", "12 minutes". */
export function timeSpan(ms: number): string {
  const [size, unit] =
    ms >= 2 * DAY_MS ? [DAY_MS, 'day'] : ms >= 2 * HOUR_MS ? [HOUR_MS, 'hour'] : [60_000, 'minute'];
  const n = Math.max(1, Math.round(ms / Number(size)));
  return `${n} ${unit}${n === 1 ? '' : 's'}`;
}
