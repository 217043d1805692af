import { describe, expect, test } from 'vitest';
import {
  addMember,
  addRepository,
  changeRepository,
  deleteRepository,
  removeMember,
  renameRepository,
  setBasePermission,
  setCollaborator,
  setTeamRole,
} from '../../../src/demo/github/github.ts';
import { folderWith } from '../../support/agreement.ts';
import { pdpMismatches } from '../../support/parity.ts';
import { populateRepositories } from '../../support/repositories.ts';
import { openStage, type Stage } from '../../support/stage.ts';

const CONFIG = `
github: { orgs: [acme] }
repositories: { orgs: [acme] }
limits: { removals: 100%, demotions: 100%, repositories: 100%, links: 100%, floors: { admin: 0 } }
`;

type Document = {
  readonly status: string;
  readonly changes: readonly { readonly kind: string; readonly outcome: string }[];
  readonly guard: { readonly violations: readonly { readonly limit: string; readonly override: string }[] };
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
};

/** GitHub with repositories and a Permit with the model, and what is needed to run against them. */
async function openMirror() {
  const stage = await openStage();
  populateRepositories(stage.github.world);
  const cwd = folderWith(CONFIG);
  const policy = await stage.run(['policy'], { cwd });
  expect(policy.code, policy.stderr).toBe(0);
  const reconcile = async (...flags: readonly string[]) => {
    const ran = await stage.run(['reconcile', '--output', 'json', ...flags], { cwd });
    const document: Document = JSON.parse(ran.stdout);
    return { code: ran.code, stderr: ran.stderr, ...document };
  };
  return { stage, cwd, reconcile };
}

test('before policy, each resource that Permit lacks is named once, and the people are synced', async () => {
  const stage = await openStage();
  populateRepositories(stage.github.world);
  const ran = await stage.run(['reconcile', '--output', 'json'], { cwd: folderWith(CONFIG) });
  const { status, warnings }: Document = JSON.parse(ran.stdout);
  expect([ran.code, status]).toEqual([4, 'partial']);
  const lack = (name: string) => ({
    code: 'PERMIT_MISSING_ROLE',
    message: expect.stringMatching(
      `^Permit has no resource ${name}, and .* for it; create it with "gh-permit-sync policy" \\(look first with --dry-run\\)$`,
    ),
  });
  expect(warnings).toEqual(['github_org', 'github_team', 'repository'].map(lack));
});

test('after a run Permit answers as GitHub would, and a second run changes nothing', async () => {
  const { stage, reconcile } = await openMirror();
  const first = await reconcile();
  expect(first, first.stderr).toMatchObject({ code: 0, status: 'applied' });
  expect(await pdpMismatches(stage)).toEqual([]);
  expect(await reconcile()).toMatchObject({ code: 0, status: 'in-sync', changes: [] });
});

describe('a change on GitHub reaches Permit', () => {
  test.each<readonly [what: string, change: (world: Stage['github']['world']) => void]>([
    ['a team loses a repository', (world) => setTeamRole(world, 'acme', 'payments-api', 'core', undefined)],
    ['a team is given less', (world) => setTeamRole(world, 'acme', 'payments-api', 'core', 'read')],
    [
      'a team is given a custom role',
      (world) => setTeamRole(world, 'acme', 'payments-api', 'core', 'Deployer'),
    ],
    ['the base permission falls', (world) => setBasePermission(world, 'acme', 'none')],
    ['the base permission rises', (world) => setBasePermission(world, 'acme', 'write')],
    ['a repository is deleted', (world) => deleteRepository(world, 'acme', 'payments-api')],
    [
      'a repository is archived',
      (world) => changeRepository(world, 'acme', 'payments-api', { archived: true }),
    ],
    ['a repository is renamed', (world) => renameRepository(world, 'acme', 'payments-api', 'billing')],
    [
      'a repository is new',
      (world) => void addRepository(world, 'acme', { name: 'new', teams: { core: 'write' } }),
    ],
    ['someone is given a repository', (world) => setCollaborator(world, 'acme', 'next.js', 'eve', 'admin')],
    ['someone is given less', (world) => setCollaborator(world, 'acme', 'payments-api', 'guest', 'read')],
    [
      'an outside collaborator goes',
      (world) => setCollaborator(world, 'acme', 'payments-api', 'guest', undefined),
    ],
    ['a member leaves', (world) => removeMember(world, 'acme', 'ann')],
    ['a member joins', (world) => void addMember(world, 'acme', { login: 'new' })],
  ])('%s', async (_, change) => {
    const { stage, reconcile } = await openMirror();
    await reconcile();
    change(stage.github.world);
    const second = await reconcile();
    expect(second, second.stderr).toMatchObject({ code: 0, status: 'applied' });
    expect(await pdpMismatches(stage)).toEqual([]);
    expect(await reconcile()).toMatchObject({ code: 0, status: 'in-sync', changes: [] });
  });
});
