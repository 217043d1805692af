// A token that saw less than was thought: GitHub answers 200 with a shorter list, and says nothing of the rest.
import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  addToken,
  addUser,
  orgOf,
  removeMember,
  userOf,
} from '../../src/demo/github/github.ts';
import { addPermitUser } from '../../src/demo/permit/permit.ts';
import { agreedStage, folderWith, reconcileJson, told } from '../support/agreement.ts';
import { type Stage, writes } from '../support/stage.ts';

const TOKEN = 'ghp_narrowView';

/** 17 people in agreement, four of them public, one an owner: PyGithub#2424 saw 4 of 17. */
async function seventeen(): Promise<Stage> {
  const stage = await agreedStage(17, 2);
  for (const [login, role] of [
    ['owner', 'admin'],
    ['person-0005', 'member'],
    ['person-0006', 'member'],
    ['person-0007', 'member'],
  ] as const)
    addMember(stage.github.world, 'acme', { login, role, public: true });
  return stage;
}

const EVERYTHING_ALLOWED = [
  '--allow-removals',
  '99',
  '--allow-demotions',
  '99',
  '--allow-floor',
  'default/admin=0',
];

/** Nothing is written, neither by a scheduled run nor by one with every override. */
async function expectNothingWritten(
  stage: Stage,
  env: Readonly<Record<string, string>>,
  code: string,
  words: RegExp,
): Promise<void> {
  const before = stage.held();
  const ways = [[], EVERYTHING_ALLOWED, ['--dry-run'], ['--user', 'person-0009']];
  await Promise.all(
    ways.map(async (more) => {
      const ran = await stage.run(reconcileJson(...more), { env });
      expect({ more, code: ran.code, error: told(ran).error?.code }).toEqual({ more, code: 1, error: code });
      expect(ran.stderr).toMatch(words);
    }),
  );
  expect(writes(stage.permit)).toBe(0);
  expect(stage.held()).toEqual(before);
}

describe('PyGithub#2424, abcxyz/pkg#361: a token that sees public members only', () => {
  test('abcxyz/pkg#361: of someone outside of the org', async () => {
    const stage = await seventeen();
    const { id } = addUser(stage.github.world, 'outsider');
    addToken(stage.github.world, TOKEN, { kind: 'pat', userId: id, scopes: ['read:org'] });
    await expectNothingWritten(stage, { GH_TOKEN: TOKEN }, 'GITHUB_INCOMPLETE', /read:org/);
  });

  test('abcxyz/pkg#361: of an owner, without read:org', async () => {
    const stage = await seventeen();
    const { id } = userOf(stage.github.world, 'owner');
    addToken(stage.github.world, TOKEN, { kind: 'pat', userId: id, scopes: ['repo'] });
    await expectNothingWritten(stage, { GH_TOKEN: TOKEN }, 'GITHUB_INCOMPLETE', /read:org/);
  });

  test('abcxyz/pkg#361: of someone whose membership is still an invitation', async () => {
    const stage = await seventeen();
    const { id } = addMember(stage.github.world, 'acme', { login: 'invited', state: 'pending' });
    addToken(stage.github.world, TOKEN, { kind: 'pat', userId: id, scopes: ['read:org'] });
    await expectNothingWritten(stage, { GH_TOKEN: TOKEN }, 'GITHUB_INCOMPLETE', /read:org/);
  });

  test('PyGithub#2424: nobody is public, and the listing is empty', async () => {
    const stage = await agreedStage(17, 2);
    const { id } = addUser(stage.github.world, 'outsider');
    addToken(stage.github.world, TOKEN, { kind: 'pat', userId: id, scopes: ['read:org'] });
    await expectNothingWritten(stage, { GH_TOKEN: TOKEN }, 'GITHUB_INCOMPLETE', /read:org/);
  });

  test('PyGithub#2424: one org of two is only partly visible: its people keep everything, the other continues', async () => {
    const stage = await seventeen();
    const labs = addOrg(stage.github.world, 'labs');
    addMember(stage.github.world, 'labs', { login: 'lab-owner', role: 'admin', public: true });
    const scientist = addMember(stage.github.world, 'labs', { login: 'scientist' });
    addPermitUser(stage.permit.world, {
      key: 'scientist',
      attributes: {
        github_id: scientist.id,
        github_login: 'scientist',
        github_orgs: [labs.id],
        managed_by: 'gh-permit-sync:default',
        managed_origin: 'created',
      },
      grants: ['default/member'],
    });
    addMember(stage.github.world, 'acme', { login: 'joiner' });
    const before = stage.held().scientist;
    const cwd = folderWith(
      'github: { orgs: [acme, labs] }\ngrants:\n' +
        '  - { subject: "github:acme:role:admin", roles: [admin] }\n' +
        '  - { subject: "github:*:role:member", roles: [member] }\n',
    );
    const env = { GITHUB_ORG: 'acme,labs' };
    const { code, stderr } = await stage.run(reconcileJson(...EVERYTHING_ALLOWED), { cwd, env });
    expect({ code, stderr }).toMatchObject({ code: 4 });
    expect(stage.held().scientist).toEqual(before);
    expect(stage.held()['lab-owner']).toBeUndefined();
    expect(stage.held().joiner?.grants).toEqual(['default/member']);
  });
});

