import fc from 'fast-check';
import { expect, test } from 'vitest';
import { grantId } from '../../src/model/grant.ts';
import type { Limit, LimitName, Limits, Overrides } from '../../src/model/limits.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { PermitUser } from '../../src/model/user.ts';
import { judge } from '../../src/plan/judge.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { applyToUsers } from '../support/apply-to-users.ts';
import { idsHeld, managedGrants, wantedGrants } from './oracle.ts';
import { RUNS, type Whose, type World, worlds } from './worlds.ts';

/** A limit in whole per cents, so that it can be counted without fractions. */
type Bound = { readonly people: number } | { readonly percent: number };

const bound: fc.Arbitrary<Bound> = fc.oneof(
  fc.record({ people: fc.nat(4) }),
  fc.record({ percent: fc.constantFrom(0, 1, 10, 25, 29, 50, 58, 100) }),
);
const bounds = fc.array(bound, { minLength: 1, maxLength: 2 });
const override = fc.option(fc.nat(4), { nil: undefined, freq: 2 });

const limitsOf = (list: readonly Bound[]): readonly Limit[] =>
  list.map((one) =>
    'people' in one ? { kind: 'count', people: one.people } : { kind: 'ratio', ratio: one.percent / 100 },
  );

const allowedBy = (list: readonly Bound[], of: number, raised: number | undefined): number => {
  const each = list.map((one) => {
    if ('people' in one) return one.people;
    return one.percent === 0 ? 0 : Math.max(1, Math.trunc((one.percent * of) / 100));
  });
  return Math.max(Math.min(...each), raised ?? 0);
};

const ownMark = ({ managed_by }: PermitUser['attributes']): boolean =>
  managed_by === 'gh-permit-sync:default';

/** Whether the former name explains the former key: then GitHub moved the person, and not the config. */
const wasRenamed = ({ userSettings }: World['input'], { key, attributes }: PermitUser): boolean =>
  userSettings.key
    .replace('{login}', String(attributes.github_login))
    .replace('{id}', String(attributes.github_id))
    .toLowerCase() === key.toLowerCase();

const mayMove = new Set<Whose | undefined>(['ours', 'released', 'bad mark']);

/** Counted from what Permit held before and would hold after, not from what the plan says of itself. */
function recount({ input, whose }: World, after: readonly PermitUser[]): Record<LimitName, number> {
  const managed = managedGrants(input);
  const wanted = wantedGrants(input);
  const found = { removals: 0, demotions: 0, moves: 0 };
  for (const before of input.users) {
    const sameKey = after.find(({ key }) => key === before.key);
    const successor =
      mayMove.has(whose.get(before.key)) && sameKey?.attributes.github_id !== before.attributes.github_id
        ? after.find(
            ({ attributes }) => ownMark(attributes) && attributes.github_id === before.attributes.github_id,
          )
        : undefined;
    // Who comes back under another name was not renamed by anybody's word but ours.
    if (successor && (whose.get(before.key) !== 'ours' || !wasRenamed(input, before))) found.moves++;
    const now = successor ?? sameKey;
    const id = now?.attributes.github_id;
    // The key of a user of ours may now belong to someone else, who inherited nothing.
    const replaced = whose.get(before.key) === 'ours' && id !== before.attributes.github_id;
    const had = idsHeld(before).filter(managed.has);
    const has = replaced ? [] : idsHeld(now).filter(managed.has);
    const lost = had.filter((grant) => !has.includes(grant));
    if (lost.length === 0) continue;
    if (has.length === 0) found.removals++;
    else {
      const gained = has.filter((grant) => !had.includes(grant));
      const strongestGain = Math.min(...gained.map((grant) => wanted.get(id as number)?.get(grant) ?? -1));
      const strongestLoss = Math.min(...lost.map(managed.rankOf));
      if (strongestGain >= strongestLoss) found.demotions++;
    }
  }
  return found;
}

const holders = (users: readonly PermitUser[], id: string): number =>
  users.filter((user) => user.grants.some((grant) => grantId(grant) === id)).length;

const ourUsers = ({ input, whose }: World): number =>
  input.users.filter(({ key }) => whose.get(key) === 'ours').length;

test('a plan passes exactly when none of the limits is crossed, by a count of its own', () => {
  fc.assert(
    fc.property(
      worlds(),
      fc.record({ removals: bounds, demotions: bounds }),
      fc.record({ removals: override, demotions: override }),
      fc.record({ admin: fc.nat(3), member: fc.nat(3) }),
      fc.option(fc.nat(2), { nil: undefined }),
      (world, lists, raised, floors, lowered) => {
        const { input } = world;
        const plan = makePlan(input);
        const after = applyToUsers(plan, input.users);
        const counted = recount(world, after);
        const of = ourUsers(world);

        const limits: Limits = {
          removals: limitsOf(lists.removals),
          demotions: limitsOf(lists.demotions),
          moves: [{ kind: 'count', people: 0 }],
          repositories: [],
          links: [],
          floors,
        };
        const overrides: Overrides = {
          ...(raised.removals === undefined ? {} : { removals: raised.removals }),
          ...(raised.demotions === undefined ? {} : { demotions: raised.demotions }),
          ...(lowered === undefined ? {} : { floors: { 'default/admin': lowered } }),
        };
        const crossed = (['removals', 'demotions', 'moves'] as const).filter(
          (name) => counted[name] > (name === 'moves' ? 0 : allowedBy(lists[name], of, raised[name])),
        );
        const fallen = ['default', 'acme', 'labs', 'research', 'prod'].flatMap((tenant) =>
          (['admin', 'member'] as const).flatMap((role) => {
            const id = `${tenant}/${role}`;
            const before = holders(input.users, id);
            const floor = Math.min(floors[role], before);
            const least = id === 'default/admin' ? Math.min(floor, lowered ?? floor) : floor;
            return holders(after, id) < least ? [`--allow-floor ${id}=${holders(after, id)}`] : [];
          }),
        );

        const { verdict, violations } = judge(plan, limits, overrides);
        expect(violations.map((violation) => violation.override).sort()).toEqual(
          [...crossed.map((name) => `--allow-${name} ${counted[name]}`), ...fallen].sort(),
        );
        expect(verdict).toBe(crossed.length + fallen.length === 0 ? 'pass' : 'refused');
      },
    ),
    RUNS,
  );
});

test('the overrides that a refusal names let just that plan pass, and raising them further changes nothing', () => {
  fc.assert(
    fc.property(worlds(), fc.nat(3), ({ input }, more) => {
      const plan = makePlan(input);
      const { violations } = judge(plan, DEFAULT_LIMITS, {});
      const overrides: Overrides = {
        floors: Object.fromEntries(
          violations
            .filter(({ limit }) => limit === 'floors')
            .map((violation) => [
              violation.override.replace(/^--allow-floor (.*)=\d+$/, '$1'),
              violation.planned,
            ]),
        ),
      };
      for (const { limit, planned } of violations) {
        if (limit !== 'floors') Object.assign(overrides, { [limit]: planned + more });
      }
      expect(judge(plan, DEFAULT_LIMITS, overrides).verdict).toBe('pass');
    }),
    RUNS,
  );
});
