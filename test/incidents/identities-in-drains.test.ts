// A webhook names a login; the user key is what the identity provider calls the person.
import { expect, test } from 'vitest';
import { addMember, linkIdentity, removeMember } from '../../src/demo/github/github.ts';
import { drain, idOf, openDrainStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();

test('a drain asks only about its people: they join, move, wait and leave by the rules of a full run', async () => {
  const stage = await openDrainStage(redis, 'limits: { moves: 5, removals: 5 }\n');
  const KEY = ['--user-key', '{saml.nameId}'];
  const { world, requests } = stage.github;
  for (const login of ['ann', 'bob', 'owner']) {
    addMember(world, 'acme', { login, role: login === 'owner' ? 'admin' : 'member' });
    linkIdentity(world, 'acme', login, { nameId: `${login}@x` });
  }
  expect((await stage.run(['reconcile', ...KEY])).code).toBe(0);
  for (const login of ['eve', 'new', 'twin']) addMember(world, 'acme', { login });
  linkIdentity(world, 'acme', 'eve', { nameId: 'eve@x' });
  linkIdentity(world, 'acme', 'twin', { nameId: 'ann@x' });
  linkIdentity(world, 'acme', 'bob', { nameId: 'bobby@x' });
  const annId = idOf(stage, 'ann');
  for (const login of ['eve', 'new', 'twin', 'bob']) {
    await stage.hear(login, idOf(stage, login), { action: 'member_added' });
  }
  requests.length = 0;
  const { code, json } = await drain(stage, ...KEY);
  expect(code).toBe(4);
  expect(Object.keys(stage.held()).sort()).toEqual(['ann@x', 'bobby@x', 'eve@x', 'owner@x']);
  expect(json.warnings.filter((one) => one.code === 'NO_IDENTITY')).toHaveLength(2);
  const queries = requests.filter(({ path }) => path === '/graphql').map(({ body }) => JSON.stringify(body));
  expect(queries.length).toBeGreaterThan(0);
  for (const query of queries) expect(query).toMatch(/"(login|userName)":/);

  removeMember(world, 'acme', 'ann');
  await stage.hear('ann', annId, { action: 'member_removed' });
  await drain(stage, ...KEY);
  // The identity is the twin's alone now, and nothing of its former holder is left under it.
  expect(stage.held()['ann@x']).toMatchObject({
    attributes: { github_login: 'twin' },
    grants: ['default/member'],
  });
});
