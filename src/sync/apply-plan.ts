import { grantId } from '../model/grant.ts';
import { folded } from '../model/identity.ts';
import {
  type Change,
  type ChangeKind,
  type ChangeOf,
  changesOf,
  type PersonPlan,
  type Plan,
  type Result,
} from '../model/plan.ts';
import type { PermitReader, PermitWriter } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { assignments, creations, deletions, unassignments } from './bulk-kinds.ts';
import type { BulkPorts, UsersByKey } from './bulk-write.ts';
import { type Bounds, openFloorGuard } from './floor-guard.ts';
import { type Ledger, type OnApplied, openLedger } from './ledger.ts';
import { openOutage } from './outage.ts';
import { endsMove, updateUsers } from './update-users.ts';
import { writeInBulk } from './write-in-bulk.ts';

export type ApplyPorts = {
  readonly writer: PermitWriter;
  readonly reader: Pick<PermitReader, 'readUsers' | 'readUser'>;
  /** Waits before Permit is read after a write that failed or ended in doubt. */
  readonly pause: (attempt: number) => Promise<void>;
  readonly onApplied?: OnApplied | undefined;
  /** Within which the plan was judged: its floors hold, too, when Permit refuses a part of it. */
  readonly bounds: Bounds;
  /** Of runs that follow one another at short distance, see `BulkPorts`. */
  readonly oneAlone?: boolean;
};

/** Of Permit's listing. */
const USERS_PER_PAGE = 100;

/** What every step of applying needs. */
type Applying = {
  readonly writer: PermitWriter;
  readonly ports: BulkPorts;
  readonly ledger: Ledger;
  readonly users: UsersByKey;
  /** Grants on which a floor has come to rest. */
  readonly untouchable: (ledger: Ledger) => ReadonlySet<string>;
};

/**
 * Applies a plan that was judged. Whoever only loses comes first and waits for nobody; then users, then grants; a
 * grant that is replaced is taken only after the new one stands, and a user from whom somebody moves goes away only
 * after everything stands on the new one.
 * @param users what Permit held when the plan was made: profiles and foreign attributes of people who move.
 * @returns how each change ended, in the plan's order; throws for nothing that Permit may answer.
 */
export async function applyPlan(
  plan: Plan,
  users: readonly PermitUser[],
  { writer, reader, pause, onApplied, bounds, oneAlone = false }: ApplyPorts,
): Promise<readonly Result[]> {
  const ledger = openLedger(onApplied);
  const listingPages = Math.ceil(users.length / USERS_PER_PAGE);
  const ports: BulkPorts = { ledger, outage: openOutage(), reader, listingPages, pause, oneAlone };
  const byKey = new Map(users.map((user) => [user.key, user]));
  const untouchable = openFloorGuard(plan, users, bounds);
  const applying = { writer, ports, ledger, users: byKey, untouchable };
  await applyLosses(plan.people.filter(onlyLoses), applying);
  await applyInTurn(plan, plan.people.filter((person) => !onlyLoses(person)).flatMap(stagesOf), applying);
  return ledger.results(changesOf(plan));
}

/** Somebody who gains nothing: what is taken is not replaced, so nothing has to stand before. */
const onlyLoses = ({ changes, move, stages }: PersonPlan): boolean =>
  move === undefined &&
  stages === undefined &&
  changes.every(({ kind }) => kind !== 'assignRole' && kind !== 'createUser') &&
  changes.some(({ kind }) => kind === 'deleteUser' || kind === 'unassignRole');

async function applyLosses(people: readonly PersonPlan[], applying: Applying): Promise<void> {
  const { writer, ports, ledger } = applying;
  await writeInBulk(of('deleteUser', people), deletions(writer), ports);
  await writeInBulk(of('unassignRole', people), unassignments(writer), ports);
  await updateUsers(of('updateUser', withCompleted(people, ledger, isKind('unassignRole'))), writer, ports);
}

/** Part of what is done for a person, and what has to stand before it. */
type Stage = PersonPlan & { readonly before: readonly Change[] };

