import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SyncError } from '../../src/model/errors.ts';
import { openLock } from '../../src/queue/lock.ts';
import { openQueue, type Queue } from '../../src/queue/queue.ts';
import { openRedis, type RedisConnection } from '../../src/queue/redis.ts';
import { type RedisServer, type RedisServerOptions, startRedis } from '../support/redis.ts';
import { entry } from '../unit/queue/entries.ts';

const PREFIX = 'gh-permit-sync:acme';
const ALL = { most: 100, retry: 'now' } as const;

/** A private server, which may be killed, and a queue on it. */
async function start(options: RedisServerOptions = {}) {
  const server = await startRedis(options);
  onTestFinished(server.remove);
  const redis = await connect(server.url);
  return { server, redis, queue: openQueue(redis, { prefix: PREFIX }) };
}

async function connect(url: string, commandTimeoutMs = 2_000): Promise<RedisConnection> {
  const redis = await openRedis({ url, commandTimeoutMs });
  onTestFinished(redis.close);
  return redis;
}

function admin({ port }: RedisServer): Redis {
  const client = new Redis(port, '127.0.0.1', { enableReadyCheck: false });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

async function refusal(work: Promise<unknown>): Promise<SyncError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SyncError)) throw error ?? new Error('nothing was refused');
  return error;
}

const logins = async (queue: Queue): Promise<readonly (string | undefined)[]> =>
  (await queue.take(ALL)).map((one) => one.entry?.login);

describe('Redis dies and comes back', () => {
  test('with its data: nothing is lost or done twice, and our process needs no restart', async () => {
    const { server, queue } = await start({ persistent: true });
    for (const name of ['settled', 'failed', 'released', 'waiting']) await queue.append(entry(name));
    const [settled, failed, released] = await queue.take({ most: 3, retry: 'now' });
    await queue.settle([settled?.id ?? '']);
    await queue.fail([{ id: failed?.id ?? '', reason: 'Permit said no' }]);
    await queue.release([released?.id ?? '']);
    await server.stop('SIGKILL');
    expect((await refusal(queue.append(entry('away')))).code).toBe('QUEUE_UNAVAILABLE');
    expect((await refusal(queue.take(ALL))).code).toBe('QUEUE_UNAVAILABLE');
    await server.restart();
    expect(await queue.append(entry('back'))).toBe('queued');
    expect(await logins(queue)).toEqual(['failed', 'released', 'waiting', 'back']);
    expect((await queue.list()).map(({ attempts }) => attempts)).toEqual([1, 0, 0, 0]);
  });

  test('empty: the queue starts over, and entries taken before are settled silently', async () => {
    const { server, queue } = await start();
    await queue.append(entry('lost'));
    const taken = await queue.take(ALL);
    await server.restart();
    const ids = taken.map(({ id }) => id);
    await queue.keep(ids);
    await queue.fail(ids.map((id) => ({ id, reason: 'no' })));
    await queue.release(ids);
    await queue.settle(ids);
    expect(await queue.end()).toBeUndefined();
    await queue.append(entry('new'));
    expect(await logins(queue)).toEqual(['new']);
    await queue.leave();
  });

  test('while a drain waits for its lock: the lock no longer proves anything', async () => {
    const { server, redis } = await start();
    const lock = openLock(redis, PREFIX, { command: 'drain' });
    const lease = await lock.acquire(0, new AbortController().signal);
    await server.restart();
    await sleep(1_050);
    const error = await refusal(lease.assertHeld());
    expect(error.code).toBe('LOCKED');
    expect(error.message).toContain('lost the lock');
  });

  test('in time: a lock that can’t have lapsed is still proof', async () => {
    const { server, redis } = await start({ persistent: true });
    const lock = openLock(redis, PREFIX, { command: 'drain' });
    const lease = await lock.acquire(0, new AbortController().signal);
    await sleep(1_050);
    await server.stop();
    await lease.assertHeld();
    await server.restart();
    await lease.assertHeld();
    await lease.release();
    await (await lock.acquire(0, new AbortController().signal)).release();
  });

  test('too late: what can’t be proven is refused', async () => {
    const { server } = await start({ persistent: true });
    const hasty = await connect(server.url, 300);
    const lock = openLock(hasty, PREFIX, { command: 'drain', lapseMs: 1_500 });
    const lease = await lock.acquire(0, new AbortController().signal);
    await server.stop();
    await sleep(1_100);
    const error = await refusal(lease.assertHeld());
    expect(error.code).toBe('LOCKED');
    expect(error.message).toContain("can't be proven");
    await lease.release();
  });

  test('silent: every call ends, and the next one after that works', async () => {
    const { server, queue } = await start();
    const hasty = openQueue(await connect(server.url, 300), { prefix: PREFIX });
    await queue.append(entry('a'));
    await hasty.ping();
    server.signal('SIGSTOP');
    const error = await refusal(hasty.append(entry('b')));
    expect(error.code).toBe('QUEUE_UNAVAILABLE');
    server.signal('SIGCONT');
    await queue.ping();
    await hasty.settle((await queue.take(ALL)).map(({ id }) => id));
    expect((await hasty.status()).pending).toBe(0);
  });
});

