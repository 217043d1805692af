import { describe, expect, test } from 'vitest';
import {
  addPermitUser,
  grant,
  type PermitSwitches,
  type PermitWorld,
  revoke,
} from '../../src/demo/permit/permit.ts';
import type { RecordedRequest } from '../../src/demo/server.ts';
import type { ReconcileResult } from '../../src/sync/run.ts';
import {
  differences,
  driftedPair,
  markOf,
  outcomes,
  type Pair,
  reconcileOnce,
  writesOf,
} from '../support/adapters.ts';

type Write = Pick<RecordedRequest, 'method' | 'path'>;

/** Somebody else writes to Permit once, just before a request of ours is worked off. */
function meanwhile(pair: Pair, at: (request: Write) => boolean, change: (world: PermitWorld) => void): void {
  let done = false;
  pair.permit.onRequest = (request) => {
    if (done || !at(request)) return;
    done = true;
    change(pair.permit.world);
  };
}

const creating = ({ method, path }: Write): boolean => method === 'POST' && path.endsWith('/bulk/users');
const deleting = ({ method, path }: Write): boolean => method === 'DELETE' && path.endsWith('/bulk/users');
const assigning = ({ method, path }: Write): boolean =>
  method === 'POST' && path.endsWith('/role_assignments/bulk');
const unassigning = ({ method, path }: Write): boolean =>
  method === 'DELETE' && path.endsWith('/role_assignments/bulk');

/** Whose changes did not come to stand, and why. */
const notApplied = ({ results }: ReconcileResult): readonly (readonly string[])[] =>
  results.flatMap(({ change, outcome }) =>
    outcome.kind === 'applied'
      ? []
      : [[change.user, change.kind, outcome.kind, 'code' in outcome ? outcome.code : '']],
  );

const positions: readonly (readonly [string, Partial<PermitSwitches>])[] = [
  ['duplicates: 409', { duplicateAssign: 'conflict' }],
  ['duplicates: passed over', { duplicateAssign: 'skip' }],
  ['unknown assignments: passed over', { bulkUnassignUnknown: 'ignore' }],
  ['unknown assignments: 404', { bulkUnassignUnknown: 'notFound' }],
  ['unknown users: passed over', { bulkDeleteUnknown: 'ignore' }],
  ['unknown users: 404', { bulkDeleteUnknown: 'notFound' }],
];

describe.each(positions)('someone else makes the same change meanwhile (%s)', (_, switches) => {
  const same: Record<string, (pair: Pair) => void> = {
    'makes one assignment': (pair) =>
      meanwhile(pair, assigning, (world) => grant(world, 'promoted-1', 'default/admin')),
    'makes all assignments': (pair) =>
      meanwhile(pair, assigning, (world) => {
        for (const i of [1, 2]) {
          grant(world, `promoted-${i}`, 'default/admin');
          grant(world, `demoted-${i}`, 'default/member');
        }
        for (const i of [1, 2, 3, 4]) grant(world, `joiner-${i}`, 'default/member');
      }),
    'takes one assignment': (pair) =>
      meanwhile(pair, unassigning, (world) => revoke(world, 'released', 'default/member')),
    'takes one replaced assignment': (pair) =>
      meanwhile(pair, assigning, (world) => revoke(world, 'demoted-1', 'default/admin')),
    'creates one user with the same mark': (pair) =>
      meanwhile(pair, creating, (world) =>
        addPermitUser(world, {
          key: 'joiner-2',
          attributes: { ...markOf(pair.github.world, 'joiner-2'), more: true },
        }),
      ),
    'creates one user with the same mark and grant': (pair) =>
      meanwhile(pair, creating, (world) =>
        addPermitUser(world, {
          key: 'joiner-2',
          attributes: markOf(pair.github.world, 'joiner-2'),
          grants: ['default/member'],
        }),
      ),
    'deletes one leaver': (pair) => meanwhile(pair, deleting, (world) => world.users.delete('leaver-2')),
    'deletes all leavers': (pair) =>
      meanwhile(pair, deleting, (world) => {
        for (const i of [1, 2, 3]) world.users.delete(`leaver-${i}`);
      }),
    'writes the same mark': (pair) =>
      meanwhile(
        pair,
        ({ method, path }) => method === 'GET' && path.endsWith('/users/cased'),
        (world) => {
          const user = world.users.get('cased');
          if (user)
            world.users.set('cased', { ...user, attributes: { ...user.attributes, github_login: 'Cased' } });
        },
      ),
  };

  test.each(Object.keys(same))(
    '%s: everything is in place, and nobody is reported as failed',
    async (name) => {
      const pair = await driftedPair({ switches });
      same[name]?.(pair);
      const run = await reconcileOnce(pair);
      expect(notApplied(run)).toEqual([]);
      expect(differences(pair).filter((one) => !one.startsWith('joiner-2 has another mark'))).toEqual([]);
      pair.permit.requests.length = 0;
      expect((await reconcileOnce(pair)).results).toEqual([]);
    },
  );

  test('repeats the assignments before each try: it ends, and everything is in place', async () => {
    const pair = await driftedPair({ switches });
    const open = ['joiner-1', 'joiner-2', 'joiner-3', 'joiner-4'];
    pair.permit.onRequest = (request) => {
      const login = assigning(request) ? open.shift() : undefined;
      if (login) grant(pair.permit.world, login, 'default/member');
    };
    expect(notApplied(await reconcileOnce(pair))).toEqual([]);
    expect(differences(pair)).toEqual([]);
  });
});

