import { SyncError } from '../model/errors.ts';
import type { Verdict } from '../model/limits.ts';
import type { Plan } from '../model/plan.ts';
import {
  configDifferences,
  type PlanDifference,
  planDifferences,
  planScope,
  type SavedPlan,
  savePlan,
} from '../model/saved-plan.ts';
import { enumerate } from '../model/text/text.ts';
import { type ApiUrls, digestOf, ENVIRONMENT, type PermitPlace, sha256 } from './config-digest.ts';
import type { ReconcileRequest } from './run.ts';

/** What a run does with its plan besides applying it. */
export type PlanKeeperPorts = {
  readonly apiUrls: ApiUrls;
  readonly environment: () => Promise<PermitPlace>;
  readonly now: () => Date;
  readonly concealed: (text: string) => string;
  /** The plan that this run must reproduce; undefined for a run that needs no approval. */
  readonly approved?: SavedPlan | undefined;
  /** Describes, for `PLAN_STALE`, how the two plans differ. */
  readonly describeDifferences: (differences: readonly PlanDifference[]) => string;
  /** Called with the plan once it was judged and matches the approved one. If one throws, the run ends. */
  readonly keepers: readonly ((saved: SavedPlan, plan: Plan) => void)[];
};

type PlanKeeper = {
  /** Saves the plan, or compares it with the approved one. @throws SyncError before anything was written. */
  readonly onJudged: ((plan: Plan, verdict: Verdict) => Promise<void>) | undefined;
  /** Throws the error to report for a failed run. */
  readonly explain: (error: unknown) => never;
};

export function planKeeper(
  request: ReconcileRequest,
  { apiUrls, environment, now, concealed, approved, describeDifferences, keepers }: PlanKeeperPorts,
): PlanKeeper {
  const onJudged = async (plan: Plan, { verdict }: Verdict): Promise<void> => {
    const config = digestOf(request, apiUrls, await environment());
    const scope = planScope(request.listedOrgs, request.logins, request.mode, request.userSettings.adopt);
    const facts = { createdAt: now().toISOString(), verdict, scope, config };
    const saved = savePlan(plan, facts, sha256, concealed);
    // A refused plan is not applied, approved or not: the user has to read the refusal.
    if (approved && verdict === 'pass') requireSame(approved, saved, describeDifferences);
    for (const keep of keepers) keep(saved, plan);
  };
  return {
    onJudged: approved || keepers.length > 0 ? onJudged : undefined,
    explain: (error) => {
      // Flags were checked before. What is left is a login of the saved plan that no longer exists.
      const isGone = approved && error instanceof SyncError && error.code === 'USAGE';
      throw isGone ? stale(error.message) : error;
    },
  };
}

/**
 * Compares the settings before anything is asked of GitHub or Permit.
 * @throws SyncError `PLAN_STALE`
 */
export function requireSameConfig(
  { config, scope }: SavedPlan,
  request: ReconcileRequest,
  apiUrls: ApiUrls,
): void {
  const now = planScope(request.listedOrgs, undefined, request.mode, request.userSettings.adopt);
  const differ = configDifferences(config, digestOf(request, apiUrls)).filter((name) => name !== ENVIRONMENT);
  const flags = [
    { flag: '--org', was: scope.orgs.join(' '), is: now.orgs.join(' ') },
    { flag: '--mode', was: scope.mode, is: now.mode },
    { flag: '--adopt', was: scope.adopt, is: now.adopt },
  ].filter(({ was, is }) => was !== is);
  if (differ.length === 0) return;
  throw stale(
    [
      `the settings differ in ${enumerate(differ)}`,
      ...flags.map(({ flag, was, is }) => `${flag} was ${was} for the plan, and is ${is} now`),
    ].join('\n'),
  );
}

function requireSame(
  approved: SavedPlan,
  own: SavedPlan,
  describeDifferences: PlanKeeperPorts['describeDifferences'],
): void {
  if (approved.fingerprint === own.fingerprint) return;
  const differ = configDifferences(approved.config, own.config);
  if (differ.length > 0) throw stale(`the settings differ in ${enumerate(differ)}`);
  const differences = planDifferences(approved, own);
  if (differences.length > 0) throw stale(describeDifferences(differences));
}

const stale = (why: string): SyncError =>
  new SyncError(
    'PLAN_STALE',
    `the plan is stale, and nothing was written: ${why}`,
    [
      'save a new plan, review it, and apply that one:',
      'gh-permit-sync reconcile --dry-run --out plan.json',
    ].join('\n'),
  );
