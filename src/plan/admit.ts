import type { Change } from '../model/change.ts';
import { folded, type GitHubId } from '../model/identity.ts';
import {
  forEachLimit,
  LIMIT_NAMES,
  type LimitName,
  type LimitSettings,
  type Violation,
} from '../model/limits.ts';
import type { GraphPlan, Holders, PersonPlan, Plan } from '../model/plan.ts';
import { modelTypeOf } from '../model/repositories/access-model.ts';
import { isGraphLoss } from '../model/repositories/graph-change.ts';
import type { PermitUser } from '../model/user.ts';
import {
  allowedFor,
  countHolders,
  holdersAfter,
  judge,
  judgeFloors,
  peopleCounted,
  type Spent,
} from './judge.ts';

/** The part of a plan that the limits admit, and the people who are held back by them. */
export type AdmittedPart = {
  readonly plan: Plan;
  readonly heldBack: ReadonlySet<GitHubId>;
  /** The limits that the whole plan would have crossed; empty if nobody waits. */
  readonly violations: readonly Violation[];
};

export type Bounds = LimitSettings & { readonly spent: Spent };

/**
 * Admits as many people as the limits allow. For the queue, whose people arrived independently: those beyond a limit
 * can wait for an operator, or for the next day. People who lose nothing are always admitted.
 * @param order the people in order of arrival. People who are not in it come last.
 * @returns a plan that `judge` passes.
 */
export function admit(
  plan: Plan,
  users: readonly PermitUser[],
  bounds: Bounds,
  order: readonly GitHubId[],
): AdmittedPart {
  const { violations } = judge(plan, bounds.limits, bounds.overrides, bounds.spent);
  if (violations.length === 0) return { plan, heldBack: new Set(), violations };
  const isGraphRefused = violations.some(({ limit }) => limit === 'repositories' || limit === 'links');
  const partOf = (admitted: ReadonlySet<PersonPlan>): Plan => {
    const people = plan.people.filter((person) => admitted.has(person));
    const part = { ...plan, people, holders: holdersAfter(users, changesIn(people)) };
    return isGraphRefused && plan.graph ? { ...part, graph: gainsOf(plan.graph) } : part;
  };
  const isFirstRunRefused = violations.some(({ limit }) => limit === 'duplicates');
  const chosen = partOf(
    isFirstRunRefused ? new Set() : withoutHeirs(plan, choose(plan, users, bounds, order, isGraphRefused)),
  );
  const passes = judge(chosen, bounds.limits, bounds.overrides, bounds.spent).verdict === 'pass';
  // A floor may have depended on an heir who now has to wait.
  const part = passes ? chosen : partOf(withoutHeirs(plan, new Set(chosen.people.filter(gainsOnly))));
  const through = new Set(part.people);
  const heldBack = plan.people.filter((person) => !through.has(person));
  return {
    plan: part,
    heldBack: new Set(heldBack.flatMap(({ id }) => id ?? [])),
    violations,
  };
}

const changesIn = (people: readonly PersonPlan[]): readonly Change[] =>
  people.flatMap(({ changes }) => changes);

const loses = ({ changes }: PersonPlan): boolean =>
  changes.some(({ kind }) => kind === 'deleteUser' || kind === 'unassignRole');

/** Whether they lose a role on a repository, team or organization and stay. */
const losesLink = ({ movement, changes }: PersonPlan): boolean =>
  movement !== 'leaving' &&
  changes.some((change) => change.kind === 'unassignRole' && modelTypeOf(change.grant) !== undefined);

/** Without what is taken away: that waits for an operator. */
const gainsOf = (graph: GraphPlan): GraphPlan => ({
  ...graph,
  changes: graph.changes.filter((change) => !isGraphLoss(change)),
});

const gainsOnly = (person: PersonPlan): boolean => !loses(person);

function choose(
  plan: Plan,
  users: readonly PermitUser[],
  bounds: Bounds,
  order: readonly GitHubId[],
  isGraphRefused: boolean,
): ReadonlySet<PersonPlan> {
  const place = new Map(order.map((id, index) => [id, index]));
  const placeOf = ({ id }: PersonPlan): number =>
    (id === undefined ? undefined : place.get(id)) ?? order.length;
  const gaining = plan.people.filter(gainsOnly);
  const losing = plan.people.filter(loses).sort((a, b) => placeOf(a) - placeOf(b));
  const counts = openCounts(plan, bounds);
  const floors = openFloors(users, changesIn(gaining), bounds);
  const admitted = new Set(gaining);
  for (const person of losing) {
    if (!counts.haveRoomFor(person) || !floors.holdWithout(person)) continue;
    if (isGraphRefused && losesLink(person)) continue;
    counts.add(person);
    floors.add(person);
    admitted.add(person);
  }
  return admitted;
}

/** The people who count against each limit so far. */
function openCounts(plan: Plan, { limits, overrides, spent }: Bounds) {
  const known = forEachLimit((name) => new Set(spent[name]));
  /** Of this plan alone: people who already counted in an earlier plan count again here. */
  const own: Record<LimitName, number> = { removals: 0, demotions: 0, moves: 0 };
  const allowed = (name: LimitName): number => allowedFor(name, plan, limits, overrides);
  const countedIn = (name: LimitName, person: PersonPlan) => peopleCounted(name, { people: [person] });
  return {
    haveRoomFor: (person: PersonPlan): boolean =>
      LIMIT_NAMES.every((name) =>
        countedIn(name, person).every(
          (id) => own[name] < allowed(name) && (known[name].has(id) || known[name].size < allowed(name)),
        ),
      ),
    add: (person: PersonPlan): void => {
      for (const name of LIMIT_NAMES) {
        for (const id of countedIn(name, person)) {
          known[name].add(id);
          own[name]++;
        }
      }
    },
  };
}

/** The holders of each role, updated as people are admitted. */
function openFloors(users: readonly PermitUser[], changes: readonly Change[], { limits, overrides }: Bounds) {
  const byKey = new Map(users.map((user) => [user.key, user]));
  const before = countHolders(users, changes);
  const after = new Map([...before].map(([id, holders]) => [id, holders.after]));
  /** How this person changes the number of holders of each role. */
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

/** Without heirs: people who need the key of someone who waits have to wait too, and so on. */
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
