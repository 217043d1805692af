import type { Settings } from '../config/settings.ts';
import { SyncError } from '../model/errors.ts';
import type { Verdict } from '../model/limits.ts';
import type { Plan } from '../model/plan.ts';
import {
  configDifferences,
  planDifferences,
  planScope,
  type SavedPlan,
  savePlan,
} from '../model/saved-plan.ts';
import { enumerate } from '../model/text.ts';
import { describeDifferences } from '../report/saved-plan.ts';
import type { ReconcileRequest } from '../sync/reconcile.ts';
import type { Audit } from './audit.ts';
import { digestOf, ENVIRONMENT, type PermitPlace, sha256 } from './config-digest.ts';
import type { NamedPath } from './new-file.ts';
import { writePlanFile } from './plan-file.ts';

/** What becomes of a run's plan besides being applied. */
export type PlanKeeping = {
  /** The plan that has to come out again; undefined for a run that needs no approval. */
  readonly approved: SavedPlan | undefined;
  /** Narrow the run to these people. */
  readonly logins: readonly string[] | undefined;
  readonly out: NamedPath | undefined;
};

export type PlanKeeper = {
  /** Saves the plan, or compares it with the approved one. @throws SyncError before anything was written. */
  readonly onJudged: ((plan: Plan, verdict: Verdict) => Promise<void>) | undefined;
  /** Throws what a failed run ends with. */
  readonly explain: (error: unknown) => never;
};

export function planKeeper(
  { approved, out }: PlanKeeping,
  {
    request,
    settings,
    environment,
    audit,
    now,
    concealed,
  }: {
    readonly request: ReconcileRequest;
    readonly settings: Settings;
    readonly environment: () => Promise<PermitPlace>;
    readonly audit: Audit | undefined;
    readonly now: () => Date;
    readonly concealed: (text: string) => string;
  },
): PlanKeeper {
  const onJudged = async (plan: Plan, { verdict }: Verdict): Promise<void> => {
    const config = digestOf(request, settings, await environment());
    const scope = planScope(request.listedOrgs, request.logins, request.mode, request.userSettings.adopt);
    const saved = savePlan(
      plan,
      { createdAt: now().toISOString(), verdict, scope, config },
      sha256,
      concealed,
    );
    // A refused plan is not applied, approved or not, and the refusal is what has to be read.
    if (approved && verdict === 'pass') requireSame(approved, saved);
    if (out) writePlanFile(out, saved);
    audit?.begin(plan, saved.fingerprint);
  };
  return {
    onJudged: approved || out || audit ? onJudged : undefined,
    explain: (error) => {
      // The flags were checked before; what is left is a login of the plan that nobody has any more.
      const gone = approved && error instanceof SyncError && error.code === 'USAGE';
      throw gone ? stale(error.message) : error;
    },
  };
}

/**
 * What can be known before anything is asked of GitHub or Permit.
 * @throws SyncError `PLAN_STALE`
 */
export function requireSameConfig(
  { config, scope }: SavedPlan,
  request: ReconcileRequest,
  settings: Settings,
): void {
  const now = planScope(request.listedOrgs, undefined, request.mode, request.userSettings.adopt);
  const differ = configDifferences(config, digestOf(request, settings)).filter(
    (name) => name !== ENVIRONMENT,
  );
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

function requireSame(approved: SavedPlan, own: SavedPlan): void {
  if (approved.fingerprint === own.fingerprint) return;
  const differ = configDifferences(approved.config, own.config);
  if (differ.length > 0) throw stale(`the settings differ in ${enumerate(differ)}`);
  const differences = planDifferences(approved.changes, own.changes);
  if (differences.length > 0) throw stale(describeDifferences(differences));
}

const stale = (why: string): SyncError =>
  new SyncError(
    'PLAN_STALE',
    `the plan is stale, and nothing was written: ${why}`,
    [
      'if the settings are meant to be other ones, or GitHub or Permit have moved on, save a new plan by',
      'gh-permit-sync reconcile --dry-run --out plan.json, look at it, and apply that one',
    ].join('\n'),
  );
