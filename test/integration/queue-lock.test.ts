import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { keysOf } from '../../src/queue/keys.ts';
import { openLock } from '../../src/queue/lock.ts';
import { emptyFolder } from '../support/program.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();
const HOLDER = fileURLToPath(new URL('../support/lock-holder.ts', import.meta.url));
/** The same as a program that Node runs. */
let holder = '';
beforeAll(async () => {
  holder = join(emptyFolder(), 'lock-holder.mjs');
  await build({
    entryPoints: [HOLDER],
    outfile: holder,
    bundle: true,
    format: 'esm',
    platform: 'node',
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
});
const never = new AbortController().signal;

const lockOn = (prefix: string, lapseMs = 30_000) =>
  openLock(redis.connection, prefix, { command: 'reconcile', lapseMs });

/** A child that takes the lock, says so, and then proves it as often as a line comes in. */
async function startHolder(prefix: string, lapseMs: number) {
  const child = spawn(process.execPath, [holder], {
    env: { ...process.env, REDIS_URL: redis.url, PREFIX: prefix, LAPSE_MS: String(lapseMs) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdout.setEncoding('utf8');
  const said = async (): Promise<string> => String((await once(child.stdout, 'data'))[0]).trim();
  expect(await said()).toBe('held');
  const prove = (): Promise<string> => {
    child.stdin.write('prove\n');
    return said();
  };
  return { child, prove };
}

describe('the lock', () => {
  test('admits one at a time, no matter how many wait', async () => {
    const prefix = redis.prefix();
    let inside = 0;
    let turns = 0;
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const lease = await lockOn(prefix).acquire(20_000, never);
        expect(++inside).toBe(1);
        turns++;
        await lease.assertHeld();
        await sleep(5);
        expect(inside--).toBe(1);
        await lease.release();
      }),
    );
    expect(turns).toBe(6);
    expect(await redis.raw.exists(keysOf(prefix).lock)).toBe(0);
  });

  test('says once that it waits, for which run and how long at most, and when the wait is over', async () => {
    const prefix = redis.prefix();
    const lease = await lockOn(prefix).acquire(0, never);
    const told: string[] = [];
    const onWait = (lock: string, ms: number): (() => void) => {
      told.push(`${lock.replace(/ on .*/, '')}, ${Math.ceil(ms / 1000)} s`);
      void sleep(500).then(lease.release);
      return () => void told.push('over');
    };
    const lock = openLock(redis.connection, prefix, { command: 'drain', onWait });
    await (await lock.acquire(60_000, never)).release();
    expect(told).toEqual(['the lock, which reconcile, 60 s', 'over']);
  });

  test('names the holder when the wait is over', async () => {
    const prefix = redis.prefix();
    const lease = await lockOn(prefix).acquire(0, never);
    await expect(lockOn(prefix).acquire(0, never)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(
        new RegExp(`^another run holds the lock: reconcile on \\S+ \\(pid ${process.pid}\\) since 2\\d{3}-`),
      ),
      hint: expect.stringContaining('--lock-wait'),
    });
    await lease.release();
    await (await lockOn(prefix).acquire(0, never)).release();
  });

  test.each([
    ['not ours', 'token \u001b[31mwho\u0000'],
    ['without a space', 'x'.repeat(10_000)],
    [
      'of odd facts',
      `token ${JSON.stringify({ command: '\u202eevil\nline', host: {}, pid: 'x', since: 5 })}`,
    ],
    ['json but no object', 'token null'],
  ])('a holder %s is reported safely', async (_, value) => {
    const prefix = redis.prefix();
    await redis.raw.set(keysOf(prefix).lock, value);
    const error = await lockOn(prefix)
      .acquire(0, never)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'LOCKED' });
    expect((error as Error).message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect((error as Error).message.length).toBeLessThan(300);
  });

  test('waiting ends with the signal’s own reason', async () => {
    const prefix = redis.prefix();
    const lease = await lockOn(prefix).acquire(0, never);
    const control = new AbortController();
    const waiting = lockOn(prefix).acquire(60_000, control.signal);
    control.abort(new Error('interrupted'));
    await expect(waiting).rejects.toThrow('interrupted');
    await expect(lockOn(prefix).acquire(0, control.signal)).rejects.toThrow('interrupted');
    await lease.release();
  });

  test('is held as long as its holder lives', async () => {
    const prefix = redis.prefix();
    const lease = await lockOn(prefix, 300).acquire(0, never);
    for (let i = 0; i < 8; i++) {
      await sleep(100);
      await expect(lockOn(prefix, 300).acquire(0, never)).rejects.toMatchObject({ code: 'LOCKED' });
    }
    await lease.assertHeld();
    await lease.release();
  });

  test('is released only by its own holder', async () => {
    const prefix = redis.prefix();
    const first = await lockOn(prefix).acquire(0, never);
    await redis.raw.del(keysOf(prefix).lock);
    const second = await lockOn(prefix).acquire(0, never);
    await first.release();
    await expect(lockOn(prefix).acquire(0, never)).rejects.toMatchObject({ code: 'LOCKED' });
    await second.assertHeld();
    await second.release();
    await expect(second.assertHeld()).rejects.toMatchObject({ code: 'LOCKED' });
  });

  test('that vanished is noticed before the next write, and never assumed again', async () => {
    const prefix = redis.prefix();
    const lease = await lockOn(prefix).acquire(0, never);
    await redis.raw.del(keysOf(prefix).lock);
    await sleep(1_050);
    await expect(lease.assertHeld()).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining('has lost the lock'),
    });
    await (await lockOn(prefix).acquire(0, never)).release();
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'LOCKED' });
  });

  test('of a killed run expires by itself', async () => {
    const prefix = redis.prefix();
    const { child, prove } = await startHolder(prefix, 900);
    expect(await prove()).toBe('proven');
    child.kill('SIGKILL');
    await expect(lockOn(prefix).acquire(0, never)).rejects.toMatchObject({
      message: expect.stringContaining(`(pid ${child.pid})`),
    });
    const lease = await lockOn(prefix).acquire(10_000, never);
    await lease.assertHeld();
    await lease.release();
  });

  test("of a paused run is lost, even if the run doesn't know how long it slept", async () => {
    const prefix = redis.prefix();
    const { child, prove } = await startHolder(prefix, 900);
    child.kill('SIGSTOP');
    const lease = await lockOn(prefix).acquire(10_000, never);
    child.kill('SIGCONT');
    expect(await prove()).toBe('LOCKED');
    await lease.assertHeld();
    await lease.release();
  });
});
