import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { emptyFolder } from '../support/program.ts';
import { startReceiving } from '../support/receiving.ts';
import { useRedis } from '../support/redis.ts';
import {
  dial,
  head,
  memberAdded,
  openReceiver,
  PATH,
  sign,
  type TestReceiver,
} from '../unit/receiver/support.ts';

/** Everybody comes from one address here, as behind a reverse proxy: genuine deliveries and those who attack. */
const FORGED = `sha256=${'0'.repeat(64)}`;
const MB = 1024 * 1024;

/** Connections that are only opened. */
async function openMany(origin: string, count: number, first = ''): Promise<readonly Socket[]> {
  const { hostname, port } = new URL(origin);
  const sockets = Array.from({ length: count }, () => connect(Number(port), hostname));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.on('error', () => resolve());
          socket.once('connect', () => (first === '' ? resolve() : socket.write(first, () => resolve())));
        }),
    ),
  );
  return sockets;
}

/** @returns the answers to genuine deliveries and to `/healthz`. */
async function statuses({ origin, post }: TestReceiver): Promise<readonly number[]> {
  const answers = [await post(), await fetch(`${origin}/healthz`), await post()];
  return answers.map(({ status }) => status);
}

/** What is sent of a body that will never be complete. */
async function upload(origin: string, bytes: number, announced = 25 * MB): Promise<Socket> {
  const client = await dial(origin);
  client.write(head({ 'content-length': String(announced), 'x-hub-signature-256': FORGED }));
  client.write('x'.repeat(bytes));
  return client;
}

async function inFlight(origin: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Number(/^gh_permit_sync_body_bytes_in_flight (\d+)/m.exec(text)?.[1]);
}

