import { expect, test } from 'vitest';
import { addToken, OWNER_TOKEN, orgOf, userOf } from '../../src/demo/github/github.ts';
import { openRedis } from '../../src/queue/redis.ts';
import { openAuditCursor } from '../../src/queue/run-memory.ts';
import { githubWithAcme, openSource } from '../support/adapters.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();
const AT = Date.parse('2026-11-27T12:00:00Z');

test('the audit log names people whose roles changed since a time, and nobody else', async () => {
  const github = await githubWithAcme({ members: 3 });
  const { port } = openSource(github);
  const user = (login: string) => userOf(github.world, login);
  const scopes = ['read:org', 'read:audit_log'];
  addToken(github.world, OWNER_TOKEN, { kind: 'pat', userId: user('owner').id, scopes });
  orgOf(github.world, 'acme').auditLog = [
    { action: 'org.update_member', atMs: AT - 1, user: user('member-00001') },
    { action: 'org.update_member', atMs: AT, user: user('member-00002') },
    { action: 'repo.create', atMs: AT + 1, user: user('owner') },
    { action: 'organization_role.revoke', atMs: AT + 2, user: user('member-00003') },
    // A team's role: only a full run finds who is in it.
    { action: 'organization_role.assign', atMs: AT + 3 },
  ];
  const changes = await port.readRoleChanges('acme', AT);
  if (changes === undefined || changes === 'refused') throw new Error('no answer');
  expect([...changes.people.values()]).toEqual(['member-00002', 'member-00003']);
  expect(changes).toMatchObject({ lastMs: AT + 3, isCut: false });
  expect(github.requests.filter(({ path }) => path.endsWith('/audit-log'))).toHaveLength(1);
});

test('a plan without an audit log, and a credential without the permission, are refusals', async () => {
  const github = await githubWithAcme();
  const { port } = openSource(github);
  expect(await port.readRoleChanges('acme', AT)).toBe('refused');
});

test('the cursor is kept in Redis, whatever the case of the name; an invalid time counts as none', async () => {
  const connection = await openRedis({ url: redis.url });
  try {
    const cursor = openAuditCursor(connection, redis.prefix());
    expect(await cursor.read('acme')).toBeUndefined();
    await cursor.write('Acme', AT);
    expect(await cursor.read('acme')).toBe(AT);
    await cursor.write('acme', -5);
    expect(await cursor.read('acme')).toBeUndefined();
  } finally {
    connection.close();
  }
});
