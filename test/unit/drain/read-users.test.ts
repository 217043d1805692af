import { expect, test } from 'vitest';
import { readHints } from '../../../src/drain/hints.ts';
import { askOnce, readAhead } from '../../../src/drain/read-users.ts';
import type { PermitUser } from '../../../src/model/user.ts';
import type { QueueEntry, TakenEntry } from '../../../src/model/webhooks/queue.ts';
import { gitHubId, OWNER, orgId, ours, user, userSettings } from '../../support/builders.ts';

/** A reader of Permit that counts what it is asked. */
function countingReader(users: readonly PermitUser[]) {
  const asked: string[] = [];
  const reader = askOnce({
    readUser: async (key) => {
      asked.push(`user ${key}`);
      return users.find((one) => one.key === key);
    },
    readUsers: async () => {
      asked.push('users');
      return users;
    },
    countUsers: async () => {
      asked.push('count');
      return users.length;
    },
  });
  return { asked, reader };
}

test.each<[string, Partial<QueueEntry>, readonly PermitUser[], readonly string[], string?]>([
  ['someone who joins', {}, [], ['users', 'user ann']],
  ['someone with a user of ours', { action: 'added' }, [ours(1, 'ann')], ['user ann']],
  ['someone without a user', { action: 'added' }, [], ['user ann', 'users']],
  ['someone whose key an unmarked user holds', { action: 'added' }, [user('ann')], ['user ann', 'users']],
  ['someone whose key only GitHub knows', { action: 'added' }, [], [], '{email}'],
  ['someone who may lose access', { action: 'member_removed' }, [ours(1, 'ann')], ['count', 'user ann']],
])('about %s, it reads what the plan will need, once', async (_, entry, users, expected, key = '{login}') => {
  const taken: TakenEntry = {
    ...{ id: '1-0', attempts: 0, lookup: 1 },
    entry: {
      ...{ delivery: 'd', event: 'organization', action: 'member_added', org: 'acme', orgId: orgId(100) },
      ...{ login: 'ann', id: gitHubId(1), team: undefined, repository: undefined },
      at: '2026-01-01T00:00:00Z',
      ...entry,
    },
  };
  const request = { owner: OWNER, userSettings: userSettings({ key }) };
  const hints = readHints([taken], { configuredOrgs: ['acme'], rules: [] });
  const { asked, reader } = countingReader(users);
  await readAhead(hints, request, reader, 1);
  expect(asked).toEqual(expected);
  await readAhead(hints, request, reader, 1);
  expect(asked).toEqual(expected);
});

test('what failed is asked again', async () => {
  let calls = 0;
  const fail = async (): Promise<never> => {
    calls += 1;
    throw new Error('away');
  };
  const reader = askOnce({ readUser: fail, readUsers: fail, countUsers: fail });
  await expect(reader.readUsers()).rejects.toThrow('away');
  await expect(reader.readUsers()).rejects.toThrow('away');
  expect(calls).toBe(2);
});
