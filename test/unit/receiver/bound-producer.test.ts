import { expect, test } from 'vitest';
import { SyncError } from '../../../src/model/errors.ts';
import type { QueueEntry } from '../../../src/model/webhooks/queue.ts';
import { boundProducer } from '../../../src/receiver/watched-queue.ts';
import { memoryProducer } from './support.ts';

const ENTRY: QueueEntry = {
  delivery: 'one',
  event: 'organization',
  action: 'deleted',
  org: 'acme',
  orgId: undefined,
  login: undefined,
  id: undefined,
  team: undefined,
  repository: undefined,
  at: '2026-01-02T03:04:05.000Z',
};

test('nothing is queued before the queue is known to be ours', async () => {
  const inner = memoryProducer();
  const queue = boundProducer(inner, async () => {
    throw new SyncError('CONFIG_INVALID', 'it belongs to somebody else', 'choose another prefix');
  });
  await expect(queue.append(ENTRY)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(queue.ping()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(inner.entries).toEqual([]);
});

test('it is asked again after an outage, and never again once it is known', async () => {
  const inner = memoryProducer();
  let asked = 0;
  const queue = boundProducer(inner, async () => {
    asked += 1;
    if (asked < 3) throw new SyncError('QUEUE_UNAVAILABLE', 'Redis is away', 'start it');
  });
  await expect(queue.append(ENTRY)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  await expect(queue.ping()).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  await Promise.all([queue.append(ENTRY), queue.append(ENTRY), queue.ping()]);
  expect(await queue.append(ENTRY)).toBe('queued');
  expect([asked, inner.entries.length]).toEqual([3, 3]);
});
