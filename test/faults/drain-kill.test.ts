import { describe, expect, onTestFinished, test } from 'vitest';
import { addMember } from '../../src/demo/github/github.ts';
import { snapshot } from '../../src/demo/permit/permit.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { openRedis } from '../../src/queue/redis.ts';
import { differences, driftedPair, withoutScope, writesOf } from '../support/adapters.ts';
import type { Ran } from '../support/program.ts';
import { type RedisServer, startRedis, useRedis } from '../support/redis.ts';
import { type Place, program, receiveAndDrain, spawnProgram, tell, tellAboutAll } from './drain-programs.ts';

const redis = useRedis();

async function place(redisUrl = redis.url): Promise<Place> {
  return { ...(await driftedPair({ steady: 4 })), redisUrl, prefix: redis.prefix() };
}

const queueOf = ({ prefix }: Place) => openQueue(redis.connection, { prefix });
const DRAIN = ['drain', '--settle', '0', '--output', 'json'];
const RECONCILE = ['reconcile', '--drain', '--output', 'json'];

/** What the lapse of the lock does after 30 s. */
const lapse = ({ prefix }: Place) => redis.raw.del(keysOf(prefix).lock);

/** What a minute does to everything that a drain has taken which died: another may claim it. */
async function growOld({ prefix }: Place): Promise<void> {
  const { stream } = keysOf(prefix);
  // There is no group until something has been taken.
  const taken = await redis.raw.xpending(stream, 'drain', '-', '+', 1_000).catch(() => []);
  for (const [id, consumer] of taken as string[][]) {
    await redis.raw.xclaim(stream, 'drain', consumer ?? '', 0, id ?? '', 'IDLE', 61_000, 'JUSTID');
  }
}

/** Kills a drain when its n-th request has reached Permit. @returns the requests that arrived. */
async function killAtRequest(at: Place, nth: number): Promise<number> {
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  let ended: Promise<Ran> | undefined;
  let seen = 0;
  at.permit.onRequest = async () => {
    if (++seen !== nth) return;
    kill('SIGKILL');
    // The request is worked off all the same: nobody is left to see its answer.
    await ended;
  };
  ended = spawnProgram(at, DRAIN, (how) => {
    kill = how;
  });
  expect((await ended).code, `request ${nth}`).toBeNull();
  at.permit.onRequest = undefined;
  return seen;
}

describe('kill -9 of a drain at each request that it makes to Permit', () => {
  test('a reconcile --drain finishes it, and leaves nothing in the queue', { timeout: 300_000 }, async () => {
    const first = await place();
    const told = await tellAboutAll(queueOf(first), first);
    expect(await program(first, DRAIN)).toMatchObject({ code: 0, stderr: '' });
    expect(differences(first)).toEqual([]);
    expect(await queueOf(first).status()).toMatchObject({ pending: 0, dead: 0 });
    const requests = first.permit.requests.length;
    expect(writesOf(first.permit.requests)).toHaveLength(7);
    expect(requests).toBeGreaterThan(9);

    const numbers = Array.from({ length: requests }, (_, i) => i + 1);
    const series = [0, 1, 2, 3].map((rest) => numbers.filter((nth) => nth % 4 === rest));
    await Promise.all(
      series.map(async (some) => {
        for (const nth of some) {
          const at = await place();
          await tellAboutAll(queueOf(at), at);
          await killAtRequest(at, nth);
          expect((await queueOf(at).status()).pending, `request ${nth}`).toBe(told);
          await lapse(at);
          expect(await program(at, RECONCILE), `request ${nth}`).toMatchObject({ code: 0, stderr: '' });
          expect(differences(at), `request ${nth}`).toEqual([]);
          expect(await queueOf(at).status(), `request ${nth}`).toMatchObject({ pending: 0, dead: 0 });
        }
      }),
    );
  });
});

describe('kill -9 of receive --drain', () => {
  test('after a 202: the next one converges without another delivery', { timeout: 60_000 }, async () => {
    const at = await place();
    const { github, permit } = at;
    const receiver = await receiveAndDrain(at, ['--settle', '60s']);
    expect(await tell(receiver, at, 'joiner-1')).toBe(202);
    receiver.kill('SIGKILL');
    expect(await receiver.ended).toBe('SIGKILL');
    expect((await queueOf(at).status()).pending).toBe(1);
    // A minute goes by.
    await growOld(at);
    addMember(github.world, 'acme', { login: 'unheard' });
    await receiveAndDrain(at, ['--settle', '0']);
    await expect.poll(() => snapshot(permit.world)['joiner-1']?.grants).toEqual(['default/member']);
    await expect.poll(async () => (await queueOf(at).status()).pending).toBe(0);
    expect(snapshot(permit.world).unheard).toBeUndefined();
  });
});

describe('Redis restarts under receive --drain', () => {
  async function start(persistent: boolean): Promise<{ readonly server: RedisServer; readonly at: Place }> {
    const server = await startRedis({ persistent });
    onTestFinished(server.remove);
    return { server, at: await place(server.url) };
  }
  const grantsOf = ({ permit }: Place, login: string) => snapshot(permit.world)[login]?.grants;

  test.each([
    ['with what it had', true],
    ['empty', false],
  ])('%s: it continues, and people with deliveries converge', { timeout: 60_000 }, async (_, persistent) => {
    const { server, at } = await start(persistent);
    const receiver = await receiveAndDrain(at, ['--settle', '200ms', '--retry-interval', '2s']);
    expect(await tell(receiver, at, 'joiner-1')).toBe(202);
    await server.stop('SIGKILL');
    expect(await tell(receiver, at, 'joiner-2')).toBe(503);
    await server.restart();
    await expect.poll(() => tell(receiver, at, 'joiner-3')).toBe(202);
    const lasting = persistent ? ['joiner-1', 'joiner-3'] : ['joiner-3'];
    for (const login of lasting) {
      await expect.poll(() => grantsOf(at, login)).toEqual(['default/member']);
    }
    // GitHub got a 503, so it knows what was not queued.
    expect(grantsOf(at, 'joiner-2')).toBeUndefined();
    const connection = await openRedis({ url: server.url });
    onTestFinished(connection.close);
    const queue = openQueue(connection, { prefix: at.prefix });
    await expect.poll(async () => (await queue.status()).pending).toBe(0);
  });
});

describe('two drains and a reconcile at once', () => {
  test('take turns: nothing is written twice, and nobody fails', { timeout: 60_000 }, async () => {
    const at = await place();
    await tellAboutAll(queueOf(at), at);
    const ran = await Promise.all([spawnProgram(at, DRAIN), spawnProgram(at, DRAIN), program(at, RECONCILE)]);
    expect(ran.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array.from({ length: 3 }, () => ({ code: 0, stderr: '' })),
    );
    expect(differences(at)).toEqual([]);
    expect(await queueOf(at).status()).toMatchObject({ pending: 0, dead: 0 });
    const writes = withoutScope(at.permit.requests)
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path, body }) => JSON.stringify({ method, path, body }));
    expect(new Set(writes).size).toBe(writes.length);
    expect(writes).toHaveLength(7);
  });
});
