import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addMember, linkIdentity, orgOf } from '../../src/demo/github/github.ts';
import { addPermitUser } from '../../src/demo/permit/permit.ts';
import { folderWith, reconcileJson, type Told, told } from '../support/agreement.ts';
import { openStage, type Stage } from '../support/stage.ts';

const CONFIG = 'github: { orgs: [acme] }\nusers: { key: "{saml.nameId}" }\nlimits: { moves: 10 }\n';

/** `acme` with SAML: `owner`, `ann` and `bob` have an identity, `new` has none yet. */
async function samlStage(): Promise<{ readonly stage: Stage; readonly cwd: string }> {
  const stage = await openStage({ userKey: 'default' });
  const { world } = stage.github;
  for (const login of ['ann', 'bob', 'new']) addMember(world, 'acme', { login });
  for (const login of ['owner', 'ann', 'bob'])
    linkIdentity(world, 'acme', login, { nameId: `${login}@corp.example` });
  return { stage, cwd: folderWith(CONFIG) };
}

const reconcile = async (stage: Stage, cwd: string, ...flags: readonly string[]) => {
  const ran = await stage.run(reconcileJson(...flags), { cwd });
  return { code: ran.code, told: told(ran) };
};

const codes = ({ warnings }: Told): readonly string[] => warnings.map(({ code }) => code);
const keys = (stage: Stage): readonly string[] => Object.keys(stage.held()).sort();

test('people get the key of their identity, people without one wait, and a second run changes nothing', async () => {
  const { stage, cwd } = await samlStage();
  const first = await reconcile(stage, cwd);
  expect(first).toMatchObject({ code: 4, told: { status: 'partial' } });
  expect(codes(first.told)).toEqual(['NO_IDENTITY']);
  expect(keys(stage)).toEqual(['ann@corp.example', 'bob@corp.example', 'owner@corp.example']);

  linkIdentity(stage.github.world, 'acme', 'new', { nameId: 'new@corp.example' });
  expect((await reconcile(stage, cwd)).code).toBe(0);
  expect(await reconcile(stage, cwd)).toMatchObject({ code: 0, told: { status: 'in-sync' } });
});

test('whatever the identity provider hides, nobody moves or loses anything', async () => {
  const { stage, cwd } = await samlStage();
  linkIdentity(stage.github.world, 'acme', 'new', { nameId: 'new@corp.example' });
  await reconcile(stage, cwd);
  const before = stage.held();
  orgOf(stage.github.world, 'acme').identities = [];
  const hidden = await reconcile(stage, cwd);
  expect(hidden).toMatchObject({ code: 0, told: { status: 'in-sync', changes: [] } });
  expect(codes(hidden.told)).toEqual(['NO_IDENTITY']);
  stage.github.faults.push({
    match: ({ path }) => path === '/graphql',
    do: { kind: 'answer', status: 403, body: { message: 'no' } },
  });
  const refused = await reconcile(stage, cwd);
  expect(refused).toMatchObject({ code: 0, told: { status: 'in-sync', changes: [] } });
  expect(refused.told.warnings[0]?.message).toMatch(/identities of acme could not be read .*nobody moves/);
  expect(stage.held()).toEqual(before);
});

test('a narrowed run asks about its people alone, and a changed identity moves within the limit', async () => {
  const { stage, cwd } = await samlStage();
  await reconcile(stage, cwd);
  const { world, requests } = stage.github;
  linkIdentity(world, 'acme', 'ann', { nameId: 'bob@corp.example' });
  linkIdentity(world, 'acme', 'bob', { nameId: 'ann@corp.example' });
  requests.length = 0;
  const refused = await reconcile(stage, folderWith(CONFIG.replace('10', '1')), '--user', 'ann');
  expect(refused.told.guard.violations).toMatchObject([{ limit: 'moves', allowed: 1, planned: 2 }]);
  const asked = requests
    .filter(({ path }) => path === '/graphql')
    .map(({ body }) => body as { variables: object });
  expect(asked).toHaveLength(4);
  for (const { variables } of asked) expect(Object.keys(variables).join()).toMatch(/login|userName/);

  expect((await reconcile(stage, cwd, '--user', 'ann')).code).toBe(0);
  const ids = Object.fromEntries(
    Object.entries(stage.held()).map(([key, { attributes }]) => [key, attributes?.github_login]),
  );
  expect(ids).toMatchObject({ 'ann@corp.example': 'bob', 'bob@corp.example': 'ann' });
});

test('explain names the identity and its source, in every format', async () => {
  const { stage, cwd } = await samlStage();
  const text = await stage.run(['explain', 'ann'], { cwd });
  expect(text.stdout).toMatch(/Identity\n\s+saml\.nameId ann@corp\.example\s+SAML of acme/);
  const json = await stage.run(['explain', 'new', '--output', 'json'], { cwd });
  expect(JSON.parse(json.stdout)).toMatchObject({
    identity: { values: [], why: 'GitHub shows no SAML NameID' },
  });
});

