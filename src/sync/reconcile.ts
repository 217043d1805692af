import type { Outcome, Result } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import type { GitHubId } from '../model/identity.ts';
import type { Limits, Overrides, Verdict } from '../model/limits.ts';
import type { CompleteListing, IncompleteListing, OrgListing, Unread } from '../model/member.ts';
import type { Missing } from '../model/missing.ts';
import type { Schedule } from '../model/pace.ts';
import { changesOf, type Note, type Plan } from '../model/plan.ts';
import type { GitHubSource, PermitReader, PermitWriter } from '../model/ports.ts';
import type { Budget } from '../model/queue.ts';
import { enumerate } from '../model/text.ts';
import type { PermitUser } from '../model/user.ts';
import { assignableGrants } from '../plan/assignable-grants.ts';
import { requireChosenKey } from '../plan/chosen-key.ts';
import { findImpostors } from '../plan/impostors.ts';
import { budgetFor, judge, spendingOf } from '../plan/judge.ts';
import { losers, makePlan, type PlanInput, unknownLogins } from '../plan/make-plan.ts';
import { needsOf } from '../plan/needs.ts';
import { knownLogins } from '../plan/ownership.ts';
import { applyPlan } from './apply-plan.ts';
import { type Applied, takeFromClaimedKeys } from './claimed-keys.ts';
import { type Confirmed, confirmLosses, type Replan } from './confirm-losses.ts';
import { tooLong } from './duration-estimate.ts';
import type { Bounds } from './floor-guard.ts';
import type { OnApplied } from './ledger.ts';
import {
  describeMissing,
  type Lack,
  openPreflight,
  type Preflight,
  requireSomethingToDo,
} from './preflight.ts';

/** What is to be brought into agreement, and within which limits. */
export type ReconcileRequest = Omit<PlanInput, 'listings' | 'users' | 'unconfirmed' | 'ids'> & {
  /** The organizations of this run; `orgs` are all that are configured. */
  readonly listedOrgs: readonly string[];
  /** Whether `userSettings.key` was set, or is only the default. */
  readonly userKeyChosen: boolean;
  readonly limits: Limits;
  readonly overrides: Overrides;
};

export type ReconcilePorts = {
  readonly github: GitHubSource;
  readonly reader: PermitReader;
  /** Undefined in a dry run, which holds nothing that could write. */
  readonly writer: PermitWriter | undefined;
  readonly pause: (attempt: number) => Promise<void>;
  readonly schedule: Schedule;
  readonly announce: (step: Step) => void;
  /**
   * Gets the final plan as it was judged, before anything of it is applied, in a dry run too. What it throws ends the
   * run with nothing written.
   */
  readonly onJudged?: ((plan: Plan, verdict: Verdict) => Promise<void>) | undefined;
  readonly onApplied?: OnApplied | undefined;
  /** Undefined where runs share no budget. */
  readonly budget?: ReconcileBudget | undefined;
};

/** What all runs of one queue may take within 24 hours. A dry run looks, and reserves nothing. */
export type ReconcileBudget = Pick<Budget, 'spent' | 'reserve'>;

/** What a run is about to do; shown as progress. */
export type Step = 'list' | 'look' | 'apply';

export type Reconciled = {
  readonly plan: Plan;
  readonly verdict: Verdict;
  readonly results: readonly Result[];
  readonly incomplete: readonly IncompleteListing[];
  /** Teams and collaborators that could not be read, organization by organization. */
  readonly unread: readonly Unread[];
  /** The organizations that were listed completely. */
  readonly listed: readonly OrgSize[];
  /** What GitHub said of them. */
  readonly listings: readonly CompleteListing[];
  readonly notes: readonly Note[];
  /** What Permit lacks of the things that the rules name. */
  readonly lacks: readonly Lack[];
};

export type OrgSize = { readonly org: string; readonly members: number };

export const sizesOf = (listings: readonly CompleteListing[]): readonly OrgSize[] =>
  listings.map(({ org, members }) => ({ org, members: members.length }));

