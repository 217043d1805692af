// A login is a name that may be given up, claimed by somebody else, or scrambled; tools that took it for the person
// invited strangers and threw out colleagues.
import { describe, expect, test } from 'vitest';
import {
  addMember,
  addTeam,
  addUser,
  deleteUser,
  removeMember,
  renameUser,
  userOf,
} from '../../src/demo/github/github.ts';
import { addRole, addTenant, grant } from '../../src/demo/permit/permit.ts';
import { agreedStage, folderWith, reconcileJson, told } from '../support/agreement.ts';
import type { Stage } from '../support/stage.ts';

/** `acme`, in sync; `ann` also holds a foreign grant. */
async function withAnn(): Promise<Stage & { readonly annId: number }> {
  const stage = await agreedStage(10);
  addMember(stage.github.world, 'acme', { login: 'ann' });
  await stage.run(['reconcile']);
  addRole(stage.permit.world, 'billing');
  grant(stage.permit.world, 'ann', 'default/billing');
  return { ...stage, annId: userOf(stage.github.world, 'ann').id };
}

/** The ids of those who hold anything, with their user keys. */
const holders = (stage: Stage): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(stage.held())
      .filter(([, { grants }]) => grants.length > 0)
      .map(([key, { attributes }]) => [key, attributes?.github_id]),
  );

describe('integrations/terraform-provider-github#3436: a squatter of a freed login was invited', () => {
  test('terraform-provider-github#3436: renamed, and a stranger outside of the org has the old login', async () => {
    const stage = await withAnn();
    renameUser(stage.github.world, 'ann', 'anna');
    const stranger = addUser(stage.github.world, 'ann');
    expect((await stage.run(reconcileJson())).code).toBe(0);
    expect(stage.held().ann).toBeUndefined();
    expect(stage.held().anna).toMatchObject({
      grants: ['default/billing', 'default/member'],
      attributes: { github_id: stage.annId, github_login: 'anna' },
    });
    expect(Object.values(holders(stage))).not.toContain(stranger.id);
  });

  test('terraform-provider-github#3436: renamed, and the squatter is also a member: nothing is inherited', async () => {
    const stage = await withAnn();
    renameUser(stage.github.world, 'ann', 'anna');
    const squatter = addMember(stage.github.world, 'acme', { login: 'ann' });
    expect((await stage.run(reconcileJson())).code).toBe(0);
    expect(stage.held()).toMatchObject({
      anna: { grants: ['default/billing', 'default/member'], attributes: { github_id: stage.annId } },
      ann: { grants: ['default/member'], attributes: { github_id: squatter.id } },
    });
  });

  test('terraform-provider-github#3436: gone, with foreign grants; the squatter gets none of them', async () => {
    const stage = await withAnn();
    renameUser(stage.github.world, 'ann', 'anna');
    removeMember(stage.github.world, 'acme', 'anna');
    const squatter = addMember(stage.github.world, 'acme', { login: 'ann' });
    const ran = await stage.run(reconcileJson());
    expect(ran.code).toBe(4);
    expect(ran.stdout).toContain('KEY_TAKEN');
    // Our grant is removed; what others gave stays, with the id of the person who had it.
    expect(stage.held().ann?.grants).toEqual(['default/billing']);
    expect(stage.held().ann?.attributes).toMatchObject({ github_id: stage.annId });
    expect(Object.values(holders(stage))).not.toContain(squatter.id);
  });

  test('terraform-provider-github#3436: the account was deleted, and its login claimed', async () => {
    const stage = await withAnn();
    stage.permit.world.users.delete('ann');
    await stage.run(['reconcile']);
    deleteUser(stage.github.world, 'ann');
    const squatter = addMember(stage.github.world, 'acme', { login: 'ann' });
    expect((await stage.run(reconcileJson())).code).toBe(0);
    expect(stage.held().ann).toMatchObject({
      grants: ['default/member'],
      attributes: { github_id: squatter.id },
    });
  });
});

describe('OpenRailAssociation/github-org-manager#239: a renamed person was removed from the teams', () => {
  const config = [
    'github: { orgs: [acme] }',
    'grants:',
    '  - { subject: "github:acme:team:platform:*", roles: [deployer], tenant: production }',
    '  - { subject: "github:acme:role:*", roles: [member] }',
  ].join('\n');

  test('github-org-manager#239: the roles of the team stay through a rename, in every run', async () => {
    const stage = await withAnn();
    addTenant(stage.permit.world, 'production');
    addRole(stage.permit.world, 'deployer');
    addTeam(stage.github.world, 'acme', { slug: 'platform', members: ['ann', 'person-0003'] });
    const cwd = folderWith(`${config}\n`);
    await stage.run(['reconcile'], { cwd });
    const before = stage.held().ann?.grants;
    expect(before).toContain('production/deployer');
    renameUser(stage.github.world, 'ann', 'anna');
    for (const status of ['applied', 'in-sync']) {
      const ran = await stage.run(reconcileJson(), { cwd });
      expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status });
      expect(told(ran).summary.people).toMatchObject({ joining: 0, leaving: 0, demoted: 0 });
      expect(stage.held().anna?.grants).toEqual(before);
    }
  });
});

describe('terraform-provider-github#978, backstage#31357: suspended people and scrambled logins', () => {
  test('terraform-provider-github#978: suspended people stay in the listing, and keep what they have', async () => {
    const stage = await withAnn();
    const account = userOf(stage.github.world, 'ann');
    stage.github.world.users.set(account.id, { ...account, suspended: true });
    const before = stage.held();
    const ran = await stage.run(reconcileJson());
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status: 'in-sync' });
    expect(stage.held()).toEqual(before);
  });

  test('backstage#31357: a login that is scrambled and restored is one person, who loses nothing', async () => {
    const stage = await withAnn();
    const before = stage.held();
    renameUser(stage.github.world, 'ann', '3c29a1f0e7d84b9c');
    expect((await stage.run(reconcileJson())).code).toBe(0);
    expect(stage.held()['3c29a1f0e7d84b9c']?.grants).toEqual(['default/billing', 'default/member']);
    expect(stage.held().ann).toBeUndefined();
    renameUser(stage.github.world, '3c29a1f0e7d84b9c', 'ann');
    expect((await stage.run(reconcileJson())).code).toBe(0);
    expect(stage.held()).toEqual(before);
  });

  test('backstage#31357: a managed user, whose login ends in _shortcode, is listed like anybody else', async () => {
    const stage = await withAnn();
    addMember(stage.github.world, 'acme', { login: 'ben_acme' });
    expect((await stage.run(reconcileJson())).code).toBe(0);
    expect(stage.held().ben_acme?.grants).toEqual(['default/member']);
  });
});
