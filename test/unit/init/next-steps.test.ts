import { expect, test } from 'vitest';
import { describeWritten, type WrittenFiles } from '../../../src/init/next-steps.ts';
import type { Install } from '../../../src/init/workflow-file.ts';
import { hang } from '../../../src/report/columns.ts';
import { callsIn, unknownIn } from '../../support/documents.ts';

const described = (
  width: number | undefined,
  install: Install | undefined,
  pack?: WrittenFiles['pack'],
): string =>
  describeWritten(
    {
      config: 'gh-permit-sync.yaml',
      workflow: install && { path: '.github/workflows/gh-permit-sync.yml', install },
      orgs: ['acme', 'acme-labs'],
      command: 'gh-permit-sync',
      flag: '',
      pack,
      folder: undefined,
    },
    { strong: (text) => text, hang: (prefix, text) => hang(prefix, text, width) },
  );

test.each<Install | undefined>([undefined, { kind: 'npm' }, { kind: 'clone' }])(
  'the steps fit the terminal, and every command exists (install: %j)',
  async (install) => {
    const narrow = described(80, install);
    expect(narrow.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(narrow.split(/\s+/)).toEqual(described(undefined, install).split(/\s+/));
    const calls = callsIn(narrow.replaceAll('"', ''));
    expect(calls.map(([command]) => command)).toEqual(
      expect.arrayContaining(['doctor', 'policy', 'reconcile']),
    );
    for (const call of calls) expect(await unknownIn(call)).toEqual([]);
  },
);

test('with a workflow, the steps lead to runs that write', () => {
  const steps = described(undefined, { kind: 'npm' });
  for (const step of [
    'gh secret set',
    'git push',
    'gh workflow run',
    'gh variable set GH_PERMIT_SYNC_APPLY',
  ]) {
    expect(steps).toContain(step);
  }
  const numbers = [...steps.matchAll(/^ {2}(\d)\. /gm)].map(([, number]) => Number(number));
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('a tarball is packed and committed', () => {
  const install = { kind: 'tarball', file: 'gh-permit-sync-0.1.0.tgz' } as const;
  const steps = described(undefined, install, { clone: './../clone', into: '.' });
  expect(steps).toContain('npm pack ./../clone --pack-destination .\n');
  expect(steps).toMatch(/git add .* gh-permit-sync-0\.1\.0\.tgz\n/);
});

test('without a workflow, the last step applies the plan', () => {
  expect(described(undefined, undefined)).toMatch(/\n +gh-permit-sync reconcile\n$/);
});
