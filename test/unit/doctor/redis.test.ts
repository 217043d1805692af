import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  examineRedis,
  judgeEviction,
  judgeTransport,
  judgeVersion,
  parseInfo,
} from '../../../src/doctor/redis.ts';

const never = new AbortController().signal;

test.each([
  ['7.0.15', 'ok'],
  ['6.2.0', 'ok'],
  ['10.1', 'ok'],
  ['6.0.16', 'failed'],
  ['5.0.7', 'failed'],
  [undefined, 'warning'],
  ['unstable', 'warning'],
] as const)('version %s: %s', (version, status) => {
  expect(judgeVersion(version).status).toBe(status);
});

test.each([
  ['noeviction', 'ok'],
  ['allkeys-lru', 'warning'],
  [undefined, 'warning'],
] as const)('eviction policy %s: %s', (policy, status) => {
  expect(judgeEviction(policy).status).toBe(status);
});

test.each([
  ['rediss://redis.example.com', 'ok'],
  ['redis://localhost:6379', 'ok'],
  ['redis://127.0.0.5', 'ok'],
  ['redis://[::1]:6379', 'ok'],
  ['redis://10.0.0.5', 'warning'],
  ['redis://127.0.0.1.example.com', 'warning'],
] as const)('transport of %s: %s', (url, status) => {
  expect(judgeTransport(new URL(url)).status).toBe(status);
});

test('INFO is read line by line', () => {
  const info = '# Server\r\nredis_version:7.0.15\r\n\r\n# Memory\r\nmaxmemory_policy:noeviction\r\n';
  expect(parseInfo(info)).toEqual({ version: '7.0.15', evictionPolicy: 'noeviction' });
  expect(parseInfo('')).toEqual({ version: undefined, evictionPolicy: undefined });
});

test.each([undefined, '', '  '])('REDIS_URL %j is not configured, which is fine', async (url) => {
  const found = await examineRedis(url, never, () => Promise.reject(new Error('asked')));
  expect(found).toMatchObject([{ status: 'skipped', message: expect.stringMatching(/not configured/) }]);
});

test('an invalid Redis address is neither tried nor shown', async () => {
  for (const url of ['localhost:6379', 'https://user:hidden-password@redis.example.com', 'nonsense']) {
    const found = await examineRedis(url, never, () => Promise.reject(new Error('asked')));
    expect(found).toMatchObject([{ status: 'failed', hint: expect.stringMatching(/rediss?:\/\//) }]);
    expect(JSON.stringify(found)).not.toMatch(/hidden-password|nonsense/);
  }
});

test.each([
  ['redis://a:6379,redis://b:6379', 'a Cluster at'],
  ['redis+sentinel://:hidden-password@a:26379,b:26379/main', 'Sentinels at'],
])('%s is left to the queue', async (url, words) => {
  const found = await examineRedis(url, never, () => Promise.reject(new Error('asked')));
  expect(found).toMatchObject([{ status: 'ok', message: expect.stringContaining(words) }]);
  expect(JSON.stringify(found)).not.toContain('hidden-password');
});

/** As much of Redis as the probe asks. */
async function redisThatSays(answer: (command: string) => string | undefined): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const [, command = ''] of bytes.toString().matchAll(/\$\d+\r\n(auth|info|ping)\r\n/gi)) {
        const said = answer(command.toUpperCase());
        if (said !== undefined) socket.write(said);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

describe('the connection', () => {
  test('PING and INFO answer every question', async () => {
    const host = await redisThatSays((command) =>
      command === 'PING'
        ? '+PONG\r\n'
        : bulk('# Server\r\nredis_version:7.2.4\r\nmaxmemory_policy:allkeys-lru\r\n'),
    );
    const found = await examineRedis(`redis://${host}`, never);
    expect(found.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'redis.connection ok',
      'redis.version ok',
      'redis.eviction warning',
      'redis.tls ok',
    ]);
  });

  test('a user who may not call INFO is not shut out', async () => {
    const host = await redisThatSays((command) =>
      command === 'PING' ? '+PONG\r\n' : "-NOPERM this user has no permissions to run the 'info' command\r\n",
    );
    const found = await examineRedis(`redis://${host}`, never);
    expect(found.map(({ status }) => status)).toEqual(['ok', 'warning', 'warning', 'ok']);
  });

  test('a wrong password is reported without the password', async () => {
    const host = await redisThatSays(
      () => '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
    );
    const found = await examineRedis(`redis://user:very-secret-word@${host}`, never);
    expect(found[0]).toMatchObject({
      status: 'failed',
      message: expect.stringMatching(/refuses the password/),
    });
    expect(JSON.stringify(found)).not.toContain('very-secret-word');
  });

  test('a server that is not there', async () => {
    const found = await examineRedis('redis://127.0.0.1:9', never);
    expect(found[0]).toMatchObject({ status: 'failed', message: expect.stringMatching(/ECONNREFUSED/) });
  });

  test('a server that never answers ends with the signal', async () => {
    const host = await redisThatSays(() => undefined);
    const control = new AbortController();
    setTimeout(() => control.abort(new Error('time is up')), 50);
    await expect(examineRedis(`redis://${host}`, control.signal)).rejects.toThrow('time is up');
  });
});
