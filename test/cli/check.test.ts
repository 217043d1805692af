import { describe, expect, test } from 'vitest';
import { userOf } from '../../src/cli/runs/check-user.ts';
import { userOf as accountOf, addMember, orgOf, renameUser } from '../../src/demo/github/github.ts';
import {
  addInstance,
  addPermitUser,
  addResource,
  addRole,
  addTenant,
  ENVIRONMENT_KEY,
} from '../../src/demo/permit/permit.ts';
import type { FaultAction } from '../../src/demo/server.ts';
import { parseGitHubId, type UserKey } from '../../src/model/identity.ts';
import type { Attributes, PermitUser } from '../../src/model/user.ts';
import { runInThisProcess } from '../support/in-process.ts';
import type { Ran } from '../support/program.ts';
import { openStage, type Stage } from '../support/stage.ts';

type Env = Readonly<Record<string, string>>;

const check = (stage: Stage, args: readonly string[], env: Env = {}): Promise<Ran> =>
  runInThisProcess(['check', ...args], {
    env: { ...stage.env, GH_TOKEN: '', PERMIT_USER_KEY: '{login}', ...env },
  });

/** `octocat` may edit in `default`, `hubot` owns one instance in `production`. */
async function openPolicy(): Promise<Stage> {
  const stage = await openStage();
  const { world } = stage.permit;
  addResource(world, 'membership', ['edit-repo']);
  addResource(world, 'repository', ['deploy'], { owner: ['deploy'] });
  addRole(world, 'editor', ['membership:edit-repo']);
  addTenant(world, 'production');
  addTenant(world, 'org-acme');
  addInstance(world, 'repository:payments:api', 'production');
  addPermitUser(world, { key: 'octocat', grants: ['default/editor', 'org-acme/editor'] });
  addPermitUser(world, { key: 'hubot', grants: ['production/owner@repository:payments:api'] });
  return stage;
}

