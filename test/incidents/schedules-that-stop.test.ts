// timeplus-io/proton#1228, opentofu/registry-ui#259: GitHub disabled the schedule, and nobody noticed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { removeMember } from '../../src/demo/github/github.ts';
import { watchSchedule } from '../../src/drain/watch.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openRunRecord, parseFullRuns } from '../../src/queue/run-memory.ts';
import { BIN, emptyFolder } from '../support/program.ts';
import { type DrainStage, syncedStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

type Finding = {
  readonly id: string;
  readonly status: string;
  readonly message: string;
  readonly mend?: string;
};

async function doctorSays(stage: DrainStage, env: Record<string, string> = {}): Promise<Finding | undefined> {
  const { stdout } = await stage.run(['doctor', '-o', 'json'], { env });
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly Finding[] };
  return checks.find(({ id }) => id === 'redis.last-full-run');
}

/** Redis' own time, from which the ages are counted. */
async function redisNow(): Promise<number> {
  const [seconds = 0] = await redis.raw.time();
  return Number(seconds) * 1_000;
}

/** Lets the last full run, and those before it, be so long ago. */
async function letPass(stage: DrainStage, ms: number): Promise<void> {
  const { fullRuns } = keysOf(stage.prefix);
  for (const field of ['at', 'since']) {
    const value = Number(await redis.raw.hget(fullRuns, field));
    await redis.raw.hset(fullRuns, field, String(value - ms));
  }
}

describe('proton#1228: the schedule was disabled, and doctor says so', () => {
  test('a run that ended just now is fresh', async () => {
    expect(await doctorSays(await syncedStage(redis))).toMatchObject({ status: 'ok' });
  });

  test('a last run of the day before yesterday is not', async () => {
    const stage = await syncedStage(redis);
    await letPass(stage, 2 * DAY);
    expect(await doctorSays(stage)).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('2 days ago'),
      mend: expect.stringContaining('60 days'),
    });
    expect((await stage.run(['doctor'])).stdout).toMatch(/warning {2}the last full run ended 2 days ago/);
  });

  test('nor one older than twice the usual interval', async () => {
    const stage = await syncedStage(redis);
    for (let i = 0; i < 3; i += 1) {
      await letPass(stage, HOUR);
      expect((await stage.run(['reconcile'])).code).toBe(0);
    }
    await letPass(stage, 1.5 * HOUR);
    expect(await doctorSays(stage)).toMatchObject({ status: 'ok' });
    await letPass(stage, HOUR);
    expect(await doctorSays(stage)).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(/ago; usually one ends every 60 minutes/),
    });
  });

  test('runs repeated by hand do not shorten the usual interval', async () => {
    const stage = await syncedStage(redis);
    for (let i = 0; i < 3; i += 1) expect((await stage.run(['reconcile'])).code).toBe(0);
    await letPass(stage, 5 * HOUR);
    expect(await doctorSays(stage)).toMatchObject({ status: 'ok' });
  });

  test.each([
    ['narrowed to one person', ['reconcile', '--user', 'person-0003']],
    ['that writes nothing', ['reconcile', '--dry-run']],
    ['of the queue alone', ['drain', '--settle', '0']],
  ])('a run %s is not a full run', async (_, args) => {
    const stage = await syncedStage(redis);
    await letPass(stage, 3 * DAY);
    await stage.hear('person-0004', 0);
    await stage.run(args);
    expect(await doctorSays(stage)).toMatchObject({ status: 'warning' });
  });

  test('a run that a limit refuses is not a full run', async () => {
    const stage = await syncedStage(redis);
    await letPass(stage, 3 * DAY);
    for (let i = 3; i < 9; i += 1) removeMember(stage.github.world, 'acme', `person-000${i}`);
    expect((await stage.run(['reconcile'])).code).toBe(3);
    expect(await doctorSays(stage)).toMatchObject({ status: 'warning' });
  });

  test('where no full run is on record, and where there is no Redis', async () => {
    const stage = await syncedStage(redis);
    expect(await doctorSays(stage, { REDIS_URL: '' })).toMatchObject({ status: 'skipped' });
    expect(await doctorSays(stage, { REDIS_URL: 'redis://127.0.0.1:1' })).toMatchObject({
      status: 'skipped',
    });
    await redis.raw.del(keysOf(stage.prefix).fullRuns);
    expect(await doctorSays(stage)).toMatchObject({
      status: 'warning',
      mend: expect.stringMatching(/reconcile/),
    });
  });
});

