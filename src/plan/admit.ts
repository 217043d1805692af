import type { Change } from '../model/change.ts';
import { folded, type GitHubId } from '../model/identity.ts';
import type { LimitName, Limits, Overrides, Violation } from '../model/limits.ts';
import type { Holders, PersonPlan, Plan } from '../model/plan.ts';
import type { PermitUser } from '../model/user.ts';
import {
  allowedPeople,
  countHolders,
  holdersAfter,
  judge,
  judgeFloors,
  peopleCounted,
  type Spent,
} from './judge.ts';

/** The part of a plan that the limits let through, and who has to wait. */
export type Admission = {
  readonly plan: Plan;
  readonly waiting: ReadonlySet<GitHubId>;
  /** What the whole plan would have crossed; empty where nobody waits. */
  readonly violations: readonly Violation[];
};

export type Bounds = {
  readonly limits: Limits;
  readonly overrides: Overrides;
  readonly spent: Spent;
};

/**
 * Lets through as many people as the limits allow: for a queue, where everybody came alone, and where whoever is one
 * too many can wait for an operator, or for the next day. Who loses nothing waits for nobody.
 * @param turn the people in the order in which they came; whoever is not in it comes last.
 * @returns a plan that `judge` passes.
 */
export function admit(
  plan: Plan,
  users: readonly PermitUser[],
  bounds: Bounds,
  turn: readonly GitHubId[],
): Admission {
  const { violations } = judge(plan, bounds.limits, bounds.overrides, bounds.spent);
  if (violations.length === 0) return { plan, waiting: new Set(), violations };
  const partOf = (admitted: ReadonlySet<PersonPlan>): Plan => {
    const people = plan.people.filter((person) => admitted.has(person));
    return { ...plan, people, holders: holdersAfter(users, changesIn(people)) };
  };
  const isFirstRunRefused = violations.some(({ limit }) => limit === 'duplicates');
  const chosen = partOf(
    isFirstRunRefused ? new Set() : withoutHeirs(plan, choose(plan, users, bounds, turn)),
  );
  const passes = judge(chosen, bounds.limits, bounds.overrides, bounds.spent).verdict === 'pass';
  // An heir who had to stay behind may have been the one on whom a floor rested.
  const part = passes ? chosen : partOf(withoutHeirs(plan, new Set(chosen.people.filter(gainsOnly))));
  const through = new Set(part.people);
  const waiting = plan.people.filter((person) => !through.has(person));
  return {
    plan: part,
    waiting: new Set(waiting.flatMap(({ id }) => (id === undefined ? [] : [id]))),
    violations,
  };
}

const changesIn = (people: readonly PersonPlan[]): readonly Change[] =>
  people.flatMap(({ changes }) => changes);

const loses = ({ changes }: PersonPlan): boolean =>
  changes.some(({ kind }) => kind === 'deleteUser' || kind === 'unassignRole');

const gainsOnly = (person: PersonPlan): boolean => !loses(person);

function choose(
  plan: Plan,
  users: readonly PermitUser[],
  bounds: Bounds,
  turn: readonly GitHubId[],
): ReadonlySet<PersonPlan> {
  const place = new Map(turn.map((id, index) => [id, index]));
  const placeOf = ({ id }: PersonPlan): number =>
    (id === undefined ? undefined : place.get(id)) ?? turn.length;
  const gaining = plan.people.filter(gainsOnly);
  const losing = plan.people.filter(loses).sort((a, b) => placeOf(a) - placeOf(b));
  const counts = openCounts(plan, bounds);
  const floors = openFloors(users, changesIn(gaining), bounds);
  const admitted = new Set(gaining);
  for (const person of losing) {
    if (!counts.haveRoomFor(person) || !floors.holdWithout(person)) continue;
    counts.add(person);
    floors.add(person);
    admitted.add(person);
  }
  return admitted;
}

const COUNTED = ['removals', 'demotions', 'moves'] as const satisfies readonly LimitName[];

/** Who counts against each limit so far. */
function openCounts(plan: Plan, { limits, overrides, spent }: Bounds) {
  const known: Readonly<Record<LimitName, Set<GitHubId>>> = {
    removals: new Set(spent.removals),
    demotions: new Set(spent.demotions),
    moves: new Set(spent.moves),
  };
  /** Of this plan alone: whoever was in an earlier one counts in this one all the same. */
  const own: Record<LimitName, number> = { removals: 0, demotions: 0, moves: 0 };
  const allowed = (name: LimitName): number => allowedPeople(name, plan, limits, overrides);
  const countedIn = (name: LimitName, person: PersonPlan) => peopleCounted(name, { people: [person] });
  return {
    haveRoomFor: (person: PersonPlan): boolean =>
      COUNTED.every((name) =>
        countedIn(name, person).every(
          (id) => own[name] < allowed(name) && (known[name].has(id) || known[name].size < allowed(name)),
        ),
      ),
    add: (person: PersonPlan): void => {
      for (const name of COUNTED) {
        for (const id of countedIn(name, person)) {
          known[name].add(id);
          own[name]++;
        }
      }
    },
  };
}

/** The holders of each role, as people are let through. */
function openFloors(users: readonly PermitUser[], changes: readonly Change[], { limits, overrides }: Bounds) {
  const byKey = new Map(users.map((user) => [user.key, user]));
  const before = countHolders(users, changes);
  const after = new Map([...before].map(([id, holders]) => [id, holders.after]));
  /** By how much each role's holders change, of those roles that this person touches. */
  const effectOf = (person: PersonPlan): ReadonlyMap<string, Holders> => {
    const keys = new Set(person.changes.map(({ user }) => user));
    return countHolders(
      [...keys].flatMap((key) => byKey.get(key) ?? []),
      person.changes,
    );
  };
  return {
    holdWithout: (person: PersonPlan): boolean => {
      const holders = [...effectOf(person)].map(([id, effect]) => ({
        ...effect,
        before: before.get(id)?.before ?? 0,
        after: (after.get(id) ?? 0) + effect.after - effect.before,
      }));
      return judgeFloors({ holders }, limits, overrides).length === 0;
    },
    add: (person: PersonPlan): void => {
      for (const [id, effect] of effectOf(person)) {
        after.set(id, (after.get(id) ?? 0) + effect.after - effect.before);
      }
    },
  };
}

/** Whoever would come under the key of somebody who waits has to wait too, and so on. */
function withoutHeirs(plan: Plan, admitted: ReadonlySet<PersonPlan>): ReadonlySet<PersonPlan> {
  const left = new Set(admitted);
  for (;;) {
    const staying = plan.people.filter((person) => !left.has(person));
    const occupied = new Set(staying.flatMap((person) => keysOf(person, 'deleteUser')));
    const heirs = [...left].filter((person) => keysOf(person, 'createUser').some((key) => occupied.has(key)));
    if (heirs.length === 0) return left;
    for (const heir of heirs) left.delete(heir);
  }
}

const keysOf = ({ changes }: PersonPlan, kind: 'createUser' | 'deleteUser'): readonly string[] =>
  changes.filter((change) => change.kind === kind).map(({ user }) => folded(user));
