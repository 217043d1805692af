import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Change } from '../../../src/model/change.ts';
import { auditLine } from '../../../src/report/audit.ts';
import { readAudit } from '../../../src/sync/audit/audit-history.ts';
import { gitHubId, grant, marked, userKey } from '../../support/builders.ts';

const folder = mkdtempSync(join(tmpdir(), 'audit-history-'));
const place = (name: string) => ({ flag: '--audit', path: join(folder, name), name });

function read(text: string) {
  writeFileSync(place('audit.jsonl').path, text);
  const history = readAudit(place('audit.jsonl'));
  if (history === undefined) throw new Error('the file is there');
  return history;
}

type Step = readonly [
  day: number,
  id: number,
  change: object & { readonly kind: Change['kind']; readonly user: string },
];

/** The lines that runs write, one change each. */
const linesOf = (steps: readonly Step[]): string =>
  steps
    .map(([day, id, change]) =>
      auditLine(
        { reason: 'because', ...change, user: userKey(change.user) } as Change,
        { id: gitHubId(id), login: 'ann', user: userKey(change.user), movement: 'changed', changes: [] },
        { time: `2026-01-0${day}T00:00:00.000Z`, fingerprint: 'sha256:0' },
      ),
    )
    .join('');

const MEMBER = grant('default/member');
const OWNS_API = grant('production/owner@repository:api');
const assign = (user: string, what = MEMBER) => ({ kind: 'assignRole', user, grant: what }) as const;
const unassign = (user: string) => ({ kind: 'unassignRole', user, grant: MEMBER }) as const;
const create = (user: string, from?: string) =>
  ({
    kind: 'createUser',
    user,
    mark: { ...marked(1, user), ...(from === undefined ? {} : { managed_move: { from, email: null } }) },
  }) as const;
const remove = (user: string) => ({ kind: 'deleteUser', user, last: marked(1, user) }) as const;

test.each<[string, readonly Step[], number | undefined]>([
  [
    'assigned',
    [
      [1, 1, create('ann')],
      [1, 1, assign('ann')],
    ],
    1,
  ],
  ['another grant alone', [[1, 1, assign('ann', OWNS_API)]], undefined],
  [
    'taken',
    [
      [1, 1, assign('ann')],
      [2, 1, unassign('ann')],
    ],
    undefined,
  ],
  [
    'taken and given again',
    [
      [1, 1, assign('ann')],
      [2, 1, unassign('ann')],
      [3, 1, assign('ann')],
    ],
    3,
  ],
  [
    'given again after someone else took it',
    [
      [1, 1, assign('ann')],
      [3, 1, assign('ann')],
    ],
    3,
  ],
  [
    'deleted',
    [
      [1, 1, assign('ann')],
      [2, 1, remove('ann')],
    ],
    undefined,
  ],
  [
    'deleted and back',
    [
      [1, 1, assign('ann')],
      [2, 1, remove('ann')],
      [3, 1, create('ann')],
      [4, 1, assign('ann')],
    ],
    4,
  ],
  [
    'deleted by someone else and back',
    [
      [1, 1, assign('ann')],
      [3, 1, create('ann')],
    ],
    undefined,
  ],
  [
    'moved from another key',
    [
      [1, 1, assign('old')],
      [2, 1, create('ann', 'old')],
      [2, 1, assign('ann')],
      [2, 1, remove('old')],
    ],
    1,
  ],
  [
    'moved through a temporary key',
    [
      [1, 1, assign('old')],
      [2, 1, create('tmp', 'old')],
      [2, 1, assign('tmp')],
      [2, 1, remove('old')],
      [3, 1, create('ann', 'tmp')],
      [3, 1, assign('ann')],
      [3, 1, remove('tmp')],
    ],
    1,
  ],
  ['of another person under this key', [[1, 2, assign('ann')]], undefined],
  [
    'moved from the key of another person',
    [
      [1, 2, assign('old')],
      [2, 1, create('ann', 'old')],
      [2, 1, assign('ann')],
    ],
    2,
  ],
])('a grant %s', (_, steps, day) => {
  const since = read(linesOf(steps)).sinceOf(userKey('ann'), gitHubId(1), MEMBER);
  expect(since).toBe(day && `2026-01-0${day}T00:00:00.000Z`);
});

test('a grant on a resource instance', () => {
  const { sinceOf } = read(linesOf([[1, 1, assign('ann', OWNS_API)]]));
  expect(sinceOf(userKey('ann'), gitHubId(1), OWNS_API)).toBe('2026-01-01T00:00:00.000Z');
});

test("lines that no run writes are counted, and don't affect the others", () => {
  const [good = ''] = linesOf([[1, 1, assign('ann')]]).split('\n');
  const bad = [
    '{"half":',
    'null',
    '[]',
    good.replace('2026-01-01', 'soon'),
    good.replace('assignRole', 'other'),
  ];
  const long = `"${'x'.repeat(3_000_000)}"`;
  const { unreadable, sinceOf } = read(
    `${[...bad, good.replace('"after"', '"then"'), long, good, ''].join('\n')}\n`,
  );
  expect(unreadable).toBe(7);
  expect(sinceOf(userKey('ann'), gitHubId(1), MEMBER)).toBe('2026-01-01T00:00:00.000Z');
});

test('a missing file means no history, and a folder is an error', () => {
  expect(readAudit(place('none.jsonl'))).toBeUndefined();
  expect(() => readAudit({ ...place(''), name: 'logs' })).toThrow('--audit: logs is not a file');
});
