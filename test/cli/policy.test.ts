import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addCustomRole, mayReadRepositories } from '../../src/demo/github/github.ts';
import {
  addInstance,
  addResource,
  addRole,
  ENVIRONMENT_KEY,
  PROJECT_KEY,
} from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, type Stage, writes } from '../support/stage.ts';

/** Permit without any role: nobody has set anything up yet. */
async function freshStage(): Promise<Stage> {
  const stage = await openStage();
  stage.permit.world.roles.clear();
  stage.permit.world.tenants.clear();
  return stage;
}

/** `policy` needs neither an organization nor a credential of GitHub. */
const NO_GITHUB = { GH_TOKEN: '', GITHUB_ORG: '' };

test('a fresh environment: reconcile misses the roles, policy sets them up, reconcile runs', async () => {
  const stage = await freshStage();
  const { permit, github } = stage;
  const before = await stage.run(['reconcile']);
  expect(before.code).toBe(1);
  expect(before.stderr).toContain('PERMIT_MISSING_ROLE');

  const pending = await stage.run(['policy', '--dry-run', '--detailed-exitcode', '-o', 'json'], {
    env: NO_GITHUB,
  });
  expect(pending.stderr).toBe('');
  expect(pending.code).toBe(2);
  expect(JSON.parse(pending.stdout)).toMatchObject({
    version: 1,
    command: 'policy',
    dryRun: true,
    status: 'pending',
    summary: {
      changes: { createResource: 1, createAction: 4, createRole: 2, addPermission: 5, createTenant: 1 },
    },
    target: { project: 'main', environment: 'dev' },
    requests: { github: 0, permit: 6 },
  });
  expect(writes(permit)).toBe(0);

  github.requests.length = 0;
  const applied = await stage.run(['policy'], { env: NO_GITHUB });
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  expect(applied.stdout).toMatch(/^Applied: 1 resource created, 4 actions created, .* 1 tenant created\./m);
  expect(github.requests).toEqual([]);
  expect(writes(permit)).toBe(6);

  const second = await stage.run(['policy', '-o', 'json'], { env: NO_GITHUB });
  expect(JSON.parse(second.stdout)).toMatchObject({ status: 'in-sync', changes: [] });
  expect(second.code).toBe(0);
  expect(writes(permit)).toBe(6);

  const after = await stage.run(['reconcile']);
  expect(after).toMatchObject({ code: 0, stderr: '' });
});

test('the config decides, a revocation needs leave, and the key is in no output', async () => {
  const stage = await freshStage();
  const cwd = emptyFolder();
  const write = (permissions: string): void =>
    writeFileSync(
      join(cwd, 'gh-permit-sync.yaml'),
      `policy: { resources: { doc: { actions: [read, write] } }, roles: { editor: { permissions: [${permissions}] } } }\n`,
    );
  const held = () => stage.permit.world.roles.get('editor')?.permissions;
  write('"doc:*"');
  expect((await stage.run(['policy', '--verbose'], { cwd })).code).toBe(0);
  expect(held()).toEqual(['doc:read', 'doc:write']);

  write('"doc:read"');
  const refused = await stage.run(['policy', '--verbose'], { cwd });
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain('editor: doc:write');
  expect(refused.stderr).toContain('--allow-revoke 1');
  expect(refused.stdout + refused.stderr).not.toContain(ENVIRONMENT_KEY);
  expect(held()).toEqual(['doc:read', 'doc:write']);

  expect((await stage.run(['policy', '--allow-revoke', '1'], { cwd })).code).toBe(0);
  expect(held()).toEqual(['doc:read']);

  write('"doc:reed"');
  const flawed = await stage.run(['policy'], { cwd });
  expect(flawed).toMatchObject({ code: 1, stdout: '' });
  expect(flawed.stderr).toMatch(
    /^error: gh-permit-sync\.yaml:1:\d+: policy\.roles\.editor\.permissions\[0\]: .*"read"/,
  );
});

test('recognizes a key that is not of one environment', async () => {
  const stage = await freshStage();
  const { code, stderr } = await stage.run(['policy'], { env: { PERMIT_API_KEY: PROJECT_KEY } });
  expect(code).toBe(1);
  expect(stderr).toContain('PERMIT_AUTH');
});

test('SIGTERM ends the run after the write under way, and the report is printed', {
  timeout: 60_000,
}, async () => {
  const stage = await freshStage();
  let kill: ((signal: NodeJS.Signals) => void) | undefined;
  stage.permit.onRequest = ({ method }) => {
    if (method !== 'POST') return;
    stage.permit.latencyMs = 300;
    kill?.('SIGTERM');
  };
  const cut = await stage.run(['policy', '-o', 'json'], {
    started: (end) => {
      kill = end;
    },
  });
  expect(cut.code).toBe(4);
  expect(JSON.parse(cut.stdout)).toMatchObject({ status: 'partial', warnings: [{ code: 'INTERRUPTED' }] });
  expect(writes(stage.permit)).toBe(1);
  stage.permit.onRequest = undefined;
  stage.permit.latencyMs = 0;
  expect((await stage.run(['policy'])).code).toBe(0);
  expect(stage.permit.world.roles.get('admin')?.permissions).toHaveLength(4);
});