describe('check', () => {
  test('allow is 0, deny is 5, and the line names who, what and where', async () => {
    const stage = await openPolicy();
    expect(await check(stage, ['octocat', 'edit-repo', 'membership'])).toEqual({
      code: 0,
      stdout: 'allow: octocat may edit-repo on membership in the tenant default\n',
      stderr: '',
    });
    expect(await check(stage, ['octocat', 'edit-repo', 'membership', '--tenant', 'production'])).toEqual({
      code: 5,
      stdout: 'deny: octocat may not edit-repo on membership in the tenant production\n',
      stderr: '',
    });
    expect((await check(stage, ['nobody', 'edit-repo', 'membership'])).code).toBe(5);
  });

  test('a resource instance, whose key may hold a colon', async () => {
    const stage = await openPolicy();
    const ask = ['hubot', 'deploy', 'repository:payments:api', '--tenant', 'production'];
    expect((await check(stage, ask)).code).toBe(0);
    expect((await check(stage, ['hubot', 'deploy', 'repository:other', '--tenant', 'production'])).code).toBe(
      5,
    );
    expect(stage.permit.requests.at(0)?.body).toMatchObject({
      user: { key: 'hubot' },
      action: 'deploy',
      resource: { type: 'repository', key: 'payments:api', tenant: 'production' },
    });
  });

  test('json and markdown', async () => {
    const stage = await openPolicy();
    const { stdout } = await check(stage, ['octocat', 'edit-repo', 'membership', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      command: 'check',
      status: 'allow',
      allowed: true,
      login: 'octocat',
      user: 'octocat',
      action: 'edit-repo',
      resource: 'membership',
      tenant: 'default',
      pdpUrl: stage.permit.url,
      warnings: [],
      durationMs: expect.any(Number),
    });
    expect((await check(stage, ['octocat', 'edit-repo', 'membership', '-o', 'markdown'])).stdout).toBe(
      '## gh-permit-sync check: ✅ allow\n\nallow: `octocat` may `edit-repo` on `membership` in the tenant `default`\n',
    );
  });

  test('the tenant: --tenant, else the environment, {org} where there is one organization', async () => {
    const stage = await openPolicy();
    const ask = ['octocat', 'edit-repo', 'membership'];
    const tenantOf = async (args: readonly string[], env: Env) =>
      /tenant (\S+)$/m.exec((await check(stage, [...ask, ...args], env)).stdout)?.[1];
    expect(await tenantOf([], { PERMIT_TENANT: 'production' })).toBe('production');
    expect(await tenantOf([], { PERMIT_TENANT: 'org-{org}' })).toBe('org-acme');
    expect(await tenantOf(['--tenant', 'org-{org}'], {})).toBe('org-acme');
    expect(await tenantOf(['--tenant', 'org-acme'], { GITHUB_ORG: 'acme,labs' })).toBe('org-acme');
    const many = await check(stage, ask, { PERMIT_TENANT: 'org-{org}', GITHUB_ORG: 'acme,labs' });
    expect(many).toMatchObject({ code: 1, stdout: '' });
    expect(many.stderr).toMatch(/acme and labs.*\(USAGE\)\n {2}hint: .*--tenant/);
    const none = await check(stage, ask, { PERMIT_TENANT: 'org-{org}', GITHUB_ORG: '' });
    expect(none.stderr).toMatch(/no organization is named.*\(USAGE\)/);
  });

  test.each([
    [['octo cat', 'edit-repo', 'membership'], /"octo cat" can't be a user key/],
    [['octocat', 'edit repo', 'membership'], /ACTION: "edit repo"/],
    [['octocat', 'edit-repo', 'membership:'], /no key after its colon/],
    [['octocat', 'edit-repo', ':x'], /the type in RESOURCE: is empty/],
    [['octocat', 'edit-repo', 'membership', '--tenant', 'a b'], /--tenant: "a b"/],
  ] as const)('%j is refused before anything is asked', async (args, says) => {
    const stage = await openPolicy();
    const ran = await check(stage, [...args, '--output', 'json']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(says);
    expect(JSON.parse(ran.stdout)).toMatchObject({ version: 1, command: 'check', error: { code: 'USAGE' } });
    expect(stage.permit.requests).toEqual([]);
  });
});

describe('a deny about something that Permit does not have', () => {
  const CASES: readonly (readonly [asked: readonly string[], code: string, words: RegExp])[] = [
    [['nobody', 'edit-repo', 'membership'], 'UNKNOWN_USER', /no user nobody: .*reconcile/],
    [['octocat', 'edit-repo', 'membership', '--tenant', 'nowhere'], 'UNKNOWN_TENANT', /no tenant nowhere/],
    [['octocat', 'edit-repo', 'membersip'], 'UNKNOWN_RESOURCE', /no resource membersip/],
    [['octocat', 'edit-rep', 'membership'], 'UNKNOWN_ACTION', /no action edit-rep: did you mean "edit-repo"/],
    [
      ['octocat', 'deploy', 'repository:none'],
      'UNKNOWN_INSTANCE',
      /no resource instance repository:none: .*numeric ID/,
    ],
    [
      ['hubot', 'deploy', 'repository:payments:api'],
      'UNKNOWN_INSTANCE',
      /payments:api is in the tenant production: ask with --tenant production/,
    ],
  ];
  test.each(CASES)('%j: still 5, with the warning %s', async (asked, code, words) => {
    const stage = await openPolicy();
    const text = await check(stage, asked);
    expect(text).toMatchObject({ code: 5, stderr: '' });
    const [verdict, ...warnings] = text.stdout.trimEnd().split('\n');
    expect(verdict).toMatch(/^deny: /);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(words);
    expect(warnings[0]).toContain(`! ${code}  `);
    const json = await check(stage, [...asked, '-o', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      allowed: false,
      warnings: [{ code, message: expect.stringMatching(words) }],
    });
    expect((await check(stage, [...asked, '-o', 'markdown'])).stdout).toContain(`| \`${code}\` | `);
  });

  test('a deny about a known person and resource has none, and an allow checks whose the user is', async () => {
    const stage = await openPolicy();
    const denied = await check(stage, ['hubot', 'edit-repo', 'membership', '-o', 'json']);
    expect(JSON.parse(denied.stdout)).toMatchObject({ allowed: false, warnings: [] });
    stage.permit.requests.length = 0;
    await check(stage, ['octocat', 'edit-repo', 'membership']);
    const asked = stage.permit.requests.map(({ path }) =>
      path.replace(/^.*\/(?=users\/|scope$|role_assignments$)/, ''),
    );
    expect(asked).toEqual(['/allowed', 'scope', 'users/octocat', 'role_assignments']);
  });

  test('the decision stands when Permit does not answer', async () => {
    const stage = await openPolicy();
    stage.permit.faults.push({
      match: ({ path }) => path.endsWith('/users/hubot'),
      do: { kind: 'answer', status: 403, body: { message: 'no' } },
    });
    const ran = await check(stage, ['hubot', 'edit-repo', 'membership', '-o', 'json']);
    expect(ran.code).toBe(5);
    expect(JSON.parse(ran.stdout)).toMatchObject({ allowed: false, warnings: [{ code: 'PERMIT_AUTH' }] });
  });
});

describe('the user key', () => {
  const MARK = {
    github_id: 77,
    github_login: 'OctoCat',
    github_orgs: [1],
    managed_by: 'gh-permit-sync:default',
    managed_origin: 'created',
  };
  const user = (key: string, attributes: Attributes = {}): PermitUser => ({
    key: key as UserKey,
    attributes,
    grants: [],
  });
  type Asked = { readonly today?: number | undefined; readonly withoutCredential?: boolean };
  const asking = (template: string, users: readonly PermitUser[], { today, withoutCredential }: Asked) =>
    userOf(
      'octocat',
      { template, owner: 'default' },
      {
        readUsers: async () => users,
        readUser: async (key) => users.find((one) => one.key === key),
        findAccount: withoutCredential ? undefined : async () => parseGitHubId(today),
      },
    );
  const keyOf = async (template: string, users: readonly PermitUser[], asked: Asked = {}) =>
    (await asking(template, users, asked)).key;
  const without = { withoutCredential: true };

  test('is made of the login where that is all it needs', async () => {
    expect(await keyOf('{login}@github', [])).toBe('octocat@github');
  });

  test('is that of the user whose mark names the login, case aside, where GitHub can’t be asked', async () => {
    const others = [user('octocat'), user('bad', { ...MARK, github_id: 'x' })];
    const foreign = user('foreign', { ...MARK, managed_by: 'gh-permit-sync:other' });
    const all = [...others, foreign, user('github|77', MARK)];
    expect(await keyOf('github|{id}', all, without)).toBe('github|77');
    expect(await keyOf('github|{id}', [...others, foreign], without)).toBe('foreign');
    const { verify } = await asking('github|{id}', all, without);
    expect(await verify()).toMatchObject([{ code: 'GITHUB_NOT_ASKED' }]);
  });

  test('is that of the person who has the login today, whatever a mark says', async () => {
    const stale = user('github|77', MARK);
    expect(await keyOf('github|{id}', [stale, user('github|78')], { today: 78 })).toBe('github|78');
    expect(await keyOf('github|{id}', [stale], { today: 78 })).toBe('github|78');
    const elsewhere = user('old', { ...MARK, github_id: 78, github_login: 'former' });
    expect(await keyOf('github|{id}', [stale, elsewhere], { today: 78 })).toBe('old');
  });

  test('nobody, and more than one', async () => {
    const others = [user('77', { ...MARK, github_login: 'hubot' }), user('octocat')];
    await expect(keyOf('{id}', others, without)).rejects.toThrow(
      'no user in Permit belongs to the login octocat',
    );
    await expect(keyOf('{id}', others)).rejects.toThrow('nobody on GitHub has the login octocat');
    const twice = [user('77', MARK), user('78', { ...MARK, github_id: 78 })];
    await expect(keyOf('{id}', twice, without)).rejects.toThrow('the users 77 and 78');
  });

  test.each([
    ['its own', MARK, { today: 77 }, []],
    ['nobody’s', {}, { today: 78 }, []],
    ['nobody’s, and nobody is called so', {}, {}, []],
    ['its own, for all that is known', MARK, without, [{ code: 'GITHUB_NOT_ASKED' }]],
    ['nobody’s, and GitHub can’t be asked', {}, without, []],
  ])(
    'a user under the login answers when it carries the id of %s',
    async (_, attributes, asked, warnings) => {
      const { key, verify } = await asking('{login}', [user('octocat', attributes)], asked);
      expect(key).toBe('octocat');
      expect(await verify()).toMatchObject(warnings);
    },
  );

  test.each([
    ['someone else’s mark', MARK, { today: 78 }],
    [
      'the mark of another owner, of someone else',
      { ...MARK, managed_by: 'gh-permit-sync:x' },
      { today: 78 },
    ],
    ['the id that a released user keeps, of someone else', { github_id: 77 }, { today: 78 }],
    ['a mark, and nobody is called so', MARK, {}],
  ])('a user under the login does not answer with %s', async (_, attributes, asked) => {
    const users = [user('octocat', attributes)];
    await expect(asking('{login}', users, asked)).rejects.toThrow(
      'the user octocat in Permit belongs to GitHub id 77',
    );
  });

  test.each(['{login}', 'github|{id}'])(
    "%s: a renamed person's own user answers, not a user without a mark under the new key",
    async (template) => {
      const strangers = [user('octocat', {}), user('github|77', {})];
      const former = user('former', { ...MARK, github_login: 'former' });
      expect(await keyOf(template, [...strangers, former], { today: 77 })).toBe('former');
    },
  );
});

describe('a login that was freed and claimed', () => {
  const MAY = ['ann', 'edit-repo', 'membership'];

  /** The former `ann` is an editor and is now called `anna`; someone else has the login `ann`. */
  async function claimed(): Promise<Stage> {
    const stage = await openPolicy();
    const { id } = addMember(stage.github.world, 'acme', { login: 'ann' });
    const attributes = {
      github_id: id,
      github_login: 'ann',
      github_orgs: [orgOf(stage.github.world, 'acme').id],
      managed_by: 'gh-permit-sync:default',
      managed_origin: 'created',
    };
    addPermitUser(stage.permit.world, { key: 'ann', attributes, grants: ['default/editor'] });
    renameUser(stage.github.world, 'ann', 'anna');
    addMember(stage.github.world, 'acme', { login: 'ann' });
    return stage;
  }

  test('is never answered from the user of its former holder', async () => {
    const stage = await claimed();
    const ran = await check(stage, MAY, { GH_TOKEN: stage.env.GH_TOKEN ?? '' });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    const today = accountOf(stage.github.world, 'ann').id;
    expect(ran.stderr).toContain(`the login belongs to GitHub id ${today}`);
  });

  test('without a credential, the answer says that GitHub was not asked', async () => {
    const stage = await claimed();
    const { code, stdout } = await check(stage, [...MAY, '--output', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).warnings).toMatchObject([{ code: 'GITHUB_NOT_ASKED' }]);
    expect(stage.github.requests).toEqual([]);
  });

  test('is answered again once a run has brought both under their names', async () => {
    const stage = await claimed();
    const env = { PERMIT_USER_KEY: '{login}' };
    addRole(stage.permit.world, 'admin');
    await stage.run(['reconcile'], { env });
    const token = { GH_TOKEN: stage.env.GH_TOKEN ?? '' };
    expect(await check(stage, MAY, token)).toMatchObject({ code: 5, stderr: '' });
  });

  test('nothing is said when GitHub does not answer', async () => {
    const stage = await claimed();
    stage.github.faults.push({
      match: ({ path }) => path === '/users/ann',
      do: { kind: 'answer', status: 404, body: '<html>proxy</html>' },
    });
    const ran = await check(stage, MAY, { GH_TOKEN: stage.env.GH_TOKEN ?? '' });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('a PDP that does not decide is an error, never a deny', () => {
  const ASK = ['octocat', 'edit-repo', 'membership'];
  const CASES: readonly { readonly name: string; readonly does: FaultAction; readonly says: RegExp }[] = [
    {
      name: 'a web page',
      does: { kind: 'answer', status: 200, body: '<html>welcome</html>' },
      says: /no decision/,
    },
    { name: 'an empty object', does: { kind: 'answer', status: 200, body: {} }, says: /no decision/ },
    { name: 'null', does: { kind: 'answer', status: 200, body: null }, says: /no decision/ },
    {
      name: 'a text for a decision',
      does: { kind: 'answer', status: 200, body: { allow: 'no' } },
      says: /no decision/,
    },
    {
      name: 'allow: null',
      does: { kind: 'answer', status: 200, body: { allow: null } },
      says: /no decision/,
    },
    {
      name: 'nothing, with 204',
      does: { kind: 'answer', status: 204 },
      says: /no decision/,
    },
    { name: 'half an answer', does: { kind: 'truncate' }, says: /no answer|no decision/ },
    { name: 'a reset', does: { kind: 'reset', when: 'before' }, says: /no answer/ },
    {
      name: 'an error that repeats the key',
      does: { kind: 'answer', status: 422, body: { message: `bad token ${ENVIRONMENT_KEY}` } },
      says: /422 bad token \*\*\*/,
    },
    {
      name: 'a redirect',
      does: { kind: 'answer', status: 307, headers: { location: 'http://127.0.0.1:9/allowed' } },
      says: /not followed/,
    },
  ];
  test.each(CASES)('$name', async ({ does, says }) => {
    const stage = await openPolicy();
    stage.permit.faults.push({ match: ({ path }) => path === '/allowed', do: does });
    const ran = await check(stage, ASK);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain(`the PDP at ${stage.permit.url}`);
    expect(ran.stderr).toMatch(/\(PERMIT_UNAVAILABLE\)\n {2}hint: .*PERMIT_PDP_URL/);
    expect(ran.stderr).toMatch(says);
    expect(ran.stderr).not.toContain(ENVIRONMENT_KEY);
  });

  test('a key that the PDP refuses', async () => {
    const stage = await openPolicy();
    const ran = await check(stage, ASK, { PERMIT_API_KEY: 'permit_key_wrong' });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/refuses the API key .*\(PERMIT_AUTH\)/);
  });

  test('one that hangs ends with --timeout', async () => {
    const stage = await openPolicy();
    stage.permit.faults.push({
      match: ({ path }) => path === '/allowed',
      do: { kind: 'hang', when: 'before' },
    });
    const ran = await check(stage, [...ASK, '--timeout', '300ms']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/\(TIMEOUT\)/);
  });

  test.each([429, 500, 503])('%i once is asked again', async (status) => {
    const stage = await openPolicy();
    const does = { kind: 'answer', status, headers: { 'retry-after': '0' }, body: {} } as const;
    stage.permit.faults.push({ match: ({ path }) => path === '/allowed', times: 1, do: does });
    expect((await check(stage, ASK)).code).toBe(0);
    expect(stage.permit.requests.filter(({ path }) => path === '/allowed')).toHaveLength(2);
  });

  test('one that is not there', async () => {
    const stage = await openPolicy();
    const ran = await check(stage, ASK, { PERMIT_PDP_URL: 'http://127.0.0.1:9' });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/the PDP at http:\/\/127\.0\.0\.1:9 can't be reached \(.*ECONNREFUSED/);
  });
});

describe('the program', () => {
  test('check, as a child process', async () => {
    const stage = await openPolicy();
    const env = { GH_TOKEN: undefined, PERMIT_USER_KEY: '{login}' };
    expect((await stage.run(['check', 'octocat', 'edit-repo', 'membership'], { env })).code).toBe(0);
    const denied = await stage.run(['check', 'hubot', 'edit-repo', 'membership', '-o', 'json'], { env });
    expect(denied).toMatchObject({ code: 5, stderr: '' });
    expect(JSON.parse(denied.stdout)).toMatchObject({ command: 'check', allowed: false });
    const lost = await stage.run(['check', 'hubot', 'edit-repo', 'membership', '--verbose'], {
      env: { ...env, PERMIT_PDP_URL: 'http://127.0.0.1:9' },
    });
    expect(lost).toMatchObject({ code: 1, stdout: '' });
    expect(lost.stderr).not.toContain(ENVIRONMENT_KEY);
    const { stdout } = await stage.run(['check', '--help']);
    expect(stdout).toMatch(/Examples:\n {2}\$ gh-permit-sync check/);
  });
});
