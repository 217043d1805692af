import { expect, test } from 'vitest';
import { SyncError } from '../../../src/model/errors.ts';
import type { GitHubId } from '../../../src/model/identity.ts';
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
        readAccessSources: async () => undefined,
      },
      pdp: NOBODY,
      onCompared: () => compared++,
    },
  );
  return { asked, compared, kinds: results.map(({ kind }) => kind) };
}

const failure = (code: SyncError['code']) => new SyncError(code, 'it does not answer', 'run again');

test("a failure in one repository doesn't block the others", async () => {
  const { asked, compared, kinds } = await verify((id) =>
    id <= 4 ? failure('GITHUB_NOT_FOUND') : undefined,
  );
  expect([asked.length, compared]).toEqual([9, 9]);
  expect(kinds).toEqual([...Array(4).fill('unknown'), ...Array(5).fill('compared')]);
});

test('once a service is down, the rest is unknown without being asked', async () => {
  const { asked, kinds } = await verify((id) => (id > 4 ? failure('GITHUB_UNAVAILABLE') : undefined));
  expect(asked).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(kinds).toEqual([...Array(4).fill('compared'), ...Array(5).fill('unknown')]);
});

test('what would fail for every repository ends the run', async () => {
  await expect(verify(() => failure('GITHUB_AUTH'))).rejects.toMatchObject({ code: 'GITHUB_AUTH' });
});

test('GitHub is asked for the ways of the first hundred differences', async () => {
  const people = Array.from({ length: 30 }, (_, i) => ({
    ...{ id: (i + 1) as GitHubId, login: `m${i}`, role: 'reader' },
  }));
  const asked: string[] = [];
  const results = await verifyAccess(
    REPOSITORIES,
    { users: [], tuples: [] },
    {
      github: {
        listEffectiveAccess: async () => people,
        readAccessSources: async ({ name }, { login }) => {
          asked.push(`${name} ${login}`);
          return login === 'm0' ? undefined : [{ kind: 'Team', name: 'core', role: 'read' }];
        },
      },
      pdp: NOBODY,
      onCompared: () => undefined,
    },
  );
  expect(new Set(asked).size).toBe(100);
  const mismatches = results.flatMap((one) => (one.kind === 'compared' ? one.mismatches : []));
  expect(mismatches).toHaveLength(9 * 30);
  expect(mismatches[0]).toMatchObject({ login: 'm0', gitHub: 'reader', sources: undefined });
  expect(mismatches[1]).toMatchObject({ login: 'm1', sources: [{ name: 'core' }] });
  expect(mismatches.filter(({ sources }) => sources)).toHaveLength(100 - 4);
});
