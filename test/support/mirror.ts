import { expect } from 'vitest';
import { folderWith } from './agreement.ts';
import { populateRepositories } from './repositories.ts';
import { openStage, type Stage } from './stage.ts';

/** A config that mirrors the repositories of `acme`, with limits that refuse nothing. */
export const MIRROR_CONFIG = `
github: { orgs: [acme] }
repositories: { orgs: [acme] }
limits: { removals: 100%, demotions: 100%, repositories: 100%, links: 100%, floors: { admin: 0 } }
`;

/** What a test asks of the report of `--output json`. */
export type MirrorReport = {
  readonly status: string;
  readonly changes: readonly {
    readonly kind: string;
    readonly outcome: string;
    readonly user?: string;
    readonly repository?: string;
  }[];
  readonly guard: { readonly violations: readonly { readonly limit: string; readonly override: string }[] };
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
};

/**
 * `acme` with repositories, a Permit with the model for them, and what is needed to run against the two.
 * @param prepare changes either before the first command.
 */
export async function openMirror(config = MIRROR_CONFIG, prepare: (stage: Stage) => void = () => undefined) {
  const stage = await openStage();
  populateRepositories(stage.github.world);
  prepare(stage);
  const cwd = folderWith(config);
  const run = (...args: readonly string[]) => stage.run(args, { cwd });
  const policy = await run('policy');
  expect(policy.code, policy.stderr).toBe(0);
  const reconcile = async (...flags: readonly string[]) => {
    const ran = await run('reconcile', '--output', 'json', ...flags);
    const report: MirrorReport = JSON.parse(ran.stdout);
    return { code: ran.code, stderr: ran.stderr, ...report };
  };
  return { stage, cwd, run, reconcile };
}
