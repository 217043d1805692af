import { addMember, renameUser } from '../../src/demo/github/github.ts';
import { addPermitUser } from '../../src/demo/permit/permit.ts';
import { driftedPair, markOf, type Pair } from './adapters.ts';
import { runInThisProcess } from './in-process.ts';
import { type Ran, type RunOptions, run, settingsFor } from './program.ts';

/** The drifted pair and a renamed person: joins, leaves, promotions, demotions, a release and a move. */
export async function mixedPair(): Promise<Pair> {
  const pair = await driftedPair();
  const { github, permit } = pair;
  addMember(github.world, 'acme', { login: 'moved-from' });
  addPermitUser(permit.world, {
    key: 'moved-from',
    email: 'moved@acme.test',
    attributes: { seat: 7, ...markOf(github.world, 'moved-from') },
    grants: ['default/member'],
  });
  renameUser(github.world, 'moved-from', 'moved-to');
  return pair;
}

type Launch = (pair: Pair, args: readonly string[], options?: RunOptions) => Promise<Ran>;

const launchWith =
  (launch: typeof run): Launch =>
  ({ github, permit }, args, { env, ...options } = {}) =>
    launch(args, {
      ...options,
      env: {
        ...settingsFor({ github, permit }),
        PERMIT_USER_KEY: '{login}',
        ...env,
      },
    });

/** Runs the program against the two, inside this process. */
export const programOn = launchWith(runInThisProcess);

/** Runs the built program against the two, in a child process. */
export const spawnOn = launchWith(run);
