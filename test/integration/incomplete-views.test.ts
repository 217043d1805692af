import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addMember,
  addOrg,
  addUser,
  orgOf,
  removeMember,
  renameUser,
  userOf,
} from '../../src/demo/github/github.ts';
import { addPermitUser, snapshot } from '../../src/demo/permit/permit.ts';
import type { FaultAction } from '../../src/demo/server.ts';
import { startServer } from '../../src/demo/server.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import {
  differences,
  driftedPair,
  markOf,
  openSource,
  openTarget,
  type Pair,
  reconcileOnce,
  thrownBy,
  writesOf,
} from '../support/adapters.ts';

const isListing = (path: string): boolean => path === '/orgs/acme/members';
const isLook = (path: string): boolean => path.startsWith('/user/');

/** Runs `during` before the first page of members is answered, and `after` before the first look. */
function around(pair: Pair, during: () => void, after: () => void): void {
  let listed = false;
  let looked = false;
  pair.github.onRequest = ({ path, query }) => {
    if (!listed && isListing(path) && query.role === 'member') {
      listed = true;
      during();
    }
    if (!looked && isLook(path)) {
      looked = true;
      after();
    }
  };
}

describe('someone who is missing from a listing', () => {
  test('but is a member when asked about alone keeps everything, and is named', async () => {
    const pair = await driftedPair();
    const { world } = pair.github;
    around(
      pair,
      () => removeMember(world, 'acme', 'steady-3'),
      () => addMember(world, 'acme', { login: 'steady-3' }),
    );
    const { notes } = await reconcileOnce(pair);
    expect(notes).toEqual([expect.objectContaining({ code: 'KEPT_UNCONFIRMED', users: ['steady-3'] })]);
    expect(differences(pair)).toEqual([]);
  });

  test('since the role changed between the passes, is found with the new role', async () => {
    const pair = await driftedPair();
    const { world } = pair.github;
    around(
      pair,
      () => removeMember(world, 'acme', 'steady-3'),
      () => addMember(world, 'acme', { login: 'steady-3', role: 'admin' }),
    );
    await reconcileOnce(pair);
    expect(differences(pair)).toEqual([]);
    expect(snapshot(pair.permit.world)['steady-3']?.grants).toEqual(['default/admin']);
  });

  test.each(['403', 'reset', 'null'])(
    'and about whom GitHub gives no answer (%s) keeps everything',
    async (fault) => {
      const pair = await driftedPair();
      const id = userOf(pair.github.world, 'leaver-1').id;
      const actions: Record<string, FaultAction> = {
        '403': { kind: 'answer', status: 403, body: { message: 'Forbidden' } },
        reset: { kind: 'reset', when: 'before' },
        null: { kind: 'answer', status: 200, body: null },
      };
      pair.github.faults.push({
        match: ({ path }) => path === `/user/${id}`,
        do: actions[fault] ?? { kind: 'truncate' },
      });
      const before = snapshot(pair.permit.world)['leaver-1'];
      const { plan } = await reconcileOnce(pair);
      expect(plan.skipped).toEqual([expect.objectContaining({ code: 'LOOKUP_FAILED', user: 'leaver-1' })]);
      expect(snapshot(pair.permit.world)['leaver-1']).toEqual(before);
      expect(differences(pair)).toHaveLength(1);
      pair.github.faults.length = 0;
      await reconcileOnce(pair);
      expect(differences(pair)).toEqual([]);
    },
  );

  test('and left under another login counts as gone', async () => {
    const pair = await driftedPair();
    renameUser(pair.github.world, 'leaver-1', 'someone-else');
    addUser(pair.github.world, 'leaver-1');
    await reconcileOnce(pair);
    expect(snapshot(pair.permit.world)).not.toHaveProperty('leaver-1');
  });
});

