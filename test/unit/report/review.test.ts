import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { UserKey } from '../../../src/model/identity.ts';
import type { ReviewRow } from '../../../src/model/views/review.ts';
import { reviewCsv } from '../../../src/report/pages/review/csv.ts';
import { reviewEnd, reviewHtml } from '../../../src/report/pages/review/html.ts';
import type { ReviewReport } from '../../../src/report/pages/review/report.ts';
import { allow, deny, gitHubId, grant, userKey } from '../../support/builders.ts';
import { HOSTILE, INVISIBLE } from './hostile.ts';
import { report } from './reports.ts';

const ROW: ReviewRow = {
  login: 'octocat',
  id: gitHubId(583231),
  onGitHub: ['member of acme'],
  isAdmin: false,
  user: userKey('github|583231'),
  grant: grant('default/member'),
  status: 'held',
  rules: [2],
  facts: ['github:acme:role:member'],
  since: '2026-03-01T08:15:30.000Z',
};

const ROWS: readonly ReviewRow[] = [
  {
    ...ROW,
    ...{ login: 'mona', id: gitHubId(1), onGitHub: ['owner of acme', 'member of labs'], isAdmin: true },
    ...{
      user: userKey('github|1'),
      grant: grant('default/admin'),
      rules: [1],
      facts: ['github:acme:role:admin'],
    },
  },
  {
    ...ROW,
    ...{ login: undefined, id: undefined, onGitHub: [], isAdmin: true, user: userKey('svc-deploy') },
    ...{ grant: grant('default/admin'), status: 'unmanaged', rules: [], facts: [], since: undefined },
  },
  ROW,
  {
    ...ROW,
    grant: grant('production/owner@repository:payments-api'),
    rules: [3, 4],
    facts: ['github:acme:team:payments:maintainer', 'github:acme:team:#4242:maintainer'],
    status: 'to be assigned',
    since: undefined,
  },
  { ...ROW, login: '山田太郎', id: gitHubId(7), onGitHub: [], status: 'to be removed', rules: [], facts: [] },
  {
    ...ROW,
    login: 'guest',
    id: gitHubId(8),
    user: undefined,
    grant: undefined,
    status: 'no grants',
    rules: [],
    facts: [],
    since: undefined,
  },
];

const reviewed = (rows: readonly ReviewRow[], rest: Partial<ReviewReport> = {}): ReviewReport => ({
  review: {
    rows,
    ...{ people: 4, admins: 2, unlistedUsers: 12, withoutCollaborators: ['labs'] },
    otherOwners: new Map([['labs-identity', 3]]),
  },
  run: report([], {
    ...{ dryRun: true, orgs: ['acme', 'labs'], owner: 'acme-identity', config: 'gh-permit-sync.yaml' },
    target: { project: 'demo', environment: 'production', apiUrl: 'https://api.permit.io' },
    warnings: [{ code: 'TEAM_UNREADABLE', message: 'the team platform of acme could not be read' }],
  }),
  rules: [
    allow('github:*:role:admin', 'admin'),
    allow('github:*:role:member', 'member', { unless: ['github:acme:team:contractors:*'] }),
    allow(['github:acme:team:payments:maintainer', 'github:acme:team:#4242:*'], 'owner', {
      tenant: 'production',
      resource: 'repository:payments-api',
    }),
    { ...deny('github:*:user:*-bot', '*', { tenant: '*' }), until: '2027-03-31' },
  ],
  time: '2026-11-27T16:02:03.456Z',
  version: '1.2.3',
  configDigest: 'sha256:0123',
  audit: { name: 'audit.jsonl', exists: true, unreadable: 1 },
  runUrl: 'https://github.com/acme/identity/actions/runs/1',
  concealed: (text) => text.replaceAll('s3cret', '***'),
  ...rest,
});

const htmlOf = (made: ReviewReport): string => [...reviewHtml(made)].join('');
const csvOf = (made: ReviewReport): string => [...reviewCsv(made)].join('');