test.each([
  ['say nothing', ''],
  ['never end their headers', `POST ${PATH} HTTP/1.1\r\nhost: a\r\nx-`],
  ['announce a body and never send it', head({ 'content-length': '1000', 'x-hub-signature-256': FORGED })],
  ['hoard kept-alive connections', 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'],
])('1,100 connections that %s block nobody', async (_, first) => {
  const receiver = await openReceiver();
  await openMany(receiver.origin, 1_100, first);
  expect(await statuses(receiver)).toEqual([202, 200, 202]);
});

test('endlessly opened connections block nobody', async () => {
  const receiver = await openReceiver();
  for (let i = 0; i < 5; i++) {
    await openMany(receiver.origin, 500);
    expect(await statuses(receiver)).toEqual([202, 200, 202]);
  }
});

test('a genuine delivery that arrives slowly survives 1,100 silent connections', async () => {
  const { origin, producer } = await openReceiver();
  const body = JSON.stringify({ ...memberAdded(), description: 'x'.repeat(20_000) });
  const client = await dial(origin);
  const sent = { 'content-length': String(body.length), 'x-hub-signature-256': sign(body) };
  client.write(head(sent));
  for (const piece of body.match(/.{1,5000}/g) ?? []) {
    await openMany(origin, 300);
    client.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await expect.poll(client.heard).toMatch(/^HTTP\/1.1 202 /);
  expect(producer.entries).toHaveLength(1);
});

test('slow unsigned uploads that fill the room for bodies block nobody, large or small', async () => {
  const receiver = await openReceiver({ bodyLimits: { mostBytes: 25 * MB, mostInFlightBytes: 8 * MB } });
  const { origin, post } = receiver;
  for (let i = 0; i < 4; i++) await upload(origin, 2 * MB - 1_000);
  await expect.poll(() => inFlight(origin)).toBeGreaterThan(5 * MB);
  expect(await statuses(receiver)).toEqual([202, 200, 202]);
  const large = JSON.stringify({ ...memberAdded(), description: 'x'.repeat(3 * MB) });
  expect((await post({ body: large })).status).toBe(202);
});

test('many small uploads that never end block nobody', async () => {
  const receiver = await openReceiver({ bodyLimits: { mostInFlightBytes: MB } });
  for (let i = 0; i < 40; i++) await upload(receiver.origin, 50_000, 60_000);
  expect(await statuses(receiver)).toEqual([202, 200, 202]);
});

test('a trickling body is dropped long before it is idle or late', async () => {
  const { origin, told } = await openReceiver({
    bodyLimits: { rateAfterMs: 200, leastBytesPerSecond: 1_000, idleMs: 60_000, wholeMs: 60_000 },
  });
  const client = await upload(origin, 10);
  const drip = setInterval(() => client.write('x'), 20);
  onTestFinished(() => clearInterval(drip));
  await expect.poll(() => told.map(({ answer }) => answer)).toEqual(['too_slow']);
});

test('bodies in many small pieces take no more room than their bytes', async () => {
  const { origin } = await openReceiver();
  const client = await dial(origin);
  client.write(head({ 'transfer-encoding': 'chunked', 'x-hub-signature-256': FORGED }));
  const before = process.memoryUsage();
  const pieces = `28\r\n${'x'.repeat(40)}\r\n`.repeat(50_000);
  for (let i = 0; i < 12; i++) client.write(pieces);
  await expect.poll(() => inFlight(origin)).toBe(24_000_000);
  const after = process.memoryUsage();
  expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(70 * MB);
});

test('a body in single bytes, each of which costs as much time as a large piece, ends with the connection', async () => {
  const receiver = await openReceiver();
  const client = await dial(receiver.origin);
  const closed = new Promise((resolve) => client.once('close', resolve));
  client.write(head({ 'transfer-encoding': 'chunked', 'x-hub-signature-256': FORGED }));
  client.write('1\r\nx\r\n'.repeat(20_000));
  await closed;
  expect(client.heard()).toBe('');
  expect(await inFlight(receiver.origin)).toBe(0);
  expect(await statuses(receiver)).toEqual([202, 200, 202]);
});

test('a delivery that arrives over a slow connection in small pieces is accepted', async () => {
  const { origin, producer } = await openReceiver();
  const body = JSON.stringify({ ...memberAdded(), description: 'x'.repeat(60_000) });
  const client = await dial(origin);
  client.write(head({ 'transfer-encoding': 'chunked', 'x-hub-signature-256': sign(body) }));
  for (const piece of body.match(/.{1,20}/g) ?? [])
    client.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
  client.write('0\r\n\r\n');
  await expect.poll(client.heard).toMatch(/^HTTP\/1.1 202 /);
  expect(producer.entries).toHaveLength(1);
});

test('pipelined requests end with the connection, and block nobody', async () => {
  const receiver = await openReceiver();
  const client = await dial(receiver.origin);
  client.pause();
  const closed = new Promise((resolve) => client.once('close', resolve));
  client.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(5_000));
  client.resume();
  await closed;
  expect(client.heard().split('HTTP/1.1 200').length - 1).toBeLessThan(20);
  expect(await statuses(receiver)).toEqual([202, 200, 202]);
});

test('large bodies signed with another secret, at full speed, block nobody', async () => {
  const receiver = await openReceiver();
  const body = Buffer.alloc(20 * MB, 'x');
  let sending = true;
  let refused = 0;
  const send = (): Promise<void> =>
    new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'x-hub-signature-256': FORGED };
      const sent = request(`${receiver.origin}${PATH}`, { method: 'POST', headers }, (response) => {
        if (response.statusCode === 401 || response.statusCode === 503) refused += 1;
        response.resume().once('close', () => resolve());
      });
      sent.once('error', () => resolve()).end(body);
    });
  const attackers = Array.from({ length: 6 }, async () => {
    while (sending) await send();
  });
  const answers: number[] = [];
  while (refused < 8) answers.push(...(await statuses(receiver)));
  sending = false;
  await Promise.all(attackers);
  expect(new Set(answers)).toEqual(new Set([202, 200]));
}, 60_000);

describe.runIf(process.platform === 'linux')('eight senders of 25 MB without the secret', () => {
  const redis = useRedis();

  test('take less than 300 MB of memory', async () => {
    const env = { REDIS_URL: redis.url, GITHUB_WEBHOOK_SECRET: 'hush-hush', GITHUB_ORG: 'acme' };
    const receiving = await startReceiving([], { cwd: emptyFolder(), env });
    const body = Buffer.alloc(25 * MB, 'x');
    const send = (): Promise<void> =>
      new Promise((resolve) => {
        const headers = { 'content-type': 'application/json', 'x-hub-signature-256': FORGED };
        const sent = request(receiving.url, { method: 'POST', headers }, (response) => {
          response.resume().once('close', () => resolve());
        });
        sent.once('error', () => resolve()).end(body);
      });
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 6; i++) await send();
      }),
    );
    const status = readFileSync(`/proc/${receiving.pid}/status`, 'utf8');
    expect(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024).toBeLessThan(300);
  }, 120_000);
});
