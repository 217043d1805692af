import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareChanges } from '../../src/model/change.ts';
import { grantId } from '../../src/model/grant.ts';
import { changesOf } from '../../src/model/plan.ts';
import type { PermitUser } from '../../src/model/user.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { managedGrants } from '../../src/plan/managed-grants.ts';
import { applyToUsers } from '../support/apply-to-users.ts';
import { wantedGrants } from './oracle.ts';
import { RUNS, type World, worlds } from './worlds.ts';

const idsHeld = ({ grants }: PermitUser): readonly string[] => grants.map(grantId);

const always = (property: (world: World) => void): void =>
  fc.assert(fc.property(worlds({ whole: true, halfMoved: true }), property), RUNS);

test('moves that were cut off are over after three runs: the move, a rename since, and a leave', () => {
  always(({ input }) => {
    let users = input.users;
    for (let run = 0; run < 3; run++) users = applyToUsers(makePlan({ ...input, users }), users);
    expect(makePlan({ ...input, users }).people).toEqual([]);
  });
});

test('nobody who is there loses a foreign grant by one', () => {
  always(({ input }) => {
    const managed = managedGrants(input);
    const plan = makePlan(input);
    const reached = applyToUsers(plan, input.users);
    for (const { id, move } of plan.people) {
      if (move === undefined) continue;
      const before = input.users.filter(({ attributes }) => attributes.github_id === id);
      const after = reached.filter(({ attributes }) => attributes.github_id === id).flatMap(idsHeld);
      for (const grant of before.filter(({ key }) => key === move.from).flatMap(({ grants }) => grants)) {
        if (!managed.has(grant)) expect(after).toContain(grantId(grant));
      }
    }
  });
});

test('nobody is given anything that neither the rules give nor a user of theirs held', () => {
  always(({ input }) => {
    const wanted = wantedGrants(input);
    for (const { id, changes } of makePlan(input).people) {
      for (const change of changes) {
        if (change.kind !== 'assignRole') continue;
        const given = wanted.get(id)?.has(grantId(change.grant)) === true;
        const own = input.users.filter(({ attributes }) => attributes.github_id === id);
        expect(given || own.flatMap(idsHeld).includes(grantId(change.grant))).toBe(true);
      }
    }
  });
});

test('the changes are sorted', () => {
  always(({ input }) => {
    const changes = changesOf(makePlan(input));
    expect(changes).toEqual(changes.toSorted(compareChanges));
  });
});
