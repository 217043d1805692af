import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bind } from '../../src/queue/binding.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { runInThisProcess } from '../support/in-process.ts';
import { emptyFolder } from '../support/program.ts';
import { type Receiving, startReceiving } from '../support/receiving.ts';
import { startRedis, useRedis } from '../support/redis.ts';
import { dial, head, memberAdded, post, SECRET, sign } from '../unit/receiver/support.ts';

const redis = useRedis();

/** A folder whose config gives the queue its own prefix. */
function folderFor(prefix: string, config: object = {}): string {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'gh-permit-sync.json'), JSON.stringify({ redis: { prefix }, ...config }));
  return cwd;
}

/** Neither a credential of GitHub nor one of Permit is in it. */
const envFor = (url: string) => ({
  REDIS_URL: url,
  GITHUB_WEBHOOK_SECRET: `${SECRET},another-secret-of-ours`,
  GITHUB_ORG: 'acme',
});

type Env = Readonly<Record<string, string | undefined>>;
/** The built program, receiving into a queue of its own. */
const receive = (
  prefix: string,
  args: readonly string[] = [],
  env: Env = envFor(redis.url),
): Promise<Receiving> => startReceiving(args, { cwd: folderFor(prefix), env });

const queued = async (prefix: string): Promise<number> =>
  (await openQueue(redis.connection, { prefix }).status()).pending;

test('it queues, and says so in a line without the payload; SIGTERM ends it with 0', async () => {
  const prefix = redis.prefix();
  const receiver = await receive(prefix);
  expect((await post(receiver.url)).status).toBe(202);
  expect((await post(receiver.url, { secret: 'another-secret-of-ours' })).status).toBe(202);
  expect((await post(receiver.url, { secret: 'a-forged-secret-of-theirs' })).status).toBe(401);
  expect(await queued(prefix)).toBe(2);
  receiver.kill('SIGTERM');
  expect(await receiver.ended).toBe(0);
  expect(receiver.said()).toContain('202 queued: organization member_added of acme, delivery 72d3162e-');
  expect(receiver.said()).toContain('401 unauthorized');
  expect(receiver.said()).not.toContain('ann');
  expect(receiver.said()).not.toContain(SECRET);
});

test('where the config mirrors repositories, events about these are queued', async () => {
  const prefix = redis.prefix();
  const config = { github: { orgs: ['acme', 'labs'] }, repositories: { orgs: ['labs'] } };
  const receiver = await startReceiving([], { cwd: folderFor(prefix, config), env: envFor(redis.url) });
  const statuses = ['labs', 'acme'].map(async (login) => {
    const payload = { action: 'archived', repository: { id: 77 }, organization: { login, id: 100 } };
    return (await post(receiver.url, { event: 'repository', body: JSON.stringify(payload) })).status;
  });
  expect(await Promise.all(statuses)).toEqual([202, 200]);
  expect(await queued(prefix)).toBe(1);
});

test('as JSON, each line of the log is a document', async () => {
  const receiver = await receive(redis.prefix(), ['--log-format', 'json']);
  await post(receiver.url);
  receiver.kill('SIGINT');
  expect(await receiver.ended).toBe(0);
  const lines = receiver
    .said()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.find(({ message }) => message === 'delivery')).toEqual({
    time: expect.any(String),
    level: 'info',
    message: 'delivery',
    delivery: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    event: 'organization',
    action: 'member_added',
    org: 'acme',
    status: 202,
    answer: 'queued',
    durationMs: expect.any(Number),
  });
});

test('killed right after a 202, it has lost nothing', async () => {
  const prefix = redis.prefix();
  const receiver = await receive(prefix);
  expect((await post(receiver.url)).status).toBe(202);
  receiver.kill('SIGKILL');
  expect(await receiver.ended).toBe('SIGKILL');
  expect(await queued(prefix)).toBe(1);
});

