import { describe, expect, onTestFinished, test } from 'vitest';
import { ENVIRONMENT_KEY } from '../../src/demo/permit/permit.ts';
import { startStop } from '../../src/http/stop.ts';
import { SyncError } from '../../src/model/errors.ts';
import type { UserKey } from '../../src/model/identity.ts';
import type { GitHubSource } from '../../src/model/ports.ts';
import { defaultRules } from '../../src/model/rule.ts';
import { createPermitReader } from '../../src/permit/permit-reader.ts';
import { openPermit, type PermitOptions } from '../../src/permit/permit-sdk.ts';
import { createPermitWriter } from '../../src/permit/permit-writer.ts';
import { reconcile } from '../../src/sync/reconcile.ts';
import type { ReconcileResult } from '../../src/sync/run.ts';
import {
  driftedPair,
  FAST,
  githubOf,
  NO_LIMITS,
  noPause,
  openSource,
  outcomes,
  type Pair,
  thrownBy,
  writesOf,
} from '../support/adapters.ts';
import { userSettings } from '../support/builders.ts';
import { people, permitWith } from './bulk-people.ts';

const NEVER = Number.POSITIVE_INFINITY;
const NO_PACE = {
  requestsPerMinute: NEVER,
  writesPerMinute: NEVER,
  deletesPerMinute: NEVER,
  bulkPer10Minutes: NEVER,
  schemaPostsPerMinute: NEVER,
};

const LOST = new SyncError('LOCKED', 'the lock was lost to another run', 'run again');

function open(url: string, more: Pick<PermitOptions, 'beforeWrite'>) {
  const control = startStop(60_000);
  onTestFinished(() => control.dispose());
  const { stop } = control;
  const observer = { onStart: () => undefined, onEnd: () => undefined };
  const sdk = openPermit({
    apiUrl: url,
    pdpUrl: url,
    apiKey: ENVIRONMENT_KEY,
    stop,
    observer,
    mayWrite: true,
    pace: NO_PACE,
    writeTimeoutMs: 1_000,
    ...more,
  });
  const ports = { sdk, stop, retry: FAST };
  return { control, reader: createPermitReader(ports), writer: createPermitWriter(ports), sdk };
}

/** One whole run. */
function run(github: GitHubSource, url: string, beforeWrite: () => Promise<void>): Promise<ReconcileResult> {
  const { reader, writer, sdk, control } = open(url, { beforeWrite });
  const request = {
    rules: defaultRules('default'),
    configuredOrgs: ['acme'],
    owner: 'default',
    listedOrgs: ['acme'],
    tenant: 'default',
    manages: [],
    userKeyChosen: true,
    userSettings: userSettings(),
    mode: 'sync',
    limits: NO_LIMITS,
    overrides: {},
  } as const;
  return reconcile(request, {
    github,
    reader,
    writer,
    pause: noPause,
    now: () => new Date(),
    schedule: { forecast: sdk.forecast, remainingMs: control.stop.remainingMs, timeoutMs: 60_000 },
    announce: () => undefined,
  });
}

const lostAfter = (writes: number): (() => Promise<void>) => {
  let left = writes;
  return async () => {
    if (left-- <= 0) throw LOST;
  };
};

const sent = ({ permit }: Pick<Pair, 'permit'>): readonly string[] => writesOf(permit.requests);

