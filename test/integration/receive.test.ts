import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { MAX_ATTEMPTS } from '../../src/model/webhooks/queue.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { openRedis } from '../../src/queue/redis.ts';
import { startRedis, useRedis } from '../support/redis.ts';
import { MIRRORED, memberAdded, openReceiver } from '../unit/receiver/support.ts';

const redis = useRedis();

test('what was answered with 202 is in Redis, with its ids and nothing else', async () => {
  const queue = openQueue(redis.connection, { prefix: redis.prefix() });
  const { post } = await openReceiver({ queue });
  await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      post({ body: JSON.stringify({ ...memberAdded(i + 1, `person-${i}`), extra: 'not for the queue' }) }),
    ),
  );
  const taken = await queue.take({ most: 1_000, retry: 'now' });
  expect(taken.map(({ entry }) => Number(entry?.id)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  expect(taken[0]?.entry).toMatchObject({
    event: 'organization',
    action: 'member_added',
    org: 'acme',
    orgId: 100,
  });
  expect(JSON.stringify(taken)).not.toContain('not for the queue');
});

test('every kind of delivery can be read again by a drain', async () => {
  const queue = openQueue(redis.connection, { prefix: redis.prefix() });
  const { post } = await openReceiver({ queue, orgs: ['acme', 'labs'], needsOf: MIRRORED });
  const organization = { login: 'acme', id: 100 };
  const repository = { id: 77 };
  const user = { login: 'renovate[bot]', id: 7 };
  const deliveries = [
    ['organization', { action: 'member_removed', membership: { user } }],
    ['organization', { action: 'renamed', changes: { login: { from: 'old' } } }],
    ['organization', { action: 'deleted' }],
    ['membership', { action: 'added', member: user, team: { id: 42 } }],
    ['membership', { action: 'removed', member: { id: 7, login: '../../odd name' }, team: { id: 42 } }],
    ['team', { action: 'edited', team: { id: 42 } }],
    ['team', { action: 'added_to_repository', team: { id: 42 }, repository }],
    ['member', { action: 'added', member: user, repository }],
    ['repository', { action: 'renamed', repository }],
    [
      'repository',
      {
        action: 'transferred',
        changes: { owner: { from: { organization: { login: 'labs', id: 200 } } } },
        repository,
      },
    ],
  ] as const;
  for (const [event, payload] of deliveries) {
    const body = JSON.stringify({ ...payload, organization: { ...organization } });
    expect((await post({ event, body, delivery: undefined })).status).toBe(202);
  }
  const taken = await queue.take({ most: 20, retry: 'now' });
  const about = taken.map(({ entry }) => {
    const { event, action, org, id, team, repository } = entry ?? {};
    return `${event} ${action} of ${org}: ${id ?? '-'} ${team ?? '-'} ${repository ?? '-'}`;
  });
  expect(about).toEqual([
    'organization member_removed of acme: 7 - -',
    'organization renamed of acme: - - -',
    'organization deleted of acme: - - -',
    'membership added of acme: 7 42 -',
    'membership removed of acme: 7 42 -',
    'team edited of acme: - 42 -',
    'team added_to_repository of acme: - 42 77',
    'member added of acme: 7 - 77',
    'repository renamed of acme: - - 77',
    'repository transferred of acme: - - 77',
    'repository transferred of labs: - - 77',
  ]);
});

test('a full queue is answered with 503 until it is drained', async () => {
  const queue = openQueue(redis.connection, { prefix: redis.prefix(), maxEntries: 2 });
  const { post } = await openReceiver({ queue });
  const statuses = [(await post()).status, (await post()).status, (await post()).status];
  expect(statuses).toEqual([202, 202, 503]);
  await queue.settle((await queue.take({ most: 10, retry: 'now' })).map(({ id }) => id));
  expect((await post()).status).toBe(202);
});

test('the metrics tell how many entries wait, for how long, and how many are dead', async () => {
  const queue = openQueue(redis.connection, { prefix: redis.prefix() });
  const now = () => Date.now() - 3_600_000;
  const { origin, post } = await openReceiver({ queue, queueStatus: queue.status, now });
  const metrics = async () => {
    const text = await (await fetch(`${origin}/metrics`)).text();
    return Object.fromEntries(
      [...text.matchAll(/^gh_permit_sync_queue_(\w+) (\S+)$/gm)].map(([, name, value]) => [
        name,
        Number(value),
      ]),
    );
  };
  expect(await metrics()).toEqual({ reachable: 1, depth: 0, oldest_seconds: 0, dead_letters: 0 });
  await post();
  await post({ body: JSON.stringify(memberAdded(8)) });
  expect(await metrics()).toMatchObject({ depth: 2, dead_letters: 0 });
  const [first] = await queue.take({ most: 1, retry: 'now' });
  for (let i = 0; i < MAX_ATTEMPTS; i++) {
    await queue.fail([{ id: first?.id ?? '', reason: 'no' }]);
    await queue.take({ most: 10, retry: 'now' });
  }
  expect(await metrics()).toMatchObject({ depth: 1, dead_letters: 1 });
});

test('while Redis is unavailable the answer is 503; when it is back, 202 again, without a restart', async () => {
  const server = await startRedis();
  onTestFinished(() => server.remove());
  const connection = await openRedis({ url: server.url, commandTimeoutMs: 1_000 });
  onTestFinished(() => connection.close());
  const { post, origin, heard } = await openReceiver({ queue: openQueue(connection, { prefix: 'away' }) });
  const ready = async (): Promise<number> => (await fetch(`${origin}/readyz`)).status;
  const until = async (status: number): Promise<void> => {
    for (let tries = 0; (await post()).status !== status; tries++) {
      if (tries > 200) throw new Error(`never ${status}`);
      await sleep(20);
    }
  };
  await until(202);
  expect(await ready()).toBe(200);
  for (let outage = 0; outage < 2; outage++) {
    await server.stop();
    expect((await post()).status).toBe(503);
    expect(await ready()).toBe(503);
    await server.restart();
    await until(202);
    expect(await ready()).toBe(200);
  }
  // Redis that accepts connections but never answers also counts as unavailable.
  server.signal('SIGSTOP');
  expect((await post()).status).toBe(503);
  server.signal('SIGCONT');
  await until(202);
  expect(heard).toEqual(['away', 'back', 'away', 'back', 'away', 'back']);
});
