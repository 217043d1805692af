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
import { MIRROR_CONFIG, type MirrorReport, openMirror } from '../../support/mirror.ts';
import { pdpMismatches } from '../../support/parity.ts';
import { populateRepositories } from '../../support/repositories.ts';
import { openStage, type Stage } from '../../support/stage.ts';

test('before policy, each resource that Permit lacks is named once, and the people are synced', async () => {
  const stage = await openStage();
  populateRepositories(stage.github.world);
  const ran = await stage.run(['reconcile', '--output', 'json'], { cwd: folderWith(MIRROR_CONFIG) });
  const { status, warnings }: MirrorReport = JSON.parse(ran.stdout);
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
