import type { BulkKind, Change, ChangeKind, ChangeOf, Result } from '../model/change.ts';
import { grantId } from '../model/grant.ts';
import { folded } from '../model/identity.ts';
import { type Ledger, type OnApplied, openLedger } from '../model/ledger.ts';
import type { LimitSettings } from '../model/limits.ts';
import { changesOf, type PersonPlan, type Plan } from '../model/plan.ts';
import type { PermitReader, PermitWriter } from '../model/ports.ts';
import type { GraphChange, GraphResult } from '../model/repositories/graph-change.ts';
import { groupBy } from '../model/text/record.ts';
import type { PermitUser } from '../model/user.ts';
import { type BulkWrites, bulkWrites } from './bulk-kinds.ts';
import type { BulkPorts } from './bulk-write.ts';
import { openFloorGuard } from './floor-guard.ts';
import { openOutage } from './outage.ts';
import { gainGraph, loseGraph } from './repositories/apply-graph.ts';
import { endsMove, updateUsers } from './update-users.ts';
import { writeInBulk } from './write-in-bulk.ts';

type ApplyPorts = {
  readonly writer: PermitWriter;
  readonly reader: Pick<PermitReader, 'readUsers' | 'readUser' | 'readGraph'>;
  /** Waits before Permit is read again after a write that failed or ended in doubt. */
  readonly pause: (attempt: number) => Promise<void>;
  readonly onApplied?: OnApplied<Change | GraphChange> | undefined;
  /** The limits that passed the plan. Its floors hold even if Permit refuses part of it. */
  readonly bounds: LimitSettings;
  /** For runs in quick succession, see `BulkPorts`. */
  readonly oneAlone: boolean;
};

/** How each change ended, in the plan's order. */
export type AppliedChanges = {
  readonly results: readonly Result[];
  readonly graphResults: readonly GraphResult[];
};

/** What every step of applying needs. */
type ApplyContext = {
  readonly writes: BulkWrites;
  readonly writer: PermitWriter;
  readonly ports: BulkPorts<Change>;
  /** Grants that a floor depends on, see `openFloorGuard`. */
  readonly untouchable: () => ReadonlySet<string>;
};

/**
 * Applies an admitted plan. People who only lose access come first and wait for nobody. Then users, then grants: a
 * replaced grant is taken only once the new one is in effect, and the former user of a person who moves is deleted only
 * once the new user holds everything. The graph of repositories gains between leavers and everyone else, and loses at
 * the end. It never throws because of Permit's answers.
 * @param users what Permit held when the plan was made: profiles and foreign attributes of people who move.
 */
export async function applyPlan(
  plan: Plan,
  users: readonly PermitUser[],
  { writer, reader, pause, onApplied, bounds, oneAlone }: ApplyPorts,
): Promise<AppliedChanges> {
  const ledger = openLedger(onApplied);
  const ports = { ledger, outage: openOutage(), pause, oneAlone };
  const byKey = new Map(users.map((user) => [user.key, user]));
  const untouchable = openFloorGuard(plan, users, bounds, ledger);
  const applying = { writes: bulkWrites(writer, reader, byKey), writer, ports, untouchable };
  const { readGraph } = reader;
  const graph = plan.graph?.changes ?? [];
  // What stops one stops the other, but single failures of one don't make an outage of the other.
  const graphPorts = readGraph && { ...ports, outage: openOutage(), writer, readGraph };
  await applyLosses(plan.people.filter(onlyLoses), applying);
  const others = plan.people.filter((person) => !onlyLoses(person));
  const granted = withoutGrantsOn(graphPorts ? await gainGraph(graph, graphPorts) : NONE, others, ledger);
  await applyInRounds(plan, granted.flatMap(stagesOf), applying);
  if (graphPorts) await loseGraph(graph, graphPorts);
  return { results: ledger.results(changesOf(plan)), graphResults: ledger.results(graph) };
}

const NONE: ReadonlySet<string> = new Set();

/** Nothing can be given on instances that could not be created. The rest of a person's changes does not wait for that. */
function withoutGrantsOn(
  absent: ReadonlySet<string>,
  people: readonly PersonPlan[],
  ledger: Ledger<Change>,
): readonly PersonPlan[] {
  if (absent.size === 0) return people;
  const isStuck = (change: Change): boolean =>
    change.kind === 'assignRole' && absent.has(change.grant.resource ?? '');
  return people.map((person) => {
    const stuck = person.changes.filter(isStuck);
    if (stuck.length === 0) return person;
    ledger.skipped(stuck, ledger.halted() ?? 'the resource instance could not be created');
    const without = (changes: readonly Change[]): readonly Change[] => changes.filter((one) => !isStuck(one));
    const stages = person.stages && { stages: person.stages.map(without) };
    return { ...person, changes: without(person.changes), ...stages };
  });
}

/** People who gain nothing: what they lose is not replaced, so nothing has to be in effect first. */
const onlyLoses = ({ changes, move, stages }: PersonPlan): boolean =>
  move === undefined &&
  stages === undefined &&
  changes.every(({ kind }) => kind !== 'assignRole' && kind !== 'createUser') &&
  changes.some(({ kind }) => kind === 'deleteUser' || kind === 'unassignRole');