describe('the proof before each write', () => {
  test('is required only for writes, each time and right before the write is sent', async () => {
    const permit = await permitWith(people(3));
    const log: string[] = [];
    permit.onRequest = ({ method }) => void log.push(method);
    const { reader, writer } = open(permit.url, { beforeWrite: async () => void log.push('proof') });
    await reader.readUsers();
    await reader.findMissing([{ tenant: 'default', role: 'admin' }], []);
    await writer.write('deleteUser', [{ user: 'p-0' as UserKey }]);
    await writer.updateAttributes('p-1' as UserKey, (now) => ({ ...now, seat: 1 }));
    // The scope, the users, the role and the tenant; then a write, and a profile that is read first.
    expect(log).toEqual(['GET', 'GET', 'GET', 'GET', 'proof', 'DELETE', 'GET', 'proof', 'PATCH']);
  });

  test('is required again for a retried request', async () => {
    const permit = await permitWith(people(3));
    permit.faults.push({
      match: ({ method }) => method !== 'GET',
      times: 2,
      do: { kind: 'answer', status: 429, body: null },
    });
    let proofs = 0;
    const { writer } = open(permit.url, { beforeWrite: async () => void proofs++ });
    await writer.write('deleteUser', [{ user: 'p-0' as UserKey }]);
    expect(proofs).toBe(3);
  });

  test.each(['bulk', 'single', 'profile'] as const)('fails: a %s write is not sent', async (kind) => {
    const permit = await permitWith(people(3));
    const { writer } = open(permit.url, { beforeWrite: lostAfter(0) });
    const key = 'p-0' as UserKey;
    const write = {
      bulk: () => writer.write('deleteUser', [{ user: key }]),
      single: () => writer.writeOne('deleteUser', { user: key }),
      profile: () => writer.updateAttributes(key, (now) => ({ ...now, seat: 1 })),
    }[kind];
    expect(await thrownBy(write)).toMatchObject({
      name: 'WriteError',
      kind: 'stopped',
      message: LOST.message,
    });
    expect(sent({ permit })).toEqual([]);
  });

  test('fails before a retry of what may have been done: the write is not reported as unsent', async () => {
    const permit = await permitWith(people(3));
    permit.faults.push({
      match: ({ method }) => method === 'PATCH',
      do: { kind: 'failAfter', status: 500, body: null },
    });
    const { writer } = open(permit.url, { beforeWrite: lostAfter(1) });
    const write = () => writer.updateAttributes('p-0' as UserKey, (now) => ({ ...now, seat: 1 }));
    expect(await thrownBy(write)).toMatchObject({ name: 'WriteError', kind: 'ambiguous' });
    expect(sent({ permit })).toEqual(['PATCH users/p-0']);
  });

  test("an error that isn't ours is not swallowed", async () => {
    const permit = await permitWith(people(1));
    const bug = new TypeError('a bug');
    const { writer } = open(permit.url, { beforeWrite: () => Promise.reject(bug) });
    expect(await thrownBy(() => writer.writeOne('deleteUser', { user: 'p-0' as UserKey }))).toBe(bug);
    expect(sent({ permit })).toEqual([]);
  });
});

describe('a lock that is lost during a run', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'after %i writes: nothing more is sent, and the report is honest',
    async (writes) => {
      const pair = await driftedPair();
      const { port } = openSource(pair.github);
      const { results } = await run(port, pair.permit.url, lostAfter(writes));
      expect(sent(pair)).toHaveLength(writes);
      const { applied = 0, skipped = 0 } = outcomes({ results });
      expect(applied + skipped).toBe(results.length);
      expect(applied > 0).toBe(writes > 0);
      for (const { change, outcome } of results) {
        if (outcome.kind === 'skipped') expect(outcome.why).toBe(LOST.message);
        const user = pair.permit.world.users.get(change.user);
        if (change.kind === 'deleteUser') expect(user === undefined).toBe(outcome.kind === 'applied');
        if (change.kind === 'createUser') expect(user !== undefined).toBe(outcome.kind === 'applied');
      }
    },
  );

  test('while single writes are under way', async () => {
    const permit = await permitWith(people(60));
    permit.faults.push({
      match: ({ path }) => path.endsWith('/bulk/users'),
      do: { kind: 'answer', status: 400, body: null },
    });
    const { results } = await run(githubOf([]), permit.url, lostAfter(23));
    const { applied = 0, skipped = 0 } = outcomes({ results });
    expect(applied).toBe(60 - permit.world.users.size);
    expect(applied + skipped).toBe(60);
    expect(applied).toBeGreaterThan(0);
    expect(sent({ permit })).toHaveLength(23);
  });
});