describe("what others wrote to Redis doesn't hide a silent schedule", () => {
  test.each<[string, Record<string, string> | string]>([
    ['a time in the future', { at: String(Date.now() + 900 * DAY) }],
    ['no time', { at: 'yesterday' }],
    ['no time at all', { since: '5' }],
    ['a value that is no hash', 'x'],
    ['an enormous time', { at: '9'.repeat(500) }],
  ])('%s', async (_, value) => {
    const stage = await syncedStage(redis);
    const { fullRuns } = keysOf(stage.prefix);
    await redis.raw.del(fullRuns);
    if (typeof value === 'string') await redis.raw.set(fullRuns, value);
    else await redis.raw.hset(fullRuns, value);
    expect(await doctorSays(stage)).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('someone else wrote it'),
    });
    expect((await stage.run(['reconcile'])).code).toBe(0);
    expect(await doctorSays(stage)).toMatchObject({ status: 'ok' });
  });

  test("a very long interval doesn't shorten the day, and a momentary one counts as 5 minutes", () => {
    const now = 10 * DAY;
    const runs = (age: number, intervals: string) =>
      parseFullRuns([String(now), String(now - age), intervals]);
    expect(runs(HOUR, '1,1,1')).toEqual({ kind: 'known', ageMs: HOUR, usualMs: 300_000 });
    expect(runs(HOUR, 'x,-5,,1e9')).toEqual({ kind: 'known', ageMs: HOUR, usualMs: undefined });
    expect(runs(HOUR, `${'9'.repeat(15)}`)).toMatchObject({ ageMs: HOUR });
    expect(parseFullRuns([])).toEqual({ kind: 'never' });
  });
});

describe('a drain that keeps running says so', () => {
  test('at once, and again while it lasts, but not all the time', async () => {
    const prefix = redis.prefix();
    const record = openRunRecord(redis.connection, prefix);
    const said: string[] = [];
    let now = 0;
    const look = watchSchedule(
      record,
      (message) => void said.push(message),
      () => now,
    );
    await look();
    expect(said).toEqual([]);
    await record.noteFullRun();
    await redis.raw.hset(keysOf(prefix).fullRuns, 'at', String((await redisNow()) - 3 * DAY));
    now += HOUR;
    await look();
    now += HOUR;
    await look();
    expect(said).toEqual([
      expect.stringMatching(/^SCHEDULE_SILENT: the last full run ended 3 days ago; .*60 days/),
    ]);
    now += 6 * HOUR;
    await look();
    expect(said).toHaveLength(2);
    await record.noteFullRun();
    now += 7 * HOUR;
    await look();
    expect(said).toHaveLength(2);
  });

  test.each([
    ['drain --watch', ['drain', '--watch']],
    ['receive --drain', ['receive', '--drain', '--host', '127.0.0.1', '--port', '0']],
  ])('%s, on stderr', async (_, args) => {
    const stage = await syncedStage(redis);
    await letPass(stage, 2 * DAY);
    const child = spawn(process.execPath, [BIN, ...args, '--metrics-file', 'run.prom'], {
      cwd: stage.cwd,
      env: { PATH: process.env.PATH, ...stage.env, REDIS_URL: redis.url, GITHUB_WEBHOOK_SECRET: 'hush-hush' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    await new Promise<void>((resolve) => {
      child.once('close', () => resolve());
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        if (stderr.includes('SCHEDULE_SILENT')) resolve();
      });
    });
    const metrics = join(stage.cwd, 'run.prom');
    await expect.poll(() => existsSync(metrics), { timeout: 30_000 }).toBe(true);
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'close');
    expect(readFileSync(metrics, 'utf8')).toContain(`_last_run_exit_code{command="${args[0]}"} 0`);
    expect(stderr).toMatch(/SCHEDULE_SILENT: the last full run ended 2 days ago/);
  });
});

test('--lock-wait 0 tries once, and then the run is LOCKED', async () => {
  const stage = await syncedStage(redis);
  const { lock } = keysOf(stage.prefix);
  for (const wait of ['0', '0s', '0ms']) {
    await redis.raw.set(lock, 'another {}', 'PX', 30_000);
    await stage.hear('person-0003', 0);
    for (const command of [['reconcile'], ['drain', '--settle', wait]]) {
      const ran = await stage.run([...command, '--lock-wait', wait, '-o', 'json']);
      expect({ code: ran.code, error: JSON.parse(ran.stdout).error?.code }, ran.stderr).toEqual({
        code: 1,
        error: 'LOCKED',
      });
    }
    await redis.raw.del(lock);
    expect((await stage.run(['reconcile', '--lock-wait', wait])).code).toBe(0);
  }
});

test('a zero timeout, retry interval or --since is refused', async () => {
  const cwd = emptyFolder();
  const stage = await syncedStage(redis);
  for (const args of [
    ['reconcile', '--timeout', '0'],
    ['drain', '--retry-interval', '0s'],
    ['redeliver', '--since', '0'],
  ]) {
    const ran = await stage.run(args, { cwd });
    expect(ran.code, ran.stderr).toBe(1);
    expect(ran.stderr).toMatch(/too short[\s\S]*at least 1ms/);
  }
});
