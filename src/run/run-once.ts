import type { Settings } from '../config/settings.ts';
import { coverQueue } from '../drain/settle-covered.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import { openSharedState, type RedisState } from '../queue/shared-state.ts';
import type { Target } from '../report/run-report.ts';
import { describeDifferences } from '../report/saved-plan.ts';
import { digestOf } from '../sync/config-digest.ts';
import { type LockedRun, withLock } from '../sync/locked-run.ts';
import { type PlanKeeperPorts, planKeeper } from '../sync/plan-keeper.ts';
import { reconcile } from '../sync/reconcile.ts';
import type { ReconcilePorts, ReconcileRequest } from '../sync/run.ts';
import type { ClientPorts } from './clients.ts';
import { apiUrlsOf, openServices, requestOf, type Services, targetOf } from './services.ts';

/**
 * What runs share in Redis; undefined if they share none.
 * @param command shown to runs that wait for this one.
 */
export const openSharedStateOf = async (
  { redis: { url, prefix }, owner }: Pick<Settings, 'redis' | 'owner'>,
  command: string,
  onWait?: RequestObserver['onWait'],
): Promise<RedisState | undefined> =>
  url === undefined ? undefined : openSharedState({ url, prefix, owner, command, onWait });

/** One run over everyone, or over the people in `logins`. */
type Run = Pick<PlanKeeperPorts, 'approved' | 'concealed' | 'keepers'> &
  Pick<ReconcilePorts, 'announce' | 'onApplied'> & {
    readonly dryRun: boolean;
    readonly logins?: readonly string[] | undefined;
    /** Undefined if runs share no Redis. */
    readonly shared: RedisState | undefined;
    /** Whether to settle the entries of the queue that the run covers. */
    readonly settlesQueue?: boolean;
    /** What the caller reads and writes instead of GitHub and Permit. */
    readonly instead?: Partial<Pick<ReconcilePorts, 'github' | 'reader' | 'writer'>> &
      Partial<Pick<Services, 'environment'>>;
  };

export type FinishedRun = LockedRun & {
  readonly request: ReconcileRequest;
  /** As in a saved plan. */
  readonly configDigest: () => Promise<string>;
  readonly isRepaired: boolean;
  /** Undefined with a target of the caller's own. */
  readonly target: Target | undefined;
};

/** What `reconcile`, `apply` and the library do. @throws SyncError before anything was written. */
export async function runOnce(
  settings: Settings,
  { dryRun, logins, shared, settlesQueue, instead = {}, announce, onApplied, ...keeping }: Run,
  ports: ClientPorts,
): Promise<FinishedRun> {
  const opened = openServices(settings, {
    ...{ ...ports, mayWrite: !dryRun },
    beforeWrite: shared?.lock.assertHeld,
    teams: shared?.teams,
  });
  const target = instead.environment ? undefined : targetOf(settings, opened);
  const services = { ...opened, ...instead };
  const { environment } = services;
  const request = requestOf(settings, logins);
  const keep = planKeeper(request, {
    ...{ ...keeping, environment, describeDifferences },
    apiUrls: apiUrlsOf(settings),
    now: services.now,
  });
  let isRepaired = false;
  const onRepair = (): void => {
    isRepaired = true;
  };
  const coverage = shared && settlesQueue ? coverQueue(shared.openQueue({ onRepair }), request) : undefined;
  const options = {
    dryRun,
    lockWaitMs: settings.lockWaitMs,
    signal: ports.stop.signal,
    environment,
    coverage,
  };
  const run = await withLock(shared, request, options, (budget) =>
    reconcile(request, { ...services, announce, onApplied, onJudged: keep.onJudged, budget }).catch(
      keep.explain,
    ),
  );
  const configDigest = async () => digestOf(request, apiUrlsOf(settings), await environment()).digest;
  return { ...run, request, configDigest, isRepaired, target: await target?.() };
}
