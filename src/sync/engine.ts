import { type Outcome, resultFinder } from '../model/change.ts';
import type { GitHubId } from '../model/identity.ts';
import { changesOf, type PersonPlan, type Plan } from '../model/plan.ts';
import { requireChosenKey } from '../plan/keys/chosen-key.ts';
import { gainers, losers } from '../plan/make-plan.ts';
import type { PlanInput } from '../plan/plan-input.ts';
import { atStakeIn } from '../plan/repositories/at-stake.ts';
import { type Admission, type AdmittedPlan, reserved } from './admission.ts';
import { type AppliedChanges, applyPlan } from './apply-plan.ts';
import { takeFromClaimedKeys } from './claimed-keys.ts';
import { type ConfirmedPlan, confirmLosses } from './confirm-losses.ts';
import { forgetWhileMoving } from './last-run.ts';
import { type Observation, planFrom, planFromListings, planFromLookups } from './observation.ts';
import { describeMissing, type Preflight } from './preflight.ts';
import { confirmLinks } from './repositories/confirm-links.ts';
import type { ReconcilePorts, ReconcileRequest, ReconcileResult } from './run.ts';

/** What a run covers. A full run, a saved plan, a drain and the library differ only in this. */
type Scope = {
  readonly observation: Observation;
  readonly preflight: Preflight;
  /** A person's known logins, for the second lookup. */
  readonly loginsOf: (id: GitHubId) => readonly string[];
  readonly admission: Admission;
  /** Checks the plan before its losses are confirmed. @throws SyncError to end the run. */
  readonly checkDraft?: (draft: Plan) => void;
  /** Called with the plan before it is admitted. */
  readonly onPlanned?: (plan: Plan) => Promise<void>;
  /** For runs in quick succession, see `BulkPorts`. */
  readonly oneAlone?: boolean;
};

/**
 * Plans, confirms, admits and applies: everything between an observation and Permit's new state.
 * @throws SyncError before anything was written.
 */
export async function bringInSync(
  scope: Scope,
  request: ReconcileRequest,
  ports: ReconcilePorts,
): Promise<ReconcileResult & { readonly heldBack: AdmittedPlan['heldBack'] }> {
  const { preflight, admission } = scope;
  const planOf = async (observation: Observation): Promise<Plan> => {
    const planned = await preflight.plan(async (missing) => ({
      plan: await planFrom(observation, request, missing, ports.reader),
    }));
    return planned.plan;
  };
  const first = await planOf(scope.observation);
  const observation = await withUses(scope.observation, first, ports.reader);
  const draft = observation.graph?.uses?.tuples.length ? await planOf(observation) : first;
  const { users } = observation;
  requireChosenKey(draft, users, request);
  scope.checkDraft?.(draft);
  const refused = await admission.refuse(draft);
  const { plan, listings, notes } = refused
    ? { plan: draft, listings: listingsOf(observation), notes: [] }
    : await confirmed(draft, { ...scope, observation }, request, ports);
  await scope.onPlanned?.(plan);
  const admitted = refused ?? (await admission.admit(plan, users));
  const applied = await forgetWhileMoving(ports.record, admitted.plan, () =>
    apply(plan, admitted, scope, request, ports),
  );
  return {
    ...applied,
    verdict: admitted.verdict,
    heldBack: admitted.heldBack,
    incomplete: observation.incomplete,
    unread: observation.unread,
    listings: listingsOf(observation),
    plannedFrom: { now: observation.now, listings, users, graph: observation.graph },
    notes: [...applied.plan.notes, ...notes, ...admitted.notes],
    lacks: describeMissing(preflight.missing(), plan, request.policyCommand),
  };
}

/** Asks Permit what else goes with the instances that a plan deletes. */
async function withUses<O extends Observation>(
  observation: O,
  { graph }: Plan,
  { readGraph }: Pick<ReconcilePorts['reader'], 'readGraph'>,
): Promise<O> {
  const deleted = (graph?.changes ?? []).flatMap((one) => (one.kind === 'deleteInstance' ? one.name : []));
  if (deleted.length === 0 || observation.graph === undefined) return observation;
  const read = await readGraph?.({ instances: [], tuplesOf: [], usesOf: deleted });
  return { ...observation, graph: { ...observation.graph, uses: read?.uses } };
}

const listingsOf = (observation: Observation): ReconcileResult['listings'] =>
  observation.kind === 'listed' ? observation.listings : [];

