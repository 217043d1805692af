import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MAX_ATTEMPTS } from '../../src/model/webhooks/queue.ts';
import { bind } from '../../src/queue/binding.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { runInThisProcess } from '../support/in-process.ts';
import { loopbackCertificate, loopbackKey } from '../support/loopback-certificate.ts';
import { emptyFolder, type Ran, run } from '../support/program.ts';
import { useRedis } from '../support/redis.ts';
import { entry } from '../unit/queue/entries.ts';

const redis = useRedis();

/** A queue with `alive` waiting and `dead-one` and `dead-two` among the dead letters, and the command on it. */
async function open() {
  const prefix = redis.prefix();
  const queue = openQueue(redis.connection, { prefix });
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), `redis: { prefix: "${prefix}" }\n`);
  for (const name of ['dead-one', 'dead-two']) {
    await queue.append(entry(name));
    for (let i = 0; i < MAX_ATTEMPTS; i++) {
      const [taken] = await queue.take({ most: 1, retry: 'now' });
      await queue.fail([{ id: taken?.id ?? '', reason: 'Permit said @octocat | **no**\u001b[31m' }]);
    }
  }
  await queue.append(entry('alive'));
  const command = (...args: readonly string[]): Promise<Ran> =>
    runInThisProcess(['queue', ...args], { cwd, env: { REDIS_URL: redis.url, NO_COLOR: '1' } });
  const ids = async () => (await queue.list()).map(({ id }) => id);
  return { prefix, queue, command, ids };
}

