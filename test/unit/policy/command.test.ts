import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addResource,
  addRole,
  ENVIRONMENT_KEY,
  type PermitEmulator,
  permitWorld,
  startPermitEmulator,
} from '../../../src/demo/permit/permit.ts';
import { runInThisProcess } from '../../support/in-process.ts';
import { emptyFolder, type Ran } from '../../support/program.ts';
import { writes } from '../../support/stage.ts';
import { HOSTILE, INVISIBLE } from '../report/hostile.ts';

async function emulate(): Promise<PermitEmulator> {
  const permit = await startPermitEmulator(permitWorld());
  onTestFinished(() => permit.close());
  return permit;
}

type Run = { readonly env?: Readonly<Record<string, string | undefined>>; readonly config?: string };
/** The command in its own folder; messages name the config file as FILE. */
async function run(
  permit: PermitEmulator,
  args: readonly string[] = [],
  { env, config }: Run = {},
): Promise<Ran> {
  const file = join(emptyFolder(), 'gh-permit-sync.yaml');
  if (config !== undefined) writeFileSync(file, config);
  const { code, stdout, stderr } = await runInThisProcess(
    ['policy', ...args, ...(config === undefined ? [] : ['--config', file])],
    {
      env: {
        PERMIT_API_URL: permit.url,
        PERMIT_PDP_URL: permit.url,
        PERMIT_API_KEY: ENVIRONMENT_KEY,
        ...env,
      },
    },
  );
  return { code, stdout: stdout.replaceAll(file, 'FILE'), stderr: stderr.replaceAll(file, 'FILE') };
}

const CONFIG = `
policy:
  tenants: { default: { name: Default } }
  resources:
    membership: { name: Membership, actions: [create-repo, view-private-repo] }
  roles:
    admin: { permissions: ["membership:*"] }
    member: { permissions: ["membership:view-private-repo"] }
`;

/** Times are the only thing that differs between two runs. */
const still = (text: string): string =>
  text.replace(/\d+(\.\d)? m?s/g, 'T ms').replace(/"durationMs": \d+/, '"durationMs": 0');

