// istio/community#1775: one account that GitHub refused stopped every run, for everyone, for months.
import { describe, expect, test } from 'vitest';
import { addMember, removeMember, userOf } from '../../src/demo/github/github.ts';
import { addPermitUser, poison } from '../../src/demo/permit/permit.ts';
import type { FaultAction } from '../../src/demo/server.ts';
import { agreedStage, reconcileJson, told } from '../support/agreement.ts';
import type { Stage } from '../support/stage.ts';

const ROUNDS = [1, 2, 3, 4, 5];

/** In each of five runs one person joins, one leaves and one is promoted; all of it is applied. */
async function expectOthersGoOn(stage: Stage, bad: string, codes: readonly string[]): Promise<void> {
  const { world } = stage.github;
  for (const round of ROUNDS) {
    addMember(world, 'acme', { login: `joiner-${round}` });
    removeMember(world, 'acme', `person-000${round}`);
    addMember(world, 'acme', { login: `person-001${round}`, role: 'admin' });
    const ran = await stage.run(reconcileJson());
    expect({ round, code: ran.code, status: told(ran).status }).toEqual({
      round,
      code: 4,
      status: 'partial',
    });
    const blamed = [
      ...told(ran).changes.flatMap(({ user, error }) => (error ? [{ user, code: error.code }] : [])),
      ...told(ran).warnings.flatMap(({ code, message }) =>
        message.includes(bad) ? [{ user: bad, code }] : [],
      ),
    ];
    expect(blamed.length, ran.stdout).toBeGreaterThan(0);
    expect(blamed.filter(({ user, code }) => user !== bad || !codes.includes(code))).toEqual([]);
    const held = stage.held();
    expect(held[`joiner-${round}`]?.grants).toEqual(['default/member']);
    expect(held[`person-000${round}`]).toBeUndefined();
    expect(held[`person-001${round}`]?.grants).toEqual(['default/admin']);
  }
}

/** Once fixed, a run has only the bad account to do, and the next one has nothing. */
async function expectMended(stage: Stage, bad: string): Promise<void> {
  stage.permit.faults.length = 0;
  const ran = await stage.run(reconcileJson());
  expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status: 'applied' });
  expect(new Set(told(ran).changes.map(({ user }) => user))).toEqual(new Set([bad]));
  expect(told(await stage.run(reconcileJson())).status).toBe('in-sync');
}

const REFUSALS: Record<string, FaultAction> = {
  'a 422 that blames nobody': { kind: 'answer', status: 422, body: { detail: [] } },
  'a 400': { kind: 'answer', status: 400, body: { message: 'bad request' } },
};

describe('istio/community#1775: one bad account blocked everyone', () => {
  test.each(Object.keys(REFUSALS))(
    'istio/community#1775: Permit refuses one who joins with %s, in five runs',
    { timeout: 60_000 },
    async (name) => {
      const stage = await agreedStage(40, 3);
      addMember(stage.github.world, 'acme', { login: 'bad-apple' });
      stage.permit.faults.push(poison(['bad-apple'], REFUSALS[name]));
      await expectOthersGoOn(stage, 'bad-apple', ['PERMIT_REFUSED']);
      expect(stage.held()['bad-apple']).toBeUndefined();
      await expectMended(stage, 'bad-apple');
      expect(stage.held()['bad-apple']?.grants).toEqual(['default/member']);
    },
  );

  test('istio/community#1775: one who left can not be deleted, in five runs', {
    timeout: 60_000,
  }, async () => {
    const stage = await agreedStage(40, 3);
    removeMember(stage.github.world, 'acme', 'person-0030');
    stage.permit.faults.push(poison(['person-0030'], REFUSALS['a 422 that blames nobody']));
    await expectOthersGoOn(stage, 'person-0030', ['PERMIT_REFUSED']);
    await expectMended(stage, 'person-0030');
    expect(stage.held()['person-0030']).toBeUndefined();
  });

  test('istio/community#1775: someone else’s user has the key of a joiner, in five runs', {
    timeout: 60_000,
  }, async () => {
    const stage = await agreedStage(40, 3);
    addMember(stage.github.world, 'acme', { login: 'taken' });
    addPermitUser(stage.permit.world, {
      key: 'taken',
      attributes: { by: 'hand' },
      grants: ['default/admin'],
    });
    const before = stage.held().taken;
    await expectOthersGoOn(stage, 'taken', ['KEY_TAKEN']);
    expect(stage.held().taken).toEqual(before);
  });

  test('istio/community#1775: GitHub answers nothing about one who left, in five runs: kept, and named', {
    timeout: 60_000,
  }, async () => {
    const stage = await agreedStage(40, 3);
    const { id } = userOf(stage.github.world, 'person-0030');
    removeMember(stage.github.world, 'acme', 'person-0030');
    stage.github.faults.push({
      match: ({ path }) => path === `/user/${id}`,
      do: { kind: 'answer', status: 451, body: { message: 'Unavailable for legal reasons' } },
    });
    for (const round of ROUNDS) {
      addMember(stage.github.world, 'acme', { login: `joiner-${round}` });
      const ran = await stage.run(reconcileJson());
      expect({ round, code: ran.code }).toEqual({ round, code: 4 });
      expect(told(ran).warnings).toEqual([expect.objectContaining({ code: 'LOOKUP_FAILED' })]);
      expect(stage.held()[`joiner-${round}`]?.grants).toEqual(['default/member']);
      expect(stage.held()['person-0030']?.grants).toEqual(['default/member']);
    }
  });
});
