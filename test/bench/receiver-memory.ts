/**
 * How much memory the receiver takes, and how many genuine deliveries it answers, while eight senders without the
 * secret send bodies of 25 MB as fast as they can. The built program runs in a process of its own, beside a real Redis;
 * Linux only (/proc). Run by
 *
 *   node build.js && npx esbuild test/bench/receiver-memory.ts --bundle --platform=node --format=esm \
 *     --outfile=node_modules/.cache/receiver-memory.mjs
 *   node node_modules/.cache/receiver-memory.mjs bin/gh-permit-sync.js [SECONDS]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { resolve as absolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/demo/private-redis.ts';

const [, , bin = '', seconds = '8'] = process.argv;
const SECRET = 'the-secret-of-the-benchmark';
const FORGED = `sha256=${'0'.repeat(64)}`;
const SENDERS = 8;
const MB = 1024 * 1024;
const BODY = Buffer.alloc(25 * MB - 1, 'x');
const BYTES = Buffer.from('1\r\nx\r\n'.repeat(50_000));

type Attack = (url: URL, ended: () => boolean) => Promise<void>;

/** A body with its length, or in pieces of 64 kB without one. */
const whole =
  (pieces: boolean): Attack =>
  (url) =>
    new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'x-hub-signature-256': FORGED };
      const sent = request(url, { method: 'POST', headers }, (response) => {
        response.resume().once('close', () => resolve());
      });
      sent.once('error', () => resolve());
      if (!pieces) sent.end(BODY);
      else {
        for (let at = 0; at < BODY.length; at += 65_536) sent.write(BODY.subarray(at, at + 65_536));
        sent.end();
      }
    });

/** A body in pieces of one byte each, which costs the receiver the most for each byte. */
const singleBytes: Attack = async ({ hostname, port, pathname }, ended) => {
  const socket = connect(Number(port), hostname);
  const closed = once(socket, 'close').catch(() => undefined);
  socket.on('error', () => undefined).resume();
  const head = `POST ${pathname} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nx-hub-signature-256: ${FORGED}\r\ntransfer-encoding: chunked\r\n\r\n`;
  socket.write(head);
  while (!ended() && !socket.destroyed) {
    if (!socket.write(BYTES)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
  }
  socket.destroy();
};

const ATTACKS: Readonly<Record<string, Attack>> = {
  'with a length': whole(false),
  'without a length': whole(true),
  'in pieces of a byte': singleBytes,
};

async function measure(name: string, attack: Attack): Promise<void> {
  const children: ChildProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'receiver-memory-'));
  try {
    const port = await freePort();
    const flags = ['--port', String(port), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1'];
    children.push(spawn('redis-server', [...flags, '--dir', folder], { stdio: 'ignore' }));
    const receiver = spawn(
      process.execPath,
      [absolute(bin), 'receive', '--host', '127.0.0.1', '--port', '0', '--org', 'acme'],
      {
        cwd: folder,
        env: {
          PATH: process.env.PATH,
          GITHUB_WEBHOOK_SECRET: SECRET,
          REDIS_URL: `redis://127.0.0.1:${port}`,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    children.push(receiver);
    const url = await listening(receiver);
    let over = false;
    const senders = Array.from({ length: SENDERS }, async () => {
      while (!over) await attack(url, () => over);
    });
    const answers: number[] = [];
    const tookMs: number[] = [];
    const end = performance.now() + Number(seconds) * 1000;
    while (performance.now() < end) {
      const began = performance.now();
      answers.push(await deliver(url, answers.length));
      tookMs.push(performance.now() - began);
      await sleep(100);
    }
    over = true;
    const peakMb = Math.round(peakKb(receiver.pid ?? 0) / 1024);
    const accepted = answers.filter((status) => status === 202).length;
    tookMs.sort((a, b) => a - b);
    process.stdout.write(
      `${name.padEnd(20)} peak ${peakMb} MB, ${accepted} of ${answers.length} genuine deliveries answered, ` +
        `p50 ${Math.round(tookMs[tookMs.length >> 1] ?? 0)} ms, longest ${Math.round(tookMs.at(-1) ?? 0)} ms\n`,
    );
    receiver.kill('SIGKILL');
    await Promise.all(senders);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function listening(child: ChildProcess): Promise<URL> {
  let text = '';
  for await (const chunk of child.stderr ?? []) {
    text += String(chunk);
    const [url] = /http:\/\/127\.0\.0\.1:\d+[^ "\n]*/.exec(text) ?? [];
    if (url === undefined) continue;
    child.stderr?.resume();
    return new URL(url);
  }
  throw new Error(text);
}

/** @returns the status, 0 where none came within GitHub's 10 seconds. */
function deliver(url: URL, id: number): Promise<number> {
  const body = JSON.stringify({
    action: 'member_added',
    membership: { state: 'active', role: 'member', user: { login: `person-${id}`, id: id + 1 } },
    organization: { login: 'acme', id: 100, description: 'x'.repeat(2_000) },
  });
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'x-github-event': 'organization',
      'x-hub-signature-256': signature,
    };
    const sent = request(url, { method: 'POST', headers, timeout: 10_000 }, (response) => {
      response.resume().once('close', () => resolve(response.statusCode ?? 0));
    });
    sent.once('timeout', () => sent.destroy());
    sent.once('error', () => resolve(0));
    sent.end(body);
  });
}

/** The most memory that a process ever had, in kB. */
const peakKb = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

for (const [name, attack] of Object.entries(ATTACKS)) await measure(name, attack);
