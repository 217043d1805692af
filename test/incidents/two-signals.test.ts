import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { removeMember } from '../../src/demo/github/github.ts';
import { BIN, emptyFolder, type Ran, settingsFor } from '../support/program.ts';
import { idOf, openDrainStage } from '../support/queue-stage.ts';
import { startReceiving } from '../support/receiving.ts';
import { useRedis } from '../support/redis.ts';
import { openStage, populate, type Stage } from '../support/stage.ts';
import { SECRET } from '../unit/receiver/support.ts';

/** Sends `signals` one after the other, as a cancelled job does, once a write hangs that was worked off or not. */
async function endWhileAWriteHangs(
  signals: readonly NodeJS.Signals[],
  { args = ['reconcile', '--output', 'json'], hang = 'after', path = '' }: Hang = {},
): Promise<{ readonly stage: Stage; readonly ended: Ran }> {
  const stage = await openStage();
  populate(stage, 5, 1);
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  let seen = false;
  const timers: NodeJS.Timeout[] = [];
  onTestFinished(() => timers.forEach(clearTimeout));
  stage.permit.faults.push({
    match: (request) => {
      const hits = request.method !== 'GET' && request.path.includes(path);
      if (hits && !seen) {
        seen = true;
        signals.forEach((signal, index) => {
          timers.push(setTimeout(() => kill(signal), 300 + 700 * index));
        });
      }
      return hits;
    },
    do: { kind: 'hang', when: hang },
  });
  const ended = await stage.spawn(args, {
    started: (how) => {
      kill = how;
    },
  });
  stage.permit.faults.length = 0;
  return { stage, ended };
}

type Hang = { readonly args?: readonly string[]; readonly hang?: 'before' | 'after'; readonly path?: string };

// The write itself hangs for a minute, and none of these tests may last that long.
describe('a cancelled job was killed before it had printed its report, since a write hung', () => {
  test.each([
    { signals: ['SIGINT', 'SIGTERM'], hang: 'after' },
    { signals: ['SIGTERM', 'SIGTERM'], hang: 'before' },
    { signals: ['SIGHUP', 'SIGINT'], hang: 'after' },
  ] as const)(
    '$signals, $hang the work: the second prints the report, exit 4',
    { timeout: 60_000 },
    async ({ signals, hang }) => {
      const { stage, ended } = await endWhileAWriteHangs(signals, { hang });
      expect(ended.code).toBe(4);
      const report = JSON.parse(ended.stdout);
      expect(report.status).toBe('partial');
      const outcomes = report.changes.map(({ outcome }: { outcome: string }) => outcome);
      expect(outcomes).toContain('failed');
      expect(outcomes).not.toContain('applied');
      const failed = report.changes.filter(({ outcome }: { outcome: string }) => outcome === 'failed');
      for (const { error } of failed) expect(JSON.stringify(error)).toMatch(/in doubt/);
      expect(ended.stderr).toMatch(new RegExp(`${signals[0]}: waiting for 1 write to Permit`));
      // The next run finishes.
      const next = await stage.run(['reconcile']);
      expect(next.code).toBe(0);
      expect(Object.keys(stage.held())).toHaveLength(5);
    },
  );

  test('while a mark is written again and again: the same', { timeout: 60_000 }, async () => {
    const { ended } = await endWhileAWriteHangs(['SIGINT', 'SIGTERM'], { path: 'role_assignments' });
    expect(ended.code).toBe(4);
    const outcomes = JSON.parse(ended.stdout).changes.map(({ outcome }: { outcome: string }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['applied', 'failed']));
  });

  test('policy: the second prints its report, exit 4', { timeout: 60_000 }, async () => {
    const { ended } = await endWhileAWriteHangs(['SIGINT', 'SIGTERM'], {
      args: ['policy', '--output', 'json'],
    });
    expect(ended.code).toBe(4);
    expect(JSON.parse(ended.stdout)).toMatchObject({ command: 'policy' });
    expect(ended.stderr).toMatch(/SIGINT: waiting for 1 write to Permit/);
  });
});