describe('errors have a hint, and never show the password', () => {
  const SECRET = 'hush-7f3a9c';

  test('nobody listens', async () => {
    const { server } = await start();
    await server.stop();
    const error = await refusal((await connect(server.url)).ping());
    expect(error).toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      message: `Redis at 127.0.0.1:${server.port} can't be reached (connect ECONNREFUSED 127.0.0.1:${server.port})`,
      hint: expect.stringContaining('REDIS_URL'),
    });
  });

  test.each([
    ['', /asks for a password/],
    [`:wrong-${SECRET}@`, /refuses the user or the password of REDIS_URL/],
    [`nobody:${SECRET}@`, /refuses the user or the password of REDIS_URL/],
  ])('the password: %j', async (credentials, expected) => {
    const { server } = await start({ args: ['--requirepass', SECRET] });
    const url = `redis://${credentials}127.0.0.1:${server.port}`;
    const error = await refusal(openQueue(await connect(url), { prefix: PREFIX }).status());
    expect(error.code).toBe('QUEUE_UNAVAILABLE');
    expect(error.message).toMatch(expected);
    expect(`${error.message} ${error.hint}`).not.toContain(SECRET);
  });

  test('the right password is percent-decoded', async () => {
    const { server } = await start({ args: ['--requirepass', 'p@ss:w/rd,#1'] });
    const url = `redis://default:${encodeURIComponent('p@ss:w/rd,#1')}@127.0.0.1:${server.port}/3`;
    const queue = openQueue(await connect(url), { prefix: PREFIX });
    expect(await queue.append(entry('a'))).toBe('queued');
    expect(await logins(queue)).toEqual(['a']);
  });

  test('a user who may not do enough', async () => {
    const { server } = await start();
    await admin(server).call('ACL', 'SETUSER', 'poor', 'on', `>${SECRET}`, '~*', '+ping');
    const url = `redis://poor:${SECRET}@127.0.0.1:${server.port}`;
    const error = await refusal(openQueue(await connect(url), { prefix: PREFIX }).status());
    expect(error.message).toMatch(/does not allow the user of REDIS_URL to do this/);
  });

  test('its memory is full: a drain can still empty the queue', async () => {
    const { server, queue } = await start();
    await queue.append(entry('a'));
    const [, used] = /used_memory:(\d+)/.exec(await admin(server).info('memory')) ?? [];
    await admin(server).config('SET', 'maxmemory', String(Number(used) - 1_000));
    const error = await refusal(queue.append(entry('b')));
    expect(error.message).toMatch(/has no memory left/);
    expect(error.hint).toMatch(/maxmemory/);
    await queue.settle((await queue.list()).map(({ id }) => id));
    expect((await queue.status()).pending).toBe(0);
  });

  test('a replica', async () => {
    const { server, queue } = await start();
    await queue.append(entry('a'));
    await admin(server).replicaof('127.0.0.1', 1);
    const error = await refusal(queue.append(entry('b')));
    expect(error.message).toMatch(/is a replica|without its masters/);
  });

  test('not a Redis address', async () => {
    const error = await refusal(openRedis({ url: `http://:${SECRET}@host` }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(`${error.message} ${error.hint}`).not.toContain(SECRET);
  });
});

describe('more than one server', () => {
  /** Everything at once: scripts over several keys, the lock, the dead letters. */
  async function exercise(redis: RedisConnection): Promise<void> {
    const queue = openQueue(redis, { prefix: PREFIX });
    for (const name of ['a', 'b']) await queue.append(entry(name));
    const [a, b] = await queue.take(ALL);
    await queue.fail([{ id: a?.id ?? '', reason: 'no' }]);
    await queue.settle([b?.id ?? '']);
    expect((await queue.list()).map(({ state }) => state)).toEqual(['failed']);
    const lease = await openLock(redis, PREFIX, { command: 'drain' }).acquire(
      0,
      new AbortController().signal,
    );
    await lease.assertHeld();
    await lease.release();
    await queue.ping();
  }

  test('a Cluster: all keys are in one hash slot', async () => {
    const server = await startRedis({
      args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    });
    onTestFinished(server.remove);
    const slots = Array.from({ length: 16_384 }, (_, i) => i);
    await admin(server).cluster('ADDSLOTS', ...slots);
    for (let state = ''; !state.includes('cluster_state:ok'); await sleep(20)) {
      state = String(await admin(server).cluster('INFO'));
    }
    const redis = await connect(`${server.url},redis://127.0.0.1:${server.port}`);
    await exercise(redis);
    const hasty = await connect(`${server.url},redis://127.0.0.1:${server.port}`, 200);
    await hasty.ping();
    await server.stop();
    expect((await refusal(hasty.ping())).code).toBe('QUEUE_UNAVAILABLE');
  });

  test('Sentinel: the master is asked for by its name', async () => {
    const master = await startRedis();
    const folder = mkdtempSync(join(tmpdir(), 'gh-permit-sync-sentinel-'));
    const config = join(folder, 'sentinel.conf');
    writeFileSync(config, `sentinel monitor main 127.0.0.1 ${master.port} 1\n`);
    const sentinel = await startRedis({ sentinel: config });
    onTestFinished(sentinel.remove);
    onTestFinished(master.remove);
    await exercise(await connect(`redis+sentinel://127.0.0.1:${sentinel.port}/main`));
    await sentinel.stop();
    const lost = await refusal(
      (await connect(`redis+sentinel://127.0.0.1:${sentinel.port}/main`, 500)).ping(),
    );
    expect(lost.code).toBe('QUEUE_UNAVAILABLE');
    expect(lost.message).toContain(`main (by Sentinel at 127.0.0.1:${sentinel.port})`);
  });
});