test('a dry run reads like a plan and writes nothing; the run applies it; the second has nothing to do', async () => {
  const permit = await emulate();
  const dry = await run(permit, ['--dry-run'], { config: CONFIG });
  expect(dry).toMatchObject({ code: 0, stderr: '' });
  expect(still(dry.stdout)).toBe(`\
Permit policy (dry run)
  Permit project main, environment dev; config FILE

  + resource membership
      + action create-repo
      + action view-private-repo

  ~ role admin
      + permission membership:create-repo
      + permission membership:view-private-repo

  ~ role member
      + permission membership:view-private-repo

  ~ tenant default
      ~ name "Default Tenant" → "Default"

Plan: 1 resource to create, 2 actions to create, 3 permissions to add, 1 tenant to update (dry run, nothing was \
written). 6 requests to Permit, T ms.
`);
  expect(writes(permit)).toBe(0);

  const applied = await run(permit, [], { config: CONFIG });
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  expect(applied.stdout).toContain(
    'Applied: 1 resource created, 2 actions created, 3 permissions added, 1 tenant updated.',
  );
  expect(writes(permit)).toBe(4);

  const second = await run(permit, [], { config: CONFIG });
  expect(still(second.stdout)).toBe(
    'Permit policy\n  Permit project main, environment dev; config FILE\n\n' +
      'In sync: Permit matches the policy, nothing to change. 6 requests to Permit, T ms.\n',
  );
  expect(second.code).toBe(0);
  expect(writes(permit)).toBe(4);
  expect(await run(permit, ['--quiet'], { config: CONFIG })).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('without a config, and without a policy in it, the policy is that of the demo', async () => {
  for (const config of [undefined, 'github: { orgs: [acme] }\n']) {
    const permit = await emulate();
    const { code } = await run(permit, [], config === undefined ? {} : { config });
    expect(code).toBe(0);
    expect(Object.keys(permit.world.resources.get('membership')?.actions ?? {}).sort()).toEqual([
      'create-repo',
      'delete-repo',
      'edit-repo',
      'view-private-repo',
    ]);
    expect(permit.world.roles.get('admin')?.permissions).toHaveLength(4);
    expect(permit.world.roles.get('member')?.permissions).toEqual(['membership:view-private-repo']);
    expect(permit.world.tenants.get('default')?.name).toBe('Default Tenant');
  }
});

test('the policy of the demo is set up in the tenants where the default rules give their roles', async () => {
  const permit = await emulate();
  expect((await run(permit, ['--tenant', 'prod'])).code).toBe(0);
  const orgs = { env: { PERMIT_TENANT: '{org}-x', GITHUB_ORG: 'acme,labs' } };
  expect((await run(permit, [], orgs)).code).toBe(0);
  expect([...permit.world.tenants.keys()]).toEqual(['default', 'prod', 'acme-x', 'labs-x']);
  const { code, stderr } = await run(permit, ['--tenant', '{org}']);
  expect(code).toBe(1);
  expect(stderr).toContain('no organization is given (CONFIG_INVALID)');
});

test('the JSON document', async () => {
  const permit = await emulate();
  addRole(permit.world, 'member', []);
  const { code, stdout } = await run(permit, ['--dry-run', '--output', 'json'], {
    config:
      'policy: { tenants: { prod: {}, default: { name: D } }, roles: { member: { permissions: [] } } }\n',
  });
  expect(code).toBe(0);
  expect(JSON.parse(still(stdout))).toEqual({
    version: 1,
    command: 'policy',
    dryRun: true,
    status: 'pending',
    summary: {
      changes: {
        createResource: 0,
        createRelation: 0,
        createResourceRole: 0,
        extendResourceRole: 0,
        updateResource: 0,
        createAction: 0,
        createRole: 0,
        updateRole: 0,
        addPermission: 0,
        removePermission: 0,
        createTenant: 1,
        updateTenant: 1,
      },
      failed: 0,
    },
    changes: [
      {
        kind: 'updateTenant',
        tenant: 'default',
        from: { name: 'Default Tenant' },
        to: { name: 'D' },
        outcome: 'planned',
      },
      { kind: 'createTenant', tenant: 'prod', outcome: 'planned' },
    ],
    guard: { verdict: 'pass', violations: [] },
    warnings: [],
    target: { project: 'main', environment: 'dev', apiUrl: permit.url },
    config: 'FILE',
    requests: { github: 0, permit: 7 },
    durationMs: 0,
  });
});

describe('a permission that would be removed', () => {
  const start = async (): Promise<PermitEmulator> => {
    const permit = await emulate();
    addResource(permit.world, 'invoice', ['pay', 'see']);
    addRole(permit.world, 'member', ['invoice:pay', 'invoice:see']);
    return permit;
  };

  test.each([[[]], [['--dry-run', '--detailed-exitcode']], [['--allow-revoke', '1']]])(
    'is refused with %j, by name and with the exact override',
    async (args) => {
      const permit = await start();
      const { code, stdout, stderr } = await run(permit, args, { config: CONFIG });
      const allowed = args.includes('1') ? 1 : 0;
      expect(code).toBe(3);
      expect(stderr).toBe(`\
error: roles hold permissions that the policy does not give them, and nothing was written (GUARD_REFUSED)
  member: invoice:pay and invoice:see
  hint: add them to the policy or, to remove them, allow exactly this:
        --allow-revoke 2
`);
      expect(stdout).toContain(`✗ revocations: 2 planned, ${allowed} allowed  --allow-revoke 2`);
      expect(stdout).toContain('- permission invoice:pay');
      expect(stdout).toContain('Refused: ');
      expect(writes(permit)).toBe(0);
    },
  );

  test('is refused in JSON with the violation', async () => {
    const permit = await start();
    const { code, stdout } = await run(permit, ['-o', 'json'], { config: CONFIG });
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'refused',
      summary: { changes: { removePermission: 2 } },
      guard: {
        verdict: 'refused',
        violations: [{ limit: 'revocations', allowed: 0, planned: 2, override: '--allow-revoke 2' }],
      },
    });
  });

  test('is removed with --allow-revoke', async () => {
    const permit = await start();
    const { code, stdout } = await run(permit, ['--allow-revoke', '2'], { config: CONFIG });
    expect(code).toBe(0);
    expect(stdout).toContain('2 permissions taken');
    expect(permit.world.roles.get('member')?.permissions).toEqual(['membership:view-private-repo']);
  });

  test('is kept, with a warning, where the mode is upsert-only', async () => {
    const permit = await start();
    const args = ['--allow-revoke', '2'];
    const { code, stdout } = await run(permit, args, { config: `mode: upsert-only\n${CONFIG}` });
    expect(code).toBe(0);
    expect(stdout).toContain(
      '! KEPT_UPSERT_ONLY  the role member keeps invoice:pay and invoice:see beyond the policy',
    );
    expect(permit.world.roles.get('member')?.permissions).toHaveLength(3);
  });
});

