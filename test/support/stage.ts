import { onTestFinished } from 'vitest';
import {
  addMember,
  type GitHubEmulator,
  type GitHubSwitches,
  githubWorld,
  startGitHubEmulator,
} from '../../src/demo/github/github.ts';
import {
  type PermitEmulator,
  type PermitSwitches,
  permitWorld,
  snapshot,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import { runInThisProcess } from './in-process.ts';
import { type Ran, type RunOptions, run, settingsFor } from './program.ts';

/** GitHub with the organization `acme`, and an empty Permit. Both close when the test ends. */
export type Stage = {
  readonly github: GitHubEmulator;
  readonly permit: PermitEmulator;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `gh-permit-sync` against the two, inside this process. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Ran>;
  /** The same in a child process, for kills, pipes and runs side by side. Costs about a second more. */
  readonly spawn: (args: readonly string[], options?: RunOptions) => Promise<Ran>;
  /** What Permit holds: user key to its attributes and grants. */
  readonly held: () => ReturnType<typeof snapshot>;
};

type StageSwitches = {
  readonly github?: Partial<GitHubSwitches>;
  readonly permit?: Partial<PermitSwitches>;
  /** Logins are easy to read in a test. `default` sets nothing, so that the config file or the default decides. */
  readonly userKey?: '{login}' | 'default';
};

export async function openStage(switches: StageSwitches = {}): Promise<Stage> {
  const github = await startGitHubEmulator(githubWorld(), switches.github);
  const permit = await startPermitEmulator(permitWorld(), switches.permit);
  onTestFinished(() => Promise.all([github.close(), permit.close()]).then(() => undefined));
  const env = {
    ...settingsFor({ github, permit }),
    ...(switches.userKey === 'default' ? {} : { PERMIT_USER_KEY: '{login}' }),
  };
  return {
    github,
    permit,
    env,
    run: (args, options = {}) => runInThisProcess(args, { ...options, env: { ...env, ...options.env } }),
    spawn: (args, options = {}) => run(args, { ...options, env: { ...env, ...options.env } }),
    held: () => snapshot(permit.world),
  };
}

/** Fills `acme` up to `members` people, `owners` of them owners, including the world's own `owner`. */
export function populate(stage: Pick<Stage, 'github'>, members: number, owners: number): void {
  for (let i = 1; i < members; i++) {
    const login = `person-${String(i).padStart(4, '0')}`;
    addMember(stage.github.world, 'acme', { login, role: i < owners ? 'admin' : 'member' });
  }
}

export const writes = (emulator: { readonly requests: readonly { readonly method: string }[] }): number =>
  emulator.requests.filter(({ method }) => method !== 'GET').length;
