import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openQueue } from '../../src/queue/queue.ts';
import { BIN, emptyFolder } from '../support/program.ts';
import { useRedis } from '../support/redis.ts';
import { openStage, populate, type Stage } from '../support/stage.ts';
import { memberAdded, post, SECRET } from '../unit/receiver/support.ts';

/** What a full disk or a reader that went away does to the program. */
const redis = useRedis();
const FULL = '/dev/full';

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** The program with a full disk, or a pipe that nobody reads anymore, behind some of its outputs. */
async function runWith(
  lost: { readonly stdout?: 'full' | 'closed'; readonly stderr?: 'full' | 'closed' },
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const full = openSync(FULL, 'w');
  const of = (how: 'full' | 'closed' | undefined): number | 'pipe' => (how === 'full' ? full : 'pipe');
  const child: ChildProcess = spawn(process.execPath, [BIN, ...args], {
    cwd: emptyFolder(),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', of(lost.stdout), of(lost.stderr)],
  });
  closeSync(full);
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    if (lost[name] === 'closed') child[name]?.destroy();
    else
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
      });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}

async function joiners(): Promise<Stage> {
  const stage = await openStage();
  populate(stage, 5, 1);
  return stage;
}

describe.skipIf(!existsSync(FULL))(
  'a run was applied and reported as INTERNAL, since its log was on a full disk',
  () => {
    test.each([
      { stdout: 'full' },
      { stdout: 'closed' },
      { stderr: 'full' },
      { stderr: 'closed' },
      { stdout: 'full', stderr: 'full' },
      { stdout: 'closed', stderr: 'closed' },
    ] as const)(
      '$stdout stdout, $stderr stderr: everything is applied, exit 0',
      { timeout: 60_000 },
      async (lost) => {
        const stage = await joiners();
        const { code, stderr } = await runWith(lost, ['reconcile', '--verbose'], stage.env);
        expect(code).toBe(0);
        expect(Object.keys(stage.held())).toHaveLength(5);
        expect(stderr).not.toContain('INTERNAL');
        if (lost.stdout === 'full' && !('stderr' in lost)) {
          expect(stderr.match(/stdout can't be written \(ENOSPC\)/g)).toHaveLength(1);
        }
      },
    );

    test('the job summary and the outputs too: exit 0', { timeout: 60_000 }, async () => {
      const stage = await joiners();
      const actions = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: FULL, GITHUB_OUTPUT: FULL };
      const { code, stderr } = await runWith({}, ['reconcile'], { ...stage.env, ...actions });
      expect(code).toBe(0);
      expect(stderr).toContain('ENOSPC');
      expect(Object.keys(stage.held())).toHaveLength(5);
    });

    test('JSON lines stay JSON when one of them says that stdout is lost', { timeout: 60_000 }, async () => {
      const stage = await joiners();
      const { stderr } = await runWith({ stdout: 'full' }, ['reconcile', '--log-format', 'json'], stage.env);
      const lines = stderr.trim().split('\n');
      expect(lines.map((line) => JSON.parse(line).message).join('\n')).toContain("stdout can't be written");
    });

    test('the demo warns once, even though it runs several commands', { timeout: 60_000 }, async () => {
      const { code, stderr } = await runWith({ stdout: 'full' }, ['demo'], {});
      expect(code).toBe(0);
      expect(stderr.match(/stdout can't be written \(ENOSPC\)/g)).toHaveLength(1);
    });

    test.each([
      { args: ['--version'], code: 0, how: 'full' },
      { args: ['--version'], code: 0, how: 'closed' },
      { args: ['--help'], code: 0, how: 'closed' },
      { args: ['reconcile', '--dry-run', '--detailed-exitcode'], code: 2, how: 'full' },
      { args: ['reconcile', '--dry-run', '--detailed-exitcode'], code: 2, how: 'closed' },
      { args: ['explain', 'nobody-at-all'], code: 1, how: 'full' },
      { args: ['policy', '--dry-run'], code: 0, how: 'closed' },
      { args: ['reconcile', '--no-such-flag'], code: 1, how: 'full' },
    ] as const)(
      '$args ($how): the exit code is the one of the command',
      { timeout: 60_000 },
      async ({ args, code, how }) => {
        const stage = await joiners();
        const ended = await runWith({ stdout: how, stderr: how }, args, stage.env);
        expect(ended.code).toBe(code);
      },
    );
  },
);

describe.skipIf(!existsSync(FULL))('a receiver ended when its log could not be written', () => {
  test.each(['full', 'closed'] as const)(
    '%s: deliveries are queued, and /metrics shows it',
    { timeout: 60_000 },
    async (how) => {
      const prefix = `lost-log-${how}`;
      const cwd = emptyFolder();
      writeFileSync(join(cwd, 'gh-permit-sync.json'), JSON.stringify({ redis: { prefix } }));
      const port = 20_000 + (process.pid % 20_000) + (how === 'full' ? 0 : 1);
      const full = openSync(FULL, 'w');
      const child = spawn(process.execPath, [BIN, 'receive', '--host', '127.0.0.1', '--port', String(port)], {
        cwd,
        env: {
          PATH: process.env.PATH,
          REDIS_URL: redis.url,
          GITHUB_WEBHOOK_SECRET: SECRET,
          GITHUB_ORG: 'acme',
        },
        stdio: ['ignore', 'ignore', how === 'full' ? full : 'pipe'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      closeSync(full);
      child.stderr?.destroy();
      const url = `http://127.0.0.1:${port}`;
      await expect
        .poll(
          () =>
            fetch(`${url}/healthz`).then(
              ({ status }) => status,
              () => 0,
            ),
          { timeout: 20_000 },
        )
        .toBe(200);
      for (let i = 0; i < 3; i++) {
        expect((await post(`${url}/github-membership`, { body: JSON.stringify(memberAdded()) })).status).toBe(
          202,
        );
      }
      expect((await openQueue(redis.connection, { prefix }).status()).pending).toBe(3);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(Number(/^gh_permit_sync_log_lines_lost_total (\d+)/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(
        3,
      );
      child.kill('SIGTERM');
      const [code] = await once(child, 'close');
      expect(code).toBe(0);
    },
  );
});