describe('an incomplete listing writes nothing', () => {
  const faults: Record<
    string,
    { readonly match: (path: string, role: string | undefined) => boolean; readonly do: FaultAction }
  > = {
    'no owners': {
      match: (path, role) => isListing(path) && role === 'admin',
      do: { kind: 'answer', status: 200, body: [] },
    },
    'a page that never comes': {
      match: (path, role) => isListing(path) && role === 'member',
      do: { kind: 'answer', status: 500, body: null },
    },
    'a page cut short': {
      match: (path, role) => isListing(path) && role === 'member',
      do: { kind: 'truncate' },
    },
    'a membership that may not be read': {
      match: (path) => path.includes('/memberships/'),
      do: { kind: 'answer', status: 403, body: { message: 'You must be a member of acme' } },
    },
    'no organization': {
      match: (path) => path === '/orgs/acme',
      do: { kind: 'answer', status: 404, body: { message: 'Not Found' } },
    },
  };
  test.each(Object.keys(faults))('%s', async (name) => {
    const pair = await driftedPair();
    const fault = faults[name];
    if (!fault) throw new Error(name);
    pair.github.faults.push({ match: ({ path, query }) => fault.match(path, query.role), do: fault.do });
    const before = snapshot(pair.permit.world);
    const error = await thrownBy(() => reconcileOnce(pair));
    expect(error).toMatchObject({ name: 'SyncError', code: expect.stringMatching(/^GITHUB_/) });
    expect(snapshot(pair.permit.world)).toEqual(before);
    expect(writesOf(pair.permit.requests)).toEqual([]);
  });

  test('an empty list of members is a mass removal, and the limits refuse it', async () => {
    const pair = await driftedPair();
    pair.github.faults.push({
      match: ({ path, query }) => isListing(path) && query.role === 'member',
      do: { kind: 'answer', status: 200, body: [] },
    });
    const { verdict } = await reconcileOnce(pair, { request: { limits: DEFAULT_LIMITS } });
    expect(verdict.verdict).toBe('refused');
    expect(writesOf(pair.permit.requests)).toEqual([]);
  });

  test('even without limits nobody on it loses anything: each is asked about alone', async () => {
    const pair = await driftedPair();
    pair.github.faults.push({
      match: ({ path, query }) => isListing(path) && query.role === 'member',
      do: { kind: 'answer', status: 200, body: [] },
    });
    await reconcileOnce(pair);
    const held = snapshot(pair.permit.world);
    for (let i = 1; i <= 20; i++) expect(held[`steady-${i}`]?.grants).toEqual(['default/member']);
  });

  test('one organization of two: none of its people lose anything, the others continue', async () => {
    const pair = await driftedPair();
    const { world } = pair.github;
    const labs = addOrg(world, 'labs');
    addMember(world, 'labs', { login: 'owner', role: 'admin' });
    // Left acme, and was in labs, which can't be read now.
    const attributes = {
      ...markOf(world, 'leaver-2'),
      seat: 7,
      github_orgs: [orgOf(world, 'acme').id, labs.id],
    };
    addPermitUser(pair.permit.world, { key: 'leaver-2', attributes, grants: ['default/member'] });
    pair.github.faults.push({
      match: ({ path }) => path.startsWith('/orgs/labs/'),
      do: { kind: 'answer', status: 500, body: null },
    });
    const run = await reconcileOnce(pair, { request: { configuredOrgs: ['acme', 'labs'] } });
    expect(run.incomplete).toEqual([expect.objectContaining({ org: 'labs', code: 'GITHUB_UNAVAILABLE' })]);
    expect(run.notes).toEqual([expect.objectContaining({ code: 'KEPT_OUT_OF_SCOPE', users: ['leaver-2'] })]);
    expect(snapshot(pair.permit.world)['leaver-2']).toMatchObject({ attributes, grants: ['default/member'] });
    expect(snapshot(pair.permit.world)).not.toHaveProperty('leaver-1');
    expect(snapshot(pair.permit.world)['joiner-1']?.grants).toEqual(['default/member']);
  });

  test('Permit users whose pages never add up', async () => {
    const pair = await driftedPair({ steady: 150 });
    pair.permit.switches.userOrder = 'unstable';
    await expect(reconcileOnce(pair)).rejects.toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
    expect(writesOf(pair.permit.requests)).toEqual([]);
  });
});

describe('an address at which something else answers', () => {
  const answers: Record<string, unknown> = {
    'a web page': '<!doctype html><title>Welcome</title>',
    null: null,
    'an empty object': {},
    'an empty list': [],
    nothing: undefined,
  };
  test.each(Object.keys(answers))('%s', async (name) => {
    const other = await startServer({ work: () => ({ status: 200, body: answers[name] }) });
    onTestFinished(() => other.close());
    const retry = { retries: 1, firstWaitMs: 1, longestWaitMs: 1 };
    const listing = await openSource(other, { retry }).source.listOrg('acme');
    expect(listing).toMatchObject({
      kind: 'incomplete',
      code: 'GITHUB_UNAVAILABLE',
      hint: expect.stringContaining('GITHUB_API_URL'),
    });
    await expect(openTarget(other, { retry }).reader.readUsers()).rejects.toMatchObject({
      code: 'PERMIT_UNAVAILABLE',
      hint: expect.stringContaining('PERMIT_API_URL'),
    });
  });
});

describe('a dry run', () => {
  test('sends only GET requests, and plans what an apply then does', async () => {
    const pair = await driftedPair();
    const before = snapshot(pair.permit.world);
    const dry = await reconcileOnce(pair, { dryRun: true });
    expect(snapshot(pair.permit.world)).toEqual(before);
    expect([...pair.github.requests, ...pair.permit.requests].every(({ method }) => method === 'GET')).toBe(
      true,
    );
    const applied = await reconcileOnce(pair);
    expect(applied.results.map(({ change }) => change)).toEqual(dry.results.map(({ change }) => change));
  });
});
