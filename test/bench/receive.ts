/**
 * How many deliveries a second the receiver takes in, and how long GitHub waits, beside what the demo did that this
 * project grew from: it kept the whole body under `event:<milliseconds>`, and called Permit twice before it answered.
 * The receiver does less in the request, which is the point; it is not faster at the same work. Both talk to one
 * real Redis, each in a process of its own; everything stays on loopback, and is over within half a minute. Run by
 *
 *   npx esbuild test/bench/receive.ts --bundle --platform=node --format=esm --packages=external \
 *     --outfile=node_modules/.cache/receive-bench.mjs && node node_modules/.cache/receive-bench.mjs
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { ENVIRONMENT_KEY, permitWorld, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import { freePort } from '../../src/demo/private-redis.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { openRedis } from '../../src/queue/redis.ts';
import { startReceiver } from '../../src/receiver/server.ts';

const SELF = fileURLToPath(import.meta.url);
const SECRET = 'the-secret-of-the-benchmark';
const PATH = '/github-membership';
const AT_ONCE = 50;
const ROUNDS = 3;
/** So that each of them is busy for about as long. */
const DELIVERIES = { ours: 5_000, demo: 1_000 } as const;
type Subject = keyof typeof DELIVERIES;

/** Everybody is somebody else. */
let person = 0;

const [, , role, redisPort = '', permitUrl = ''] = process.argv;
switch (role) {
  case 'ours':
    await serveOurs(redisPort);
    break;
  case 'demo':
    await serveDemo(redisPort, permitUrl);
    break;
  default:
    await compare();
}

async function serveOurs(port: string): Promise<void> {
  const redis = await openRedis({ url: `redis://127.0.0.1:${port}` });
  const ignore = (): void => undefined;
  const receiver = await startReceiver({
    ...{ host: '127.0.0.1', port: 0, path: PATH, secrets: [SECRET], orgs: ['acme'] },
    queue: openQueue(redis, { prefix: 'bench', maxEntries: 1_000_000 }),
    log: { answered: ignore, queueAway: ignore, queueBack: ignore, failed: ignore },
  });
  process.stdout.write(`${receiver.url}\n`);
}

async function serveDemo(port: string, permit: string): Promise<void> {
  const redis = new Redis(Number(port), '127.0.0.1');
  const scope = (await (await call(permit, 'GET', '/v2/api-key/scope')).json()) as Record<string, string>;
  const facts = `/v2/facts/${scope.project_id}/${scope.environment_id}`;
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    await redis.set(`event:${Date.now()}`, text, 'EX', 86_400);
    const { login } = JSON.parse(text).membership.user;
    await call(permit, 'POST', `${facts}/users`, { key: login });
    const grant = { user: login, role: 'member', tenant: 'default' };
    await call(permit, 'POST', `${facts}/role_assignments`, grant);
    response.end('ok');
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}\n`);
  });
}

async function call(url: string, method: string, path: string, body?: unknown): Promise<Response> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${ENVIRONMENT_KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  if (method !== 'GET') await response.arrayBuffer();
  return response;
}

async function compare(): Promise<void> {
  const children: ChildProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'receive-bench-'));
  const permit = await startPermitEmulator(permitWorld());
  try {
    const port = await freePort();
    const flags = ['--port', String(port), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1'];
    children.push(spawn('redis-server', [...flags, '--dir', folder], { stdio: 'ignore' }));
    const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: 200 });
    redis.on('error', () => undefined);
    await redis.ping();
    const urls = { ours: '', demo: '' };
    for (const subject of ['ours', 'demo'] as const) {
      const child = spawn(process.execPath, [SELF, subject, String(port), permit.url], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      urls[subject] = String((await once(child.stdout, 'data'))[0]).trim();
    }
    await measure(urls.ours, 500);
    await measure(urls.demo, 200);
    const rounds = { ours: [] as Measured[], demo: [] as Measured[] };
    for (let i = 0; i < ROUNDS; i++) {
      for (const subject of ['demo', 'ours'] as const) {
        rounds[subject].push(await measure(urls[subject], DELIVERIES[subject]));
      }
    }
    report(rounds);
    const kept = (await redis.keys('event:*')).length;
    const sent = ROUNDS * DELIVERIES.demo + 200;
    print(
      `in Redis: ours ${await redis.xlen('{bench}:stream')} entries of ${ROUNDS * DELIVERIES.ours + 500}`,
    );
    print(`          demo ${kept} events of ${sent}: those of one millisecond overwrite each other`);
    redis.disconnect();
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await permit.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Measured = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number };

function report(rounds: Readonly<Record<Subject, readonly Measured[]>>): void {
  const middle = (subject: Subject, what: keyof Measured): number =>
    rounds[subject].map((one) => one[what]).sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN;
  print(`${AT_ONCE} deliveries at once, the middle of ${ROUNDS} rounds, taken in turn`);
  for (const [what, name] of [
    ['perSecond', 'accepted per second'],
    ['p50Ms', 'p50, ms'],
    ['p99Ms', 'p99, ms'],
  ] as const) {
    const [ours, demo] = [middle('ours', what), middle('demo', what)];
    print(
      `${name.padEnd(20)} ours ${ours.toFixed(1)}  demo ${demo.toFixed(1)}  ratio ${(ours / demo).toFixed(2)}`,
    );
  }
}

async function measure(url: string, deliveries: number): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const bodies = Array.from({ length: deliveries }, bodyOf);
  const tookMs: number[] = [];
  const began = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = bodies.pop(); next !== undefined; next = bodies.pop()) {
        const sent = performance.now();
        await deliver(url, next, agent);
        tookMs.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  tookMs.sort((a, b) => a - b);
  const at = (share: number): number => tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN;
  return { perSecond: deliveries / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

type Signed = { readonly body: string; readonly signature: string };

/** About as long as GitHub's own. */
function bodyOf(): Signed {
  person += 1;
  const body = JSON.stringify({
    action: 'member_added',
    membership: { state: 'active', role: 'member', user: { login: `person-${person}`, id: person } },
    organization: { login: 'acme', id: 100, description: 'x'.repeat(2_000) },
    sender: { login: 'boss', id: 1 },
  });
  return { body, signature: `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` };
}

function deliver(url: string, { body, signature }: Signed, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-github-event': 'organization',
      'x-github-delivery': `bench-${person}`,
      'x-hub-signature-256': signature,
    };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200 || response.statusCode === 202) resolve();
        else reject(new Error(`${url} answered ${response.statusCode}`));
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