const stagesOf = (person: PersonPlan): readonly Stage[] =>
  (person.stages ?? [person.changes]).map((changes, index, stages) => ({
    ...person,
    changes,
    before: stages[index - 1] ?? [],
  }));

/** A key that somebody else has is free only after that user is gone: whoever waits for one comes a turn later. */
async function applyInTurn(plan: Plan, people: readonly Stage[], applying: Applying): Promise<void> {
  const { ledger } = applying;
  const leaving = new Map<string, { readonly person: PersonPlan; readonly change: Change }[]>();
  for (const person of plan.people) {
    for (const change of of('deleteUser', [person])) {
      const known = leaving.get(folded(change.user)) ?? [];
      leaving.set(folded(change.user), [...known, { person, change }]);
    }
  }
  const waits = (stage: Stage): boolean =>
    stage.before.some((change) => !ledger.isApplied(change)) ||
    of('createUser', [stage]).some(({ user }) =>
      leaving
        .get(folded(user))
        ?.some(({ person, change }) => person.id !== stage.id && !ledger.isApplied(change)),
    );
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

async function applyGains(people: readonly PersonPlan[], applying: Applying): Promise<void> {
  const { writer, ports, ledger, users, untouchable } = applying;
  await writeInBulk(of('createUser', people), creations(writer, users), ports);
  await updateUsers(
    of('updateUser', people).filter((change) => !endsMove(change)),
    writer,
    ports,
  );
  const ready = withCompleted(
    people,
    ledger,
    (change) => change.kind === 'createUser' || isUpdateBefore(change),
  );
  await writeInBulk(of('assignRole', ready), assignments(writer), ports);
  const replaced = free(withCompleted(ready, ledger, isKind('assignRole')), untouchable(ledger), ledger);
  await writeInBulk(of('unassignRole', replaced), unassignments(writer), ports);

  await writeInBulk(of('deleteUser', replaced), deletions(writer), ports);
  await updateUsers(
    of('updateUser', withCompleted(replaced, ledger, isKind('deleteUser'))).filter(endsMove),
    writer,
    ports,
  );
}

const isKind =
  (kind: ChangeKind) =>
  (change: Change): boolean =>
    change.kind === kind;

const isUpdateBefore = (change: Change): boolean => change.kind === 'updateUser' && !endsMove(change);

const of = <K extends ChangeKind>(kind: K, people: readonly PersonPlan[]): readonly ChangeOf<K>[] =>
  people.flatMap(({ changes }) => changes.filter((change): change is ChangeOf<K> => change.kind === kind));

const WHY_WAITING = {
  createUser: 'the user could not be created',
  updateUser: 'the mark could not be written',
  assignRole: 'the grant that replaces it could not be made',
  unassignRole: 'the grants could not be taken',
  deleteUser: 'the former user could not be deleted',
} as const satisfies Record<ChangeKind, string>;

/** The people whose changes of these kinds all stand; everything else of the others is skipped. */
function withCompleted(
  people: readonly PersonPlan[],
  ledger: Ledger,
  counts: (change: Change) => boolean,
): readonly PersonPlan[] {
  return people.filter(({ changes }) => {
    const missing = changes.find((change) => counts(change) && !ledger.isApplied(change));
    if (missing) skipOpen(changes, WHY_WAITING[missing.kind], ledger);
    return !missing;
  });
}

/** Whoever would give up a grant on which a floor rests keeps everything in this run. */
function free(
  people: readonly PersonPlan[],
  untouchable: ReadonlySet<string>,
  ledger: Ledger,
): readonly PersonPlan[] {
  if (untouchable.size === 0) return people;
  return people.filter((person) => {
    const held = of('unassignRole', [person]).find(({ grant }) => untouchable.has(grantId(grant)));
    if (held) skipOpen(person.changes, `nobody could be made ${held.grant.role} in this one's place`, ledger);
    return !held;
  });
}

function skipOpen(changes: readonly Change[], why: string, ledger: Ledger): void {
  const open = ledger.results(changes).filter(({ outcome }) => outcome.kind === 'skipped');
  ledger.skipped(
    open.map(({ change }) => change),
    ledger.halted() ?? why,
  );
}