test('SIGTERM lets a delivery in progress finish', async () => {
  const prefix = redis.prefix();
  const receiver = await receive(prefix);
  const body = JSON.stringify(memberAdded());
  const client = await dial(new URL(receiver.url).origin);
  const closed = once(client, 'close');
  client.write(head({ 'content-length': String(body.length), 'x-hub-signature-256': sign(body) }));
  client.write(body.slice(0, 20));
  await fetch(`${new URL(receiver.url).origin}/healthz`);
  receiver.kill('SIGTERM');
  while (!receiver.said().includes('SIGTERM')) await sleep(5);
  await expect(fetch(receiver.url)).rejects.toThrow();
  client.write(body.slice(20));
  await closed;
  expect(client.heard()).toMatch(/^HTTP\/1.1 202 /);
  expect(await receiver.ended).toBe(0);
  expect(await queued(prefix)).toBe(1);
});

test('a second signal ends it even though a delivery is in progress', async () => {
  const receiver = await receive(redis.prefix());
  const client = await dial(new URL(receiver.url).origin);
  client.write(head({ 'content-length': '100', 'x-hub-signature-256': sign('') }));
  await fetch(`${new URL(receiver.url).origin}/healthz`);
  receiver.kill('SIGINT');
  while (!receiver.said().includes('SIGINT: finishing the deliveries under way')) await sleep(5);
  receiver.kill('SIGTERM');
  expect(await receiver.ended).toBe(0);
});

test('without Redis it starts, answers 503, says so once, and continues when Redis is back', async () => {
  const server = await startRedis();
  onTestFinished(() => server.remove());
  await server.stop();
  const receiver = await receive('late', [], envFor(server.url));
  const { origin } = new URL(receiver.url);
  expect((await post(receiver.url)).status).toBe(503);
  expect((await post(receiver.url)).status).toBe(503);
  expect([(await fetch(`${origin}/healthz`)).status, (await fetch(`${origin}/readyz`)).status]).toEqual([
    200, 503,
  ]);
  expect(receiver.said().match(/QUEUE_UNAVAILABLE/g)).toHaveLength(1);
  await server.restart();
  while ((await fetch(`${origin}/readyz`)).status !== 200) await sleep(20);
  expect((await post(receiver.url)).status).toBe(202);
  receiver.kill('SIGTERM');
  expect(await receiver.ended).toBe(0);
});

test.each(['stream', 'binding'] as const)(
  'while its %s in Redis has another type, it answers 503, names the repair once, and continues after it',
  async (name) => {
    const prefix = redis.prefix();
    const key = keysOf(prefix)[name];
    await redis.raw.set(key, 'forged');
    const receiver = await receive(prefix);
    const { origin } = new URL(receiver.url);
    expect((await post(receiver.url)).status).toBe(503);
    expect((await post(receiver.url)).status).toBe(503);
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    expect(receiver.said().split(`redis-cli DEL '${key}'`)).toHaveLength(2);
    await redis.raw.del(key);
    expect((await post(receiver.url)).status).toBe(202);
    if (name === 'stream') {
      await redis.raw.set(key, 'forged again');
      expect((await post(receiver.url)).status).toBe(503);
    }
    receiver.kill('SIGTERM');
    expect(await receiver.ended).toBe(0);
  },
);

test('a queue of another owner is not written to', async () => {
  const prefix = redis.prefix();
  await bind(redis.connection, prefix, { owner: 'somebody-else' });
  const { code, stderr } = await runInThisProcess(['receive', '--host', '127.0.0.1', '--port', '0'], {
    cwd: folderFor(prefix),
    env: envFor(redis.url),
  });
  expect([code, stderr]).toEqual([1, expect.stringContaining('somebody-else')]);
  expect(stderr.match(/CONFIG_INVALID/g)).toHaveLength(1);
  expect(await queued(prefix)).toBe(0);
});

test('--max-entries bounds the queue', async () => {
  const receiver = await receive(redis.prefix(), ['--max-entries', '1']);
  expect([(await post(receiver.url)).status, (await post(receiver.url)).status]).toEqual([202, 503]);
});

