import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { runInThisProcess } from '../support/in-process.ts';
import { BIN, emptyFolder } from '../support/program.ts';
import { startTestReceiver } from '../support/webhook-receiver.ts';

type Served = {
  readonly child: ChildProcess;
  readonly env: Readonly<Record<string, string>>;
  readonly stdout: string;
  readonly stderr: () => string;
};

/** Starts `demo --serve` and reads its stdout to the end, which comes before the program's own end. */
async function serveDemo(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Served> {
  const child = spawn(process.execPath, [BIN, 'demo', '--serve', ...args], {
    cwd: emptyFolder(),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await once(child.stdout, 'end');
  await expect.poll(() => stderr).toContain('Ctrl-C');
  expect(stdout, stderr).toMatch(/^unset [A-Z_ ]+\n(?:export [A-Z_]+=\S+\n)+$/);
  const exported = [...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
  return { child, env: Object.fromEntries(exported), stdout, stderr: () => stderr };
}

async function endWith(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exit) as [number | null];
  return code;
}

test('serve: only exports on stdout, with which another command works, until a signal ends it', async () => {
  const { child, env, stderr } = await serveDemo(['--world', 'small']);
  expect(Object.keys(env)).toEqual(
    expect.arrayContaining([
      'GITHUB_API_URL',
      'GH_TOKEN',
      'GITHUB_ORG',
      'PERMIT_API_URL',
      'PERMIT_API_KEY',
      'PERMIT_PDP_URL',
      'GITHUB_WEBHOOK_SECRET',
    ]),
  );
  const { REDIS_URL: _, ...withoutRedis } = env;
  const dry = await runInThisProcess(['reconcile', '--dry-run'], { env: withoutRedis });
  expect([dry.code, dry.stderr]).toEqual([0, '']);
  expect(dry.stdout).toContain('5 users to create');
  expect(stderr()).toContain(`kill ${child.pid}`);
  expect(await endWith(child, 'SIGTERM')).toBe(0);
  await expect(fetch(env.GITHUB_API_URL ?? '')).rejects.toThrow();
});

test('serve: a curl that changes a member or a team causes a signed delivery', async () => {
  const receiver = await startTestReceiver();
  const { child, env, stderr } = await serveDemo(['--webhook', `${receiver.url}/hook`]);
  const found = [...stderr().matchAll(/-X PUT .* \$GITHUB_API_URL(\S+)(?: -d '(.*)')?/g)];
  const puts = new Map(found.map(([, path = '', body]) => [path, body]));
  expect(puts).toEqual(
    new Map([
      ['/orgs/acme/teams/payments/repos/acme/payments-api', '{"permission":"push"}'],
      ['/orgs/acme/memberships/octocat', undefined],
    ]),
  );
  const headers = { authorization: `Bearer ${env.GH_TOKEN}`, 'user-agent': 'curl' };
  for (const [path, body = null] of puts)
    expect((await fetch(env.GITHUB_API_URL + path, { method: 'PUT', headers, body })).ok).toBe(true);
  await expect.poll(() => receiver.received.length).toBe(2);
  const signature = expect.stringMatching(/^sha256=/);
  expect(
    receiver.received.map(({ headers }) => [headers['x-github-event'], headers['x-hub-signature-256']]),
  ).toEqual(
    expect.arrayContaining([
      ['team', signature],
      ['organization', signature],
    ]),
  );
  expect(await endWith(child, 'SIGINT')).toBe(0);
});

test('serve: prints the same in a shell that has exported its lines already', async () => {
  const { child, env } = await serveDemo();
  const again = await serveDemo([], env);
  expect(again.env).toMatchObject({ GH_TOKEN: env.GH_TOKEN, PERMIT_API_KEY: env.PERMIT_API_KEY });
  expect(again.env.REDIS_URL).toBe(env.REDIS_URL);
  expect(await Promise.all([endWith(child, 'SIGINT'), endWith(again.child, 'SIGINT')])).toEqual([0, 0]);
});

test('serve: a REDIS_URL that an earlier demo has left behind is replaced', async () => {
  const gone = 'redis://127.0.0.1:1';
  const { child, stdout } = await serveDemo([], { REDIS_URL: gone });
  expect(stdout).not.toContain(gone);
  expect(await endWith(child, 'SIGINT')).toBe(0);
});

test('serve: a REDIS_URL with a password is not printed', async () => {
  const { child, stdout, stderr } = await serveDemo([], { REDIS_URL: 'redis://:s3cret-of-ours@127.0.0.1:1' });
  expect(stdout).not.toContain('REDIS_URL');
  expect(stdout + stderr()).not.toContain('s3cret');
  expect(stderr()).toContain('REDIS_URL holds a password');
  expect(await endWith(child, 'SIGINT')).toBe(0);
});

test.each([
  [['--world', 'small'], '--world needs --serve'],
  [['--port', '4100'], '--port needs --serve'],
  [['--serve', '--world', 'small', '--members', '9'], 'the world "small" has a fixed size'],
  [['--serve', '--webhook', 'https://example.com/hook'], 'not an http address of this machine'],
  [['--members', '2'], 'expected a number from 5 to 100000'],
])('demo %j is refused: %s', async (args, message) => {
  const { code, stdout, stderr } = await runInThisProcess(['demo', ...args]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(message);
});
