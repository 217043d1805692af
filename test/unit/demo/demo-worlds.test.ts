import { describe, expect, test } from 'vitest';
import {
  DEMO_ORG,
  DEMO_TOKEN,
  type DemoWorlds,
  demoWorlds,
  disagreements,
  membersOf,
} from '../../../src/demo/demo-worlds.ts';
import { startGitHubEmulator } from '../../../src/demo/github/github.ts';
import { ENVIRONMENT_KEY, startPermitEmulator } from '../../../src/demo/permit/permit.ts';
import { runInThisProcess } from '../../support/in-process.ts';

/** Runs commands against the worlds, and closes them. */
async function inWorlds(
  worlds: DemoWorlds,
  work: (run: (...args: readonly string[]) => ReturnType<typeof runInThisProcess>) => Promise<void>,
): Promise<void> {
  const github = await startGitHubEmulator(worlds.github);
  const permit = await startPermitEmulator(worlds.permit);
  const env = {
    GITHUB_API_URL: github.url,
    GH_TOKEN: DEMO_TOKEN,
    GITHUB_ORG: DEMO_ORG,
    PERMIT_API_URL: permit.url,
    PERMIT_PDP_URL: permit.url,
    PERMIT_API_KEY: ENVIRONMENT_KEY,
  };
  try {
    await work((...args) => runInThisProcess(args, { env }));
  } finally {
    await Promise.all([github.close(), permit.close()]);
  }
}

test('small: policy and reconcile bring an empty Permit in sync', async () => {
  const worlds = demoWorlds('small');
  expect(membersOf(worlds.github)).toHaveLength(5);
  await inWorlds(worlds, async (run) => {
    expect((await run('check', 'ada', 'create-repo', 'membership')).code).not.toBe(0);
    expect((await run('policy')).code).toBe(0);
    expect((await run('reconcile')).code).toBe(0);
    expect((await run('check', 'ada', 'create-repo', 'membership')).code).toBe(0);
    expect((await run('reconcile')).stdout).toMatch(/^In sync: /m);
  });
  expect(disagreements(worlds)).toEqual([]);
});

describe('drift: one run applies everything, whatever the size', () => {
  test.each([5, 12, 31, 300])('%i members', async (members) => {
    const worlds = demoWorlds('drift', members);
    expect(membersOf(worlds.github)).toHaveLength(members);
    expect(disagreements(worlds)).not.toEqual([]);
    await inWorlds(worlds, async (run) => {
      expect((await run('reconcile')).code).toBe(0);
    });
    expect(disagreements(worlds)).toEqual([]);
    expect(worlds.permit.users.get('svc-deploy')?.grants).toHaveLength(1);
  });
});

test('existing: the first run is refused, and one that adopts says who has to wait', async () => {
  const worlds = demoWorlds('existing', 60);
  expect(worlds.permit.users.size).toBe(60);
  await inWorlds(worlds, async (run) => {
    const refused = await run('reconcile', '--output', 'json');
    expect(refused.code).toBe(3);
    expect(JSON.parse(refused.stdout).guard.violations).toMatchObject([{ limit: 'duplicates', planned: 30 }]);
    const adopting = await run('reconcile', '--user-key', '{login}', '--adopt', 'plain');
    expect(adopting.code).toBe(4);
    expect(adopting.stdout).toContain('--adopt all');
  });
});

test('large: Permit is ready for a first run', async () => {
  const worlds = demoWorlds('large', 200);
  await inWorlds(worlds, async (run) => {
    expect((await run('doctor')).code).toBe(0);
    expect((await run('reconcile')).code).toBe(0);
  });
  expect(worlds.permit.users.size).toBe(200);
});