describe("github/gh-aw#23578: the workflow's own GITHUB_TOKEN can not read members", () => {
  test.each(['forbidden', 'publicOnly'] as const)(
    'gh-aw#23578: in GitHub Actions, where the listing is %s',
    async (withoutPermission) => {
      const stage = await seventeen();
      stage.github.switches.withoutPermission = withoutPermission;
      addToken(stage.github.world, 'ghs_workflow', { kind: 'actions' });
      const env = { GH_TOKEN: '', GITHUB_TOKEN: 'ghs_workflow', GITHUB_ACTIONS: 'true' };
      const code = withoutPermission === 'forbidden' ? 'GITHUB_AUTH' : 'GITHUB_INCOMPLETE';
      await expectNothingWritten(stage, env, code, /the workflow's own GITHUB_TOKEN can't read members/);
    },
  );

  test.each(['forbidden', 'publicOnly'] as const)(
    'gh-aw#23578: an installation without Members: read, where the listing is %s',
    async (withoutPermission) => {
      const stage = await seventeen();
      stage.github.switches.withoutPermission = withoutPermission;
      const { id } = orgOf(stage.github.world, 'acme');
      addToken(stage.github.world, 'ghs_app', {
        kind: 'installation',
        orgId: id,
        permissions: { contents: 'read' },
      });
      const code = withoutPermission === 'forbidden' ? 'GITHUB_AUTH' : 'GITHUB_INCOMPLETE';
      await expectNothingWritten(stage, { GH_TOKEN: 'ghs_app' }, code, /read:org|Members: read/);
    },
  );

  test('gh-aw#23578: SAML single sign-on is required: shows the address that authorizes the token', async () => {
    const stage = await seventeen();
    const org = orgOf(stage.github.world, 'acme');
    org.samlSsoUrl = 'https://github.com/orgs/acme/sso?authorization_request=ABC';
    await expectNothingWritten(
      stage,
      {},
      'GITHUB_AUTH',
      /github\.com\/orgs\/acme\/sso\?authorization_request=ABC/,
    );
  });

  test('gh-aw#23578: the same token, once authorized, sees everyone', async () => {
    const stage = await seventeen();
    orgOf(stage.github.world, 'acme').samlSsoUrl = 'https://github.com/orgs/acme/sso';
    const { id } = userOf(stage.github.world, 'owner');
    addToken(stage.github.world, TOKEN, {
      kind: 'pat',
      userId: id,
      scopes: ['read:org'],
      ssoAuthorized: true,
    });
    const ran = await stage.run(reconcileJson(), { env: { GH_TOKEN: TOKEN } });
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status: 'in-sync' });
  });
});

test('a narrowed run that keeps a leaver never says in-sync', async () => {
  const stage = await agreedStage(12);
  const { world } = stage.github;
  addOrg(world, 'labs');
  addMember(world, 'labs', { login: 'owner', role: 'admin' });
  addMember(world, 'labs', { login: 'person-0003', role: 'member' });
  const cwd = folderWith(`
github: { orgs: [acme, labs] }
grants: [{ subject: "github:*:role:*", roles: [member] }]
`);
  const env = { GITHUB_ORG: '' };
  expect((await stage.run(['reconcile'], { cwd, env })).code).toBe(0);
  for (const org of ['acme', 'labs']) removeMember(world, org, 'person-0003');

  const ran = await stage.run(reconcileJson('--org', 'acme'), { cwd, env });
  expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status: 'applied' });
  expect(Object.keys(stage.held())).toContain('person-0003');
});