describe('read-only commands ignored a signal', () => {
  test.each([
    { args: ['check', 'owner', 'read', 'membership'] },
    { args: ['explain', 'owner'] },
    { args: ['redeliver'] },
    { args: ['policy'] },
    { args: ['doctor'] },
  ])('$args: the first one ends it, with its report', { timeout: 60_000 }, async ({ args }) => {
    const stage = await openStage();
    let kill: (signal: NodeJS.Signals) => void = () => undefined;
    let seen = false;
    for (const emulator of [stage.github, stage.permit]) {
      emulator.faults.push({
        match: () => {
          if (!seen) setTimeout(() => kill('SIGINT'), 300);
          seen = true;
          return true;
        },
        do: { kind: 'hang', when: 'before' },
      });
    }
    const { code, stdout, stderr } = await stage.run([...args, '--output', 'json'], {
      started: (how) => {
        kill = how;
      },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('SIGINT: ending, no write is under way');
    const report = JSON.parse(stdout);
    expect(report.command).toBe(args[0]);
    expect(JSON.stringify(report)).toMatch(/INTERRUPTED|SIGINT/);
  });
});

describe('a second signal after the report killed the program', () => {
  const hang = (kill: () => (signal: NodeJS.Signals) => void) => {
    let seen = false;
    return {
      match: () => {
        if (!seen) setTimeout(() => kill()('SIGINT'), 300);
        seen = true;
        return true;
      },
      do: { kind: 'hang', when: 'before' },
    } as const;
  };

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s: it ends with the exit code of the report',
    { timeout: 60_000 },
    async (second) => {
      const stage = await openStage();
      const cwd = emptyFolder();
      let kill: (signal: NodeJS.Signals) => void = () => undefined;
      stage.github.faults.push(hang(() => kill));
      const child = spawn(process.execPath, [BIN, 'reconcile', '--output', 'json'], {
        cwd,
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settingsFor(stage) },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      kill = (signal) => void child.kill(signal);
      let stdout = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        // The report is on its way, and the process may still be there.
        if (stdout === '') kill(second);
        stdout += text;
      });
      const [code, signal] = await once(child, 'close');
      expect({ code, signal }).toEqual({ code: 1, signal: null });
      expect(JSON.parse(stdout).error.code).toBe('INTERRUPTED');
    },
  );
});

describe('receive --drain', () => {
  const redis = useRedis();

  test('the second signal reports the round whose write hangs, and ends it', {
    timeout: 60_000,
  }, async () => {
    const stage = await openDrainStage(redis, '');
    populate(stage, 5, 1);
    expect((await stage.run(['reconcile'])).code).toBe(0);
    let hangs = false;
    stage.permit.faults.push({
      match: ({ method }) => {
        hangs ||= method !== 'GET';
        return method !== 'GET';
      },
      do: { kind: 'hang', when: 'after' },
    });
    const env = { ...stage.env, REDIS_URL: redis.url, GITHUB_WEBHOOK_SECRET: SECRET };
    const receiver = await startReceiving(['--drain', '--settle', '0'], { cwd: stage.cwd, env });
    const id = idOf(stage, 'person-0003');
    removeMember(stage.github.world, 'acme', 'person-0003');
    await stage.hear('person-0003', id, { action: 'member_removed' });
    while (!hangs) await sleep(20);
    receiver.kill('SIGINT');
    while (!receiver.said().includes('SIGINT')) await sleep(20);
    receiver.kill('SIGTERM');
    expect(await receiver.ended).toBe(0);
    expect(receiver.said()).toMatch(/^Partly drained: .*1 entry waits/m);
    expect(receiver.said()).toContain('INTERRUPTED: ended by SIGINT');
  });
});
