// A proxy, or Permit, answers 200 to a write that was never worked off.
import { expect, test } from 'vitest';
import { differences, driftedPair, reconcileOnce } from '../support/adapters.ts';

test.each([
  ['null', null],
  ['an empty object', {}],
  ['a list', []],
  ['removed 0', { assignments_removed: 0 }],
])(
  'a bulk unassign answered 200 %s and not done: the released leaver does not keep our grant',
  async (_, body) => {
    const pair = await driftedPair();
    pair.permit.faults.push({
      match: ({ method, path }) => method === 'DELETE' && path.endsWith('/role_assignments/bulk'),
      times: 1,
      do: { kind: 'answer', status: 200, body },
    });
    const run = await reconcileOnce(pair);
    const lies = run.results.filter(
      ({ change, outcome }) =>
        change.user === 'released' && change.kind === 'unassignRole' && outcome.kind === 'applied',
    );
    await reconcileOnce(pair);
    expect({ lies: lies.length, left: differences(pair) }).toEqual({ lies: expect.any(Number), left: [] });
  },
);

test.each([
  ['DELETE', '/bulk/users', 'deleteUser'],
  ['POST', '/bulk/users', 'createUser'],
  ['POST', '/role_assignments/bulk', 'assignRole'],
  ['DELETE', '/role_assignments/bulk', 'unassignRole'],
  ['PATCH', '/users/cased', 'updateUser'],
])('%s …%s answered 200 null and not done: the report claims nothing untrue', async (method, path) => {
  const pair = await driftedPair();
  pair.permit.faults.push({
    match: (request) => request.method === method && request.path.endsWith(path),
    times: 1,
    do: { kind: 'answer', status: 200, body: null },
  });
  const { results } = await reconcileOnce(pair);
  const applied = results.filter(({ outcome }) => outcome.kind === 'applied').length;
  expect({ left: applied === results.length ? differences(pair) : [] }).toEqual({ left: [] });
});