/** Looks up everyone who would lose or gain something only because of a listing, and plans again. */
async function confirmed(
  draft: Plan,
  { observation, preflight, loginsOf }: Scope,
  request: ReconcileRequest,
  ports: ReconcilePorts,
): Promise<ConfirmedPlan> {
  const links = draft.graph?.losses.length ?? 0;
  // A looked-up person was already asked about alone and by id.
  const people = observation.kind === 'lookedUp' ? 0 : losers(draft).length + gainers(draft).length;
  if (people + links === 0) return { plan: draft, listings: listingsOf(observation), notes: [] };
  ports.announce('look');
  if (observation.kind === 'lookedUp') {
    return preflight.plan(async (missing): Promise<ConfirmedPlan> => {
      const replan = (kept: PlanInput['keptLinks']): Plan =>
        planFromLookups(observation, request, missing, kept);
      const { plan } = await confirmLinks(draft, observation.orgs, ports.github, replan);
      return { plan, listings: [], notes: [] };
    });
  }
  const { users, graph } = observation;
  const atStake = atStakeIn(users, request.owner, observation.listings);
  return preflight.plan(
    (missing): Promise<ConfirmedPlan> =>
      confirmLosses(
        draft,
        observation.listings,
        ports.github,
        (answers) => planFromListings(observation, request, missing, answers),
        { loginsOf, atStake: (id, gone) => atStake(id, graph, gone) },
      ),
  );
}

type AppliedPlan = AppliedChanges & { readonly plan: Plan };

/** Applies what was admitted. If Permit refuses a move, also takes what must not stay under the former key. */
async function apply(
  plan: Plan,
  admitted: AdmittedPlan,
  scope: Scope,
  request: ReconcileRequest,
  ports: ReconcilePorts,
): Promise<AppliedPlan> {
  const { writer, budget } = ports;
  if (!writer) return { plan, ...outcomesOf(plan, NOTHING_APPLIED, { kind: 'planned' }) };
  const { users } = scope.observation;
  const write = (part: Plan): Promise<AppliedChanges> =>
    writePart(part, scope, request, { ...ports, writer });
  const first = await write(admitted.plan);
  const applied = await takeFromClaimedKeys({ plan: admitted.plan, results: first.results }, users, {
    bounds: request,
    spent: async () => budget?.spent(),
    reserve: async (more) => budget === undefined || reserved(more, plan, request, budget),
    apply: async (more) => (await write(more)).results,
  });
  const planned = new Set(plan.people);
  const more = applied.plan.people.filter((person) => !planned.has(person));
  const whole: Plan = {
    ...applied.plan,
    people: [...plan.people, ...more],
    // All of it: what was admitted may hold less, or nothing.
    ...(plan.graph ? { graph: plan.graph } : {}),
  };
  const known = { results: applied.results, graphResults: first.graphResults };
  const why: Outcome = { kind: 'skipped', why: admitted.otherwise };
  return withoutStanding({ plan: whole, ...outcomesOf(whole, known, why) });
}

/** Leaves out changes that were in effect before the run: it has not made them, and there was nothing to make. */
function withoutStanding({ plan, results, graphResults }: AppliedPlan): AppliedPlan {
  const stood = new Set<unknown>(
    [...results, ...graphResults].flatMap(({ change, outcome }) =>
      outcome.kind === 'applied' && outcome.stood ? [change] : [],
    ),
  );
  if (stood.size === 0) return { plan, results, graphResults };
  const isOpen = (change: unknown): boolean => !stood.has(change);
  const people = plan.people.flatMap((person): readonly PersonPlan[] => {
    const changes = person.changes.filter(isOpen);
    return changes.length === 0 && person.changes.length > 0 ? [] : [{ ...person, changes }];
  });
  const graph = plan.graph && { graph: { ...plan.graph, changes: plan.graph.changes.filter(isOpen) } };
  return {
    plan: { ...plan, people, ...graph },
    results: results.filter(({ change }) => isOpen(change)),
    graphResults: graphResults.filter(({ change }) => isOpen(change)),
  };
}

const NOTHING_APPLIED: AppliedChanges = { results: [], graphResults: [] };

async function writePart(
  part: Plan,
  { observation, oneAlone = false }: Scope,
  bounds: ReconcileRequest,
  ports: ReconcilePorts & { readonly writer: NonNullable<ReconcilePorts['writer']> },
): Promise<AppliedChanges> {
  const changes = changesOf(part).length + (part.graph?.changes.length ?? 0);
  if (part.people.length + changes === 0) return NOTHING_APPLIED;
  ports.announce('apply', changes);
  return applyPlan(part, observation.users, { ...ports, bounds, oneAlone });
}

/** One result for each change, in the plan's order. @param otherwise the outcome of changes that are not in `known`. */
function outcomesOf(plan: Plan, known: AppliedChanges, otherwise: Outcome): AppliedChanges {
  const find = resultFinder(known.results);
  const graph = new Map(known.graphResults.map(({ change, outcome }) => [change, outcome]));
  return {
    results: changesOf(plan).map((change) => find(change) ?? { change, outcome: otherwise }),
    graphResults: (plan.graph?.changes ?? []).map((change) => ({
      change,
      outcome: graph.get(change) ?? otherwise,
    })),
  };
}