async function applyLosses(people: readonly PersonPlan[], applying: ApplyContext): Promise<void> {
  await write('deleteUser', people, applying);
  await write('unassignRole', people, applying);
  const unassigned = withCompleted(people, applying, isKind('unassignRole'));
  await updateUsers(of('updateUser', unassigned), applying.writer, applying.ports);
}

const write = <K extends BulkKind>(
  kind: K,
  people: readonly PersonPlan[],
  { writes, ports }: ApplyContext,
): Promise<void> => writeInBulk<Change & ChangeOf<K>>(of(kind, people), writes[kind], ports);

/** Part of a person's changes, and those that have to be in effect before it begins. */
type Stage = PersonPlan & { readonly before: readonly Change[] };

const stagesOf = (person: PersonPlan): readonly Stage[] =>
  (person.stages ?? [person.changes]).map((changes, index, stages) => ({
    ...person,
    changes,
    before: stages[index - 1] ?? [],
  }));

/** A key is free only once its present user is deleted, so a person who needs that key comes in a later round. */
async function applyInRounds(plan: Plan, people: readonly Stage[], applying: ApplyContext): Promise<void> {
  const { ledger } = applying.ports;
  const leaving = groupBy(
    plan.people.flatMap((person) => of('deleteUser', [person]).map((change) => ({ person, change }))),
    ({ change }) => folded(change.user),
  );
  const waits = (stage: Stage): boolean =>
    stage.before.some((change) => !ledger.isApplied(change)) ||
    (leaving.size > 0 &&
      of('createUser', [stage]).some(({ user }) =>
        leaving
          .get(folded(user))
          ?.some(({ person, change }) => person.id !== stage.id && !ledger.isApplied(change)),
      ));
  let left = people;
  while (left.length > 0) {
    const later = left.filter(waits);
    if (later.length === left.length) {
      for (const { changes, before } of later) {
        const isHalfway = before.some((change) => !ledger.isApplied(change));
        const why = isHalfway ? 'the step before it failed' : 'the user who had the key could not be deleted';
        skipOpen(changes, why, ledger);
      }
      return;
    }
    await applyGains(
      left.filter((person) => !waits(person)),
      applying,
    );
    left = later;
  }
}

async function applyGains(people: readonly PersonPlan[], applying: ApplyContext): Promise<void> {
  const { writer, ports } = applying;
  await write('createUser', people, applying);
  const marks = of('updateUser', people).filter((change) => !endsMove(change));
  await updateUsers(marks, writer, ports);
  const ready = withCompleted(
    people,
    applying,
    (change) => change.kind === 'createUser' || isEarlyUpdate(change),
  );

  await write('assignRole', ready, applying);
  const granted = withCompleted(ready, applying, isKind('assignRole'));
  const replaced = withoutFloorHolders(granted, applying);
  await write('unassignRole', replaced, applying);

  await write('deleteUser', replaced, applying);
  const moved = withCompleted(replaced, applying, isKind('deleteUser'));
  await updateUsers(of('updateUser', moved).filter(endsMove), writer, ports);
}

const isKind =
  (kind: ChangeKind) =>
  (change: Change): boolean =>
    change.kind === kind;

const isEarlyUpdate = (change: Change): boolean => change.kind === 'updateUser' && !endsMove(change);

function of<K extends ChangeKind>(kind: K, people: readonly PersonPlan[]): readonly (Change & ChangeOf<K>)[] {
  const isOfKind = (change: Change): change is Change & ChangeOf<K> => change.kind === kind;
  const found: (Change & ChangeOf<K>)[] = [];
  for (const { changes } of people) for (const change of changes) if (isOfKind(change)) found.push(change);
  return found;
}

const WHY_WAITING = {
  createUser: 'the user could not be created',
  updateUser: 'the mark could not be written',
  assignRole: 'the grant that replaces it could not be made',
  unassignRole: 'the grants could not be taken',
  deleteUser: 'the former user could not be deleted',
} as const satisfies Record<ChangeKind, string>;

/** The people whose counted changes are all in effect. The other people's remaining changes are skipped. */
function withCompleted(
  people: readonly PersonPlan[],
  { ports: { ledger } }: ApplyContext,
  counts: (change: Change) => boolean,
): readonly PersonPlan[] {
  return people.filter(({ changes }) => {
    const missing = changes.find((change) => counts(change) && !ledger.isApplied(change));
    if (missing) skipOpen(changes, WHY_WAITING[missing.kind], ledger);
    return !missing;
  });
}

/** Leaves out people who would lose a grant that a floor depends on: they keep everything in this run. */
function withoutFloorHolders(
  people: readonly PersonPlan[],
  { ports: { ledger }, untouchable }: ApplyContext,
): readonly PersonPlan[] {
  const floorGrants = untouchable();
  if (floorGrants.size === 0) return people;
  return people.filter((person) => {
    const held = of('unassignRole', [person]).find(({ grant }) => floorGrants.has(grantId(grant)));
    if (held) skipOpen(person.changes, `nobody could be made ${held.grant.role} in this one's place`, ledger);
    return !held;
  });
}

function skipOpen(changes: readonly Change[], why: string, ledger: Ledger<Change>): void {
  const open = ledger.results(changes).filter(({ outcome }) => outcome.kind === 'skipped');
  ledger.skipped(
    open.map(({ change }) => change),
    ledger.halted() ?? why,
  );
}
