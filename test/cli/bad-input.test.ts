import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addOrg, addToken, addUser, orgOf } from '../../src/demo/github/github.ts';
import { PROJECT_KEY } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, type Stage, writes } from '../support/stage.ts';

type Case = {
  readonly name: string;
  readonly code: string;
  /** What the error names, and what its hint says. */
  readonly says: readonly RegExp[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly prepare?: (stage: Stage) => void;
  readonly config?: string;
};

const CASES: readonly Case[] = [
  {
    name: 'no organization',
    code: 'CONFIG_INVALID',
    says: [/no organization/, /--org.*GITHUB_ORG/s],
    env: { GITHUB_ORG: '' },
  },
  { name: 'no GitHub token', code: 'GITHUB_AUTH', says: [/GH_TOKEN/], env: { GH_TOKEN: '' } },
  {
    name: 'a wrong GitHub token',
    code: 'GITHUB_AUTH',
    says: [/401/, /Bad credentials/, /hint: .*GH_TOKEN/],
    env: { GH_TOKEN: 'ghp_wrong' },
  },
  { name: 'no Permit key', code: 'PERMIT_AUTH', says: [/PERMIT_API_KEY/], env: { PERMIT_API_KEY: '' } },
  {
    name: 'a wrong Permit key',
    code: 'PERMIT_AUTH',
    says: [/401/, /hint: .*PERMIT_API_KEY/],
    env: { PERMIT_API_KEY: 'permit_key_wrong' },
  },
  {
    name: 'a Permit key of a project',
    code: 'PERMIT_AUTH',
    says: [/whole project/, /environment/],
    env: { PERMIT_API_KEY: PROJECT_KEY },
  },
  {
    name: 'an unknown organization',
    code: 'GITHUB_NOT_FOUND',
    says: [/nowhere/, /check the name/],
    env: { GITHUB_ORG: 'nowhere' },
  },
  {
    name: 'an organization that the token sees only from outside',
    code: 'GITHUB_INCOMPLETE',
    says: [/globex/, /read:org/],
    env: { GITHUB_ORG: 'globex' },
    prepare: ({ github }) => {
      const org = addOrg(github.world, 'globex');
      org.members.set(addUser(github.world, 'boss').id, { role: 'admin', state: 'active', public: true });
    },
  },
  {
    name: "the workflow's own token",
    code: 'GITHUB_AUTH',
    says: [/GITHUB_TOKEN can't read members/, /GitHub App/],
    env: { GH_TOKEN: '', GITHUB_TOKEN: 'ghs_actions', GITHUB_ACTIONS: 'true' },
    prepare: ({ github }) => void addToken(github.world, 'ghs_actions', { kind: 'actions' }),
  },
  {
    name: 'a token without single sign-on',
    code: 'GITHUB_AUTH',
    says: [/single sign-on/, /https:\/\/github.com\/orgs\/acme\/sso/],
    prepare: ({ github }) => {
      orgOf(github.world, 'acme').samlSsoUrl = 'https://github.com/orgs/acme/sso?authorization_request=x';
    },
  },
  {
    name: 'a config that is not YAML',
    code: 'CONFIG_INVALID',
    says: [/gh-permit-sync\.yaml:3:1/, /bracket/],
    config: 'github:\n  orgs: [acme\n',
  },
  {
    name: 'a config with a typo',
    code: 'CONFIG_INVALID',
    says: [/gh-permit-sync\.yaml:2:3/, /did you mean.*orgs/i],
    config: 'github:\n  organisations: [acme]\n  orgz: [acme]\n',
  },
  {
    name: 'a missing config file',
    code: 'CONFIG_INVALID',
    says: [/nowhere\.yaml/],
    args: ['--config', 'nowhere.yaml'],
  },
  {
    name: 'a secret in the config',
    code: 'CONFIG_INVALID',
    says: [/environment/, /PERMIT_API_KEY/],
    config: 'permit: { apiKey: permit_key_secret_value }\n',
  },
  {
    name: 'a remote address that is not https',
    code: 'CONFIG_INVALID',
    says: [/PERMIT_API_URL/, /https/],
    env: { PERMIT_API_URL: 'http://permit.example.com' },
  },
  { name: 'a duration without a unit', code: 'USAGE', says: [/--timeout/], args: ['--timeout', '30'] },
  { name: 'an unknown flag', code: 'USAGE', says: [/--dryrun/, /--dry-run/], args: ['--dryrun'] },
  {
    name: 'an unknown output',
    code: 'USAGE',
    says: [/yaml/, /text, json, markdown/],
    args: ['--output', 'yaml'],
  },
  { name: 'an unknown mode', code: 'USAGE', says: [/upsert-only/], args: ['--mode', 'upsert'] },
  {
    name: 'nobody with that login',
    code: 'USAGE',
    says: [/nobody-here/, /--user/],
    args: ['--user', 'nobody-here'],
  },
  {
    name: 'an override that is not a number',
    code: 'USAGE',
    says: [/--allow-removals/],
    args: ['--allow-removals', 'many'],
  },
  {
    name: '--detailed-exitcode without --dry-run',
    code: 'USAGE',
    says: [/--dry-run/],
    args: ['--detailed-exitcode'],
  },
  {
    name: 'a role that Permit does not have',
    code: 'PERMIT_MISSING_ROLE',
    says: [/role admin/, /hint/],
    prepare: ({ permit }) => void permit.world.roles.delete('admin'),
  },
  {
    name: 'a tenant that Permit does not have',
    code: 'PERMIT_MISSING_TENANT',
    says: [/tenant nowhere/, /hint/],
    args: ['--tenant', 'nowhere'],
  },
];

describe('bad input ends with exit code 1, a code, what happened, and what to do next', () => {
  test.each(CASES)('$name', async ({ code, says, args = [], env = {}, prepare, config }) => {
    const stage = await openStage();
    prepare?.(stage);
    const cwd = emptyFolder();
    if (config !== undefined) writeFileSync(join(cwd, 'gh-permit-sync.yaml'), config);

    const ran = await stage.run(['reconcile', ...args], { env, cwd });

    expect(ran.code).toBe(1);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain(`(${code})`);
    for (const words of says) expect(ran.stderr).toMatch(words);
    expect(ran.stderr).toMatch(/\n {2}hint: \S/);
    expect(ran.stderr).not.toMatch(/ {4}at |ghp_|permit_key_/);
    expect(writes(stage.github) + writes(stage.permit)).toBe(0);
  });

  test.each([
    ['--user: is empty', ['reconcile', '--user', '']],
    ['--user: is empty', ['reconcile', '--user', ' , ,']],
    ['LOGIN: is empty', ['check', '', 'read', 'repository']],
    ['LOGIN: is empty', ['explain', ' ']],
  ])('%s: %j', async (says, args) => {
    const stage = await openStage();
    const ran = await stage.run(args);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain(`${says} (USAGE)\n  hint: give`);
  });

  test('a mistyped command names the right one', async () => {
    const stage = await openStage();
    const ran = await stage.run(['reconcil']);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(/unknown command 'reconcil' \(USAGE\)\n {2}hint: Did you mean reconcile\?/);
  });

  test('with --output json the error is a document on stdout', async () => {
    const stage = await openStage();
    for (const args of [['--org', 'nowhere'], ['--bogus'], ['--timeout', 'soon']]) {
      const ran = await stage.run(['reconcile', ...args, '--output', 'json']);
      expect(ran.code).toBe(1);
      const report = JSON.parse(ran.stdout);
      expect(report).toMatchObject({ version: 1, command: 'reconcile', status: 'error', changes: [] });
      expect(Object.keys(report.error)).toEqual(['code', 'message', 'hint']);
    }
  });
});
