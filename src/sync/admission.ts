import { SyncError } from '../model/errors.ts';
import type { GitHubId } from '../model/identity.ts';
import type { Verdict } from '../model/limits.ts';
import type { Note, Plan } from '../model/plan.ts';
import type { PermitUser } from '../model/user.ts';
import type { Budget } from '../model/webhooks/queue.ts';
import { admit } from '../plan/admit.ts';
import { budgetFor, judge, type Spent, spendingOf } from '../plan/judge.ts';
import { tooLong } from './duration-estimate.ts';
import type { ReconcilePorts, ReconcileRequest } from './run.ts';

/** The part of a plan that the limits admit. */
export type AdmittedPlan = {
  readonly plan: Plan;
  readonly verdict: Verdict;
  /** People who wait for a limit. */
  readonly heldBack: ReadonlySet<GitHubId>;
  /** Why the rest of the plan is not applied. */
  readonly otherwise: string;
  readonly notes: readonly Note[];
};

/** How the limits apply to a run. */
export type Admission = {
  /** Judges a plan before its losses are confirmed. @returns undefined unless the plan is refused already. */
  readonly refuse: (draft: Plan) => Promise<AdmittedPlan | undefined>;
  /** Judges the final plan, and reserves its losses. @throws SyncError when the run has to end. */
  readonly admit: (plan: Plan, users: readonly PermitUser[]) => Promise<AdmittedPlan>;
};

const NOBODY: ReadonlySet<GitHubId> = new Set();

/** All or nothing: one crossed limit refuses the whole plan. */
export function admitAll(request: ReconcileRequest, ports: ReconcilePorts): Admission {
  const { limits, overrides } = request;
  let spent: Spent | undefined;
  const judged = (plan: Plan): AdmittedPlan => {
    const verdict = judge(plan, limits, overrides, spent);
    const part = verdict.verdict === 'pass' ? plan : withoutChanges(plan);
    return { plan: part, verdict, heldBack: NOBODY, otherwise: 'a limit was crossed', notes: [] };
  };
  return {
    refuse: async (draft) => {
      spent = await ports.budget?.spent();
      const admitted = judged(draft);
      if (admitted.verdict.verdict === 'pass') return undefined;
      await ports.onJudged?.(draft, admitted.verdict);
      return admitted;
    },
    admit: async (plan) => {
      const admitted = judged(plan);
      await ports.onJudged?.(plan, admitted.verdict);
      if (admitted.verdict.verdict === 'refused') return admitted;
      const late = tooLong(plan, ports.schedule);
      if (late && ports.writer) throw late;
      await reserveAll(plan, request, ports);
      return { ...admitted, notes: late ? [aboutTime(late)] : [] };
    },
  };
}

function withoutChanges({ graph: _, ...plan }: Plan): Plan {
  return { ...plan, people: [] };
}

/**
 * Counts the plan's losses against the budget of 24 hours before the first write. The plan was just judged, so this
 * fails only when another run has written in between.
 */
async function reserveAll(
  plan: Plan,
  request: ReconcileRequest,
  { budget, writer }: ReconcilePorts,
): Promise<void> {
  if (!budget || !writer || (await reserved(plan, plan, request, budget))) return;
  throw new SyncError(
    'LOCKED',
    'another run has used the budget of removals, demotions and moves while this one was planning',
    'run it again: it will judge its plan by what is left',
  );
}

/** The note of a dry run if a real run would end before writing anything. */
const aboutTime = ({ message, hint }: SyncError): Note => ({
  code: 'TIMEOUT',
  users: [],
  message: `${message}; ${hint}`,
});

/** How often to try to reserve, if other runs reserve something in between. */
const RESERVATIONS = 3;

/**
 * Admits as many people as the limits allow, in order of arrival. The others wait.
 * @param order the people, in order of arrival.
 */
export function admitWhatFits(
  order: readonly GitHubId[],
  request: ReconcileRequest,
  { budget, schedule, onJudged }: Pick<ReconcilePorts, 'schedule' | 'onJudged'> & { readonly budget: Budget },
): Admission {
  const { limits, overrides } = request;
  const reserveFitting = async (plan: Plan, users: readonly PermitUser[]): Promise<AdmittedPlan> => {
    for (let i = 0; i < RESERVATIONS; i++) {
      const part = admit(plan, users, { limits, overrides, spent: await budget.spent() }, order);
      if (!(await reserved(part.plan, plan, request, budget))) continue;
      const verdict = part.violations.length === 0 ? 'pass' : 'refused';
      return {
        ...part,
        verdict: { verdict, violations: part.violations },
        otherwise: 'waits for a limit',
        notes: [],
      };
    }
    throw new SyncError(
      'LOCKED',
      'other runs keep using the budget of removals, demotions and moves while this one is planning',
      'make sure that only one run at a time writes to this environment',
    );
  };
  return {
    refuse: async () => undefined,
    admit: async (plan, users) => {
      const late = tooLong(plan, schedule, { oneAlone: true });
      if (late) throw late;
      const admitted = await reserveFitting(plan, users);
      await onJudged?.(admitted.plan, { verdict: 'pass', violations: [] });
      return admitted;
    },
  };
}

/**
 * Reserves the losses of `part`. @param whole the plan that the budget is sized for. @returns whether there was room.
 */
export async function reserved(
  part: Plan,
  whole: Plan,
  { limits, overrides }: ReconcileRequest,
  budget: Budget,
): Promise<boolean> {
  const spending = spendingOf(part);
  if (!spending) return true;
  return (await budget.reserve(spending, budgetFor(whole, limits, overrides))) === 'reserved';
}
