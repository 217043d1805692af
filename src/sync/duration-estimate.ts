import { type BulkKind, CHANGES, type ChangeKind, type Sign } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import type { Calls, Schedule } from '../model/pace.ts';
import { changesOf, type PersonPlan, type Plan } from '../model/plan.ts';
import { GRAPH_CHANGES, GRAPH_KINDS } from '../model/repositories/graph-change.ts';

/**
 * The requests that a plan needs if Permit refuses none, in the order in which `applyPlan` sends them (CONTRACT §11).
 * Reads after a write in doubt, and single writes after a refused batch, are not included.
 */
function callsFor(plan: Plan, oneAlone: boolean): readonly Calls[] {
  const gaining = plan.people.filter(gains);
  const losing = plan.people.filter((person) => !gains(person));
  const calls = (changes: number, { sign, perCall }: { sign: Sign; perCall: number }): Calls => {
    const { bulk, alone } = RATE_LIMITS[sign === '-' ? 'delete' : 'write'];
    const isAlone = perCall === 1 || (oneAlone && changes === 1);
    return { kinds: [isAlone ? alone : bulk], times: Math.ceil(changes / perCall) };
  };
  const bulk = (people: readonly PersonPlan[], kind: BulkKind): Calls =>
    calls(count(people, kind), CHANGES[kind]);
  const inGraph = (areLosses: boolean): readonly Calls[] =>
    GRAPH_KINDS.filter((kind) => (GRAPH_CHANGES[kind].sign === '-') === areLosses).map((kind) => {
      const changes = (plan.graph?.changes ?? []).filter((change) => change.kind === kind).length;
      return calls(changes, GRAPH_CHANGES[kind]);
    });
  return [
    bulk(losing, 'deleteUser'),
    bulk(losing, 'unassignRole'),
    ...inGraph(false),
    bulk(gaining, 'createUser'),
    { kinds: ['read', 'write'], times: count(plan.people, 'updateUser') },
    bulk(gaining, 'assignRole'),
    bulk(gaining, 'unassignRole'),
    bulk(gaining, 'deleteUser'),
    ...inGraph(true),
  ];
}

/** The rate limits that requests count against: in bulk, and one by one. */
const RATE_LIMITS = {
  write: { bulk: 'bulkWrite', alone: 'write' },
  delete: { bulk: 'bulkDelete', alone: 'delete' },
} as const;

const gains = ({ changes }: PersonPlan): boolean =>
  changes.some(({ kind }) => kind === 'assignRole' || kind === 'createUser');

const count = (people: readonly PersonPlan[], kind: ChangeKind): number =>
  people.reduce((sum, { changes }) => sum + changes.filter((change) => change.kind === kind).length, 0);

/**
 * The error for a plan that can't be applied before the timeout because of Permit's rate limits.
 * @returns undefined if there is enough time. The duration of the requests themselves is not estimated, so only a plan
 *   that certainly takes too long is refused. The suggested timeout allows for it.
 */
export function tooLong(
  plan: Plan,
  schedule: Schedule,
  { oneAlone = false }: { readonly oneAlone?: boolean } = {},
): SyncError | undefined {
  if (changesOf(plan).length === 0 && !plan.graph?.changes.length) return undefined;
  const { ms, limit } = schedule.forecast(callsFor(plan, oneAlone));
  const leftMs = schedule.remainingMs();
  if (limit === undefined || ms <= leftMs) return undefined;
  const passedMs = schedule.timeoutMs - leftMs;
  const enough = Math.ceil(((passedMs + ms) * 1.2 + MINUTE_MS) / MINUTE_MS);
  return new SyncError(
    'TIMEOUT',
    `${limit} makes this plan last at least ${spoken(ms)}, and --timeout leaves it ${spoken(leftMs)}`,
    `give it time with --timeout ${enough}m, or narrow it with --user`,
  );
}

const MINUTE_MS = 60_000;

const spoken = (ms: number): string =>
  ms < 2 * MINUTE_MS ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / MINUTE_MS)} minutes`;
