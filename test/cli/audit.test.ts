import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { addMember, OWNER_TOKEN, removeMember } from '../../src/demo/github/github.ts';
import { ENVIRONMENT_KEY } from '../../src/demo/permit/permit.ts';
import { emptyFolder, type Ran } from '../support/program.ts';
import { openStage, populate, writes } from '../support/stage.ts';

const AUDIT = ['--audit', 'audit.jsonl'];
type Line = Record<string, unknown> & { user: string; change: string; event: string };

async function openFolder(...switches: Parameters<typeof openStage>) {
  const stage = await openStage(...switches);
  const cwd = emptyFolder();
  const path = join(cwd, 'audit.jsonl');
  return {
    ...stage,
    cwd,
    path,
    lines: (): readonly Line[] =>
      readFileSync(path, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    go: (args: readonly string[]) => stage.run(args, { cwd }),
  };
}

const told = (lines: readonly Line[]) => lines.map(({ event, change, user }) => `${event} ${change} ${user}`);

describe('--audit', () => {
  test('a line for each applied change: before and after, the plan, and the time', async () => {
    const stage = await openFolder();
    populate(stage, 4, 2);
    const began = Date.now();
    expect((await stage.go(['reconcile', '--out', 'plan.json', ...AUDIT])).code).toBe(0);
    const { fingerprint } = JSON.parse(readFileSync(join(stage.cwd, 'plan.json'), 'utf8'));
    const lines = stage.lines();
    expect(told(lines).filter((line) => line.endsWith('person-0002'))).toEqual([
      'member.added createUser person-0002',
      'member.added assignRole person-0002',
    ]);
    expect(lines).toHaveLength(8);
    for (const line of lines) {
      expect(line.fingerprint).toBe(fingerprint);
      expect(Date.parse(String(line.time))).toBeGreaterThanOrEqual(began);
      expect(line).toMatchObject({
        before: null,
        login: line.user,
        reason: expect.stringMatching(/^github:acme:role:/),
      });
    }
    expect((statSync(stage.path).mode & 0o777).toString(8)).toBe('600');

    removeMember(stage.github.world, 'acme', 'person-0003');
    addMember(stage.github.world, 'acme', { login: 'person-0002', role: 'admin' });
    expect((await stage.go(['reconcile', ...AUDIT])).code).toBe(0);
    const more = stage.lines().slice(lines.length);
    expect(told(more)).toEqual([
      'member.removed deleteUser person-0003',
      'member.changed assignRole person-0002',
      'member.changed unassignRole person-0002',
    ]);
    expect(more[0]).toMatchObject({ before: { github_login: 'person-0003' }, after: null });
    expect(more[1]).toMatchObject({ before: null, after: { role: 'admin', tenant: 'default' } });
    expect(more[2]).toMatchObject({ before: { role: 'member', tenant: 'default' }, after: null });
    const record = readFileSync(stage.path, 'utf8');
    for (const secret of [OWNER_TOKEN, ENVIRONMENT_KEY]) expect(record).not.toContain(secret);
  });

  test('apply keeps it too, under the fingerprint of the plan', async () => {
    const stage = await openFolder();
    populate(stage, 3, 1);
    await stage.go(['reconcile', '--dry-run', '--out', 'plan.json']);
    expect((await stage.go(['apply', 'plan.json', ...AUDIT])).code).toBe(0);
    const { fingerprint } = JSON.parse(readFileSync(join(stage.cwd, 'plan.json'), 'utf8'));
    expect(stage.lines()).toHaveLength(6);
    expect(new Set(stage.lines().map((line) => line.fingerprint))).toEqual(new Set([fingerprint]));
  });

  test('a dry run, a refused run and a stale plan record nothing', async () => {
    const stage = await openFolder();
    populate(stage, 9, 1);
    await stage.go(['reconcile', '--dry-run', '--out', 'plan.json', ...AUDIT]);
    expect(existsSync(stage.path)).toBe(false);
    await stage.go(['reconcile']);
    expect((await stage.go(['apply', 'plan.json', ...AUDIT])).code).toBe(1);
    for (let i = 1; i < 9; i++) removeMember(stage.github.world, 'acme', `person-000${i}`);
    expect((await stage.go(['reconcile', ...AUDIT])).code).toBe(3);
    expect(readFileSync(stage.path, 'utf8')).toBe('');
  });

  test('only applied changes are recorded', async () => {
    const stage = await openFolder();
    populate(stage, 4, 1);
    stage.permit.faults.push({
      match: ({ method, body }) => method === 'POST' && JSON.stringify(body).includes('person-0002'),
      do: { kind: 'answer', status: 422, body: { detail: [{ loc: ['body'], msg: 'no', type: 'x' }] } },
    });
    const ran = await stage.go(['reconcile', '--output', 'json', ...AUDIT]);
    expect(ran.code).toBe(4);
    const applied = JSON.parse(ran.stdout).changes.filter(
      (change: { outcome: string }) => change.outcome === 'applied',
    );
    expect(applied).toHaveLength(6);
    const short = (user: string, change: string) => `${user} ${change}`;
    expect(
      stage
        .lines()
        .map(({ user, change }) => short(user, change))
        .toSorted(),
    ).toEqual(
      applied.map(({ user, kind }: Record<string, string>) => short(user ?? '', kind ?? '')).toSorted(),
    );
  });

  test.each<[string, string, (cwd: string) => void]>([
    ['in a missing folder', 'nowhere/audit.jsonl', () => undefined],
    ['a folder', 'folder', (cwd) => mkdirSync(join(cwd, 'folder'))],
    ['a link', 'link', (cwd) => symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'link'))],
    ['a device', '/dev/null', () => undefined],
    ['the plan', 'plan.json', () => undefined],
  ])('a file that is %s is an error before anything is written', async (_, file, prepare) => {
    const stage = await openFolder();
    prepare(stage.cwd);
    const ran = await stage.go(['reconcile', '--out', 'plan.json', '--audit', file]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/--audit.*\(USAGE\)/);
    expect(stage.github.requests.length + stage.permit.requests.length).toBe(0);
    expect(existsSync(join(stage.cwd, 'elsewhere'))).toBe(false);
  });

  test.skipIf(process.getuid?.() === 0)('a file that may not be written is an error', async () => {
    const stage = await openFolder();
    writeFileSync(stage.path, '');
    chmodSync(stage.path, 0o400);
    expect((await stage.go(['reconcile', ...AUDIT])).code).toBe(1);
    expect(writes(stage.permit)).toBe(0);
  });

  test("if the record can't be written, the run stops there and says so", async () => {
    const stage = await openFolder();
    populate(stage, 40, 1);
    // The shell's file size limit stands in for a full disk: 1 KB, which is less than the lines of the first write.
    const bin = fileURLToPath(new URL('../../bin/gh-permit-sync.js', import.meta.url));
    const command = ['reconcile', '--output', 'json', ...AUDIT];
    const child = spawn('bash', ['-c', 'ulimit -f 1; exec "$@"', 'bash', process.execPath, bin, ...command], {
      cwd: stage.cwd,
      env: { PATH: process.env.PATH, ...stage.env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const stdout = text(child.stdout);
    const [code] = await once(child, 'close');
    expect(code).toBe(4);
    const { status, changes, warnings } = JSON.parse(await stdout);
    expect(status).toBe('partial');
    expect(warnings).toEqual([
      {
        code: 'AUDIT_INCOMPLETE',
        message: expect.stringMatching(/audit\.jsonl can not be written \(EFBIG\): 40 /),
      },
    ]);
    const outcomes = changes.map(({ kind, outcome }: Record<string, string>) => `${kind} ${outcome}`);
    expect(new Set(outcomes)).toEqual(new Set(['createUser applied', 'assignRole skipped']));
    expect(writes(stage.permit)).toBe(1);
    expect((await stage.go(['reconcile', '--audit', 'another.jsonl'])).code).toBe(0);
  });

  test("existing lines and permissions stay, and a half-written line of a killed run doesn't affect the others", async () => {
    const stage = await openFolder();
    writeFileSync(stage.path, '{"kept":1}\n{"half":');
    chmodSync(stage.path, 0o640);
    expect((await stage.go(['reconcile', ...AUDIT])).code).toBe(0);
    const lines = readFileSync(stage.path, 'utf8').split('\n');
    expect(lines.slice(0, 2)).toEqual(['{"kept":1}', '{"half":']);
    expect(lines.slice(2, -1).map((line) => JSON.parse(line).event)).toEqual([
      'member.added',
      'member.added',
    ]);
    expect((statSync(stage.path).mode & 0o777).toString(8)).toBe('640');
  });

  test('kill -9 at each write: the lines record only changes that are in effect', {
    timeout: 60_000,
  }, async () => {
    for (const nth of [1, 2, 3, 4]) {
      const stage = await openFolder();
      populate(stage, 5, 1);
      await stage.go(['reconcile']);
      removeMember(stage.github.world, 'acme', 'person-0001');
      addMember(stage.github.world, 'acme', { login: 'person-0002', role: 'admin' });
      addMember(stage.github.world, 'acme', { login: 'joiner' });
      let kill: (signal: NodeJS.Signals) => void = () => undefined;
      let ended: Promise<Ran> | undefined;
      let seen = 0;
      stage.permit.onRequest = async ({ method }) => {
        if (method === 'GET' || ++seen !== nth) return;
        kill('SIGKILL');
        await ended;
      };
      ended = stage.spawn(['reconcile', ...AUDIT], {
        cwd: stage.cwd,
        started: (send) => {
          kill = send;
        },
      });
      expect((await ended).code, String(nth)).toBeNull();
      stage.permit.onRequest = undefined;
      const all = [
        'member.removed deleteUser person-0001',
        'member.added createUser joiner',
        'member.added assignRole joiner',
        'member.changed assignRole person-0002',
        'member.changed unassignRole person-0002',
      ];
      // The first writes' answers had arrived: each of them is on record, and none of the one under way.
      const perWrite = [1, 2, 4, 5];
      expect(told(stage.lines()).toSorted(), String(nth)).toEqual(
        all.slice(0, nth === 1 ? 0 : perWrite[nth - 2]).toSorted(),
      );
      expect((await stage.go(['reconcile', ...AUDIT])).code).toBe(0);
      expect(told(stage.lines()).every((line) => all.includes(line))).toBe(true);
      expect(new Set(told(stage.lines())).size).toBe(stage.lines().length);
    }
  });
});
