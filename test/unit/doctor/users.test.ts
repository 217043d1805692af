import { expect, test } from 'vitest';
import { examineUsers } from '../../../src/doctor/users.ts';
import type { GitHubId, UserKey } from '../../../src/model/identity.ts';
import { type Mark, writeMark } from '../../../src/model/mark.ts';
import type { Attributes } from '../../../src/model/user.ts';

const MEMBERS = ['Ada', 'bob', 'cleo'].map((login, index) => ({ login, id: (index + 1) as GitHubId }));

const mark = (owner: string): Attributes => ({
  ...(writeMark({
    id: 1,
    login: 'Ada',
    orgs: [7],
    owner,
    origin: 'created',
  } as unknown as Mark) as Attributes),
});

const examined = async (
  users: Readonly<Record<string, Attributes>>,
  settings: {
    readonly key?: string;
    readonly adopt?: 'none' | 'plain';
    readonly members?: typeof MEMBERS;
  } = {},
) => {
  const { key = 'github|{id}', adopt = 'none' } = settings;
  const held = Object.entries(users).map(([name, attributes]) => ({
    ...{ key: name as UserKey, attributes, grants: [] },
  }));
  const [finding, ...more] = await examineUsers({
    countUsers: async () => held.length,
    readUsers: async () => held,
    members: async () => ('members' in settings ? settings.members : MEMBERS),
    owner: 'default',
    userSettings: { key, adopt },
    requireKeys: () => undefined,
  });
  expect(more).toEqual([]);
  return finding;
};

test.each([
  ['nobody', {}, {}, 'no users yet', undefined],
  [
    'users under logins in any case, ids, emails and other names',
    { ada: {}, 'github|2': {}, '3': {}, 'ada@acme.example': {}, svc: {} },
    {},
    "5 users: 0 managed by this config, 1 under members' logins, 1 under members' ids as github|{id}, " +
      "1 under members' ids as {id}, 1 under emails, 1 other",
    /refused rather than create second users.*\n.*left alone.*\n.*does not match emails/,
  ],
  [
    'users under emails, where the key is made of them',
    { 'ada@acme.example': {} },
    { key: '{email}' },
    '1 under emails',
    undefined,
  ],
  ['users of no member', { svc: {} }, {}, '1 user: 0 managed by this config, 1 other', undefined],
  [
    'users under the keys of users.key',
    { bob: {} },
    { key: '{login}' },
    "1 under members' logins",
    /^users under.*--adopt plain/,
  ],
  [
    'the same, which the config adopts',
    { bob: {} },
    { key: '{login}', adopt: 'plain' },
    "1 under members' logins",
    undefined,
  ],
  [
    'managed users',
    { x: mark('default'), bob: {} },
    {},
    '2 users: 1 managed by this config, 1 other',
    undefined,
  ],
  [
    "another owner's users",
    { bob: mark('acme') },
    {},
    "0 managed by this config, 1 under members' logins",
    /refused/,
  ],
  [
    'members who could not be listed',
    { bob: {} },
    { members: undefined },
    '1 user: 0 managed by this config, 1 other',
    undefined,
  ],
] as const)('%s', async (_, users, settings, message, hint) => {
  const finding = await examined(users, settings as Parameters<typeof examined>[1]);
  expect(finding).toMatchObject({ id: 'permit.users', status: hint === undefined ? 'ok' : 'warning' });
  expect(finding?.message).toContain(message);
  if (hint !== undefined) expect(finding?.hint).toMatch(hint);
});

test('very many users are counted, not read', async () => {
  const [finding] = await examineUsers({
    countUsers: async () => 10_001,
    readUsers: () => Promise.reject(new Error('read')),
    members: () => Promise.reject(new Error('listed')),
    owner: 'default',
    userSettings: { key: '{login}', adopt: 'none' },
    requireKeys: () => undefined,
  });
  expect(finding).toMatchObject({ status: 'skipped', message: expect.stringContaining('10,001 users') });
});
