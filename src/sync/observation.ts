import type { IdentityReading } from '../model/corporate-identity.ts';
import { SyncError } from '../model/errors.ts';
import type { GitHubId } from '../model/identity.ts';
import type { GraphCounts } from '../model/limits.ts';
import type {
  CompleteListing,
  IncompleteListing,
  OrgFacts,
  OrgWithoutMembers,
  Unread,
} from '../model/member.ts';
import type { Missing } from '../model/missing.ts';
import type { Plan } from '../model/plan.ts';
import type { GitHubSource, PermitReader } from '../model/ports.ts';
import type { PermitGraph } from '../model/repositories/graph.ts';
import type { PermitUser } from '../model/user.ts';
import type { LastRun } from '../model/webhooks/queue.ts';
import { findImpostors } from '../plan/impostors.ts';
import { spendingOf } from '../plan/judge.ts';
import { makePlan } from '../plan/make-plan.ts';
import { isMissed, orgNeedsOf } from '../plan/needs.ts';
import { isFirstRun } from '../plan/ownership.ts';
import type { PlanInput, Unconfirmed } from '../plan/plan-input.ts';
import { observeIdentities } from './identities/observe-identities.ts';
import type { ReconcileRequest } from './run.ts';

/** Everything a run plans from. Only a `listed` observation says anything about people who were not looked up. */
export type Observation = ListedObservation | LookedUpObservation;

type ObservationBase = {
  /** When it was made: rules that have ended by then apply to nobody. */
  readonly now: Date;
  readonly users: readonly PermitUser[];
  /** Undefined if no repositories are mirrored, or `policy` has not created their model yet. */
  readonly graph?: PermitGraph | undefined;
  /** Undefined if no user key needs any. */
  readonly identities?: IdentityReading | undefined;
  readonly incomplete: readonly IncompleteListing[];
  /** Teams and collaborators that could not be read, by organization. */
  readonly unread: readonly Unread[];
  /** People for whom GitHub's answer contradicts a webhook. They keep what they have until the two agree. */
  readonly contradicted?: ReadonlySet<GitHubId> | undefined;
};

/** Everyone in these organizations was listed. */
export type ListedObservation = ObservationBase & {
  readonly kind: 'listed';
  readonly listings: readonly CompleteListing[];
  /** The people that the plan is about. */
  readonly people: ReadonlySet<GitHubId> | 'everyone';
};

/** These people were looked up one by one, by id. Nothing is known about anyone else. */
export type LookedUpObservation = ObservationBase & {
  readonly kind: 'lookedUp';
  readonly people: ReadonlySet<GitHubId>;
  /** The organizations, with the answers about `people`. */
  readonly orgs: readonly OrgWithoutMembers[];
  /** People about whom GitHub gave no clear answer. */
  readonly unconfirmed: ReadonlyMap<GitHubId, Unconfirmed>;
  /** The size of the whole graph, as the last full run left it. */
  readonly graphCounts?: GraphCounts | undefined;
  /** Set when `users` holds only the users of `people`: the last full run knows how many users there are. */
  readonly population?: LastRun | undefined;
};

/** What is known about each organization, from a listing or from lookups. */
export const observedOrgs = (observation: Observation): readonly OrgFacts[] =>
  observation.kind === 'listed' ? observation.listings : observation.orgs;

/** What the second lookups have shown so far. */
export type SecondLookups = {
  /** With the lookups applied. */
  readonly listings: readonly CompleteListing[];
  /** People whose losses a second lookup did not confirm. */
  readonly unconfirmed: ReadonlyMap<GitHubId, Unconfirmed>;
  readonly keptLinks?: PlanInput['keptLinks'];
};

export function planFromListings(
  { now, users, graph, people, identities, contradicted }: ListedObservation,
  request: ReconcileRequest,
  missing: Missing,
  answers: SecondLookups,
): Plan {
  const input = { ...request, ...answers, now, users, graph, identities, missing };
  if (people === 'everyone') return makePlan({ ...input, contradicted });
  return makePlan({ ...input, contradicted, ids: people, pruneUnmanaged: undefined });
}

/** Plans from lookups, for the people who were looked up and nobody else. */
export function planFromLookups(
  {
    now,
    users,
    graph,
    graphCounts,
    people,
    orgs,
    identities,
    unconfirmed,
    contradicted,
  }: LookedUpObservation,
  request: ReconcileRequest,
  missing: Missing | undefined,
  keptLinks?: PlanInput['keptLinks'],
): Plan {
  return makePlan({
    ...request,
    ...{ now, users, graph, graphCounts, keptLinks, identities, unconfirmed, missing, contradicted },
    listings: orgs.map((org) => ({ ...org, kind: 'complete' })),
    ids: people,
    pruneUnmanaged: undefined,
  });
}