describe('someone else makes another change meanwhile: that person is reported, the others continue', () => {
  test('creates an unmarked user under a key that is about to be ours', async () => {
    const pair = await driftedPair();
    meanwhile(pair, creating, (world) =>
      addPermitUser(world, { key: 'joiner-2', attributes: { by: 'hand' } }),
    );
    const run = await reconcileOnce(pair);
    expect(notApplied(run)).toEqual([
      ['joiner-2', 'createUser', 'failed', 'KEY_TAKEN'],
      ['joiner-2', 'assignRole', 'skipped', ''],
    ]);
    expect(pair.permit.world.users.get('joiner-2')).toMatchObject({ attributes: { by: 'hand' }, grants: [] });
    expect(differences(pair)).toEqual(['joiner-2 has another mark', 'joiner-2 holds ']);
  });

  test('creates a user with another person’s mark', async () => {
    const pair = await driftedPair();
    const attributes = { ...markOf(pair.github.world, 'joiner-2'), github_id: 424_242 };
    meanwhile(pair, creating, (world) => addPermitUser(world, { key: 'joiner-2', attributes }));
    const run = await reconcileOnce(pair);
    expect(notApplied(run)).toEqual([
      ['joiner-2', 'createUser', 'failed', 'KEY_TAKEN'],
      ['joiner-2', 'assignRole', 'skipped', ''],
    ]);
    expect(pair.permit.world.users.get('joiner-2')).toMatchObject({ attributes, grants: [] });
  });

  test('deletes a user who is about to be assigned a role', async () => {
    const pair = await driftedPair();
    meanwhile(pair, assigning, (world) => world.users.delete('joiner-3'));
    const run = await reconcileOnce(pair);
    expect(notApplied(run)).toEqual([['joiner-3', 'assignRole', 'failed', 'PERMIT_REFUSED']]);
    expect(differences(pair)).toEqual(['joiner-3 is not there']);
    expect((await reconcileOnce(pair)).results.every(({ outcome }) => outcome.kind === 'applied')).toBe(true);
    expect(differences(pair)).toEqual([]);
  });

  test('deletes a user who is about to be promoted: losing the old role with it is not a failure', async () => {
    const pair = await driftedPair();
    meanwhile(pair, assigning, (world) => world.users.delete('promoted-1'));
    const run = await reconcileOnce(pair);
    expect(notApplied(run)).toEqual([
      ['promoted-1', 'assignRole', 'failed', 'PERMIT_REFUSED'],
      ['promoted-1', 'unassignRole', 'skipped', ''],
    ]);
    expect(differences(pair)).toEqual(['promoted-1 is not there']);
  });

  test('deletes a user whose mark is about to change', async () => {
    const pair = await driftedPair();
    meanwhile(
      pair,
      ({ method, path }) => method === 'GET' && path.endsWith('/users/cased'),
      (world) => world.users.delete('cased'),
    );
    expect(notApplied(await reconcileOnce(pair))).toEqual([
      ['cased', 'updateUser', 'failed', 'PERMIT_REFUSED'],
    ]);
  });

  test('deletes a user between the reading and the writing of its mark', async () => {
    const pair = await driftedPair();
    meanwhile(
      pair,
      ({ method, path }) => method === 'PATCH' && path.endsWith('/users/cased'),
      (world) => world.users.delete('cased'),
    );
    expect(notApplied(await reconcileOnce(pair))).toEqual([
      ['cased', 'updateUser', 'failed', 'PERMIT_REFUSED'],
    ]);
  });

  test('adopts a user whose mark is about to change: it is left alone', async () => {
    const pair = await driftedPair();
    meanwhile(
      pair,
      ({ method, path }) => method === 'GET' && path.endsWith('/users/released'),
      (world) => {
        const user = world.users.get('released');
        if (user)
          world.users.set('released', {
            ...user,
            attributes: { ...user.attributes, managed_by: 'gh-permit-sync:others' },
          });
      },
    );
    const run = await reconcileOnce(pair);
    expect(notApplied(run)).toEqual([['released', 'updateUser', 'failed', 'PERMIT_REFUSED']]);
    expect(pair.permit.world.users.get('released')?.attributes).toMatchObject({
      managed_by: 'gh-permit-sync:others',
      seat: 7,
    });
  });

  test('changes a foreign attribute while the mark is written: it is kept', async () => {
    const pair = await driftedPair();
    meanwhile(
      pair,
      ({ method, path }) => method === 'GET' && path.endsWith('/users/cased'),
      (world) => {
        const user = world.users.get('cased');
        if (user) world.users.set('cased', { ...user, attributes: { ...user.attributes, desk: 12 } });
      },
    );
    await reconcileOnce(pair);
    expect(pair.permit.world.users.get('cased')?.attributes).toMatchObject({
      github_login: 'Cased',
      seat: 7,
      desk: 12,
    });
  });

  test('adopts a leaver whose deletion ended in doubt: the user stays', async () => {
    const pair = await driftedPair();
    pair.permit.faults.push({ match: deleting, times: 1, do: { kind: 'reset', when: 'before' } });
    meanwhile(pair, deleting, (world) => {
      const user = world.users.get('leaver-2');
      if (user)
        world.users.set('leaver-2', {
          ...user,
          attributes: { ...user.attributes, managed_by: 'gh-permit-sync:others' },
        });
    });
    const run = await reconcileOnce(pair);
    expect(notApplied(run)).toEqual([['leaver-2', 'deleteUser', 'failed', 'PERMIT_REFUSED']]);
    expect(pair.permit.world.users.has('leaver-2')).toBe(true);
    expect(pair.permit.world.users.has('leaver-1')).toBe(false);
  });

  test('deletes a role: nobody is assigned it, and the others continue', async () => {
    const pair = await driftedPair();
    meanwhile(pair, assigning, (world) => world.roles.delete('admin'));
    const run = await reconcileOnce(pair);
    const failed = run.results
      .filter(({ outcome }) => outcome.kind === 'failed')
      .map(({ change }) => `${change.user} ${change.kind}`);
    expect(failed).toEqual(expect.arrayContaining(['promoted-1 assignRole', 'promoted-2 assignRole']));
    expect(pair.permit.world.users.get('joiner-4')?.grants.map(({ role }) => role)).toEqual(['member']);
    // What they had stays, since nothing replaces it.
    expect(pair.permit.world.users.get('promoted-1')?.grants.map(({ role }) => role)).toEqual(['member']);
  });
});

describe('two runs at the same time', () => {
  test.each(['conflict', 'skip'] as const)(
    '(duplicates: %s) both succeed, and Permit matches GitHub',
    async (duplicateAssign) => {
      const pair = await driftedPair({ switches: { duplicateAssign } });
      pair.permit.latencyMs = 3;
      const runs = await Promise.all([1, 2, 3].map(() => reconcileOnce(pair)));
      for (const run of runs) expect(outcomes(run)).not.toHaveProperty('failed');
      expect(differences(pair)).toEqual([]);
      pair.permit.requests.length = 0;
      await reconcileOnce(pair);
      expect(writesOf(pair.permit.requests)).toEqual([]);
    },
  );
});
