import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addMember, OWNER_TOKEN, removeMember } from '../../src/demo/github/github.ts';
import { ENVIRONMENT_KEY } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, populate, writes } from '../support/stage.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('a dry run writes what everyone holds, why, and since when', async () => {
  const stage = await openStage();
  const cwd = emptyFolder();
  populate(stage, 4, 2);
  expect((await stage.run(['reconcile', '--audit', 'audit.jsonl'], { cwd })).code).toBe(0);
  const [{ time }] = readFileSync(join(cwd, 'audit.jsonl'), 'utf8')
    .split('\n', 1)
    .map((line) => JSON.parse(line));
  removeMember(stage.github.world, 'acme', 'person-0003');
  addMember(stage.github.world, 'acme', { login: 'joiner' });
  const written = writes(stage.permit);

  const files = ['--review', 'review.html', '--review', 'review.csv'];
  const ran = await stage.run(['reconcile', '-n', '--audit', 'audit.jsonl', ...files], { cwd });
  expect(ran.code).toBe(0);
  expect(writes(stage.permit)).toBe(written);
  const csv = readFileSync(join(cwd, 'review.csv'), 'utf8');
  const rows = csv.split('\r\n').slice(1, -1);
  expect(
    rows.map((row) => row.replaceAll(/\d{4}-\d\d-\d\dT[^,]*/g, 'TIME').replace(/,\d+,/, ',ID,')),
  ).toEqual([
    'owner,ID,owner of acme,yes,owner,admin,default,,held,1,github:acme:role:admin,TIME,,',
    'person-0001,ID,owner of acme,yes,person-0001,admin,default,,held,1,github:acme:role:admin,TIME,,',
    'joiner,ID,member of acme,no,joiner,member,default,,to be assigned,2,github:acme:role:member,,,',
    'person-0002,ID,member of acme,no,person-0002,member,default,,held,2,github:acme:role:member,TIME,,',
    'person-0003,ID,,no,person-0003,member,default,,to be removed,,,TIME,,',
  ]);
  expect(rows[0]).toContain(time.slice(0, 10));

  const html = readFileSync(join(cwd, 'review.html'), 'utf8');
  const [, digest] = /SHA-256 of all lines but this one: <code>(\w+)</.exec(html) ?? [];
  // What `sed '$d'` prints.
  expect(
    sha256(
      html
        .split('\n')
        .slice(0, -2)
        .map((line) => `${line}\n`)
        .join(''),
    ),
  ).toBe(digest);
  expect(ran.stderr).toContain(`review.html, SHA-256 ${digest}`);
  expect(ran.stderr).toContain(`review.csv, SHA-256 ${sha256(csv)}`);
  expect(ran.stderr).not.toContain('nothing is recorded');
  for (const secret of [OWNER_TOKEN, ENVIRONMENT_KEY]) expect(html + csv).not.toContain(secret);
  expect((statSync(join(cwd, 'review.html')).mode & 0o777).toString(8)).toBe('600');
  expect(readdirSync(cwd).toSorted()).toEqual(['audit.jsonl', 'review.csv', 'review.html']);

  await stage.run(['reconcile', '-n', '--out', 'plan.json'], { cwd });
  const { configDigest } = JSON.parse(readFileSync(join(cwd, 'plan.json'), 'utf8'));
  expect(html).toContain(configDigest);
});

test.each<[string, readonly string[], RegExp, ((cwd: string) => void)?]>([
  ['a run that writes', ['--review', 'a.html'], /add --dry-run/],
  ['a run for a few people', ['-n', '--user', 'owner', '--review', 'a.html'], /covers everyone/],
  ['another ending', ['-n', '--review', 'a.pdf'], /neither \.html nor \.csv/],
  ['the same file twice', ['-n', '--review', 'a.html', './a.html'], /is already used by this run/],
  ['the file of the plan', ['-n', '--out', 'a.csv', '--review', 'a.csv'], /is already used by this run/],
  ['the audit file', ['-n', '--audit', 'a.csv', '--review', 'a.csv'], /is already used by this run/],
  ['a folder that does not exist', ['-n', '--review', 'no/a.html'], /no folder/],
  ['a folder', ['-n', '--review', 'a.html'], /a folder/, (cwd) => mkdirSync(join(cwd, 'a.html'))],
  ['a link', ['-n', '--review', 'a.html'], /a link/, (cwd) => symlinkSync('b', join(cwd, 'a.html'))],
])('%s is refused before any request', async (_, flags, why, prepare) => {
  const stage = await openStage();
  const cwd = emptyFolder();
  prepare?.(cwd);
  const ran = await stage.run(['reconcile', ...flags], { cwd });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(why) });
  expect(ran.stderr).toContain('USAGE');
  expect(stage.github.requests.length + stage.permit.requests.length).toBe(0);
});

test('a run that ends before it has a plan leaves the previous review', async () => {
  const stage = await openStage();
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'review.html'), 'before');
  const ran = await stage.run(['reconcile', '-n', '--review', 'review.html'], {
    cwd,
    env: { PERMIT_API_KEY: 'permit_key_wrong' },
  });
  expect(ran.code).toBe(1);
  expect(readFileSync(join(cwd, 'review.html'), 'utf8')).toBe('before');
  expect(existsSync(join(cwd, 'review.csv'))).toBe(false);
});
