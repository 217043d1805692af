import { expect, test } from 'vitest';
import { SyncError } from '../../../src/model/errors.ts';
import { verifyAccess } from '../../../src/verify/verify-access.ts';

const REPOSITORIES = Array.from({ length: 9 }, (_, i) => ({
  ...{ id: i + 1, org: 'acme', name: `repo-${i + 1}`, tenant: 'default' },
}));
const NOBODY = { listAllowed: async () => [], allowedBulk: async () => [] };

/** @param fails what asking GitHub about a repository ends with, by its id. */
async function verify(fails: (id: number) => SyncError | undefined) {
  const asked: number[] = [];
  let compared = 0;
  const results = await verifyAccess(
    REPOSITORIES,
    { users: [], tuples: [] },
    {
      github: {
        listEffectiveAccess: async (_, { id }) => {
          asked.push(id);
          const error = fails(id);
          if (error) throw error;
          return [];
        },
      },
      pdp: NOBODY,
      onCompared: () => compared++,
    },
  );
  return { asked, compared, kinds: results.map(({ kind }) => kind) };
}

const failure = (code: SyncError['code']) => new SyncError(code, 'it does not answer', 'run again');

test('what one repository lacks keeps no other waiting', async () => {
  const { asked, compared, kinds } = await verify((id) =>
    id <= 4 ? failure('GITHUB_NOT_FOUND') : undefined,
  );
  expect([asked.length, compared]).toEqual([9, 9]);
  expect(kinds).toEqual([...Array(4).fill('unknown'), ...Array(5).fill('compared')]);
});

test('once a service is away, the rest is unknown without being asked', async () => {
  const { asked, kinds } = await verify((id) => (id > 4 ? failure('GITHUB_UNAVAILABLE') : undefined));
  expect(asked).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(kinds).toEqual([...Array(4).fill('compared'), ...Array(5).fill('unknown')]);
});

test('what would fail for every repository ends the run', async () => {
  await expect(verify(() => failure('GITHUB_AUTH'))).rejects.toMatchObject({ code: 'GITHUB_AUTH' });
});
