import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { differences, driftedPair, writesOf } from '../support/adapters.ts';
import { queueAt, reconcileInTurn } from '../support/drain-stage.ts';
import { emptyFolder } from '../support/program.ts';
import { useRedis } from '../support/redis.ts';
import { tellAboutAll } from './drain-programs.ts';

const redis = useRedis();
const LAPSE_MS = 1_500;
let child = '';
beforeAll(async () => {
  child = join(emptyFolder(), 'drain-child.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./drain-child.ts', import.meta.url))],
    outfile: child,
    bundle: true,
    format: 'esm',
    platform: 'node',
    define: { __VERSION__: '"0.0.0-test"' },
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    logLevel: 'error',
  });
});

test('a drain that was paused for longer than its lock lasts writes nothing more', {
  timeout: 60_000,
}, async () => {
  const pair = await driftedPair({ steady: 2 });
  const { github, permit } = pair;
  const place = {
    ...{ redis: redis.connection, prefix: redis.prefix(), lapseMs: LAPSE_MS },
    ...{ githubUrl: github.url, permitUrl: permit.url },
  };
  await tellAboutAll(queueAt(place), pair);
  const env = { REDIS_URL: redis.url, PREFIX: place.prefix, LAPSE_MS: String(LAPSE_MS) };
  const paused = spawn(process.execPath, [child], {
    env: { ...process.env, ...env, GITHUB: github.url, PERMIT: permit.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void paused.kill('SIGKILL'));
  let said = '';
  paused.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise<void>((resolve) => {
    permit.onRequest = ({ method }) => {
      if (method === 'GET') return;
      permit.onRequest = undefined;
      paused.kill('SIGSTOP');
      resolve();
    };
  });

  // The write under way was worked off; another run takes its turn, and finishes the work.
  const { results } = await reconcileInTurn(place, true);
  expect(results.length).toBeGreaterThan(0);
  expect(differences(pair)).toEqual([]);
  expect((await queueAt(place).status()).pending).toBe(0);
  const before = writesOf(permit.requests).length;

  paused.kill('SIGCONT');
  await once(paused, 'close');
  expect(writesOf(permit.requests)).toHaveLength(before);
  expect(differences(pair)).toEqual([]);
  expect(JSON.parse(said)).toMatchObject({ outcomes: expect.arrayContaining(['applied', 'skipped']) });
  expect(await queueAt(place).status()).toMatchObject({ pending: 0, dead: 0 });
});
