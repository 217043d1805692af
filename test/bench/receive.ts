/**
 * How many deliveries a second the receiver takes in, and how long GitHub waits, beside the demo that this project grew
 * from (`webhook-demo.mjs`). The receiver does less in the request, which is the point; it is not faster at the same work.
 * The built program, the demo, and the stub that answers for Permit run in processes of their own, on loopback.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../src/demo/private-redis.ts';
import type { Section } from './bench.ts';

const SECRET = 'the-secret-of-the-benchmark';
const AT_ONCE = 50;
const ROUNDS = 5;
/** So that each of them is busy for about as long. */
const DELIVERIES = { ours: 8_000, demo: 1_500 } as const;
type Subject = keyof typeof DELIVERIES;
const FSYNCS = ['everysec', 'always'] as const;

const PERMIT_STUB = `
  const server = require('node:http').createServer((request, response) =>
    request.resume().on('end', () => response.end('{}')));
  server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));`;

/** Per second: deliveries that were answered. CPU: microseconds of the receiver's process for each delivery. */
type Measured = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
};

export async function measure(): Promise<Section> {
  const rows: string[] = [];
  for (const appendfsync of FSYNCS) {
    const { ours, demo } = await compare(appendfsync);
    const row = (name: string, what: keyof Measured, digits: number): string =>
      `| ${appendfsync} | ${name} | ${ours[what].toFixed(digits)} | ${demo[what].toFixed(digits)} | ` +
      `${(ours[what] / demo[what]).toFixed(2)} × |`;
    rows.push(
      row('deliveries a second', 'perSecond', 0),
      row('p99, ms', 'p99Ms', 1),
      row('CPU, µs', 'cpuUs', 0),
    );
  }
  const body = [
    `\`receive\` beside the demo that this project grew from: ${AT_ONCE} deliveries at once, the same Redis with each ` +
      `\`appendfsync\`, the middle of ${ROUNDS} alternating rounds. CPU is that of the receiver for one delivery. The ` +
      'receiver does less in the request, which is the point: the demo calls Permit before it answers.',
    ['| appendfsync | what | receive | demo | ratio |', '| --- | --- | --- | --- | --- |', ...rows].join(
      '\n',
    ),
  ];
  return { title: 'Receiving webhooks', body: body.join('\n\n') };
}

async function compare(appendfsync: string): Promise<Readonly<Record<Subject, Measured>>> {
  const children: ChildProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'receive-bench-'));
  const start = async (command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Server> => {
    const child = spawn(process.execPath, command, {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const url = await Promise.race([urlIn(child.stdout), urlIn(child.stderr)]);
    return { url: new URL(url), pid: child.pid ?? 0 };
  };
  try {
    const port = await freePort();
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
    const flags = [...place, '--save', '', '--appendonly', 'yes', '--appendfsync', appendfsync];
    children.push(spawn('redis-server', flags, { stdio: 'ignore' }));
    const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: 200 });
    redis.on('error', () => undefined);
    await redis.ping();
    const permit = await start(['-e', PERMIT_STUB]);
    const bin = [
      resolve('bin/gh-permit-sync.js'),
      'receive',
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--org',
      'acme',
    ];
    const servers = {
      demo: await start([resolve('test/bench/webhook-demo.mjs'), String(port), permit.url.origin]),
      ours: await start([...bin, '--max-entries', '1000000'], {
        GITHUB_WEBHOOK_SECRET: SECRET,
        REDIS_URL: `redis://127.0.0.1:${port}`,
      }),
    };
    const sendTo = (subject: Subject, deliveries: number): Promise<Measured> =>
      sendAndMeasure(servers[subject], deliveries);
    await sendTo('ours', 2_000);
    await sendTo('demo', 500);
    const rounds = { ours: [] as Measured[], demo: [] as Measured[] };
    for (let i = 0; i < ROUNDS; i++) {
      for (const subject of ['demo', 'ours'] as const) {
        rounds[subject].push(await sendTo(subject, DELIVERIES[subject]));
      }
    }
    const kept = await redis.xlen('{gh-permit-sync:default}:stream');
    const sent = ROUNDS * DELIVERIES.ours + 2_000;
    if (kept !== sent) throw new Error(`Redis holds ${kept} entries of ${sent} deliveries`);
    redis.disconnect();
    return { ours: middleOf(rounds.ours), demo: middleOf(rounds.demo) };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

type Server = { readonly url: URL; readonly pid: number };

async function urlIn(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for (;;) {
    text += String((await once(stream, 'data'))[0]);
    const [url] = /http:\/\/127\.0\.0\.1:\d+[^ "\n]*/.exec(text) ?? [];
    if (url === undefined) continue;
    stream.resume();
    return url;
  }
}

function middleOf(rounds: readonly Measured[]): Measured {
  const middle = (what: keyof Measured): number =>
    rounds.map((one) => one[what]).sort((a, b) => a - b)[rounds.length >> 1] ?? Number.NaN;
  return {
    perSecond: middle('perSecond'),
    p50Ms: middle('p50Ms'),
    p99Ms: middle('p99Ms'),
    cpuUs: middle('cpuUs'),
  };
}

/** Everyone is someone new. */
let person = 0;

async function sendAndMeasure({ url, pid }: Server, deliveries: number): Promise<Measured> {
  const requests = Array.from({ length: deliveries }, () => requestTo(url, ++person));
  const tookMs: number[] = [];
  const cpuBefore = cpuUsOf(pid);
  const began = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, () => sendAll(url, requests, tookMs)));
  const seconds = (performance.now() - began) / 1000;
  tookMs.sort((a, b) => a - b);
  const at = (share: number): number => tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN;
  const cpuUs = (cpuUsOf(pid) - cpuBefore) / deliveries;
  return { perSecond: deliveries / seconds, p50Ms: at(0.5), p99Ms: at(0.99), cpuUs };
}

/** User and system time (proc(5): the 14th and 15th field, in ticks of 10 ms). NaN where there is no /proc. */
function cpuUsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return Number.NaN;
  }
}

/** A signed delivery, about as long as GitHub's own, ready to be sent: the sender must not be what is measured. */
function requestTo({ host, pathname }: URL, id: number): Buffer {
  const body = JSON.stringify({
    action: 'member_added',
    membership: { state: 'active', role: 'member', user: { login: `person-${id}`, id } },
    organization: { login: 'acme', id: 100, description: 'x'.repeat(2_000) },
    sender: { login: 'boss', id: 1 },
  });
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'x-github-event: organization',
    `x-github-delivery: bench-${id}`,
    `x-hub-signature-256: sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Sends on one connection, each request after the answer to the one before. */
function sendAll({ hostname, port }: URL, requests: Buffer[], tookMs: number[]): Promise<void> {
  return new Promise((resolved, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let answer = '';
    let sentMs = 0;
    const next = (): void => {
      const request = requests.pop();
      if (request === undefined) {
        socket.destroy();
        resolved();
        return;
      }
      sentMs = performance.now();
      socket.write(request);
    };
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
      const headEnd = answer.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const [, length = '0'] = /content-length: (\d+)/i.exec(answer) ?? [];
      if (answer.length < headEnd + 4 + Number(length)) return;
      if (!/^HTTP\/1\.1 20[02] /.test(answer)) {
        reject(new Error(answer));
        return;
      }
      tookMs.push(performance.now() - sentMs);
      answer = '';
      next();
    });
    socket.once('connect', next).once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
}
