import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { orgOf } from '../../src/demo/github/github.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import type { Queue } from '../../src/queue/queue.ts';
import type { Pair } from '../support/adapters.ts';
import { runInThisProcess } from '../support/in-process.ts';
import { emptyFolder, type Ran, type RunOptions, run, settingsFor } from '../support/program.ts';
import { type Receiving, startReceiving } from '../support/receiving.ts';
import { entry } from '../unit/queue/entries.ts';
import { memberAdded, post, SECRET } from '../unit/receiver/support.ts';

/** GitHub, Permit and Redis for the programs of one test. */
export type Place = Pair & { readonly redisUrl: string; readonly prefix: string };

const envOf = ({ github, permit, redisUrl }: Place) => ({
  ...settingsFor({ github, permit }),
  PERMIT_USER_KEY: '{login}',
  GITHUB_WEBHOOK_SECRET: SECRET,
  REDIS_URL: redisUrl,
});

/** A folder whose config gives the queue its own prefix, and sets wide limits. */
function folderFor({ prefix }: Place): string {
  const cwd = emptyFolder();
  const limits = { removals: '100%', demotions: '100%', moves: '100%', floors: {} };
  writeFileSync(join(cwd, 'gh-permit-sync.json'), JSON.stringify({ redis: { prefix }, limits }));
  return cwd;
}

/** Runs the program to its end, inside this process. */
export const program = (place: Place, args: readonly string[]): Promise<Ran> =>
  runInThisProcess(args, { env: envOf(place), cwd: folderFor(place) });

/** Runs the built program in a child process. */
export const spawnProgram = (
  place: Place,
  args: readonly string[],
  started: RunOptions['started'] = () => undefined,
): Promise<Ran> => run(args, { env: envOf(place), cwd: folderFor(place), started });

/** The whole system in one process of the built program, on a free port. */
export const receiveAndDrain = (place: Place, args: readonly string[] = []): Promise<Receiving> =>
  startReceiving(['--drain', ...args], { cwd: folderFor(place), env: envOf(place) });

/** The action of GitHub's webhook about someone who is, or is not, a member now. */
const actionFor = (world: Pair['github']['world'], id: number | undefined): string =>
  id !== undefined && orgOf(world, 'acme').members.has(id) ? 'member_added' : 'member_removed';

/** Sends the webhook that GitHub would send about this person. @returns the status of the answer. */
export async function tell({ url }: Receiving, { github }: Place, login: string): Promise<number> {
  const id = github.world.users.byLogin(login)?.id;
  const body = JSON.stringify({ ...memberAdded(id, login), action: actionFor(github.world, id) });
  return (await post(url, { body })).status;
}

/** Queues an entry about everyone who ever was in `acme` or has a user of ours. @returns how many. */
export async function tellAboutAll(queue: Queue, { github }: Pair): Promise<number> {
  const accounts = [...github.world.users.values()];
  for (const { id, login } of accounts) {
    const action = actionFor(github.world, id);
    await queue.append(entry(login, { id: id as GitHubId, action }));
  }
  return accounts.length;
}
