import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseGitHubId } from '../../src/model/identity.ts';
import { readMark } from '../../src/model/mark.ts';
import type { PermitUser } from '../../src/model/user.ts';
import { userKeyFor } from '../../src/plan/keys/user-key.ts';
import { makePlan, type PlanInput } from '../../src/plan/make-plan.ts';
import { applyToUsers } from '../support/apply-to-users.ts';
import { listing, member, OWNER, ours, planInput } from '../support/builders.ts';
import { idsHeld, isProtected, managedGrants, wantedGrants } from './oracle.ts';
import { RUNS, type World, worlds } from './worlds.ts';

const WORLDS = [{}, { whole: true }, { whole: true, halfMoved: true }] as const;

const always = (options: (typeof WORLDS)[number], says: (world: World) => void): void =>
  fc.assert(fc.property(worlds(options), says), RUNS);

/** Whose login a key is made of today, in lower case. */
function dueKeys({ listings, userSettings }: PlanInput): ReadonlyMap<string, ReadonlySet<number>> {
  const due = new Map<string, Set<number>>();
  // A person who was renamed between two listings has one name today.
  const logins = new Map<number, string>();
  for (const { members, collaborators = [] } of listings) {
    for (const { id, login } of [...members, ...collaborators]) {
      const known = logins.get(id);
      if (known === undefined || login > known) logins.set(id, login);
    }
  }
  for (const [id, login] of logins) {
    const key = userKeyFor(userSettings.key, { id: parseGitHubId(id) ?? fail(id), login })?.toLowerCase();
    if (key !== undefined) due.set(key, (due.get(key) ?? new Set()).add(id));
  }
  return due;
}

const fail = (id: number): never => {
  throw new Error(`${id} is not an id`);
};

/** Of our users, those under the login of someone else. */
function underClaimedKeys(input: PlanInput, users: readonly PermitUser[]) {
  const due = dueKeys(input);
  return users.flatMap((user) => {
    const reading = readMark(user.attributes);
    if (reading.kind !== 'valid' || reading.mark.owner !== OWNER) return [];
    const people = due.get(user.key.toLowerCase()) ?? new Set();
    const { id } = reading.mark;
    return people.size === 0 || people.has(id) ? [] : [{ user, id, people }];
  });
}

describe.each(WORLDS)('in worlds %j', (options) => {
  test('nobody gets a managed grant of someone else by taking the login', () => {
    always(options, ({ input }) => {
      const everyone = { ...input, logins: undefined };
      const managed = managedGrants(input);
      const plan = makePlan(everyone);
      const kept = new Set(
        plan.notes.filter(({ code }) => code !== 'BAD_MARK').flatMap(({ users }) => users),
      );
      const claimed = new Set(
        plan.skipped.filter(({ code }) => code === 'KEY_CLAIMED').map(({ user }) => user),
      );
      const twice = new Set(plan.skipped.filter(({ code }) => code === 'DUPLICATE_ID').map(({ id }) => id));
      for (const { user, id } of underClaimedKeys(input, applyToUsers(plan, input.users))) {
        if (!idsHeld(user).some(managed.has)) continue;
        expect(claimed).toContain(user.key);
        expect(kept.has(user.key) || twice.has(id)).toBe(true);
      }
    });
  });

  test('nobody is given anything under the login of someone else, at any moment', () => {
    always(options, ({ input }) => {
      const before = new Map(input.users.map((user) => [user.key, user]));
      const plan = makePlan({ ...input, logins: undefined });
      applyToUsers(plan, input.users, (held) => {
        for (const { user, id } of underClaimedKeys(input, held)) {
          const former = before.get(user.key);
          const own = former?.attributes.github_id === id ? idsHeld(former) : [];
          for (const grant of idsHeld(user)) expect(own).toContain(grant);
        }
      });
    });
  });

  test('whoever cannot be moved loses what nothing gives', () => {
    always(options, ({ input }) => {
      const plan = makePlan({ ...input, logins: undefined });
      const wanted = wantedGrants(input);
      const managed = managedGrants(input);
      const kept = new Set(plan.notes.flatMap(({ users }) => users));
      const twice = new Set(plan.skipped.filter(({ code }) => code === 'DUPLICATE_ID').map(({ id }) => id));
      if (input.listings.length < input.configuredOrgs.length) return;
      for (const user of applyToUsers(plan, input.users)) {
        const reading = readMark(user.attributes);
        if (reading.kind !== 'valid' || reading.mark.owner !== OWNER) continue;
        const { id } = reading.mark;
        if (twice.has(id) || kept.has(user.key) || isProtected(input, user.key)) continue;
        for (const grant of idsHeld(user).filter(managed.has)) expect(wanted.get(id)?.has(grant)).toBe(true);
      }
    });
  });

  test('a person who is skipped for a key is told apart: taken, or claimed', () => {
    always(options, ({ input }) => {
      const plan = makePlan({ ...input, logins: undefined });
      const due = dueKeys(input);
      for (const { code, user, id } of plan.skipped) {
        if (code !== 'KEY_CLAIMED') continue;
        expect([...(due.get(user.toLowerCase()) ?? [])].filter((one) => one !== id)).not.toEqual([]);
      }
    });
  });
});

