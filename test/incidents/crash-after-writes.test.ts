import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptyFolder } from '../support/program.ts';
import { openStage, populate, writes } from '../support/stage.ts';

/** A bug of ours, right after the first request of these methods was answered. */
function crashAfter(methods: readonly string[]): Readonly<Record<string, string>> {
  const file = join(emptyFolder(), 'crash.cjs');
  writeFileSync(
    file,
    `require('node:diagnostics_channel').subscribe('http.client.response.finish', ({ request }) => {
      if (${JSON.stringify(methods)}.includes(request.method)) setImmediate(() => { throw new Error('a bug'); });
    });`,
  );
  return { NODE_OPTIONS: `--require=${file}` };
}

test.each(['reconcile', 'policy'])('%s crashed after its first write, and exited 1', async (command) => {
  const stage = await openStage();
  populate(stage, 3, 1);
  const { code, stdout, stderr } = await stage.spawn([command, '--output', 'json'], {
    env: crashAfter(['POST', 'PUT', 'PATCH', 'DELETE']),
  });
  expect(writes(stage.permit)).toBeGreaterThan(0);
  expect(code).toBe(4);
  expect(stderr).toContain('(INTERNAL)');
  expect(stderr).toContain('some changes may have been written');
  expect(JSON.parse(stdout)).toMatchObject({ command, error: { code: 'INTERNAL' } });
});

test('a crash before the first write exits 1', async () => {
  const stage = await openStage();
  populate(stage, 3, 1);
  const { code } = await stage.spawn(['reconcile'], { env: crashAfter(['GET']) });
  expect([code, writes(stage.permit)]).toEqual([1, 0]);
});
