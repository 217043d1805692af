import type { Outcome } from '../model/change.ts';
import type { SyncError } from '../model/errors.ts';
import type { Verdict } from '../model/limits.ts';
import type { PolicyPlan, PolicyResult, WantedPolicy } from '../model/policy.ts';
import type { PolicyReader, PolicyWriter } from '../model/policy-ports.ts';
import type { PlacedProblem } from '../model/problem.ts';
import { applyPolicy, type PolicyApplyPorts } from './apply-policy.ts';
import { diffPolicy } from './diff.ts';
import { permissionProblems, type Suggest } from './permissions.ts';

type PolicyRequest = {
  readonly wanted: WantedPolicy;
  /** How many permissions this run may take from roles. */
  readonly allowRevoke: number;
  /** False where nothing may ever be taken away (`mode: upsert-only`). */
  readonly mayRevoke: boolean;
};

type PolicyPorts = {
  readonly reader: PolicyReader;
  /** Undefined in a dry run, which has nothing that could write. */
  readonly writer: PolicyWriter | undefined;
  readonly pause: PolicyApplyPorts['pause'];
  readonly suggest: Suggest;
  /** Turns flaws into an error that says where they are. */
  readonly refuse: (flaws: readonly PlacedProblem[]) => SyncError;
  readonly announce: (step: 'read' | 'apply') => void;
};

export type PolicySetUp = {
  readonly plan: PolicyPlan;
  readonly verdict: Verdict;
  readonly results: readonly PolicyResult[];
};

/** Check, read, check against what was read, diff, judge, apply. @throws SyncError before anything was written. */
export async function setUpPolicy(request: PolicyRequest, ports: PolicyPorts): Promise<PolicySetUp> {
  const { wanted, allowRevoke, mayRevoke } = request;
  requireNone(permissionProblems(wanted, undefined, ports.suggest), ports);
  ports.announce('read');
  const held = await ports.reader.readPolicy(Object.keys(wanted.tenants));
  requireNone(permissionProblems(wanted, held, ports.suggest), ports);
  const plan = diffPolicy(wanted, held, mayRevoke);
  const verdict = judgePolicy(plan, allowRevoke);
  return { plan, verdict, results: await apply(plan, verdict, ports) };
}

function requireNone(flaws: readonly PlacedProblem[], { refuse }: PolicyPorts): void {
  if (flaws.length > 0) throw refuse(flaws);
}

async function apply(
  plan: PolicyPlan,
  { verdict }: Verdict,
  { reader, writer, pause, announce }: PolicyPorts,
): Promise<readonly PolicyResult[]> {
  if (writer && verdict === 'pass') {
    if (plan.changes.length === 0) return [];
    announce('apply');
    return applyPolicy(plan, { reader, writer, pause });
  }
  const outcome: Outcome = writer ? { kind: 'skipped', why: 'a limit was crossed' } : { kind: 'planned' };
  return plan.changes.map((change) => ({ change, outcome }));
}

/**
 * Decides whether a plan may be applied; judges the same value that `applyPolicy` receives.
 * @param allowed how many permissions this run may take from roles.
 */
export function judgePolicy({ changes }: PolicyPlan, allowed: number): Verdict {
  const planned = changes.filter(({ kind }) => kind === 'removePermission').length;
  if (planned <= allowed) return { verdict: 'pass', violations: [] };
  return {
    verdict: 'refused',
    violations: [{ limit: 'revocations', allowed, planned, override: `--allow-revoke ${planned}` }],
  };
}
