import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderWorkflowFile } from '../../../src/init/workflow-file.ts';

const expression = (of: string): string => `$\{{ ${of} }}`;

type Step = { uses?: string; run?: string; with?: Record<string, unknown>; env?: Record<string, string> };
const stepsOf = (orgs: readonly string[], version = '0.1.0'): readonly Step[] =>
  parse(renderWorkflowFile(orgs, version)).jobs.reconcile.steps;

test('runs every hour off the full one, by hand dry unless told otherwise, and never two at a time', () => {
  const workflow = parse(renderWorkflowFile(['acme'], '0.1.0'));
  expect(workflow.on.schedule).toEqual([{ cron: expect.stringMatching(/^[1-5]\d \* \* \* \*$/) }]);
  expect(workflow.on.workflow_dispatch.inputs['dry-run']).toMatchObject({ type: 'boolean', default: true });
  expect(workflow.concurrency).toEqual({ group: 'gh-permit-sync', 'cancel-in-progress': false });
  expect(workflow.permissions).toEqual({});
  expect(workflow.jobs.reconcile.permissions).toEqual({ contents: 'read' });
  expect(workflow.jobs.reconcile['timeout-minutes']).toBeGreaterThan(30);
  // A job that is skipped where a secret is missing would report success for ever.
  expect(workflow.jobs.reconcile.if).toBeUndefined();
});

test('one organization: a token that reads its members and nothing else', () => {
  const steps = stepsOf(['acme']);
  const app = steps.find(({ uses }) => uses?.startsWith('actions/create-github-app-token@'));
  expect(app?.with).toEqual({
    'app-id': expression('vars.SYNC_APP_ID'),
    'private-key': expression('secrets.SYNC_APP_PRIVATE_KEY'),
    owner: 'acme',
    'permission-members': 'read',
  });
  expect(steps.at(-1)).toMatchObject({
    env: {
      GH_TOKEN: expression('steps.app.outputs.token'),
      PERMIT_API_KEY: expression('secrets.PERMIT_API_KEY'),
    },
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

test('no expression is put into a shell', () => {
  for (const { run = '' } of stepsOf(['acme'])) expect(run).not.toMatch(/\$\{\{/);
});

test.each([
  ['0.1.0', '^0.1.0'],
  ['1.4.2', '1'],
  ['12.0.0', '12'],
])('%s runs as gh-permit-sync@%s', (version, range) => {
  expect(stepsOf(['acme'], version).at(-1)?.run).toBe(
    `npx --yes "gh-permit-sync@${range}" reconcile \${DRY_RUN:+--dry-run}`,
  );
});

test('the outputs of the run can be read by later steps', () => {
  expect(stepsOf(['acme']).at(-1)).toMatchObject({ id: 'sync' });
});

test('the workflow of this repository is the one that init writes, but for whose organization it is', () => {
  const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  const { name: _, ...ours } = parse(read('.github/workflows/sync.yml'));
  const { name: __, ...theirs } = parse(renderWorkflowFile(['acme'], version));
  const owner = expression('github.repository_owner');
  const [app, sync] = theirs.jobs.reconcile.steps.slice(-2);
  app.with.owner = owner;
  sync.env = { ORG: owner, ...sync.env };
  sync.run = sync.run.replace('reconcile', 'reconcile --org "$ORG"');
  theirs.jobs.reconcile.if = "vars.SYNC_APP_ID != ''";
  expect(ours).toEqual(theirs);
});

test('an organization whose name is a number stays a text', () => {
  expect(stepsOf(['123']).find(({ with: inputs }) => inputs?.owner !== undefined)?.with?.owner).toBe('123');
});