describe('refused before anything is written', () => {
  const CASES = [
    {
      name: 'an action that the config does not name',
      config: CONFIG.replace('view-private-repo"]', 'view-privat-repo"]'),
      says: 'FILE:8:29: policy.roles.member.permissions[0]: "membership:view-privat-repo" is for an action that policy.resources.membership does not name; did you mean "view-private-repo"?',
      hint: 'nothing was sent to GitHub or Permit',
      asked: false,
    },
    {
      name: 'a resource that does not exist',
      config: CONFIG.replace('membership:*', 'membershp:*'),
      says: 'policy.roles.admin.permissions[0]: "membershp:*" names a resource that exists neither in this policy nor in Permit; did you mean "membership"?',
      hint: 'nothing was written',
      asked: true,
    },
    {
      name: 'an action that Permit does not have',
      config: 'policy: { roles: { admin: { permissions: ["invoice:payy"] } } }\n',
      says: '"invoice:payy" is for an action that the resource invoice in Permit does not have; did you mean "pay"?',
      hint: 'nothing was written',
      asked: true,
    },
  ];
  test.each(CASES)('$name', async ({ config, says, hint, asked }) => {
    const permit = await emulate();
    addResource(permit.world, 'invoice', ['pay']);
    const { code, stdout, stderr } = await run(permit, ['--output', 'json'], { config });
    expect(code).toBe(1);
    expect(stderr.replace(' (CONFIG_INVALID)', '')).toContain(says);
    expect(stderr).toContain(hint);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'error',
      changes: [],
      error: { code: 'CONFIG_INVALID' },
    });
    expect(permit.requests.length > 0).toBe(asked);
    expect(writes(permit)).toBe(0);
  });

  test.each([
    [['--detailed-exitcode'], {}, 'USAGE'],
    [['--allow-revoke', 'all'], {}, 'USAGE'],
    [['--allow-revoke', '-1'], {}, 'USAGE'],
    [[], { PERMIT_API_KEY: '' }, 'PERMIT_AUTH'],
    [[], { PERMIT_API_KEY: 'permit_key_wrong' }, 'PERMIT_AUTH'],
  ])('%j %j is %s', async (args, env, code) => {
    const permit = await emulate();
    const ran = await run(permit, args, { env });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain(`(${code})`);
    expect(writes(permit)).toBe(0);
  });
});

test('--detailed-exitcode exits with 2 for pending changes, and 0 for none', async () => {
  const permit = await emulate();
  const args = ['--dry-run', '--detailed-exitcode'];
  expect((await run(permit, args)).code).toBe(2);
  await run(permit);
  expect((await run(permit, args)).code).toBe(0);
});

test('what Permit refuses is reported, and the run is partly done', async () => {
  const permit = await emulate();
  permit.faults.push({
    match: ({ method, path }) => method === 'POST' && path.endsWith('/tenants'),
    do: {
      kind: 'answer',
      status: 422,
      body: { detail: [{ loc: ['body', 'key'], msg: 'taken | by <b>us</b>', type: 'x' }] },
    },
  });
  const config = 'policy: { tenants: { a: {}, default: { name: D } } }\n';
  const text = await run(permit, [], { config });
  expect(text).toMatchObject({ code: 4, stderr: '' });
  expect(text.stdout).toContain('failed: PERMIT_REFUSED Permit answered 422 to POST /v2/facts/');
  expect(text.stdout).toContain('Partly applied: 1 tenant updated; 1 change failed.');
  const markdown = await run(permit, ['-o', 'markdown'], { config });
  expect(markdown.stdout).toContain('⚠️ partly done');
  expect(markdown.stdout).toContain('taken `\\|` by `<b>us</b>`');
  const json = JSON.parse((await run(permit, ['-o', 'json'], { config })).stdout);
  expect(json).toMatchObject({
    status: 'partial',
    summary: { failed: 1 },
    changes: [{ outcome: 'failed', error: { code: 'PERMIT_REFUSED' } }],
  });
});

test("names from outside have no effect on a terminal, in markdown or on GitHub's runner", async () => {
  for (const name of HOSTILE) {
    const permit = await emulate();
    const tenant = permit.world.tenants.get('default');
    if (tenant) permit.world.tenants.set('default', { ...tenant, name });
    for (const format of ['text', 'markdown', 'json']) {
      const { stdout } = await run(permit, ['--dry-run', '-o', format], { config: CONFIG });
      expect(stdout).not.toMatch(INVISIBLE);
      expect(stdout).not.toContain('##[');
      expect(stdout).not.toMatch(/^\s*::/m);
      if (format === 'markdown')
        expect(stdout.replace(/(`+)[^\n]*?\1/g, '')).not.toMatch(/<script>|@everyone|\]\(/);
    }
  }
});

test('in GitHub Actions: summary, outputs and annotations', async () => {
  const permit = await emulate();
  const folder = emptyFolder();
  const [summary, outputs] = [join(folder, 'summary'), join(folder, 'outputs')];
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: outputs };
  expect((await run(permit, [], { env })).stderr).toBe('');
  expect(readFileSync(outputs, 'utf8')).toBe('status=applied\nchanges=10\nrefused=false\n');
  expect(readFileSync(summary, 'utf8')).toContain('## gh-permit-sync policy: ✅ applied');
  addRole(permit.world, 'member', ['membership:edit-repo', 'membership:view-private-repo']);
  const { code, stderr } = await run(permit, [], { env });
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /^::error title=gh-permit-sync%3A GUARD_REFUSED::.*%0Amember: membership:edit-repo%0A.*--allow-revoke 1$/m,
  );
  expect(readFileSync(outputs, 'utf8')).toContain('status=refused\nchanges=1\nrefused=true\n');
});

test('--verbose logs every request to stderr, without the key', async () => {
  const permit = await emulate();
  const { stderr } = await run(permit, ['--verbose']);
  expect(stderr).toMatch(/^Permit POST \/v2\/schema\/.*\/resources 200/m);
  expect(stderr).not.toContain(ENVIRONMENT_KEY);
});