/** @throws SyncError if Permit's users have to be counted and can't be. */
export async function planFrom(
  observation: Observation,
  request: ReconcileRequest,
  missing: Missing,
  reader: Pick<PermitReader, 'countUsers'>,
): Promise<Plan> {
  if (observation.kind === 'listed')
    return planFromListings(observation, request, missing, {
      listings: observation.listings,
      unconfirmed: new Map(),
    });
  const plan = planFromLookups(observation, request, missing);
  const { population } = observation;
  return population === undefined ? plan : withPopulation(plan, population, reader);
}

/**
 * Percentages are of all managed users, and this plan knows only a few of them. Redis remembers the number from the
 * last full run, but is not trusted beyond the number of users that Permit reports.
 */
async function withPopulation(
  plan: Plan,
  { managed }: LastRun,
  reader: Pick<PermitReader, 'countUsers'>,
): Promise<Plan> {
  const most = spendingOf(plan) ? await reader.countUsers() : managed;
  return { ...plan, managedBefore: Math.min(managed, most) };
}

/**
 * Lists every organization while Permit is read.
 * @param identify whose identities are read. If everyone's, that does not wait for the listings. Before the first mark is
 *   written, all existing users are counted, which takes everyone's.
 * @throws SyncError when no organization could be read completely.
 */
export async function listOrgs<P extends Pick<ListedObservation, 'users' | 'graph'>>(
  request: ReconcileRequest,
  { github, now }: { readonly github: GitHubSource; readonly now: Date },
  readPermit: () => Promise<P>,
  identify: 'everyone' | ((orgs: readonly OrgFacts[], users: readonly PermitUser[]) => ReadonlySet<GitHubId>),
): Promise<{ readonly observation: ListedObservation; readonly permit: P }> {
  const { listedOrgs, rules, repositories } = request;
  const observer = observeIdentities(request, github);
  const [answers, permit] = await Promise.all([
    Promise.all(listedOrgs.map((org) => github.listOrg(org, orgNeedsOf(rules, org, repositories)))),
    readPermit(),
    identify === 'everyone' ? observer.ofEveryone(listedOrgs) : undefined,
  ]);
  const { users, graph } = permit;
  const { complete: listings, incomplete, unread } = believe(answers, users, request, now);
  const isFirst = isFirstRun(users, request.owner);
  const people = identify === 'everyone' || isFirst ? 'everyone' : identify(listings, users);
  const identities = await observer.of(people, listings, users);
  const observation = {
    ...({ kind: 'listed', people: 'everyone' } as const),
    ...{ now, users, graph, listings, identities, incomplete, unread },
  };
  return { observation, permit };
}

/** Organizations that can be trusted, and those that can't. */
type TrustedOrgs<L extends OrgFacts> = {
  readonly complete: readonly L[];
  readonly incomplete: readonly IncompleteListing[];
  readonly unread: readonly Unread[];
};

/** Separates complete organizations from incomplete ones and impostors. @throws SyncError when none is complete. */
export function believe<L extends OrgFacts & { readonly kind: 'complete' | 'without-members' }>(
  listings: readonly (L | IncompleteListing)[],
  users: readonly PermitUser[],
  request: ReconcileRequest,
  now: Date,
): TrustedOrgs<L> {
  const unreadable = listings.filter((listing) => listing.kind === 'incomplete');
  const read = listings.filter((listing): listing is L => listing.kind !== 'incomplete');
  const { complete, impostors } = findImpostors(read, users, request);
  const incomplete = [...unreadable, ...impostors];
  requireComplete(complete, incomplete);
  const unread = complete.flatMap((listing) =>
    listing.unread.filter((one) => isMissed(one, listing.org, request, now)),
  );
  return { complete, incomplete, unread };
}

/** @throws SyncError if no organization is complete: incomplete data gives and takes nothing. */
function requireComplete(complete: readonly OrgFacts[], incomplete: readonly IncompleteListing[]): void {
  const [first] = incomplete;
  if (complete.length > 0 || !first) return;
  const hints = new Set(incomplete.map(({ hint }) => hint));
  throw new SyncError(first.code, incomplete.map(({ message }) => message).join('\n'), [...hints].join('\n'));
}
