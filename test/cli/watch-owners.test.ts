import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { addMember } from '../../src/demo/github/github.ts';
import { BIN } from '../support/program.ts';
import { syncedStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();

test('drain --watch --watch-owners finds a changed role that no webhook reports', async () => {
  const stage = await syncedStage(redis);
  const child = spawn(process.execPath, [BIN, 'drain', '--watch', '--watch-owners', '1s', '--settle', '0'], {
    cwd: stage.cwd,
    env: { PATH: process.env.PATH, ...stage.env, REDIS_URL: redis.url },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const readings = () =>
    stage.github.requests.filter(({ path, query }) => path.endsWith('/members') && query.role === 'admin')
      .length;
  const before = readings();
  await expect.poll(readings, { timeout: 60_000 }).toBeGreaterThan(before);
  addMember(stage.github.world, 'acme', { login: 'person-0003', role: 'admin' });
  const grants = () => stage.held()['person-0003']?.grants;
  await expect.poll(grants, { timeout: 60_000 }).toEqual(['default/admin']);
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'close');
  expect(child.exitCode).toBe(0);
}, 150_000);
