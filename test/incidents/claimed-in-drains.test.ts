// A login is freed and claimed; the webhook that arrives is about its former holder alone.
import { expect, test } from 'vitest';
import { renameUser } from '../../src/demo/github/github.ts';
import { addPermitUser } from '../../src/demo/permit/permit.ts';
import { drain, idOf, syncedStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();

test('a drain about the former holder alone finds who claims the login, and leaves the claimant nothing', async () => {
  const stage = await syncedStage(redis, 450);
  const { world } = stage.github;
  const holder = idOf(stage, 'person-0001');
  expect(stage.held()['person-0001']?.grants).toEqual(['default/admin']);
  addPermitUser(stage.permit.world, { key: 'service', grants: [] });
  renameUser(world, 'person-0001', 'service');
  renameUser(world, 'person-0007', 'person-0001');
  await stage.hear('service', holder, { action: 'renamed' });
  const { code, json } = await drain(stage, '--allow-floor', 'default/admin=1');
  expect(json.warnings.map((warning) => warning.code)).toContain('KEY_CLAIMED');
  expect(code).toBe(4);
  expect(stage.held()['person-0001']?.grants).toEqual([]);
});
