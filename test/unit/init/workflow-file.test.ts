import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Install, renderWorkflowFile } from '../../../src/init/workflow-file.ts';
import { callsIn, unknownIn } from '../../support/documents.ts';
import { emptyFolder } from '../../support/program.ts';

const expression = (of: string): string => `$\{{ ${of} }}`;

type Step = { uses?: string; run?: string; with?: Record<string, unknown>; env?: Record<string, string> };
const workflowOf = (orgs: readonly string[] = ['acme'], install: Install = { kind: 'npm' }) =>
  parse(renderWorkflowFile(orgs, install, '0.1.0'));
const stepsOf = (orgs?: readonly string[], install?: Install): readonly Step[] =>
  workflowOf(orgs, install).jobs.reconcile.steps;
const reconcileStep = (orgs?: readonly string[]): Step | undefined => stepsOf(orgs).at(-1);

test('runs every hour but not on the hour, by hand dry by default, and never two writing runs at a time', () => {
  const workflow = workflowOf();
  expect(workflow.on.schedule).toEqual([{ cron: expect.stringMatching(/^[1-5]\d \* \* \* \*$/) }]);
  expect(workflow.on.workflow_dispatch.inputs['dry-run']).toMatchObject({ type: 'boolean', default: true });
  expect(workflow.concurrency.group).toContain("|| 'write'");
  expect(workflow.concurrency['cancel-in-progress']).toBe(expression("github.event_name == 'pull_request'"));
  expect(workflow.jobs.reconcile['timeout-minutes']).toBeGreaterThan(30);
});

test('only the job that reports may write, and only issues', () => {
  const { permissions, jobs } = workflowOf();
  expect(permissions).toEqual({});
  expect(jobs.reconcile.permissions).toEqual({ contents: 'read' });
  expect(jobs.report.permissions).toEqual({ issues: 'write' });
});

test('plans on pull requests that change the config, but not on those without secrets', () => {
  const { on, jobs } = workflowOf();
  expect(on.pull_request.paths).toContain('gh-permit-sync.yaml');
  // With this trigger, code of a fork would run with secrets.
  expect(on.pull_request_target).toBeUndefined();
  expect(jobs.reconcile.if).toContain('head.repo.full_name == github.repository');
});

test('one organization: a token that reads its members and nothing else', () => {
  const app = stepsOf().find(({ uses }) => uses?.startsWith('actions/create-github-app-token@'));
  expect(app?.with).toEqual({
    'client-id': expression('vars.SYNC_APP_ID'),
    'private-key': expression('secrets.SYNC_APP_PRIVATE_KEY'),
    owner: 'acme',
    'permission-members': 'read',
  });
  expect(reconcileStep()?.env).toMatchObject({
    GH_TOKEN: expression('steps.app.outputs.token'),
    PERMIT_API_KEY: expression('secrets.PERMIT_API_KEY'),
  });
});

test('several organizations: the program makes a token for each', () => {
  const steps = stepsOf(['acme', 'acme-labs']);
  expect(steps.some(({ uses }) => uses?.includes('app-token'))).toBe(false);
  expect(steps.at(-1)?.env).toMatchObject({
    GITHUB_APP_ID: expression('vars.SYNC_APP_ID'),
    GITHUB_APP_PRIVATE_KEY: expression('secrets.SYNC_APP_PRIVATE_KEY'),
  });
});

test('an organization whose name is a number stays a text', () => {
  expect(stepsOf(['123']).find(({ with: inputs }) => inputs?.owner !== undefined)?.with?.owner).toBe('123');
});

