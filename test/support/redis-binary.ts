import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Servers that speak the protocol, and are started alike. */
const SERVERS = ['redis-server', 'valkey-server'];

/** By the program that installs packages: how it is told to install the server. */
const INSTALLERS: readonly (readonly [program: string, ...commands: readonly string[]])[] = [
  ['apt-get', 'apt-get update', 'apt-get install -y --no-install-recommends redis-server'],
  ['dnf', 'dnf install -y redis || dnf install -y valkey'],
  ['yum', 'yum install -y redis'],
  ['apk', 'apk add --no-cache redis'],
  ['pacman', 'pacman -Sy --noconfirm redis || pacman -Sy --noconfirm valkey'],
  ['zypper', 'zypper --non-interactive install redis'],
  ['brew', 'brew install redis'],
];

export const HOW_TO_INSTALL =
  'the tests need Redis: install redis-server (e.g. `apt-get install redis-server`, `brew install redis`), or set REDIS_URL';

/** @returns undefined if none is on the PATH. */
export const redisBinary = (): string | undefined => SERVERS.map(onPath).find((path) => path !== undefined);

/** Installs the server by the system's own means, as far as that needs no password. @returns whether it is there. */
export function installRedis(): boolean {
  const [program, ...commands] = INSTALLERS.find(([name]) => onPath(name) !== undefined) ?? [];
  const root = program === 'brew' || process.getuid?.() === 0;
  const sudo = !root && spawnSync('sudo', ['-n', 'true']).status === 0;
  if (program === undefined || !(root || sudo)) return redisBinary() !== undefined;
  for (const command of commands) {
    const [shell = '', ...args] = [...(sudo ? ['sudo', '-n'] : []), 'sh', '-c', command];
    spawnSync(shell, args, {
      stdio: 'ignore',
      timeout: 240_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (redisBinary() !== undefined) return true;
  }
  return redisBinary() !== undefined;
}

function onPath(program: string): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/bin',
    '/usr/sbin',
    '/usr/local/bin',
    '/opt/homebrew/bin',
  ];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