describe('queue', () => {
  test('status', async () => {
    const { command } = await open();
    const json = await command('status', '--output', 'json');
    expect(JSON.parse(json.stdout)).toEqual({ pending: 1, dead: 2, oldestSeconds: expect.any(Number) });
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect((await command('status')).stdout).toMatch(
      /^1 entry pending, the oldest for .+; 2 dead letters\n$/,
    );
    expect((await command('status', '-o', 'markdown')).stdout).toContain('| 1 | 2 | ');
  });

  test('status of a queue that never was', async () => {
    const ran = await runInThisProcess(['queue', 'status', '-o', 'json'], { env: { REDIS_URL: redis.url } });
    expect(JSON.parse(ran.stdout)).toEqual({ pending: 0, dead: 0, oldestSeconds: null });
  });

  test('list', async () => {
    const { command, ids } = await open();
    const [alive, one] = await ids();
    const { entries } = JSON.parse((await command('list', '--output', 'json')).stdout);
    expect(entries.map((listed: { readonly state: string }) => listed.state)).toEqual([
      'waiting',
      'dead',
      'dead',
    ]);
    expect(entries[0]).toEqual({
      id: alive,
      state: 'waiting',
      ageSeconds: expect.any(Number),
      attempts: 0,
      reason: null,
      entry: { ...entry('alive'), team: null, repository: null },
    });
    const text = (await command('list')).stdout.split('\n');
    expect(text[0]).toMatch(/^STATE +ID +AGE +ATTEMPTS +ORG +ABOUT +EVENT +REASON$/);
    expect(text[1]).toMatch(/^waiting +\S+ +\d+s +0 +acme +alive +organization.member_added$/);
    expect(text[2]).toContain(`dead     ${one}`);
    expect(text[2]).toMatch(/10 +acme +dead-one +organization.member_added +Permit said .*\[31m$/);
    const dead = (await command('list', '--dead', '-o', 'markdown')).stdout;
    expect(dead).not.toContain('alive');
    expect(dead).toContain('`@octocat`');
    expect(dead).toContain('\\|');
  });

  test('retry and discard', async () => {
    const { command, queue, ids } = await open();
    const [alive = '', one = '', two = ''] = await ids();
    expect(await command('retry', one)).toEqual({
      code: 0,
      stdout: '1 dead letter put back into the queue\n',
      stderr: '',
    });
    expect((await command('retry', one, two, '1-1')).stdout).toBe(
      '1 dead letter put back into the queue; 2 of the 3 ids named no dead letter\n',
    );
    expect(await queue.status()).toMatchObject({ pending: 3, dead: 0 });
    expect(JSON.parse((await command('discard', alive, '-o', 'json')).stdout)).toMatchObject({
      discarded: 1,
    });
    expect(await queue.status()).toMatchObject({ pending: 2, dead: 0 });
    expect(JSON.parse((await command('retry', '--all', '-o', 'json')).stdout)).toMatchObject({ retried: 0 });
  });

  test('retry --all and discard --all-dead', async () => {
    const { command, queue } = await open();
    expect((await command('retry', '--all')).stdout).toBe('2 dead letters put back into the queue\n');
    expect(await queue.status()).toMatchObject({ pending: 3, dead: 0 });
    const other = await open();
    expect((await other.command('discard', '--all-dead')).stdout).toBe('2 dead letters dropped\n');
    expect(await other.queue.status()).toMatchObject({ pending: 1, dead: 0 });
  });

  test.each([
    [['retry'], 'no id is given'],
    [['discard'], 'no id is given'],
    [['retry', 'abc'], '"abc" is not the id of an entry'],
    [['discard', '1-1', '--all-dead'], "can't be combined"],
  ])('%j is an error of usage, and nothing changes', async (args, message) => {
    const { command, queue } = await open();
    const { code, stderr } = await command(...args);
    expect(code).toBe(1);
    expect(stderr).toContain('(USAGE)');
    expect(stderr).toContain(message);
    expect(await queue.status()).toMatchObject({ pending: 1, dead: 2 });
  });

  test('what others wrote has no effect on a terminal', async () => {
    const { command, prefix } = await open();
    const keys = keysOf(prefix);
    await redis.raw.xadd(
      keys.stream,
      '*',
      'login',
      '\u001b]0;evil\u0007',
      'org',
      '::error::x',
      '__proto__',
      'x',
    );
    await redis.raw.hset(keys.dead, '\u001b[2J::set-output', 'no json');
    for (const output of ['text', 'json', 'markdown']) {
      const { code, stdout } = await command('list', '-o', output);
      expect(code).toBe(0);
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(stdout).not.toMatch(/^\s*::/m);
    }
  });

  test('of another owner is refused', async () => {
    const { command, prefix } = await open();
    await bind(redis.connection, prefix, { owner: 'somebody-else' });
    const { code, stderr } = await command('discard', '--all-dead');
    expect(code).toBe(1);
    expect(stderr).toContain('(CONFIG_INVALID)');
    expect(stderr).toContain('redis.prefix');
  });

  test('over TLS: a certificate that is trusted is enough, any other is refused', async () => {
    const { hostname, port } = new URL(redis.url);
    const tls = createServer({ cert: loopbackCertificate, key: loopbackKey }, (client) => {
      const server = connect(Number(port || 6379), hostname);
      client.pipe(server).pipe(client);
      for (const socket of [client, server]) socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    onTestFinished(() => void tls.close());
    const trusted = join(emptyFolder(), 'ca.pem');
    writeFileSync(trusted, loopbackCertificate);
    const REDIS_URL = `rediss://localhost:${(tls.address() as AddressInfo).port}`;
    const known = await run(['queue', 'status', '-o', 'json'], {
      env: { REDIS_URL, NODE_EXTRA_CA_CERTS: trusted },
    });
    expect(known).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(known.stdout)).toMatchObject({ pending: 0 });
    const stranger = await runInThisProcess(['queue', 'status'], { env: { REDIS_URL } });
    expect(stranger.code).toBe(1);
    expect(stranger.stderr).toMatch(/self-signed certificate/);
    expect(stranger.stderr).toContain('NODE_EXTRA_CA_CERTS');
  });

  test('Redis is unavailable, or REDIS_URL is not set', async () => {
    const away = await runInThisProcess(['queue', 'status', '--output', 'json'], {
      env: { REDIS_URL: 'redis://:hush-7f3a9c@127.0.0.1:1' },
    });
    expect(away.code).toBe(1);
    expect(JSON.parse(away.stdout)).toMatchObject({
      command: 'queue',
      status: 'error',
      error: { code: 'QUEUE_UNAVAILABLE', message: expect.stringContaining('127.0.0.1:1') },
    });
    expect(away.stdout + away.stderr).not.toContain('hush');
    const unset = await runInThisProcess(['queue', 'status']);
    expect(unset.code).toBe(1);
    expect(unset.stderr).toContain('REDIS_URL is not set');
  });
});
