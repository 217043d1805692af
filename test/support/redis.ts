import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { accepts, freePort } from '../../src/demo/private-redis.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openRedis, type RedisConnection } from '../../src/queue/redis.ts';
import { HOW_TO_INSTALL, redisBinary } from './redis-binary.ts';

/** A separate server, which a test may kill. */
export type RedisServer = {
  readonly url: string;
  readonly port: number;
  /** Gone when this returns. `SIGKILL` leaves it no time to save anything. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
  /** Kills it unless it is dead, and starts it again on the same port, with what it had saved. */
  readonly restart: () => Promise<void>;
  /** Sends it a signal and does not wait: `SIGSTOP` pauses it, `SIGCONT` lets it continue. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Stops it and removes its folder. */
  readonly remove: () => Promise<void>;
};

export type RedisServerOptions = {
  /** Every write is on the disk before it is answered; else nothing outlives the server. */
  readonly persistent?: boolean;
  readonly args?: readonly string[];
  /** Path of a file, which it writes to: then it is a Sentinel. */
  readonly sentinel?: string;
};

/**
 * A shell wraps it, so that no server outlives the tests: its standard input closes when they end, for any reason. The
 * first line that it prints is the server's process id.
 */
const GUARD = '"$@" >/dev/null 2>&1 & echo $!; read _; kill -9 $! 2>/dev/null';

/** Starts a private server on a free port of loopback. */
export async function startRedis({
  persistent = false,
  args = [],
  sentinel,
}: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = redisBinary();
  if (binary === undefined) throw new Error(HOW_TO_INSTALL);
  const folder = mkdtempSync(join(tmpdir(), 'gh-permit-sync-redis-'));
  const port = await freePort();
  const saving = persistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const flags =
    sentinel === undefined ? [...place, '--save', '', ...saving] : [sentinel, '--sentinel', ...place];
  let running: { readonly guard: ChildProcess; readonly pid: number } | undefined;

  async function start(): Promise<void> {
    const guard = spawn('sh', ['-c', GUARD, 'sh', binary ?? '', ...flags, ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const [line] = (await once(guard.stdout, 'data')) as [Buffer];
    running = { guard, pid: Number(line.toString()) };
    await ready(port, args);
  }

  async function stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (running === undefined) return;
    const { guard, pid } = running;
    running = undefined;
    kill(pid, signal);
    kill(pid, 'SIGCONT');
    while (await accepts(port)) await sleep(5);
    const closed = once(guard, 'exit');
    guard.stdin?.end();
    await closed;
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop,
    restart: async () => {
      await stop();
      await start();
    },
    signal: (signal) => void (running && kill(running.pid, signal)),
    remove: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Redis for one test file: that of REDIS_URL if it is set, else a private one, started before its tests. */
export type TestRedis = {
  readonly url: string;
  /** Another one for each call; its keys are removed in the end. */
  readonly prefix: () => string;
  /** A connection as the program has it. */
  readonly connection: RedisConnection;
  /** For what the program never does, and for looking behind it. */
  readonly raw: Redis;
};

/** Called at the top of a test file; what it returns may be used inside of the tests. */
export function useRedis(): TestRedis {
  const given = process.env.REDIS_URL?.trim();
  const prefixes: string[] = [];
  let server: RedisServer | undefined;
  let connection: RedisConnection | undefined;
  let raw: Redis | undefined;
  const urlOf = (): string => given || needed(server).url;
  beforeAll(async () => {
    if (!given) server = await startRedis();
    connection = await openRedis({ url: urlOf() });
    raw = new Redis(urlOf());
    raw.on('error', () => undefined);
  });
  afterAll(async () => {
    for (const prefix of given ? prefixes : []) await raw?.del(...Object.values(keysOf(prefix)));
    raw?.disconnect();
    connection?.close();
    await server?.remove();
  });
  return {
    get url() {
      return urlOf();
    },
    get connection() {
      return needed(connection);
    },
    get raw() {
      return needed(raw);
    },
    prefix: () => {
      const prefix = `test:${randomUUID()}`;
      prefixes.push(prefix);
      return prefix;
    },
  };
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Redis is not started yet: use it inside of a test');
  return value;
}

/** Until it answers and has loaded what it had saved; a server that wants a password answers too. */
async function ready(port: number, args: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const answer = await ping(port);
    if (answer !== undefined && !/LOADING/.test(answer)) return;
    await sleep(10);
  }
  throw new Error(`redis-server ${args.join(' ')} does not answer on port ${port}`);
}

async function ping(port: number): Promise<string | undefined> {
  const probe = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
  });
  probe.on('error', () => undefined);
  try {
    await probe.connect();
    return await probe.ping();
  } catch (error) {
    const words = error instanceof Error ? error.message : '';
    return /^[A-Z]+ /.test(words) ? words : undefined;
  } finally {
    probe.disconnect();
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}
