import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addApp,
  addCustomRole,
  addHook,
  addMember,
  addOrg,
  addTeam,
  addToken,
  installApp,
  OWNER_TOKEN,
  orgOf,
  userOf,
} from '../../src/demo/github/github.ts';
import { addTenant, ENVIRONMENT_KEY, PROJECT_KEY } from '../../src/demo/permit/permit.ts';
import { runInThisProcess } from '../support/in-process.ts';
import { emptyFolder, type Ran } from '../support/program.ts';
import { populateRepositories } from '../support/repositories.ts';
import { openStage, type Stage, writes } from '../support/stage.ts';

type Env = Readonly<Record<string, string>>;
type Check = {
  readonly id: string;
  readonly status: string;
  readonly message: string;
  readonly mend?: string;
};

const doctor = (stage: Stage, args: readonly string[] = [], env: Env = {}): Promise<Ran> =>
  runInThisProcess(['doctor', ...args], { env: { ...stage.env, ...env } });

async function examined(stage: Stage, args: readonly string[] = [], env: Env = {}) {
  const ran = await doctor(stage, [...args, '--output', 'json'], env);
  const { status, checks, orgs } = JSON.parse(ran.stdout) as {
    status: string;
    checks: readonly Check[];
    orgs: readonly string[];
  };
  return { code: ran.code, status, orgs, checks, ids: checks.map((one) => `${one.id} ${one.status}`) };
}

const broken = (checks: readonly Check[]): readonly string[] =>
  checks.filter(({ status }) => status === 'failed').map(({ id }) => id);

function withHooks(stage: Stage): void {
  const { world } = stage.github;
  const scopes = ['read:org', 'admin:org_hook'];
  addToken(world, OWNER_TOKEN, { kind: 'pat', userId: userOf(world, 'owner').id, scopes });
}

function configFile(text: string): string {
  const path = join(emptyFolder(), 'gh-permit-sync.yaml');
  writeFileSync(path, text);
  return path;
}