test('explain says why a managed person has no identity, and does not point to itself', async () => {
  const { stage, cwd } = await samlStage();
  await reconcile(stage, cwd);
  orgOf(stage.github.world, 'acme').identities = [];
  const { stdout } = await stage.run(['explain', 'ann', '--output', 'json'], { cwd });
  expect(JSON.parse(stdout).warnings).toEqual([
    {
      code: 'NO_IDENTITY',
      message:
        'ann@corp.example: keeps its key, since no identity is clearly theirs: GitHub shows no SAML NameID',
    },
  ]);
});

test('profiles are filled, but never with an email that another user has, and never over an adopted user’s own', async () => {
  const { stage, cwd: _ } = await samlStage();
  const config = `users: { key: "{login}", adopt: plain, profile: [email, name] }\n`;
  const cwd = folderWith(config);
  const { world } = stage.github;
  const mail = (login: string, address: string): void =>
    linkIdentity(world, 'acme', login, {
      ...{ nameId: login, emails: [address], givenName: 'First', familyName: login },
    });
  for (const login of ['ann', 'bob', 'new']) mail(login, `${login}@corp.example`);
  const allow = ['--allow-duplicates', '9'];
  addPermitUser(stage.permit.world, { key: 'bob', email: 'own@corp.example' });
  addPermitUser(stage.permit.world, { key: 'service', email: 'NEW@corp.example' });
  const profiles = (): Readonly<Record<string, string>> =>
    Object.fromEntries(
      [...stage.permit.world.users.values()].map(({ key, email, firstName, lastName }) => [
        key,
        [email, firstName, lastName].join(' '),
      ]),
    );
  const first = await reconcile(stage, cwd, ...allow);
  expect(first.code).toBe(0);
  expect(codes(first.told)).toContain('EMAIL_TAKEN');
  expect(profiles()).toMatchObject({
    ann: 'ann@corp.example First ann',
    bob: 'own@corp.example First bob',
    new: ' First new',
    service: 'NEW@corp.example  ',
  });
  expect(JSON.stringify(first.told.changes)).not.toMatch(/corp\.example/);
  expect((await reconcile(stage, cwd)).told.status).toBe('in-sync');

  // A changed email follows, and a changed key brings the new one along.
  mail('ann', 'anna@corp.example');
  const moving = folderWith(config.replace('{login}', '{saml.nameId}-x').concat('limits: { moves: 9 }\n'));
  linkIdentity(world, 'acme', 'owner', { nameId: 'owner' });
  expect((await reconcile(stage, moving)).code).toBe(0);
  expect(profiles()).toMatchObject({
    'ann-x': 'anna@corp.example First ann',
    'bob-x': 'own@corp.example First bob',
  });
  expect((await reconcile(stage, moving)).told.status).toBe('in-sync');
});

test('doctor says which sources it sees, for how many members an identity is known, and what is ambiguous', async () => {
  const { stage, cwd } = await samlStage();
  const line = async () => {
    const { stdout } = await stage.run(['doctor', '--output', 'json'], { cwd });
    const { checks } = JSON.parse(stdout) as {
      checks: readonly { id: string; status: string; message: string }[];
    };
    return checks.find(({ id }) => id === 'github.identities');
  };
  linkIdentity(stage.github.world, 'acme', 'bob', { nameId: 'ann@corp.example' });
  const found = await line();
  expect(found).toMatchObject({ status: 'warning' });
  expect(found?.message).toMatch(/^1 of 4 members have a clear identity \(SAML of acme: 3\)/);
  expect(found?.message).toMatch(/new: GitHub shows no SAML NameID/);
  expect(found?.message).not.toMatch(/corp\.example/);

  for (const login of ['bob', 'new']) linkIdentity(stage.github.world, 'acme', login, { nameId: login });
  expect(await line()).toMatchObject({ status: 'ok' });
  orgOf(stage.github.world, 'acme').identities = undefined as never;
  expect((await line())?.message).toMatch(/^0 of 4 members .*no source shows any/);
});

test.each([{}, { GH_TOKEN: '' }])('check finds the user behind a login by its mark (%j)', async (env) => {
  const { stage, cwd } = await samlStage();
  await reconcile(stage, cwd);
  const ran = await stage.run(['check', 'ann', 'read', 'membership', '--output', 'json'], { cwd, env });
  expect(JSON.parse(ran.stdout)).toMatchObject({ user: 'ann@corp.example' });
});

test('a saved plan is stale once the map of people has changed', async () => {
  const { stage } = await samlStage();
  const cwd = folderWith('users: { key: "{map}", map: people.csv }\n');
  const write = (...rows: readonly string[]): void =>
    writeFileSync(join(cwd, 'people.csv'), ['github,key', ...rows].join('\n'));
  write('ann,a@corp.example', 'bob,b@corp.example');
  expect((await reconcile(stage, cwd, '--dry-run', '--out', 'plan.json')).code).toBe(4);
  write('ann,a@corp.example', 'bob,other@corp.example');
  const stale = await stage.run(['apply', 'plan.json', '--output', 'json'], { cwd });
  expect(told(stale)).toMatchObject({
    error: { code: 'PLAN_STALE', message: expect.stringMatching(/users/) },
  });
  write('ann,a@corp.example', 'bob,b@corp.example');
  await stage.run(['apply', 'plan.json'], { cwd });
  expect(keys(stage)).toEqual(['a@corp.example', 'b@corp.example']);
});
