import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addMember, addOrg, orgOf, removeMember, userOf } from '../../src/demo/github/github.ts';
import { addPermitUser, addRole, addTenant } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, populate, type Stage, writes } from '../support/stage.ts';

/** Puts another organization, with its own owner and the token's person, under the name `acme`. */
function squatOrganization(stage: Stage): { readonly before: number; readonly now: number } {
  const before = orgOf(stage.github.world, 'acme').id;
  stage.github.world.orgs.delete('acme');
  const { id } = addOrg(stage.github.world, 'acme', 777_000);
  for (const login of ['owner', 'mallory']) addMember(stage.github.world, 'acme', { login, role: 'admin' });
  return { before, now: id };
}

describe('an organization name that belongs to another organization now', () => {
  test('gives nothing and takes nothing until the old one is retired by its id', async () => {
    const stage = await openStage();
    populate(stage, 6, 1);
    await stage.run(['reconcile']);
    const held = stage.held();
    const { before } = squatOrganization(stage);
    stage.permit.requests.length = 0;

    const refused = await stage.run(['reconcile']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/GITHUB_INCOMPLETE/);
    expect(refused.stderr).toContain(`--retire-org ${before}`);
    expect(stage.held()).toEqual(held);
    expect(writes(stage.permit)).toBe(0);

    const retired = await stage.run(['reconcile', '--retire-org', String(before), '--allow-removals', '5']);
    expect(retired.code).toBe(0);
    expect(Object.keys(stage.held())).toEqual(['mallory', 'owner']);
    expect(stage.held().owner?.attributes).toMatchObject({ github_orgs: [777_000] });
    expect((await stage.run(['reconcile'])).code).toBe(0);
  });

  test('a second organization that is really new is believed', async () => {
    const stage = await openStage();
    await stage.run(['reconcile', '--tenant', 'default']);
    addOrg(stage.github.world, 'labs');
    addMember(stage.github.world, 'labs', { login: 'owner', role: 'admin' });
    for (const tenant of ['acme', 'labs']) addTenant(stage.permit.world, tenant);
    const ran = await stage.run(['reconcile', '--org', 'acme', 'labs', '--tenant', '{org}']);
    expect(ran.code).toBe(0);
    expect(stage.held().owner?.grants).toContain('labs/admin');
  });

  const pinned = (id: number, ...more: readonly string[]): string => {
    const cwd = emptyFolder();
    const orgs = [`{ name: Acme, id: ${id} }`, ...more].join(', ');
    writeFileSync(
      join(cwd, 'gh-permit-sync.yaml'),
      `github: { orgs: [${orgs}] }\npermit: { tenant: "t-{org}" }\n`,
    );
    return cwd;
  };
  const tenants = (stage: Stage): void => {
    for (const org of ['acme', 'Acme', 'labs']) addTenant(stage.permit.world, `t-${org}`);
  };

  test('a pin tells it on the very first run, when no mark does', async () => {
    const stage = await openStage();
    tenants(stage);
    const { before, now } = squatOrganization(stage);
    const refused = await stage.run(['reconcile'], { cwd: pinned(before) });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      new RegExp(`has the id ${now}, and the config pins ${before}.*GITHUB_INCOMPLETE`),
    );
    expect(writes(stage.permit)).toBe(0);
    expect((await stage.run(['reconcile'], { cwd: pinned(now) })).code).toBe(0);
  });

  test('an organization that no mark names is reported once; a pinned one is not', async () => {
    const stage = await openStage();
    tenants(stage);
    const { id } = orgOf(stage.github.world, 'acme');
    const cwd = pinned(id, 'labs');
    const env = { GITHUB_ORG: '' };
    const first = await stage.run(['reconcile', '--org', 'acme'], { cwd });
    expect(first.stdout).not.toMatch(/NEW_ORG/);
    const labs = addOrg(stage.github.world, 'labs');
    addMember(stage.github.world, 'labs', { login: 'owner', role: 'admin' });
    const second = await stage.run(['reconcile'], { cwd, env });
    expect(second.code).toBe(0);
    expect(second.stdout).toMatch(new RegExp(`NEW_ORG +labs \\(id ${labs.id}\\) is new`));
    expect(second.stdout.replace(/\s+/g, ' ')).toContain(`{ name: labs, id: ${labs.id} }`);
    expect((await stage.run(['reconcile'], { cwd, env })).stdout).not.toMatch(/NEW_ORG/);
  });

  test('an id that is no number is refused', async () => {
    const stage = await openStage();
    const ran = await stage.run(['reconcile', '--retire-org', 'acme']);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(/--retire-org.*\(USAGE\)/);
  });
});

