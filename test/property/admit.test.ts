import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GitHubId } from '../../src/model/identity.ts';
import type { Limit, Limits } from '../../src/model/limits.ts';
import { admit } from '../../src/plan/admit.ts';
import { judge, type Spent } from '../../src/plan/judge.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { applyToUsers } from '../support/apply-to-users.ts';
import { gitHubId } from '../support/builders.ts';
import { RUNS, worlds } from './worlds.ts';

const limit: fc.Arbitrary<readonly Limit[]> = fc.oneof(
  fc.nat(3).map((people): readonly Limit[] => [{ kind: 'count', people }]),
  fc.constant<readonly Limit[]>([{ kind: 'ratio', ratio: 0.25 }]),
);
const limits: fc.Arbitrary<Limits> = fc.record({
  removals: limit,
  demotions: limit,
  moves: limit,
  repositories: fc.constant([]),
  links: fc.constant([]),
  floors: fc.record({ admin: fc.nat(3), member: fc.nat(3) }),
});
const people: fc.Arbitrary<ReadonlySet<GitHubId>> = fc
  .subarray([1, 2, 3, 4, 5, 6, 7, 8, 9], { maxLength: 3 })
  .map((ids) => new Set(ids.map(gitHubId)));
const spent: fc.Arbitrary<Spent> = fc.record({ removals: people, demotions: people, moves: people });
const turn = fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8, 9].map(gitHubId));

test('what is admitted passes every limit, fits what Permit holds, and is the whole plan where that passes', () => {
  fc.assert(
    fc.property(worlds(), limits, spent, turn, ({ input }, bounds, before, order) => {
      const plan = makePlan(input);
      const all = { limits: bounds, overrides: {}, spent: before };
      const { plan: part, heldBack, violations } = admit(plan, input.users, all, order);

      expect(judge(part, bounds, {}, before).verdict).toBe('pass');
      expect(() => applyToUsers(part, input.users)).not.toThrow();
      const through = new Set(part.people.map(({ id }) => id));
      for (const id of heldBack) expect(through.has(id)).toBe(false);
      expect(part.people.length + heldBack.size).toBe(plan.people.length);
      expect(violations.length === 0).toBe(heldBack.size === 0);
      expect(violations.length === 0).toBe(judge(plan, bounds, {}, before).verdict === 'pass');
    }),
    RUNS,
  );
});
