import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptyFolder } from '../support/program.ts';
import { openStage } from '../support/stage.ts';

test('--audit with a dry run says that nothing is recorded', async () => {
  const stage = await openStage();
  const { stderr } = await stage.run(['reconcile', '--dry-run', '--audit', 'a.jsonl']);
  expect(stderr).toMatch(/^note: --audit has no effect: .*records nothing$/m);
});

test('an override that can not raise its limit says so', async () => {
  const stage = await openStage();
  const { code, stderr } = await stage.run(['reconcile', '--allow-removals', '0']);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^note: --allow-removals 0 has no effect: it only raises a limit/m);
});

test('the command that creates a missing tenant names it, and does create it', async () => {
  const stage = await openStage();
  const flags = ['--org', 'acme', '--tenant', 'org-{org}'];
  const missed = await stage.run(['reconcile', ...flags]);
  expect(missed.stderr).toMatch(/\(PERMIT_MISSING_TENANT\)/);
  expect(missed.stderr).toContain(`gh-permit-sync policy --org acme --tenant 'org-{org}'`);
  expect((await stage.run(['policy', ...flags])).code).toBe(0);
  expect((await stage.run(['reconcile', ...flags])).code).toBe(0);
});

test('an unreadable team is reported with a fix', async () => {
  const stage = await openStage();
  const cwd = emptyFolder();
  const grants = `  - { subject: "github:*:role:*", roles: [member] }\n  - { subject: "github:acme:team:gone:*", roles: [admin] }\n`;
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), `grants:\n${grants}`);
  const { code, stdout } = await stage.run(['reconcile', '--dry-run'], { cwd });
  expect(code).toBe(4);
  expect(stdout).toMatch(/TEAM_UNREADABLE +there is no team gone in acme.*renamed or deleted.*read:org/);
});