test('the page', async () => {
  const html = htmlOf(reviewed(ROWS));
  const digest = createHash('sha256').update(html).digest('hex');
  await expect(html + reviewEnd(digest)).toMatchFileSnapshot('golden/review/page.html');
});

test('the page of a complete review, without an audit file', () => {
  const complete = reviewed([ROW], { audit: undefined, run: report([]) });
  const html = htmlOf({
    ...complete,
    review: { ...complete.review, otherOwners: new Map(), unlistedUsers: 0, withoutCollaborators: [] },
  });
  expect(html).toContain('Nothing: GitHub and Permit were read completely');
  expect(html).toContain('none was given');
});

test('the page loads and runs nothing, and allows no style but its own', () => {
  const html = htmlOf(reviewed(ROWS));
  const [, style = ''] = /<style>(.*)<\/style>/s.exec(html) ?? [];
  const hash = createHash('sha256').update(style).digest('base64');
  expect(html).toContain(`default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;;`);
  expect(html.replace(style, '')).not.toMatch(
    /<script|<link|<img|<iframe|\ssrc=|\shref=|\sstyle=|\son\w+=|url\(|@import/i,
  );
});

/** A row and a report in which every text from outside is `text`. */
const hostile = (text: string): ReviewReport => {
  const row: ReviewRow = {
    ...ROW,
    login: text,
    onGitHub: [text],
    user: text as UserKey,
    grant: { tenant: text, role: text, resource: text },
    facts: [text],
  };
  const { run } = reviewed([]);
  return reviewed([row], {
    rules: [allow(text, text, { tenant: text, resource: text, also: [text], unless: [text] })],
    run: {
      ...run,
      orgs: [text],
      owner: text,
      config: text,
      warnings: [{ code: 'KEY_TAKEN', message: text }],
    },
    audit: { name: text, exists: true, unreadable: 0 },
    runUrl: text,
  });
};

const tagsIn = (html: string): readonly string[] => html.match(/<[^>]*>/g) ?? [];

test.each(HOSTILE.map((text) => [JSON.stringify(text), text]))('%s does nothing on the page', (_, text) => {
  const html = htmlOf(hostile(text));
  // Whatever the text is, the markup is that of a harmless one.
  expect(tagsIn(html)).toEqual(tagsIn(htmlOf(hostile('harmless'))));
  expect(html).not.toMatch(INVISIBLE);
  expect(html.split('\n').length).toBe(htmlOf(hostile('harmless')).split('\n').length);
});

test('an attribute cannot be closed, and secrets are concealed before they are escaped', () => {
  const html = htmlOf(hostile(`"' onload=x s3cret&s3\u200bcret`));
  expect(html).not.toContain('s3cret');
  expect(html).toContain('&quot;&#39; onload=x ***&amp;***');
});

/** RFC 4180, as a spreadsheet reads it. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    lines.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\r\n') lines.push([]);
    if (end === '') break;
  }
  return lines.filter((cells) => cells.length > 1);
}

test('the CSV has the same rows', async () => {
  await expect(csvOf(reviewed(ROWS))).toMatchFileSnapshot('golden/review/rows.csv');
  const [, ...rows] = parseCsv(csvOf(reviewed(ROWS)));
  expect(rows.map(([login, , , admin]) => [login, admin])).toEqual(
    ROWS.map(({ login = '', isAdmin }) => [login, isAdmin ? 'yes' : 'no']),
  );
});

test.each([
  ['a,b', 'a,b'],
  ['say "hi"', 'say "hi"'],
  ['line\r\nbreak', 'line break'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "' =1"],
  ['\r=1', "' =1"],
  ['＝1', "'＝1"],
  ['="x",1', `'="x",1`],
  ['a=1', 'a=1'],
  ['s3cret', '***'],
  ['\u202eabc', 'abc'],
])('the cell %j arrives as %j', (text, cell) => {
  const [, row] = parseCsv(csvOf(hostile(text)));
  const [login, , github, , user, role, tenant, resource, , , facts] = row ?? [];
  expect([login, github, user, role, tenant, resource, facts]).toEqual(Array(7).fill(cell));
  expect(row).toHaveLength(14);
});
