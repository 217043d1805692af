import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptyFolder } from '../support/program.ts';
import { openStage, populate, writes } from '../support/stage.ts';

test('try', async () => {
  const stage = await openStage();
  populate(stage, 4, 2);
  const cwd = emptyFolder();
  await stage.run(['reconcile', '--audit', 'audit.jsonl'], { cwd });
  populate(stage, 6, 2);
  const ran = await stage.run(['reconcile', '--dry-run', '--audit', 'audit.jsonl', '--review', 'review.html', '--review', 'review.csv'], { cwd });
  console.log(ran.stdout, ran.stderr, readFileSync(join(cwd, 'review.csv'), 'utf8'), readFileSync(join(cwd, 'review.html'), 'utf8'), cwd);
});