/** List, diff, judge, confirm, judge again, apply. @throws SyncError before anything was written. */
export async function reconcile(request: ReconcileRequest, ports: ReconcilePorts): Promise<Reconciled> {
  const { complete, incomplete, unread, users, preflight } = await listEverything(request, ports);
  refuseUnknownLogins({ ...request, listings: complete, users }, incomplete);

  const plans =
    (missing: Missing): Replan =>
    (listings, unconfirmed) =>
      makePlan({ ...request, listings, users, unconfirmed, missing });
  const { plan: first } = await preflight.plan((missing) => ({ plan: plans(missing)(complete, new Map()) }));
  requireChosenKey(first, users, request);
  requireSomethingToDo(first, describeMissing(preflight.missing(), first));
  const spent = await ports.budget?.spent();
  const firstVerdict = judge(first, request.limits, request.overrides, spent);
  if (firstVerdict.verdict === 'refused') {
    await ports.onJudged?.(first, firstVerdict);
    return {
      plan: first,
      verdict: firstVerdict,
      results: untouched(first, ports),
      incomplete,
      unread,
      listed: sizesOf(complete),
      listings: complete,
      notes: first.notes,
      lacks: describeMissing(preflight.missing(), first),
    };
  }

  const loginsOf = knownLogins(users, request.owner);
  const { plan, notes } = await preflight.plan((missing) =>
    confirmed(first, complete, ports, plans(missing), loginsOf),
  );
  const verdict = judge(plan, request.limits, request.overrides, spent);
  await ports.onJudged?.(plan, verdict);
  const late = verdict.verdict === 'pass' ? tooLong(plan, ports.schedule) : undefined;
  if (late && ports.writer) throw late;
  if (verdict.verdict === 'pass') await reserve(plan, request, ports);
  const applied =
    verdict.verdict === 'pass'
      ? await applyWhole(plan, users, request, ports)
      : { plan, results: untouched(plan, ports) };
  return {
    ...applied,
    verdict,
    incomplete,
    unread,
    listed: sizesOf(complete),
    listings: complete,
    notes: [...plan.notes, ...notes, ...(late ? [aboutTime(late)] : [])],
    lacks: describeMissing(preflight.missing(), plan),
  };
}

/**
 * Counts the plan's losses against the day's budget before the first of them is written. What was judged a moment
 * ago can only have changed when another run has written meanwhile.
 */
async function reserve(
  plan: Plan,
  { limits, overrides }: ReconcileRequest,
  { budget, writer }: ReconcilePorts,
): Promise<void> {
  if (!budget || !writer) return;
  const spending = spendingOf(plan);
  if (!spending) return;
  if ((await budget.reserve(spending, budgetFor(plan, limits, overrides))) === 'reserved') return;
  throw new SyncError(
    'LOCKED',
    'another run has used the budget of removals, demotions and moves while this one was planning',
    'run it again: it will judge its plan by what is left',
  );
}

/** What a dry run says where the run itself would not begin to write. */
const aboutTime = ({ message, hint }: SyncError): Note => ({
  code: 'TIMEOUT',
  users: [],
  message: `${message}; ${hint}`,
});

export type Listed = {
  readonly complete: readonly CompleteListing[];
  readonly incomplete: readonly IncompleteListing[];
  readonly unread: readonly Unread[];
  readonly users: readonly PermitUser[];
};

/**
 * Reads GitHub and Permit side by side, and asks Permit for the roles and tenants that the rules can give.
 * @throws SyncError when no organization could be read whole.
 */
export async function listEverything(
  request: ReconcileRequest,
  { github, reader, announce }: Pick<ReconcilePorts, 'github' | 'reader' | 'announce'>,
): Promise<Listed & { readonly preflight: Preflight }> {
  announce('list');
  const { listedOrgs, rules } = request;
  const readPermit = async () => {
    const users = await reader.readUsers();
    const preflight = openPreflight(users, reader);
    await preflight.lookFor(assignableGrants(rules, listedOrgs));
    return { users, preflight };
  };
  const [listings, { users, preflight }] = await Promise.all([
    Promise.all(listedOrgs.map((org) => github.listOrg(org, needsOf(rules, org)))),
    readPermit(),
  ]);
  return { ...believe(listings, users, request), preflight };
}

