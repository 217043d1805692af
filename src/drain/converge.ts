import type { Result } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import type { GitHubId } from '../model/identity.ts';
import { countMissing } from '../model/missing.ts';
import { changesOf, type Plan } from '../model/plan.ts';
import type { Budget } from '../model/queue.ts';
import type { PermitUser } from '../model/user.ts';
import { type Admission, admit } from '../plan/admit.ts';
import { requireChosenKey } from '../plan/chosen-key.ts';
import { budgetFor, spendingOf } from '../plan/judge.ts';
import { applyPlan } from '../sync/apply-plan.ts';
import { type Applied, takeFromClaimedKeys } from '../sync/claimed-keys.ts';
import { tooLong } from '../sync/duration-estimate.ts';
import { areMovesThrough } from '../sync/last-run.ts';
import { describeMissing, openPreflight } from '../sync/preflight.ts';
import { type Reconciled, type ReconcileRequest, sizesOf } from '../sync/reconcile.ts';
import { lookupsOf } from './contradictions.ts';
import type { Hints } from './hints.ts';
import { findUnconverged } from './outcome.ts';
import type { ConvergePorts } from './ports.ts';
import { see } from './see.ts';
import { type Convergence, seenAmong } from './settlement.ts';

export type Converged = { readonly convergence: Convergence; readonly reconciled: Reconciled };

/**
 * Brings the people of a drain to what GitHub and the rules say, by the very plan and the very hand of a full
 * run: read, look, plan, admit, reserve, apply.
 * @throws SyncError before anything was written.
 */
export async function converge(
  hints: Hints,
  request: ReconcileRequest,
  { github, ...rest }: ConvergePorts,
): Promise<Converged> {
  const ports = { ...rest, github: listingOnce(github) };
  ports.announce('list');
  const first = await see(hints, request, ports);
  requireChosenKey(first.plan, first.users, request);
  const preflight = openPreflight(first.users, ports.reader);
  const { view, users, plan, notes, idsByLogin, unknown, contradictions } = await preflight.plan((missing) =>
    countMissing(missing) === 0 ? first : see(hints, { ...request, missing }, ports),
  );
  const late = tooLong(plan, ports.schedule, { oneAlone: true });
  if (late) throw late;
  const admission = await reserve(plan, users, request, ports.budget, [...view.people]);
  await ports.onJudged?.(admission.plan, { verdict: 'pass', violations: [] });
  const { plan: done, results } = await remembering(ports.record, admission.plan, () =>
    apply(plan, admission, users, request, ports),
  );
  return {
    reconciled: {
      plan: done,
      verdict: {
        verdict: admission.violations.length === 0 ? 'pass' : 'refused',
        violations: admission.violations,
      },
      results,
      incomplete: view.incomplete,
      unread: view.unread,
      listed: view.kind === 'list' ? sizesOf(view.listings) : [],
      listings: view.listings,
      notes: [...done.notes, ...notes],
      lacks: describeMissing(preflight.missing(), plan),
    },
    convergence: {
      idsByLogin,
      unknown,
      open: findUnconverged({
        plan: done,
        results,
        waiting: admission.waiting,
        unanswered: new Set(view.unconfirmed.keys()),
      }),
      isSeen: seenAmong(view.listings, request.orgs),
      contradicted: lookupsOf(contradictions),
    },
  };
}

/** A plan that is made anew, since Permit lacks a role for instance, is no reason to list the organizations again. */
function listingOnce(github: ConvergePorts['github']): ConvergePorts['github'] {
  const listed = new Map<string, ReturnType<ConvergePorts['github']['listOrg']>>();
  return {
    ...github,
    listOrg: (org, needs) => {
      const listing = listed.get(org) ?? github.listOrg(org, needs);
      listed.set(org, listing);
      return listing;
    },
  };
}

/** What is known of everybody is forgotten while somebody moves, unless the move comes to its end. */
async function remembering(
  record: ConvergePorts['record'],
  plan: Plan,
  work: () => Promise<Applied>,
): Promise<Applied> {
  if (plan.people.every(({ move }) => move === undefined)) return work();
  const known = await record.read();
  await record.clear();
  const applied = await work();
  // What was applied is told, whatever becomes of the record: without one the next drain lists.
  if (known && areMovesThrough(plan, applied.results)) await record.write(known).catch(() => undefined);
  return applied;
}

/** Tries again where another run has reserved something in between. */
const RESERVATIONS = 3;

async function reserve(
  plan: Plan,
  users: readonly PermitUser[],
  { limits, overrides }: ReconcileRequest,
  budget: Budget,
  turn: readonly GitHubId[],
): Promise<Admission> {
  const allowed = budgetFor(plan, limits, overrides);
  for (let i = 0; i < RESERVATIONS; i++) {
    const admission = admit(plan, users, { limits, overrides, spent: await budget.spent() }, turn);
    const spending = spendingOf(admission.plan);
    if (!spending || (await budget.reserve(spending, allowed)) === 'reserved') return admission;
  }
  throw new SyncError(
    'LOCKED',
    'other runs keep using the budget of removals, demotions and moves while this one is planning',
    'see that only one run at a time writes to this environment',
  );
}

async function apply(
  plan: Plan,
  admission: Admission,
  users: readonly PermitUser[],
  request: ReconcileRequest,
  { writer, reader, pause, onApplied, announce, budget }: ConvergePorts,
): Promise<Applied> {
  if (admission.plan.people.length > 0) announce('apply');
  const write = async (part: Plan): Promise<readonly Result[]> =>
    part.people.length === 0
      ? []
      : applyPlan(part, users, { writer, reader, pause, onApplied, bounds: request, oneAlone: true });
  const admitted = { plan: admission.plan, results: await write(admission.plan) };
  const { limits, overrides } = request;
  const applied = await takeFromClaimedKeys(admitted, users, {
    bounds: request,
    spent: budget.spent,
    reserve: async (more) => {
      const spending = spendingOf(more);
      return !spending || (await budget.reserve(spending, budgetFor(plan, limits, overrides))) === 'reserved';
    },
    apply: write,
  });
  const known = new Set(plan.people);
  const more = applied.plan.people.filter((person) => !known.has(person));
  const whole: Plan = { ...applied.plan, people: [...plan.people, ...more] };
  const outcomes = new Map(applied.results.map(({ change, outcome }) => [change, outcome]));
  const results = changesOf(whole).map(
    (change): Result => ({
      change,
      outcome: outcomes.get(change) ?? { kind: 'skipped', why: 'waits for a limit' },
    }),
  );
  return { plan: whole, results };
}
