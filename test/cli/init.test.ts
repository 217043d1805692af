import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { addMember, userOf } from '../../src/demo/github/github.ts';
import { addPermitUser } from '../../src/demo/permit/permit.ts';
import { runInThisProcess } from '../support/in-process.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, writes } from '../support/stage.ts';

const CONFIG = 'gh-permit-sync.yaml';
const WORKFLOW = '.github/workflows/gh-permit-sync.yml';

test('reconcile runs with what init wrote', async () => {
  const stage = await openStage({ userKey: 'default' });
  addMember(stage.github.world, 'acme', { login: 'octocat' });
  const cwd = emptyFolder();

  const written = await runInThisProcess(['init', '--org', 'acme'], { cwd });
  expect(written.code).toBe(0);
  expect(written.stdout).toContain(CONFIG);
  expect(written.stdout).toContain(WORKFLOW);
  for (const step of [
    'SYNC_APP_ID',
    'SYNC_APP_PRIVATE_KEY',
    'PERMIT_API_KEY',
    'doctor',
    'reconcile --dry-run',
  ]) {
    expect(written.stdout).toContain(step);
  }

  // The config alone says which organization.
  const env = { GITHUB_ORG: undefined };
  const dry = await stage.run(['reconcile', '--dry-run', '--output', 'json'], { cwd, env });
  expect(dry.stderr).toBe('');
  expect(dry.code).toBe(0);
  const { id } = userOf(stage.github.world, 'octocat');
  expect(JSON.parse(dry.stdout)).toMatchObject({
    status: 'pending',
    orgs: ['acme'],
    changes: expect.arrayContaining([
      expect.objectContaining({ kind: 'createUser', user: `github|${id}` }),
      expect.objectContaining({
        kind: 'assignRole',
        user: `github|${id}`,
        role: 'member',
        tenant: 'default',
      }),
    ]),
  });
  expect(writes(stage.github) + writes(stage.permit)).toBe(0);

  expect((await stage.run(['reconcile'], { cwd, env })).code).toBe(0);
  expect(stage.held()[`github|${id}`]).toMatchObject({ grants: ['default/member'] });
});

test('the quick start of the README, from an empty folder to in sync', async () => {
  const stage = await openStage({ userKey: 'default' });
  addMember(stage.github.world, 'acme', { login: 'octocat' });
  stage.permit.world.roles.clear();
  const cwd = emptyFolder();
  const env = { GITHUB_ORG: undefined };
  const step = (...args: readonly string[]) => stage.run(args, { cwd, env });
  expect((await runInThisProcess(['init', '--org', 'acme'], { cwd })).code).toBe(0);
  const ill = await step('doctor');
  expect(ill.code).toBe(1);
  expect(ill.stdout).toMatch(
    /failed +Permit does not have the roles admin and member.*\n.*gh-permit-sync policy/,
  );
  expect((await step('policy', '--dry-run')).stdout).toContain('nothing was written');
  expect((await step('policy')).code).toBe(0);
  expect((await step('doctor')).code).toBe(0);
  expect((await step('reconcile', '--dry-run')).stdout).toContain('2 users to create');
  expect((await step('reconcile')).code).toBe(0);
  expect((await step('reconcile')).stdout).toMatch(/^In sync: /m);
});

test('organizations that share a tenant are warned of: an owner of one is admin over all', async () => {
  const shared = await runInThisProcess(['init', '--org', 'acme,labs', '--tenant', 'default'], {
    cwd: emptyFolder(),
  });
  expect(shared.code).toBe(0);
  expect(shared.stderr).toMatch(/warning: acme and labs share the tenant default: .*--tenant '\{org\}'/);
  const apart = await runInThisProcess(['init', '--org', 'acme,labs'], { cwd: emptyFolder() });
  expect(apart.stderr).not.toContain('warning');
});

test('nothing is overwritten without --force, and nothing is written beside', async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, CONFIG), 'owner: mine\n');
  const refused = await runInThisProcess(['init', '--org', 'acme'], { cwd });
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('USAGE');
  expect(refused.stderr).toContain(CONFIG);
  expect(refused.stderr).toContain('--force');
  expect(readdirSync(cwd)).toEqual([CONFIG]);

  const forced = await runInThisProcess(['init', '--org', 'acme', '--force', '--no-workflow'], { cwd });
  expect(forced.code).toBe(0);
  expect(readFileSync(join(cwd, CONFIG), 'utf8')).toContain('orgs: ["acme"]');
  expect(readdirSync(cwd)).toEqual([CONFIG]);
});