/** Sorts out which organizations are to be believed. @throws SyncError when none is. */
export function believe(
  listings: readonly OrgListing[],
  users: readonly PermitUser[],
  { owner, orgs, orgPins, retiredOrgs }: Pick<ReconcileRequest, 'owner' | 'orgs' | 'orgPins' | 'retiredOrgs'>,
): Listed {
  const unread = listings.filter((listing) => listing.kind === 'incomplete');
  const read = listings.filter((listing) => listing.kind === 'complete');
  const { complete, impostors } = findImpostors(read, users, {
    owner,
    orgs,
    pins: orgPins ?? {},
    retired: retiredOrgs ?? [],
  });
  const incomplete = [...unread, ...impostors];
  requireComplete(complete, incomplete);
  return {
    complete,
    incomplete,
    unread: complete.flatMap((listing) => listing.unread),
    users,
  };
}

/** Only a complete listing gives or takes anything. @throws SyncError when there is none. */
function requireComplete(
  complete: readonly CompleteListing[],
  incomplete: readonly IncompleteListing[],
): void {
  const [first] = incomplete;
  if (complete.length > 0 || !first) return;
  const hints = new Set(incomplete.map(({ hint }) => hint));
  throw new SyncError(first.code, incomplete.map(({ message }) => message).join('\n'), [...hints].join('\n'));
}

function refuseUnknownLogins(input: PlanInput, incomplete: readonly IncompleteListing[]): void {
  const unknown = unknownLogins(input);
  if (unknown.length === 0 || incomplete.length > 0) return;
  throw new SyncError(
    'USAGE',
    `nobody is called ${enumerate(unknown)}, neither a member of ${enumerate(input.listings.map(({ org }) => org))} nor a user managed here`,
    'check the login after --user: it is what stands behind the @ on GitHub',
  );
}

async function confirmed(
  first: Plan,
  listings: readonly CompleteListing[],
  ports: ReconcilePorts,
  replan: Replan,
  loginsOf: (id: GitHubId) => readonly string[],
): Promise<Confirmed> {
  if (losers(first).length === 0) return { plan: first, notes: [] };
  ports.announce('look');
  return confirmLosses(first, listings, ports.github, replan, loginsOf);
}

/** The plan, and what has to be taken where Permit refuses a move. */
async function applyWhole(
  plan: Plan,
  users: readonly PermitUser[],
  request: ReconcileRequest,
  ports: ReconcilePorts,
): Promise<Applied> {
  const results = await apply(plan, users, request, ports);
  if (!ports.writer) return { plan, results };
  return takeFromClaimedKeys({ plan, results }, users, {
    bounds: request,
    spent: async () => ports.budget?.spent(),
    reserve: async (more) => {
      const spending = spendingOf(more);
      if (!ports.budget || !spending) return true;
      const { limits, overrides } = request;
      return (await ports.budget.reserve(spending, budgetFor(plan, limits, overrides))) === 'reserved';
    },
    apply: (more) => apply(more, users, request, ports),
  });
}

async function apply(
  plan: Plan,
  users: readonly PermitUser[],
  bounds: Bounds,
  ports: ReconcilePorts,
): Promise<readonly Result[]> {
  if (!ports.writer) return untouched(plan, ports);
  if (plan.people.length === 0) return [];
  ports.announce('apply');
  const { writer, reader, pause, onApplied } = ports;
  return applyPlan(plan, users, { writer, reader, pause, onApplied, bounds });
}

function untouched(plan: Plan, { writer }: ReconcilePorts): readonly Result[] {
  const outcome: Outcome = writer ? { kind: 'skipped', why: 'a limit was crossed' } : { kind: 'planned' };
  return changesOf(plan).map((change) => ({ change, outcome }));
}
