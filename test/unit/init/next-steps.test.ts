import { expect, test } from 'vitest';
import { describeWritten } from '../../../src/init/next-steps.ts';
import { hang } from '../../../src/report/columns.ts';

const described = (width: number | undefined, workflow: string | undefined): string =>
  describeWritten(
    { config: 'gh-permit-sync.yaml', workflow, orgs: ['acme', 'acme-labs'], found: true },
    { strong: (text) => text, hang: (prefix, text) => hang(prefix, text, width) },
  );

test.each([undefined, '.github/workflows/gh-permit-sync.yml'])(
  'no line is longer than the terminal, and none is broken inside of a word (workflow: %s)',
  (workflow) => {
    const narrow = described(80, workflow);
    expect(narrow.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(narrow.split(/\s+/)).toEqual(described(undefined, workflow).split(/\s+/));
    for (const command of ['doctor', 'policy', 'reconcile --dry-run']) {
      expect(narrow).toMatch(new RegExp(`^ +npx gh-permit-sync ${command}$`, 'm'));
    }
  },
);