test('--help shows an example', async () => {
  const stage = await freshStage();
  const { code, stdout } = await stage.run(['policy', '--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('$ gh-permit-sync policy --dry-run');
});

test('roles and tenants that only grants name are created without permissions, and it is said', async () => {
  const stage = await freshStage();
  const cwd = emptyFolder();
  writeFileSync(
    join(cwd, 'gh-permit-sync.yaml'),
    [
      'grants:',
      '  - { subject: "github:*:role:admin", roles: [admin] }',
      '  - { subject: "github:acme:role:*", roles: [viewer], tenant: "t-{org}" }',
      'policy:',
      '  resources: { membership: { actions: [read] } }',
      '  roles: { admin: { permissions: ["membership:*"] } }',
    ].join('\n'),
  );
  expect((await stage.run(['reconcile'], { cwd })).stderr).toContain('gh-permit-sync policy');
  const applied = await stage.run(['policy'], { cwd });
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  expect(applied.stdout).toMatch(/role viewer +without permissions, since only grants name it/);
  expect([...stage.permit.world.roles.keys()].sort()).toEqual(['admin', 'viewer']);
  expect([...stage.permit.world.tenants.keys()].sort()).toEqual(['default', 't-acme']);
  expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
  // Permissions that others give the role elsewhere must not be removed by this policy.
  addRole(stage.permit.world, 'viewer', ['membership:read']);
  expect(await stage.run(['policy'], { cwd })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/in sync/i),
  });
});

test('a role on a resource instance that grants name is created, and reconcile then gives it', async () => {
  const stage = await openStage();
  addResource(stage.permit.world, 'repository', ['read'], { reader: ['read'] });
  addInstance(stage.permit.world, 'repository:api', 'default');
  const cwd = emptyFolder();
  const rule = (resource: string) =>
    `{ subject: "github:*:role:*", roles: [owner], resource: "${resource}" }`;
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), `grants: [${rule('repository:api')}]\n`);
  const missing = await stage.run(['reconcile'], { cwd });
  expect(missing.stderr).toMatch(/no role owner of the resource repository.*/);
  expect(missing.stderr).toContain('gh-permit-sync policy');

  const dry = await stage.run(['policy', '--dry-run'], { cwd, env: NO_GITHUB });
  expect(dry.stdout).toContain('role owner without permissions, since only grants name it');
  const applied = await stage.run(['policy'], { cwd, env: NO_GITHUB });
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  expect(applied.stdout).toContain('1 resource role created');
  expect(Object.keys(stage.permit.world.resources.get('repository')?.roles ?? {})).toEqual([
    'reader',
    'owner',
  ]);
  expect((await stage.run(['policy'], { cwd, env: NO_GITHUB })).stdout).toContain('In sync');
  expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);

  // A resource that Permit lacks is created as well, or its role could not be.
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), `grants: [${rule('wiki:home')}]\n`);
  const wiki = await stage.run(['policy'], { cwd, env: NO_GITHUB });
  expect(wiki).toMatchObject({ code: 0, stderr: '' });
  expect(wiki.stdout).toContain('without actions, since only grants name it');
  expect(Object.keys(stage.permit.world.resources.get('wiki')?.roles ?? {})).toEqual(['owner']);
});

describe('repositories', () => {
  const CONFIG = 'github: { orgs: [acme] }\nrepositories: { tenant: code }\npolicy: {}\n';
  const cwdWith = (config: string): string => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), config);
    return cwd;
  };

  test('three POSTs write the model, and the next run has nothing to do', async () => {
    const stage = await openStage();
    const cwd = cwdWith(CONFIG);
    const first = await stage.run(['policy'], { cwd, env: NO_GITHUB });
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('there is no GitHub credential'),
    });
    expect(first.stdout).toContain('role all_repo_read without permissions, since only other roles follow');
    const written = stage.permit.requests.filter(({ method }) => method !== 'GET');
    expect(written.map(({ path }) => path.split('/').at(-1))).toEqual([
      ...['resources', 'resources', 'resources', 'tenants'],
    ]);
    expect(stage.permit.world.tenants.has('code')).toBe(true);
    expect((await stage.run(['policy'], { cwd, env: NO_GITHUB })).stdout).toContain('In sync');
  });

  test('a custom role on GitHub becomes a role of its own, whenever it is added', async () => {
    const stage = await openStage();
    mayReadRepositories(stage.github.world);
    const cwd = cwdWith(CONFIG);
    await stage.run(['policy'], { cwd });
    addCustomRole(stage.github.world, 'acme', { name: 'Release Manager', base: 'write' });
    const second = await stage.run(['policy', '-o', 'json'], { cwd });
    expect(JSON.parse(second.stdout)).toMatchObject({
      status: 'applied',
      summary: { changes: { createRelation: 1, createResourceRole: 1 } },
      warnings: [],
    });
    const { roles, relations } = stage.permit.world.resources.get('repository') ?? {};
    expect(roles?.['custom_release-manager_write']?.permissions).toEqual(['read', 'triage', 'write']);
    expect(relations).toHaveProperty('team_custom_release-manager_write');
  });

  test.each([
    [404, 'shows no custom repository roles of acme', []],
    [500, '', ['GITHUB_UNAVAILABLE']],
  ])('custom roles answered with %i do not block the model', async (status, stderr, codes) => {
    const stage = await openStage();
    stage.github.faults.push({
      match: ({ path }) => path.endsWith('/custom-repository-roles'),
      do: { kind: 'answer', status, body: { message: 'Not Found', documentation_url: 'https://docs' } },
    });
    const ran = await stage.run(['policy', '-o', 'json'], { cwd: cwdWith(CONFIG) });
    expect(ran.stderr).toContain(stderr);
    const { status: end, warnings } = JSON.parse(ran.stdout);
    expect([ran.code, end, warnings.map(({ code }: { code: string }) => code)]).toEqual([
      0,
      'applied',
      codes,
    ]);
    expect(stage.permit.world.resources.has('repository')).toBe(true);
  });
});
