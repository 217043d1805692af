// A managed user (EMU) is shown to the clients of that user's organizations, and to nobody else.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  addApp,
  addMember,
  addOrg,
  addUser,
  installApp,
  orgOf,
  removeMember,
  renameUser,
} from '../../src/demo/github/github.ts';
import { addTenant } from '../../src/demo/permit/permit.ts';
import { folderWith, reconcileJson, told } from '../support/agreement.ts';
import { openStage, populate, type Stage } from '../support/stage.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const CONFIG = 'github: { orgs: [acme, labs] }\npermit: { tenant: "{org}" }\nusers: { key: "{login}" }\n';

/** Two organizations, each with an installation of its own; `mona_emu` is in both, and shown to `labs` alone. */
async function twoOrgs(): Promise<{ readonly stage: Stage; readonly cwd: string }> {
  const opened = await openStage();
  const { world } = opened.github;
  populate(opened, 10, 2);
  const labs = addOrg(world, 'labs');
  for (const login of ['owner', 'person-0001']) addMember(world, 'labs', { login, role: 'admin' });
  const { id } = addUser(world, 'mona_emu');
  const account = world.users.get(id);
  if (account) world.users.set(id, { ...account, visibleTo: [labs.id] });
  for (const org of ['acme', 'labs']) addMember(world, org, { login: 'mona_emu' });
  const app = addApp(world, 77, publicKey);
  for (const org of ['acme', 'labs']) installApp(world, app, org);
  for (const tenant of ['acme', 'labs']) addTenant(opened.permit.world, tenant);
  const env = { GH_TOKEN: '', GITHUB_ORG: '', GITHUB_APP_ID: '77', GITHUB_APP_PRIVATE_KEY: privateKey };
  const stage: Stage = { ...opened, run: (args, options) => opened.run(args, { ...options, env }) };
  const cwd = folderWith(CONFIG);
  expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
  expect(stage.held().mona_emu?.grants).toEqual(['acme/member', 'labs/member']);
  return { stage, cwd };
}

/** The listing of an organization misses the person; a lookup finds them. */
function hideFromListing({ github }: Stage, org: string, id: number): void {
  const { members } = orgOf(github.world, org);
  const membership = members.get(id);
  github.onRequest = ({ path }) => {
    if (path === `/orgs/${org}/members`) members.delete(id);
    else if (membership) members.set(id, membership);
  };
}

const idOf = ({ github }: Stage): number => github.world.users.byLogin('mona_emu')?.id ?? 0;

describe('a managed user that the first organization can’t see', () => {
  test.each(['acme', 'labs'])('and that the listing of %s missed keeps everything', async (org) => {
    const { stage, cwd } = await twoOrgs();
    hideFromListing(stage, org, idOf(stage));
    const ran = await stage.run(reconcileJson(), { cwd });
    expect(told(ran).warnings.map(({ code }) => code)).toEqual(['KEPT_UNCONFIRMED']);
    expect(ran.code).toBe(0);
    expect(stage.held().mona_emu?.grants).toEqual(['acme/member', 'labs/member']);
  });

  test('and who left it loses what it gave, and nothing else', async () => {
    const { stage, cwd } = await twoOrgs();
    removeMember(stage.github.world, 'acme', 'mona_emu');
    expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
    expect(stage.held().mona_emu?.grants).toEqual(['labs/member']);
  });

  test('and who was renamed is found under the name in the other organization', async () => {
    const { stage, cwd } = await twoOrgs();
    const id = idOf(stage);
    renameUser(stage.github.world, 'mona_emu', 'lisa_emu');
    hideFromListing(stage, 'acme', id);
    expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
    expect(stage.held().mona_emu).toBeUndefined();
    expect(stage.held().lisa_emu?.grants).toEqual(['acme/member', 'labs/member']);
  });
});

test('a hidden account that all organizations answer 404 about leaves by its membership alone', async () => {
  const { stage, cwd } = await twoOrgs();
  const { users } = stage.github.world;
  const account = users.get(idOf(stage));
  if (account) users.set(account.id, { ...account, visibleTo: [] });
  removeMember(stage.github.world, 'labs', 'mona_emu');
  expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
  expect(stage.held().mona_emu?.grants).toEqual(['acme/member']);
});
