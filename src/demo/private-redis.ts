import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type PrivateRedis = {
  readonly url: string;
  readonly close: () => Promise<void>;
};

const SERVERS = ['redis-server', 'valkey-server'];

/** Some systems keep servers out of the PATH of a normal user. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/**
 * The shell ends the server when its own input ends, which is when this process ends, even by SIGKILL. It runs in a
 * session of its own, so that Ctrl-C reaches only this process, which then stops both.
 */
const GUARD = '"$@" >/dev/null 2>&1 & read -r _; kill "$!" 2>/dev/null; wait';

const STARTED_WITHIN_MS = 10_000;

/**
 * Starts a Redis that saves nothing, on loopback.
 * @param port 0 takes any that is free
 * @returns undefined if no Redis is installed, or it does not start
 */
export async function startPrivateRedis(
  path: string | undefined,
  port: number,
): Promise<PrivateRedis | undefined> {
  const binary = findServer(path);
  if (binary === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'gh-permit-sync-redis-'));
  const listening = port === 0 ? await freePort() : port;
  const place = ['--bind', '127.0.0.1', '--port', String(listening), '--dir', folder];
  const guard = spawn('sh', ['-c', GUARD, 'sh', binary, ...place, '--save', '', '--appendonly', 'no'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const close = async (): Promise<void> => {
    if (guard.exitCode === null && guard.pid !== undefined) {
      guard.stdin.end();
      await once(guard, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  if (!(await isUp(guard, listening))) {
    await close();
    return undefined;
  }
  return { url: `redis://127.0.0.1:${listening}`, close };
}

function findServer(path = ''): string | undefined {
  const folders = [...path.split(delimiter), ...SYSTEM_FOLDERS].filter((folder) => folder !== '');
  return SERVERS.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A port of loopback that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function isUp(guard: ChildProcess, port: number): Promise<boolean> {
  let hasFailed = false;
  guard.once('error', () => {
    hasFailed = true;
  });
  const deadline = Date.now() + STARTED_WITHIN_MS;
  while (!hasFailed && guard.exitCode === null && Date.now() < deadline) {
    if (await accepts(port)) return true;
    await sleep(20);
  }
  return false;
}

/** Whether something listens on a port of loopback. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