test('actions are pinned by commit, and no expression is put into a shell', () => {
  const { jobs } = workflowOf();
  const steps: readonly Step[] = [...jobs.reconcile.steps, ...jobs.report.steps];
  for (const { run = '', uses } of steps) {
    expect(run).not.toMatch(/\$\{\{/);
    if (uses !== undefined) expect(uses).toMatch(/@[0-9a-f]{40}$/);
  }
});

test.each<[Install, RegExp]>([
  [{ kind: 'npm' }, /^npm install .*gh-permit-sync@0\.1\.0$/],
  [{ kind: 'clone' }, /^npm ci .* && npm run build && npm install .* \.$/],
  [{ kind: 'tarball', file: 'tools/x.tgz' }, /^npm install .*\.\/tools\/x\.tgz$/],
])('installs from %j', (install, command) => {
  const step = stepsOf(['acme'], install).find(({ run }) => run?.startsWith('npm '));
  expect(step?.run).toMatch(command);
  // Nothing but the program itself runs with the secrets.
  expect(step?.env).toBeUndefined();
});

test('every command of the program exists, with its flags', async () => {
  const text = renderWorkflowFile(['acme'], { kind: 'npm' }, '0.1.0');
  const calls = callsIn(text.replaceAll(/^ *#.*/gm, ''));
  expect(calls).toEqual([['reconcile'], ['reconcile', '--dry-run']]);
  for (const call of calls) expect(await unknownIn(call)).toEqual([]);
});

describe('scripts', () => {
  /** Runs a step with `program` in place of the real one; it prints its arguments. */
  function runStep(step: Step | undefined, program: string, env: Record<string, string>, script = '') {
    const folder = emptyFolder();
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', program), `#!/bin/sh\necho "$@" >> "$CALLS"\n${script}\n`, {
      mode: 0o755,
    });
    const calls = join(folder, 'calls');
    writeFileSync(calls, '');
    // As the runner starts it where no shell is named.
    const { status, stderr } = spawnSync(
      'bash',
      ['--noprofile', '--norc', '-e', '-c', step?.run ?? 'exit 9'],
      {
        encoding: 'utf8',
        env: { PATH: `${folder}/bin:${process.env.PATH}`, CALLS: calls, ...env },
      },
    );
    return { status, stderr, calls: readFileSync(calls, 'utf8') };
  }

  test.each([
    ['true', 'reconcile\n'],
    ['false', 'reconcile --dry-run\n'],
    ['', 'reconcile --dry-run\n'],
  ])('APPLY=%s runs %j', (apply, calls) => {
    expect(runStep(reconcileStep(), 'gh-permit-sync', { APPLY: apply })).toMatchObject({ status: 0, calls });
  });

  test('the exit code of the program is that of the step', () => {
    expect(runStep(reconcileStep(), 'gh-permit-sync', { APPLY: 'true' }, 'exit 3').status).toBe(3);
  });

  test('scheduled runs write only if the variable says so', () => {
    expect(reconcileStep()?.env?.APPLY).toMatch(
      /'schedule' && vars\.GH_PERMIT_SYNC_APPLY == 'true'\) \|\|\s+\(github\.event_name == 'workflow_dispatch'/,
    );
  });

  const report = (): Step => workflowOf().jobs.report.steps[0];
  const reporting = (result: string, status: string, open: string, list = 'exit 0') =>
    runStep(
      report(),
      'gh',
      { RESULT: result, STATUS: status, TITLE: 'title', RUN_URL: 'https://run', GH_REPO: 'acme/sync' },
      `case "$1" in api) printf '%s' '${open}'; ${list} ;; esac`,
    );

  test.each([
    ['failure', 'refused', '', /^api .*\nissue create --title title --body A limit refused the plan/],
    ['failure', 'partial', '7', /^api .*\nissue edit 7 --body The run was partly done/],
    ['failure', '', '', /^api .*\nissue create --title title --body The run failed/],
    [
      'success',
      'applied',
      '7',
      /^api .*\nissue close 7 --comment The latest run succeeded: https:\/\/run\n$/,
    ],
    ['success', 'in-sync', '', /^api [^\n]*\n$/],
  ])('%s, %s, open issue "%s"', (result, status, open, calls) => {
    const done = reporting(result, status, open);
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(done.calls).toMatch(calls);
    expect(done.calls.match(/issue (?:create|edit)/g)?.length ?? 0).toBe(result === 'success' ? 0 : 1);
  });

  test('opens no second issue if GitHub did not say whether one is open', () => {
    const done = reporting('failure', 'refused', '', 'exit 1');
    expect(done.status).not.toBe(0);
    expect(done.calls).not.toMatch(/^issue /m);
  });

  test('every script is valid for bash', () => {
    const { jobs } = workflowOf();
    const steps: readonly Step[] = [...jobs.reconcile.steps, ...jobs.report.steps];
    for (const { run } of steps) if (run !== undefined) execFileSync('bash', ['-n', '-c', run]);
  });
});