type Held = { readonly admin: boolean; readonly foreign: boolean };

const swappedPeople: fc.Arbitrary<readonly Held[]> = fc.array(
  fc.record({ admin: fc.boolean(), foreign: fc.boolean() }),
  { minLength: 6, maxLength: 6 },
);

/** Six people in sync under their former names, and the names that they have today. */
function swapped(names: readonly string[], now: readonly string[], held: readonly Held[]): PlanInput {
  const people = held.map(({ admin }, slot) => member(slot + 1, now[slot] ?? '', admin ? 'admin' : 'member'));
  const users = held.map(({ admin, foreign }, slot) =>
    ours(slot + 1, names[slot] ?? '', {
      grants: [`default/${admin ? 'admin' : 'member'}`, ...(foreign ? ['prod/x', 'prod/y@repo:1'] : [])],
      attributes: { seat: slot + 1 },
    }),
  );
  return planInput({ listings: [listing('acme', ...people)], users });
}

test('a swap that is cut off anywhere ends like one that is not', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), swappedPeople, (order, people) => {
      const names = ['ann', 'bob', 'cat', 'dan'];
      const now = order.map((slot) => names[slot] ?? '');
      const input = swapped(names, now, people.slice(0, 4));
      const moments: (readonly PermitUser[])[] = [];
      const whole = applyToUsers(makePlan(input), input.users, (held) => moments.push(held));
      for (const moment of moments) {
        let users = moment;
        for (let run = 0; run < 2; run++) users = applyToUsers(makePlan({ ...input, users }), users);
        expect(sorted(users)).toEqual(sorted(whole));
        expect(makePlan({ ...input, users }).people).toEqual([]);
        // Each on their own, and nobody without a user: the next run needs no limit.
        expect(makePlan({ ...input, users: moment }).skipped).toEqual([]);
      }
    }),
    RUNS,
  );
});

const sorted = (users: readonly PermitUser[]) =>
  users
    .map(({ key, attributes, grants }) => ({ key, attributes, grants }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));

test('people who swap names end with their own grants under their own names, whoever they are', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), swappedPeople, (order, people) => {
      const names = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay'];
      const now = order.map((slot) => names[slot] ?? '');
      const input = swapped(names, now, people);
      const plan = makePlan(input);
      expect(plan.skipped).toEqual([]);
      expect(plan.people.every(({ movement }) => movement === 'moved')).toBe(true);
      const reached = applyToUsers(plan, input.users);
      expect(reached.map(({ key }) => key).toSorted()).toEqual(names);
      for (const user of reached) {
        const id = now.indexOf(user.key) + 1;
        expect(user.attributes).toMatchObject({ github_id: id, github_login: user.key, seat: id });
        expect(user.attributes.managed_move).toBeUndefined();
        expect(idsHeld(user)).toEqual(idsHeld(input.users[id - 1]));
      }
      expect(makePlan({ ...input, users: reached }).people).toEqual([]);
    }),
    RUNS,
  );
});
