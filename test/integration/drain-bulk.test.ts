import { expect, test } from 'vitest';
import { addMember } from '../../src/demo/github/github.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import { driftedPair } from '../support/adapters.ts';
import { drainOnce, queueAt, reconcileInTurn } from '../support/drain-stage.ts';
import { useRedis } from '../support/redis.ts';
import { entry } from '../unit/queue/entries.ts';

const redis = useRedis();

test('one joiner costs no bulk call: Permit allows 100 of them in 10 minutes, which are 50 joiners', async () => {
  const { github, permit } = await driftedPair({ steady: 2 });
  const place = {
    ...{ redis: redis.connection, prefix: redis.prefix(), githubUrl: github.url, permitUrl: permit.url },
  };
  await reconcileInTurn(place);
  permit.requests.length = 0;
  const { id } = addMember(github.world, 'acme', { login: 'newcomer' });
  await queueAt(place).append(entry('newcomer', { id: id as GitHubId }));
  expect((await drainOnce(place)).settled).toBe(1);
  const bulk = permit.requests.filter(({ path }) => path.includes('bulk')).map(({ path }) => path);
  expect(bulk).toEqual([]);
});

test('a one-shot drain tries each entry once, the 10,001st too', async () => {
  const { github, permit } = await driftedPair({ steady: 2 });
  const place = {
    ...{ redis: redis.connection, prefix: redis.prefix(), githubUrl: github.url, permitUrl: permit.url },
  };
  const { id } = addMember(github.world, 'acme', { login: 'newcomer' });
  const queue = queueAt(place);
  const one = entry('newcomer', { id: id as GitHubId });
  for (let left = 10_001; left > 0; left -= 500)
    await Promise.all(Array.from({ length: Math.min(500, left) }, () => queue.append(one)));
  await drainOnce(place);
  expect((await queue.status()).pending).toBe(0);
});
