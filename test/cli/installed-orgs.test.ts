import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addApp, addMember, addOrg, addUser, installApp, orgOf } from '../../src/demo/github/github.ts';
import { addTenant } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage } from '../support/stage.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const APP = { GH_TOKEN: '', GITHUB_ORG: '', GITHUB_APP_ID: '77', GITHUB_APP_PRIVATE_KEY: privateKey };
const CONFIG = 'github: { orgs: installed }\npermit: { tenant: "{org}" }\nlimits: { removals: 100% }\n';

/** An App installed in `acme` and `labs`, and by a person. `other` is an organization without it. */
async function openInstallations(config = CONFIG) {
  const stage = await openStage();
  const { world } = stage.github;
  const app = addApp(world, 77, publicKey);
  for (const org of ['acme', 'labs', 'other']) {
    if (org !== 'acme') addOrg(world, org);
    addMember(world, org, { login: `${org}-owner`, role: 'admin' });
    addMember(world, org, { login: `${org}-ann` });
    addTenant(stage.permit.world, org);
  }
  const [acme, labs] = [installApp(world, app, 'acme'), installApp(world, app, 'labs')];
  const person = addUser(world, 'hobbyist');
  app.installations.set(5, { id: 5, orgId: person.id, permissions: {} });
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), config);
  return {
    ...stage,
    app,
    acme,
    labs,
    run: (args: string, env = {}) => stage.run(args.split(' '), { cwd, env: { ...APP, ...env } }),
    spawn: (args: string) => stage.spawn(args.split(' '), { cwd, env: APP }),
    people: () => Object.keys(stage.held()),
  };
}

test('every organization of the App is synced, each by its own installation, and people are left out', async () => {
  const { run, held, github, acme, labs } = await openInstallations();
  const ran = await run('reconcile -o json');
  expect(ran.code).toBe(0);
  expect(JSON.parse(ran.stdout).orgs).toEqual(['acme', 'labs']);
  expect(held()['labs-ann']?.grants).toEqual(['labs/member']);
  expect(held()['acme-owner']?.grants).toEqual(['acme/admin']);
  expect(Object.keys(held())).not.toContain('other-ann');
  const tokens = github.requests.map(({ path }) => path).filter((path) => path.endsWith('/access_tokens'));
  expect(tokens.sort()).toEqual(
    [acme, labs].map(({ id }) => `/app/installations/${id}/access_tokens`).sort(),
  );
  expect(github.requests.some(({ path }) => path.endsWith('/installation'))).toBe(false);
  expect((await run('doctor')).stdout).toContain('the GitHub App is installed in acme and labs');
});

test('an organization that is gone from the list is out of scope: nothing is taken there', async () => {
  const { run, held, app, labs, github } = await openInstallations();
  await run('reconcile');
  app.installations.delete(labs.id);
  const left = orgOf(github.world, 'acme').members;
  for (const [id] of left) if (github.world.users.get(id)?.login === 'acme-ann') left.delete(id);
  const ran = await run('reconcile');
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain('KEPT_OUT_OF_SCOPE');
  expect(held()['labs-ann']?.grants).toEqual(['labs/member']);
  expect(held()['acme-ann']).toBeUndefined();
});

test('a suspended installation is incomplete, never empty', async () => {
  const { run, people, app, labs } = await openInstallations();
  await run('reconcile');
  const before = people();
  app.installations.set(labs.id, { ...labs, suspended: true });
  const ran = await run('reconcile -o json');
  expect(ran.code).toBe(4);
  expect(JSON.parse(ran.stdout).warnings).toContainEqual(
    expect.objectContaining({
      code: 'GITHUB_INCOMPLETE',
      message: expect.stringContaining('in labs is suspended'),
    }),
  );
  expect(people()).toEqual(before);
});

test('a new installation joins with the next run, and makes a saved plan stale', async () => {
  const { run, held, app, github } = await openInstallations();
  await run('reconcile');
  await run('reconcile --dry-run --out plan.json');
  installApp(github.world, app, 'other');
  const stale = await run('apply plan.json');
  expect([stale.code, stale.stderr]).toEqual([1, expect.stringContaining('PLAN_STALE')]);
  expect((await run('reconcile')).code).toBe(0);
  expect(held()['other-ann']?.grants).toEqual(['other/member']);
});

test.each<[string, string, object, RegExp]>([
  [
    'a token',
    CONFIG,
    { GH_TOKEN: 'ghp_x', GITHUB_APP_ID: '', GITHUB_APP_PRIVATE_KEY: '' },
    /CONFIG_INVALID.*|needs a GitHub App/,
  ],
  [
    'one tenant for several organizations',
    'github: { orgs: installed }',
    {},
    /2 organizations would share the tenant/,
  ],
])('%s is refused before anything is written', async (_, config, env, says) => {
  const { run, permit } = await openInstallations(config);
  const ran = await run('reconcile', env);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(says);
  expect(permit.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
});

test('an App that is installed nowhere is refused', async () => {
  const { run, app } = await openInstallations();
  app.installations.clear();
  const ran = await run('reconcile');
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('installed in no organization')]);
});

test('repositories of every installation are mirrored, each organization in its tenant', async () => {
  const { run } = await openInstallations(`${CONFIG}repositories: { tenant: "code-{org}" }\n`);
  const all = JSON.parse((await run('policy --dry-run -o json')).stdout);
  const tenants = ({ changes }: { changes: readonly { kind: string; tenant: string }[] }) =>
    changes.filter(({ kind }) => kind === 'createTenant').map(({ tenant }) => tenant);
  expect(tenants(all)).toEqual(['code-acme', 'code-labs']);
  const one = JSON.parse((await run('policy --dry-run -o json --org labs')).stdout);
  expect(tenants(one)).toEqual(['code-labs']);
});

test('the built program signs in as an App: the bundle lacks only what signs in people', async () => {
  const { spawn, people } = await openInstallations();
  const { code, stderr } = await spawn('reconcile');
  expect([code, stderr]).toEqual([0, '']);
  expect(people()).toContain('labs-ann');
});
