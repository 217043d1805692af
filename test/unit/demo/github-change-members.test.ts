import { expect, test } from 'vitest';
import {
  addHook,
  addMember,
  addToken,
  addUser,
  deliveriesSettled,
  type GitHubSwitches,
  githubWorld,
  OWNER_TOKEN,
  orgOf,
  userOf,
} from '../../../src/demo/github/github.ts';
import { startTestReceiver } from '../../support/webhook-receiver.ts';
import { runGitHub, send } from './running.ts';

async function acme(options?: Partial<GitHubSwitches>) {
  const receiver = await startTestReceiver();
  const world = githubWorld();
  const { id: userId } = userOf(world, 'owner');
  addToken(world, OWNER_TOKEN, { kind: 'pat', userId, scopes: ['admin:org'] });
  addToken(world, 'ghp_reader', { kind: 'pat', userId, scopes: ['read:org'] });
  addUser(world, 'octocat');
  addMember(world, 'acme', { login: 'ann' });
  addHook(world, 'acme', { url: `${receiver.url}/github-membership` });
  const emulator = await runGitHub(world, options);
  const ask = (method: string, login: string, role?: string, token = OWNER_TOKEN) =>
    send(emulator, method, `/orgs/acme/memberships/${login}`, { token, ...(role && { body: { role } }) });
  const heard = async () => {
    await deliveriesSettled(world);
    return receiver.received.map(({ body }) => {
      const { action, membership, organization } = JSON.parse(body);
      return [action, membership.user.login, organization.id];
    });
  };
  return { world, org: orgOf(world, 'acme'), ask, heard };
}

test('an invitation stays pending, and no webhook calls it a new member', async () => {
  const { ask, heard } = await acme();
  expect(await ask('PUT', 'octocat')).toMatchObject({
    status: 200,
    body: { state: 'pending', role: 'member' },
  });
  expect(await heard()).toEqual([]);
});

test('webhooks hear of members who come and go, and not of a changed role', async () => {
  const { org, ask, heard } = await acme({ invitations: 'accepted' });
  expect(await ask('PUT', 'octocat')).toMatchObject({ status: 200, body: { state: 'active' } });
  expect(await ask('PUT', 'octocat', 'admin')).toMatchObject({ status: 200, body: { role: 'admin' } });
  expect((await ask('DELETE', 'ann')).status).toBe(204);
  expect(org.members.size).toBe(2);
  expect(await heard()).toEqual([
    ['member_added', 'octocat', org.id],
    ['member_removed', 'ann', org.id],
  ]);
});

test('needs an owner with the scope, an account, a role, and leaves one owner', async () => {
  const { ask, heard } = await acme({ invitations: 'accepted' });
  expect((await ask('PUT', 'octocat', 'member', 'ghp_reader')).status).toBe(403);
  expect((await ask('PUT', 'nobody-at-all')).status).toBe(404);
  expect((await ask('DELETE', 'octocat')).status).toBe(404);
  expect((await ask('PUT', 'octocat', 'billing_manager')).status).toBe(422);
  expect((await ask('DELETE', 'owner')).status).toBe(403);
  expect((await ask('PUT', 'owner', 'member')).status).toBe(403);
  expect(await heard()).toEqual([]);
});