describe('--prune-unmanaged', () => {
  test('unassigns grants of our scope on unmarked users, deletes nobody, and only up to its number', async () => {
    const stage = await openStage();
    const { world } = stage.permit;
    addRole(world, 'billing');
    addPermitUser(world, {
      key: 'left-behind',
      attributes: { seat: 1 },
      grants: ['default/admin', 'default/billing'],
    });
    addPermitUser(world, { key: 'svc-ci', grants: ['default/member'] });
    addPermitUser(world, {
      key: 'other',
      grants: ['default/admin'],
      attributes: {
        github_id: 5,
        github_login: 'other',
        github_orgs: [1],
        managed_by: 'gh-permit-sync:other',
        managed_origin: 'created',
      },
    });
    const refused = await stage.run(['reconcile', '--prune-unmanaged', '1', '-o', 'json']);
    expect(refused.code).toBe(3);
    expect(JSON.parse(refused.stdout).guard.violations).toEqual([
      { limit: 'unmanaged', allowed: 1, planned: 2, override: '--prune-unmanaged 2' },
    ]);
    expect(writes(stage.permit)).toBe(0);

    expect((await stage.run(['reconcile', '--prune-unmanaged', '2'])).code).toBe(0);
    expect(stage.held()).toMatchObject({
      'left-behind': { attributes: { seat: 1 }, grants: ['default/billing'] },
      'svc-ci': { grants: [] },
      other: { grants: ['default/admin'] },
      owner: { grants: ['default/admin'] },
    });
  });
});

describe('two configs on one environment', () => {
  test('each leaves the users of the other alone, whichever runs last', async () => {
    const stage = await openStage();
    const { world } = stage.github;
    addOrg(world, 'labs');
    addMember(world, 'labs', { login: 'owner', role: 'admin' });
    addMember(world, 'labs', { login: 'lena' });
    addMember(world, 'acme', { login: 'ann' });
    const folders = ['acme', 'labs'].map((org) => {
      const cwd = emptyFolder();
      writeFileSync(join(cwd, 'gh-permit-sync.yaml'), `owner: ${org}-team\ngithub: { orgs: [${org}] }\n`);
      return { cwd, env: { GITHUB_ORG: '' } };
    });
    const [acme, labs] = folders;
    expect((await stage.run(['reconcile'], acme)).code).toBe(0);
    const second = await stage.run(['reconcile'], labs);
    expect(second.code).toBe(4);
    expect(second.stdout).toMatch(/FOREIGN_OWNER/);
    expect(stage.held().lena?.attributes?.managed_by).toBe('gh-permit-sync:labs-team');
    expect(stage.held().owner?.attributes?.managed_by).toBe('gh-permit-sync:acme-team');
    removeMember(world, 'acme', 'ann');
    await stage.run(['reconcile'], labs);
    expect(stage.held().ann).toBeDefined();
    expect((await stage.run(['reconcile'], acme)).code).toBe(0);
    expect(stage.held().ann).toBeUndefined();
    expect(stage.held().lena).toBeDefined();
  });
});

describe('marks', () => {
  test('a bad mark is never written, named in every run, and repaired by --adopt all', async () => {
    const stage = await openStage();
    addMember(stage.github.world, 'acme', { login: 'ann' });
    const { id } = userOf(stage.github.world, 'ann');
    const broken = { github_id: id, github_login: 'ann', managed_by: 'gh-permit-sync:default', seat: 3 };
    addPermitUser(stage.permit.world, { key: 'ann', attributes: broken, grants: ['default/member'] });
    const ran = await stage.run(['reconcile']);
    expect(ran.code).toBe(4);
    expect(ran.stdout).toMatch(/BAD_MARK/);
    expect(stage.held().ann?.attributes).toEqual(broken);
    expect((await stage.run(['reconcile', '--adopt', 'all'])).code).toBe(0);
    expect(stage.held().ann?.attributes).toMatchObject({ seat: 3, managed_origin: 'adopted', github_id: id });
  });

  test('a released person who returns is managed again without adopt', async () => {
    const stage = await openStage();
    addMember(stage.github.world, 'acme', { login: 'ann' });
    await stage.run(['reconcile']);
    addRole(stage.permit.world, 'billing');
    const ann = stage.permit.world.users.get('ann');
    if (ann) {
      const grant = { id: 'g', tenant: 'default', role: 'billing', created: '2026-01-01T00:00:00+00:00' };
      stage.permit.world.users.set('ann', { ...ann, grants: [...ann.grants, grant] });
    }
    removeMember(stage.github.world, 'acme', 'ann');
    expect((await stage.run(['reconcile'])).code).toBe(0);
    expect(stage.held().ann).toMatchObject({ grants: ['default/billing'] });
    expect(stage.held().ann?.attributes).toEqual({ github_id: userOf(stage.github.world, 'ann').id });
    addMember(stage.github.world, 'acme', { login: 'ann' });
    expect((await stage.run(['reconcile'])).code).toBe(0);
    expect(stage.held().ann).toMatchObject({
      grants: ['default/billing', 'default/member'],
      attributes: { managed_by: 'gh-permit-sync:default', managed_origin: 'adopted' },
    });
  });

  test('two users of one id are left alone', async () => {
    const stage = await openStage();
    addMember(stage.github.world, 'acme', { login: 'ann' });
    await stage.run(['reconcile']);
    const ann = stage.held().ann;
    addPermitUser(stage.permit.world, {
      key: 'ann2',
      attributes: ann?.attributes ?? {},
      grants: ['default/admin'],
    });
    removeMember(stage.github.world, 'acme', 'ann');
    const ran = await stage.run(['reconcile']);
    expect(ran.code).toBe(4);
    expect(ran.stdout).toMatch(/DUPLICATE_ID/);
    expect(stage.held().ann).toEqual(ann);
    expect(stage.held().ann2?.grants).toEqual(['default/admin']);
  });
});