describe('doctor', () => {
  test('all checks pass, in a fixed order, exit 0, and nothing is written', async () => {
    const stage = await openStage();
    withHooks(stage);
    addHook(stage.github.world, 'acme', { url: 'https://x.example.com/github-membership', secret: 's' });
    const { code, status, ids, orgs, checks } = await examined(stage);
    expect({ code, status, orgs }).toEqual({ code: 0, status: 'ok', orgs: ['acme'] });
    expect(ids.map((id) => id.replace(/\/\d+ /, '/ID '))).toEqual([
      'settings.config ok',
      'mapping.escape ok',
      'github.credential ok',
      'github.rate-limit ok',
      'github.organization:acme ok',
      'github.owners:acme ok',
      'github.members:acme ok',
      'webhook.hook:acme/ID ok',
      'webhook.secret skipped',
      'permit.key ok',
      'permit.roles ok',
      'permit.tenants ok',
      'permit.users ok',
      'pdp.answer ok',
      'redis.connection skipped',
      'redis.last-full-run skipped',
    ]);
    expect(checks.every(({ mend }) => mend === undefined)).toBe(true);
    expect(writes(stage.github)).toBe(0);
    // The PDP is asked by a POST that changes nothing.
    expect(stage.permit.requests.filter(({ method }) => method !== 'GET').map(({ path }) => path)).toEqual([
      '/allowed',
    ]);
  });

  test.each(['Rate limiting is not enabled.', 'Not Found'])(
    'a GitHub Enterprise Server without rate limits (404, %s) is in order',
    async (message) => {
      const stage = await openStage();
      stage.github.faults.push({
        match: ({ path }) => path === '/rate_limit',
        do: { kind: 'answer', status: 404, body: { message } },
      });
      const { checks } = await examined(stage);
      expect(checks.filter(({ id }) => id.startsWith('github.'))).toMatchObject([
        { id: 'github.credential', status: 'ok' },
        { id: 'github.rate-limit', status: 'ok', message: 'GitHub sets no rate limit' },
        { id: 'github.organization:acme', status: 'ok' },
        { id: 'github.owners:acme', status: 'ok' },
        { id: 'github.members:acme', status: 'ok' },
      ]);
    },
  );

  test('users under another template than the default one: what reconcile would refuse, with the template that fits', async () => {
    const stage = await openStage({ userKey: 'default' });
    addMember(stage.github.world, 'acme', { login: 'ann' });
    expect((await stage.run(['reconcile', '--user-key', '{login}'])).code).toBe(0);
    const { code, checks } = await examined(stage);
    const found = checks.find(({ id }) => id === 'permit.user-keys');
    expect([code, found?.status]).toEqual([1, 'failed']);
    expect(JSON.stringify(found)).toContain('{login}');
    expect((await examined(stage, ['--user-key', '{login}'])).ids).not.toContain('permit.user-keys failed');
  });

  test('warnings alone exit 0: half a receiver; without any of it the webhooks are optional', async () => {
    const stage = await openStage();
    const secret = { GITHUB_WEBHOOK_SECRET: 'a-secret-of-good-length' };
    const { code, status, ids } = await examined(stage, [], secret);
    expect({ code, status }).toEqual({ code: 0, status: 'warning' });
    expect(ids).toContain('webhook.secret warning');
    expect(await examined(stage)).toMatchObject({ code: 0, status: 'ok' });
  });

  const BROKEN: readonly {
    readonly name: string;
    readonly env?: Env;
    readonly args?: readonly string[];
    readonly prepare?: (stage: Stage) => void;
    readonly failed: readonly string[];
    readonly says: RegExp;
  }[] = [
    {
      name: 'a wrong GitHub token, told once',
      env: { GH_TOKEN: 'ghp_wrong' },
      failed: ['github.credential'],
      says: /Bad credentials/,
    },
    {
      name: 'no GitHub token',
      env: { GH_TOKEN: '' },
      failed: ['settings.github-credential'],
      says: /GH_TOKEN/,
    },
    {
      name: 'no Permit key',
      env: { PERMIT_API_KEY: '' },
      failed: ['settings.permit-key'],
      says: /PERMIT_API_KEY/,
    },
    {
      name: 'a wrong Permit key',
      env: { PERMIT_API_KEY: 'permit_key_wrong' },
      failed: ['permit.key', 'pdp.answer'],
      says: /refuses the API key/,
    },
    {
      name: 'a Permit key of a project',
      env: { PERMIT_API_KEY: PROJECT_KEY },
      failed: ['permit.key'],
      says: /whole project/,
    },
    { name: 'no organization', env: { GITHUB_ORG: '' }, failed: ['settings.organizations'], says: /--org/ },
    {
      name: 'organizations that would share a tenant, one of which is not there',
      args: ['--org', 'nowhere,acme'],
      env: { PERMIT_TENANT: 'default' },
      failed: ['settings.config', 'github.organization:nowhere'],
      says: /share the tenant/,
    },
    {
      name: 'an unknown organization',
      env: { GITHUB_ORG: 'nowhere' },
      failed: ['github.organization:nowhere'],
      says: /check the name/,
    },
    {
      name: 'single sign-on',
      prepare: ({ github }) => {
        orgOf(github.world, 'acme').samlSsoUrl = 'https://github.com/orgs/acme/sso?authorization_request=x';
      },
      failed: ['github.organization:acme'],
      says: /authorise it at https:\/\/github\.com\/orgs\/acme\/sso/,
    },
    {
      name: 'an organization seen from outside',
      env: { GITHUB_ORG: 'globex' },
      prepare: ({ github: { world } }) => {
        const { id } = userOf(world, 'owner');
        addOrg(world, 'globex').members.set(id, { role: 'admin', state: 'active', public: true });
        addToken(world, OWNER_TOKEN, { kind: 'pat', userId: id, scopes: [] });
      },
      failed: ['github.members:globex'],
      says: /read:org/,
    },
    {
      name: 'all roles that the rules give are missing',
      prepare: ({ permit }) => permit.world.roles.clear(),
      failed: ['permit.roles'],
      says: /the roles admin and member, .*run gh-permit-sync policy/,
    },
    {
      name: 'tenants that are missing, one of two',
      args: ['--tenant', 'org-{org}', '--org', 'acme,labs'],
      prepare: ({ github, permit }) => {
        addOrg(github.world, 'labs');
        addTenant(permit.world, 'org-acme');
      },
      failed: ['github.owners:labs'],
      says: /the tenant org-labs,/,
    },
    {
      name: 'an unreachable PDP',
      env: { PERMIT_PDP_URL: 'http://127.0.0.1:9' },
      failed: ['pdp.answer'],
      says: /the PDP at http:\/\/127\.0\.0\.1:9 can't be reached/,
    },
    {
      name: 'a PDP that answers nonsense',
      prepare: ({ permit }) =>
        void permit.faults.push({
          match: ({ path }) => path === '/allowed',
          do: { kind: 'answer', status: 200, body: '<html>welcome</html>' },
        }),
      failed: ['pdp.answer'],
      says: /holds no decision/,
    },
    {
      name: 'an unreachable Redis',
      env: { REDIS_URL: 'redis://user:redis-password@127.0.0.1:9' },
      failed: ['redis.connection'],
      says: /ECONNREFUSED/,
    },
    {
      name: 'an empty webhook secret',
      env: { GITHUB_WEBHOOK_SECRET: 'a-secret-of-good-length,' },
      failed: ['webhook.secret'],
      says: /empty secret/,
    },
  ];
  test.each(BROKEN)('broken, exit 1: $name', async ({ env, args, prepare, failed, says }) => {
    const stage = await openStage();
    prepare?.(stage);
    const { code, status, checks } = await examined(stage, args, env);
    expect({ code, status }).toEqual({ code: 1, status: 'failed' });
    expect(broken(checks)).toEqual(failed);
    const words = checks.map(({ message, mend = '' }) => `${message}, ${mend}`).join('\n');
    expect(words).toMatch(says);
    for (const check of checks)
      if (check.status === 'warning' || check.status === 'failed') expect(check.mend).toMatch(/\S/);
    expect(words).not.toMatch(/ghp_|permit_key_|redis-password|a-secret-of/);
    expect(words).not.toMatch(/this is a bug/);
  });

  test('what is missing in Permit is a warning as long as something can be given', async () => {
    const stage = await openStage();
    stage.permit.world.roles.delete('admin');
    const { code, status, checks } = await examined(stage);
    expect({ code, status }).toEqual({ code: 0, status: 'warning' });
    expect(checks).toContainEqual({
      id: 'permit.roles',
      area: 'permit',
      status: 'warning',
      message: expect.stringContaining('the role admin'),
      mend: expect.stringMatching(/^run gh-permit-sync policy, which creates it/),
    });
    const tenant = await examined(stage, ['--tenant', 'nowhere']);
    expect(broken(tenant.checks)).toEqual(['permit.roles', 'permit.tenants']);
  });

  test('checks the token and Permit even without an organization', async () => {
    const stage = await openStage();
    const { ids } = await examined(stage, [], { GITHUB_ORG: '' });
    expect(ids).toContain('github.credential ok');
    expect(ids).toContain('permit.key ok');
  });

  test('a GitHub App: its permissions show in what it sees', async () => {
    const stage = await openStage();
    const { world } = stage.github;
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const app = addApp(world, 4711, publicKey);
    const env = { GH_TOKEN: '', GITHUB_APP_ID: '4711', GITHUB_APP_PRIVATE_KEY: privateKey };

    expect((await examined(stage, [], env)).ids).toContain('github.organization:acme failed');
    const { id } = installApp(world, app, 'acme', { members: 'read', organization_hooks: 'read' });
    const well = await examined(stage, [], env);
    expect(well.status).toBe('ok');
    expect(well.checks[2]?.message).toBe('GitHub accepts the GitHub App 4711, which is installed in acme');
    expect(well.ids).toContain('github.rate-limit:acme ok');

    app.installations.delete(id);
    installApp(world, app, 'acme', {});
    const blind = await examined(stage, [], env);
    expect(broken(blind.checks)).toEqual(['github.owners:acme']);
    expect(blind.checks.find(({ status }) => status === 'failed')?.mend).toMatch(/Members: read/);
    expect(blind.ids).toContain('webhook.hook:acme skipped');

    const wrong = await examined(stage, [], { ...env, GITHUB_APP_ID: '4712' });
    expect(broken(wrong.checks)).toEqual(['github.credential']);
  });

  test('reports a broken config file line by line, and examines what is certain', async () => {
    const stage = await openStage();
    const path = configFile('github:\n  orgz: [acme]\n');
    const { code, checks, ids } = await examined(stage, ['--config', path]);
    expect(code).toBe(1);
    expect(broken(checks)).toEqual(['settings.config']);
    expect(checks[0]?.message).toMatch(/gh-permit-sync\.yaml:2:3/);
    expect(ids).toEqual(expect.arrayContaining(['github.members:acme ok', 'permit.key ok', 'pdp.answer ok']));
    // The rules are not known, so nothing is said of what they give.
    expect(ids.join()).not.toMatch(/permit\.roles|mapping/);
  });

  test('a broken config file that may name other addresses lets no credential go to the usual ones', async () => {
    const stage = await openStage();
    const path = configFile('permit: { apiUrl: https://permit.example.com, tenat: x }\n');
    const env = { GITHUB_API_URL: '', PERMIT_API_URL: '', PERMIT_PDP_URL: '' };
    const { code, ids } = await examined(stage, ['--config', path], env);
    expect(code).toBe(1);
    expect(ids).toEqual([
      'settings.config failed',
      'settings.not-checked warning',
      'webhook.secret skipped',
      'redis.connection skipped',
      'redis.last-full-run skipped',
    ]);
  });

  test('one service that hangs ends with the timeout, and the other results are kept', async () => {
    const stage = await openStage();
    stage.github.faults.push({ match: () => true, do: { kind: 'hang', when: 'before' } });
    const { code, checks, ids } = await examined(stage, ['--timeout', '4s']);
    expect(code).toBe(1);
    expect(broken(checks)).toEqual(['github.credential', 'webhook.hook:acme']);
    expect(ids).toContain('permit.tenants ok');
    expect(checks.find(({ id }) => id === 'github.credential')?.mend).toMatch(/--timeout/);
  });

  test('the teams that rules name have to be there, by name and by number', async () => {
    const stage = await openStage();
    const { id } = addTeam(stage.github.world, 'acme', { slug: 'platform' });
    const grants = (refs: readonly string[]): string =>
      configFile(
        `grants:\n${refs.map((ref) => `  - { subject: "github:acme:team:${ref}:member", roles: [member] }\n`).join('')}`,
      );
    const well = await examined(stage, ['--config', grants(['platform', `#${id}`])]);
    expect(well.ids).toContain('github.teams:acme ok');
    const { code, checks } = await examined(stage, ['--config', grants(['platform', 'platfrom', '#4711'])]);
    expect(code).toBe(1);
    expect(broken(checks)).toEqual(['github.teams:acme']);
    expect(checks.find(({ id: name }) => name === 'github.teams:acme')?.message).toBe(
      'GitHub shows no teams #4711 and platfrom in acme, which the rules name',
    );
  });

  test('two organizations whose owners share a tenant', async () => {
    const stage = await openStage();
    addOrg(stage.github.world, 'labs');
    addMember(stage.github.world, 'labs', { login: 'owner', role: 'admin' });
    const path = configFile('grants:\n  - { subject: "github:*:role:admin", roles: [admin] }\n');
    const args = ['--config', path, '--org', 'acme,labs'];
    expect((await examined(stage, args)).ids).toContain(
      'mapping.shared:grants[0].subject:github:*:role:admin warning',
    );
  });

  test('a wrong flag is not a finding', async () => {
    const stage = await openStage();
    const ran = await doctor(stage, ['--timeout', 'soon', '--output', 'json']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/--timeout.*\(USAGE\)/);
    expect(JSON.parse(ran.stdout)).toMatchObject({ version: 1, command: 'doctor', error: { code: 'USAGE' } });
  });

  test('text and markdown', async () => {
    const stage = await openStage();
    const text = await doctor(stage);
    expect(text.stdout).toMatch(/^Settings\n {2}ok {7}there is no config file.*\n\n/);
    expect(text.stdout).toMatch(/\n {2}skipped {2}the webhooks of acme.*, needed by redeliver only\n/);
    expect(text.stdout).toMatch(/\nAll well: \d+ ok, 4 skipped\. /);
    expect(text.stdout).not.toContain('\u001b[');
    expect((await doctor(stage, ['--color'])).stdout).toContain('\u001b[32mok');
    expect((await doctor(stage, ['--quiet'])).stdout).toBe('');
    const receiver = { GITHUB_WEBHOOK_SECRET: 'a-secret-of-good-length', REDIS_URL: 'redis://127.0.0.1:9' };
    const half = await doctor(stage, ['--quiet'], receiver);
    expect(half.stdout).not.toMatch(/\bok {2}/);
    expect(half.stdout).toMatch(/\n {2}warning {2}the webhooks of acme.*\n {11}fix: /);
    expect((await doctor(stage, ['-o', 'markdown'])).stdout).toMatch(/^## gh-permit-sync doctor: .*\n\n/);
  });
});

describe('the program', () => {
  test('doctor, as a child process', async () => {
    const stage = await openStage();
    const well = await stage.run(['doctor']);
    expect(well).toMatchObject({ code: 0, stderr: '' });
    expect(well.stdout).toMatch(/All well: /);
    const redis = 'redis://user:redis-password@127.0.0.1:9';
    const ill = await stage.run(['doctor', '--verbose'], {
      env: { REDIS_URL: redis, GITHUB_ORG: 'nowhere' },
    });
    expect(ill.code).toBe(1);
    expect(ill.stdout).toMatch(/Redis at 127\.0\.0\.1:9 can't be reached \(connect ECONNREFUSED/);
    expect(ill.stderr).toMatch(/GitHub GET \/orgs\/nowhere 404/);
    for (const secret of [OWNER_TOKEN, ENVIRONMENT_KEY, 'redis-password']) {
      expect(ill.stdout + ill.stderr).not.toContain(secret);
    }
  });

  test('help shows an example', async () => {
    const stage = await openStage();
    const { stdout, code } = await stage.run(['doctor', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}\$ gh-permit-sync doctor/);
    expect(stdout).toMatch(/default: 1m/);
  });
});

describe('repositories', () => {
  const CONFIG = 'github: { orgs: [acme] }\nrepositories: {}\npolicy: {}\n';
  const ABOUT_THEM = /repositor|base-permission|rebac|webhook\.hook/;

  test('what the credential sees, and whether Permit has the model and evaluates it', async () => {
    const stage = await openStage();
    populateRepositories(stage.github.world);
    const { world } = stage.github;
    const scopes = ['admin:org', 'repo', 'admin:org_hook'];
    addToken(world, OWNER_TOKEN, { kind: 'pat', userId: userOf(world, 'owner').id, scopes });
    const url = 'https://sync.example/github-membership';
    addHook(world, 'acme', { url, secret: 'set', events: ['organization', 'membership', 'team'] });
    const config = configFile(CONFIG);
    const check = async () =>
      (await examined(stage, ['--config', config])).checks.filter(({ id }) => ABOUT_THEM.test(id));
    expect(await check()).toMatchObject([
      { id: 'github.repositories:acme', status: 'ok', message: '3 repositories of acme can be mirrored' },
      { id: 'github.base-permission:acme', status: 'ok', message: 'the base permission of acme is read' },
      { id: 'github.custom-repository-roles:acme', status: 'ok' },
      {
        id: expect.stringMatching(/^webhook\.hook:acme/),
        message: expect.stringMatching(/does not send member and repository$/),
      },
      { id: 'permit.repository-model', status: 'failed', message: expect.stringMatching(/github_org#owner/) },
      { id: 'permit.rebac', status: 'ok' },
    ]);
    await stage.run(['policy', '--config', config]);
    stage.permit.switches.rebacDisabled = true;
    expect(await check()).toMatchObject([
      ...[{}, {}, {}, {}],
      { id: 'permit.repository-model', status: 'ok' },
      { id: 'permit.rebac', status: 'failed' },
    ]);
    addCustomRole(stage.github.world, 'acme', { name: 'Auditor', base: 'read' });
    expect((await check()).at(-2)).toMatchObject({
      status: 'failed',
      message: expect.stringMatching(/repository#custom_auditor_read and team_custom_auditor_read/),
    });
  });

  test('a credential that does not see enough is told what it lacks', async () => {
    const stage = await openStage();
    populateRepositories(stage.github.world);
    const refuse = (end: string, status: number) =>
      stage.github.faults.push({
        match: ({ path }) => path.endsWith(end),
        do: { kind: 'answer', status, body: { message: 'Not Found', documentation_url: 'https://docs' } },
      });
    refuse('/custom-repository-roles', 404);
    const { checks } = await examined(stage, [
      '--config',
      configFile('repositories: { match: [nothing] }\n'),
    ]);
    expect(checks.filter(({ id }) => /^github\..*repositor/.test(id))).toMatchObject([
      { id: 'github.repositories:acme', status: 'warning' },
      { id: 'github.custom-repository-roles:acme', status: 'skipped' },
    ]);
    refuse('/repos', 403);
    const blind = await examined(stage, ['--config', configFile(CONFIG)]);
    expect(blind.checks).toContainEqual(
      expect.objectContaining({ id: 'github.repositories:acme', status: 'failed' }),
    );
  });
});