describe('in a folder of a repository whose config file stands further up', () => {
  const repository = () => {
    const root = emptyFolder();
    mkdirSync(join(root, '.git'));
    mkdirSync(join(root, 'services', 'sync'), { recursive: true });
    writeFileSync(join(root, 'gh-permit-sync.yml'), 'owner: everyone\n');
    return { root, below: join(root, 'services', 'sync') };
  };

  test.each([
    ['the working directory', []],
    ['--dir', ['--dir', 'services/sync']],
  ] as const)('it is refused, since the new file would hide the other: %s', async (_, dir) => {
    const { root, below } = repository();
    const cwd = dir.length > 0 ? root : below;
    const refused = await runInThisProcess(['init', '--org', 'acme', '--yes', ...dir], { cwd });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    const above = dir.length > 0 ? 'gh-permit-sync.yml' : '../../gh-permit-sync.yml';
    expect(refused.stderr).toContain(`${above} already applies in`);
    expect(refused.stderr).toContain('--force');
    expect(readdirSync(below)).toEqual([]);
  });

  test('--force writes it, and says which file no longer applies there', async () => {
    const { root, below } = repository();
    const forced = await runInThisProcess(['init', '--org', 'acme', '--yes', '--force'], { cwd: below });
    expect(forced.code).toBe(0);
    expect(forced.stderr).toContain('../../gh-permit-sync.yml');
    expect(readFileSync(join(root, 'gh-permit-sync.yml'), 'utf8')).toBe('owner: everyone\n');
    expect(readFileSync(join(below, CONFIG), 'utf8')).toContain('orgs: ["acme"]');
  });

  test('a file beyond the root of the repository is no matter', async () => {
    const { below } = repository();
    mkdirSync(join(below, '.git'));
    const written = await runInThisProcess(['init', '--org', 'acme', '--yes'], { cwd: below });
    expect(written).toMatchObject({ code: 0, stderr: '' });
  });
});

test('--dir writes there, and the next steps name the file', async () => {
  const [cwd, dir] = [emptyFolder(), emptyFolder()];
  const written = await runInThisProcess(['init', '--org', 'acme', '--dir', dir, '--owner', 'me'], { cwd });
  expect(written.code).toBe(0);
  expect(written.stdout).toMatch(/reconcile --dry-run --config '?.*gh-permit-sync\.yaml'?/);
  expect(readdirSync(cwd)).toEqual([]);
  expect(readdirSync(dir).toSorted()).toEqual(['.github', CONFIG]);
});

describe('bad input writes nothing', () => {
  test.each<[readonly string[], string, string]>([
    [[], 'USAGE', '--org ORG'],
    [['--yes'], 'USAGE', '--org ORG'],
    [['--org', 'acme/x'], 'USAGE', '--org'],
    [['--org', 'acme', '--user-key', 'x'], 'USAGE', '--user-key'],
    [['--org', 'acme', '--owner', 'ghp_0123456789abcdef'], 'USAGE', 'secret'],
    [['--org', 'acme', '--dir', 'no/such/folder'], 'USAGE', 'no folder'],
    [['--organisation', 'acme'], 'USAGE', '--organisation'],
  ])('%j', async (args, code, words) => {
    const cwd = emptyFolder();
    const { code: exit, stdout, stderr } = await runInThisProcess(['init', ...args], { cwd });
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toContain(code);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('ghp_0123456789abcdef');
    expect(readdirSync(cwd)).toEqual([]);
  });
});

test('the help shows an example', async () => {
  const { code, stdout } = await runInThisProcess(['init', '--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('$ gh-permit-sync init --org acme');
});

test('the build put the JSON Schema into the package', () => {
  const file = new URL('../../dist/config.schema.json', import.meta.url);
  const { version, files } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const schema = JSON.parse(readFileSync(file, 'utf8'));
  expect(files).toContain('dist');
  expect(schema.$id).toContain(`gh-permit-sync@${version.split('.')[0]}/dist/config.schema.json`);
  expect(Object.keys(schema.properties)).toContain('grants');
});

test('with credentials, the config fits the users that Permit has already', async () => {
  const stage = await openStage({ userKey: 'default' });
  stage.permit.world.roles.clear();
  for (const login of ['octocat', 'hubot']) {
    addMember(stage.github.world, 'acme', { login });
    addPermitUser(stage.permit.world, { key: login });
  }
  const cwd = emptyFolder();
  const written = await stage.run(['init', '--org', 'acme', '--no-workflow'], { cwd });
  expect(written.code).toBe(0);
  expect(written.stderr).toContain('Permit already has 2 users under the key {login} of a member');
  const config = parse(readFileSync(join(cwd, CONFIG), 'utf8'));
  expect(config.users).toEqual({ key: '{login}', adopt: 'plain' });
  expect(writes(stage.github) + writes(stage.permit)).toBe(0);

  expect((await stage.run(['policy'], { cwd })).code).toBe(0);
  expect((await stage.run(['reconcile'], { cwd, env: { GITHUB_ORG: undefined } })).code).toBe(0);
  expect(Object.keys(stage.held()).toSorted()).toEqual(['hubot', 'octocat', 'owner']);

  // What was asked for is not overruled.
  const args = ['init', '--org', 'acme', '--no-workflow', '--force', '--user-key', 'github|{id}'];
  const other = await stage.run(args, { cwd });
  expect(parse(readFileSync(join(cwd, CONFIG), 'utf8')).users.key).toBe('github|{id}');
  expect(other.code).toBe(0);
});

test('a service that does not answer leaves the defaults, and says so', async () => {
  const cwd = emptyFolder();
  const env = {
    GH_TOKEN: 'ghp_0123456789abcdef',
    PERMIT_API_KEY: 'permit_key_0123456789',
    GITHUB_API_URL: 'http://127.0.0.1:1',
    PERMIT_API_URL: 'http://127.0.0.1:1/nothing?',
  };
  const written = await runInThisProcess(['init', '--org', 'acme', '--no-workflow'], { cwd, env });
  expect(written.code).toBe(0);
  expect(written.stderr).toContain('note: Permit and GitHub could not be compared');
  expect(readFileSync(join(cwd, CONFIG), 'utf8')).toContain('key: "github|{id}"');
});
