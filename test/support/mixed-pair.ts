import { addMember, OWNER_TOKEN, renameUser } from '../../src/demo/github/github.ts';
import { addPermitUser, ENVIRONMENT_KEY } from '../../src/demo/permit/permit.ts';
import { driftedPair, markOf, type Pair } from './adapters.ts';
import { type Ran, type RunOptions, run } from './program.ts';

/** The drifted pair, and a person besides who was renamed: joins, leaves, promotions, demotions, a release, a move. */
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

/** Runs the built program against the two. */
export const programOn = (
  { github, permit }: Pair,
  args: readonly string[],
  { env, ...options }: RunOptions = {},
): Promise<Ran> =>
  run(args, {
    ...options,
    env: {
      GITHUB_API_URL: github.url,
      PERMIT_API_URL: permit.url,
      PERMIT_PDP_URL: permit.url,
      GH_TOKEN: OWNER_TOKEN,
      PERMIT_API_KEY: ENVIRONMENT_KEY,
      GITHUB_ORG: 'acme',
      PERMIT_USER_KEY: '{login}',
      ...env,
    },
  });