describe('--insecure', () => {
  test('accepts unsigned deliveries, and says so', async () => {
    const env = { ...envFor(redis.url), GITHUB_WEBHOOK_SECRET: undefined };
    const prefix = redis.prefix();
    const child = await receive(prefix, ['--insecure'], env);
    expect((await post(child.url, { secret: null })).status).toBe(202);
    expect(child.said()).toContain('signatures are not checked');
  });

  test('still checks signatures if there is a secret', async () => {
    const receiver = await receive(redis.prefix(), ['--insecure']);
    expect((await post(receiver.url, { secret: null })).status).toBe(401);
    expect(receiver.said()).not.toContain('signatures are not checked');
  });
});

describe("a receiver that can't start", () => {
  const cases: readonly (readonly [string, readonly string[], Env, string])[] = [
    ['no secret', [], { GITHUB_WEBHOOK_SECRET: undefined }, '--insecure'],
    ['an empty secret among others', [], { GITHUB_WEBHOOK_SECRET: 'a-secret,' }, 'GITHUB_WEBHOOK_SECRET'],
    ['no Redis', [], { REDIS_URL: undefined }, 'REDIS_URL'],
    ['no organization', [], { GITHUB_ORG: undefined }, 'GITHUB_ORG'],
    ['a port that is none', ['--port', '65536'], {}, '65535'],
    ['a path that is none', ['--path', 'hooks'], {}, '/github-membership'],
    ['a path that is taken', ['--path', '/metrics'], {}, '--path'],
    ['no entries at all', ['--max-entries', '0'], {}, '--max-entries'],
    ['an address of another machine', ['--host', '192.0.2.1', '--port', '0'], {}, '--host'],
  ];
  test.each(cases)('%s', async (_, args, env, words) => {
    const { code, stdout, stderr } = await runInThisProcess(['receive', ...args], {
      env: { ...envFor(redis.url), ...env },
    });
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(words)]);
    expect(stderr).not.toContain('a-secret,');
  });
});

describe('what is loaded', () => {
  const SRC = fileURLToPath(new URL('../../src', import.meta.url));
  /** Everything that a file imports for its running, and what that imports: files of ours and packages. */
  function reach(start: string, seen = new Set<string>()): ReadonlySet<string> {
    if (seen.has(start)) return seen;
    seen.add(start);
    if (!start.endsWith('.ts')) return seen;
    const text = readFileSync(join(SRC, start), 'utf8');
    for (const [, what = '', to = ''] of text.matchAll(
      /^(?:import|export)\s+([^;]*?\s+from\s+)?'([^']+)'/gm,
    )) {
      if (!what.startsWith('type ')) reach(to.startsWith('.') ? join(start, '..', to) : to, seen);
    }
    return seen;
  }

  test('by receive: neither the client of GitHub nor that of Permit', () => {
    const reached = [...reach('cli/runs/receive-run.ts')];
    expect(reached).toContain('receiver/server.ts');
    expect(reached).toContain('prom-client');
    expect(reached.filter((one) => /^(?:github|permit|sync)\//.test(one))).toEqual([]);
    expect(reached.filter((one) => /^(?:permitio|axios|@octokit\/(?:rest|auth-app))$/.test(one))).toEqual([]);
  });

  test('before a command runs: no client and no config parser', () => {
    const heavy = /^(?:github|permit|queue|sync|plan|drain|config)\/|^(?:zod|yaml|leven|ioredis)$/;
    expect([...reach('cli/program.ts')].filter((one) => heavy.test(one))).toEqual([]);
  });

  test('by every other command: nothing of the receiver', () => {
    const commands = readdirSync(join(SRC, 'cli/runs')).filter(
      (file) => file.endsWith('-run.ts') && file !== 'receive-run.ts',
    );
    expect(commands.length).toBeGreaterThan(2);
    for (const file of ['cli/program.ts', ...commands.map((command) => join('cli/runs', command))]) {
      expect([...reach(file)].filter((one) => /^receiver\/|^prom-client$/.test(one))).toEqual([]);
    }
  });
});
