import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { OWNER_TOKEN } from '../../src/emulator/github.ts';
import { ENVIRONMENT_KEY } from '../../src/emulator/permit.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import type { Queue } from '../../src/queue/queue.ts';
import type { Pair } from '../support/adapters.ts';
import { emptyFolder, type Ran, run } from '../support/program.ts';
import { entry } from '../unit/queue/entries.ts';
import { memberAdded, post, SECRET } from '../unit/webhook/support.ts';

const BIN = fileURLToPath(new URL('../../bin/gh-permit-sync.js', import.meta.url));

/** GitHub, Permit and Redis, as the programs of one test find them. */
export type Place = Pair & { readonly redisUrl: string; readonly prefix: string };

const envOf = ({ github, permit, redisUrl }: Place) => ({
  GITHUB_API_URL: github.url,
  PERMIT_API_URL: permit.url,
  PERMIT_PDP_URL: permit.url,
  GH_TOKEN: OWNER_TOKEN,
  PERMIT_API_KEY: ENVIRONMENT_KEY,
  GITHUB_ORG: 'acme',
  GITHUB_WEBHOOK_SECRET: SECRET,
  REDIS_URL: redisUrl,
});

/** A folder whose config gives the queue a prefix of its own, and leaves the limits open. */
function folderFor({ prefix }: Place): string {
  const cwd = emptyFolder();
  const limits = { removals: '100%', demotions: '100%', moves: '100%', floors: {} };
  writeFileSync(join(cwd, 'gh-permit-sync.json'), JSON.stringify({ redis: { prefix }, limits }));
  return cwd;
}

/** Runs the built program to its end. */
export const program = (
  place: Place,
  args: readonly string[],
  started?: (kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Ran> => run(args, { env: envOf(place), cwd: folderFor(place), ...(started ? { started } : {}) });

export type Running = {
  readonly url: string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** What stderr says so far. */
  readonly said: () => string;
};

/** The whole system in one process of the built program, on a free port. */
export async function receiveAndDrain(place: Place, args: readonly string[] = []): Promise<Running> {
  const flags = ['receive', '--drain', '--host', '127.0.0.1', '--port', '0', ...args];
  const child = spawn(process.execPath, [BIN, ...flags], {
    cwd: folderFor(place),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...envOf(place) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  for (;;) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+[^ "]*/.exec(text) ?? [];
    if (url !== undefined) return { url, kill: (signal) => void child.kill(signal), ended, said: () => text };
    if ((await Promise.race([ended, sleep(10, 'not yet')])) !== 'not yet') throw new Error(text);
  }
}

/** What GitHub would send about this person. @returns the status of the answer. */
export async function tell({ url }: Running, { github }: Place, login: string): Promise<number> {
  const id = github.world.users.byLogin(login)?.id;
  return (await post(url, { body: JSON.stringify(memberAdded(id, login)) })).status;
}

/** An entry about everybody who ever was in `acme` or has a user of ours. @returns how many. */
export async function tellAboutAll(queue: Queue, { github }: Pair): Promise<number> {
  const accounts = [...github.world.users.values()];
  for (const { id, login } of accounts) await queue.append(entry(login, { id: id as GitHubId }));
  return accounts.length;
}
