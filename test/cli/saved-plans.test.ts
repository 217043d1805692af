import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addMember, OWNER_TOKEN, removeMember, renameUser } from '../../src/demo/github/github.ts';
import { addPermitUser, addTenant, ENVIRONMENT_KEY } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, populate, type Stage, writes } from '../support/stage.ts';

const SAVE = ['reconcile', '--dry-run', '--out', 'plan.json'];
const APPLY = ['apply', 'plan.json'];

/** A stage whose runs share a folder. */
async function openFolder(...switches: Parameters<typeof openStage>) {
  const stage = await openStage(...switches);
  const cwd = emptyFolder();
  return {
    ...stage,
    cwd,
    at: (path: string): string => join(cwd, path),
    read: (path = 'plan.json') => JSON.parse(readFileSync(join(cwd, path), 'utf8')),
    go: (args: readonly string[], env = {}) => stage.run(args, { cwd, env }),
  };
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const requests = ({ github, permit }: Stage): number => github.requests.length + permit.requests.length;

describe('--out', () => {
  test('- prints the plan, and the report goes to stderr', async () => {
    const stage = await openFolder();
    populate(stage, 4, 1);
    const { code, stdout, stderr } = await stage.go(['reconcile', '--dry-run', '--out', '-']);
    expect({ code, files: readdirSync(stage.cwd) }).toEqual({ code: 0, files: [] });
    expect(stderr).toContain('Plan: 4 users to create');
    writeFileSync(stage.at('plan.json'), stdout);
    expect((await stage.go(APPLY)).code).toBe(0);
    expect(Object.keys(stage.held())).toHaveLength(4);
  });

  test('saves what would be done, for its owner alone, with nothing in it that is not ours', async () => {
    const stage = await openFolder();
    populate(stage, 4, 1);
    expect((await stage.go(['reconcile'])).code).toBe(0);
    for (const user of stage.permit.world.users.values()) {
      Object.assign(user, { attributes: { ...user.attributes, seat: 'by the window' } });
    }
    removeMember(stage.github.world, 'acme', 'person-0001');
    addMember(stage.github.world, 'acme', { login: 'joiner' });
    writeFileSync(stage.at('plan.json'), 'what was there before', { mode: 0o666 });
    chmodSync(stage.at('plan.json'), 0o666);

    const ran = await stage.go([...SAVE, '--output', 'json']);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toBe('the plan is saved in plan.json; gh-permit-sync apply plan.json applies it\n');
    expect(modeOf(stage.at('plan.json'))).toBe('600');
    expect(readdirSync(stage.cwd)).toEqual(['plan.json']);
    const plan = stage.read();
    expect(plan).toMatchObject({
      kind: 'gh-permit-sync plan',
      version: 1,
      verdict: 'pass',
      command: { orgs: ['acme'], mode: 'sync', adopt: 'none' },
    });
    const short = ({ kind, user, role }: Record<string, string>) => [kind, user, role];
    expect(plan.changes.map(short)).toEqual(JSON.parse(ran.stdout).changes.map(short));
    expect(plan.changes).toHaveLength(3);
    const text = readFileSync(stage.at('plan.json'), 'utf8');
    for (const foreign of ['seat', 'window', OWNER_TOKEN, ENVIRONMENT_KEY])
      expect(text).not.toContain(foreign);
  });

  test('equal inputs give equal bytes but for the time', async () => {
    const stage = await openFolder({ permit: { userOrder: 'shuffled' } });
    populate(stage, 30, 4);
    const text = async (): Promise<string> => {
      await stage.go(SAVE);
      return readFileSync(stage.at('plan.json'), 'utf8').replace(/"createdAt": ".*?"/, '');
    };
    expect(await text()).toBe(await text());
  });

  test('a run that applies saves the plan before it writes', async () => {
    const stage = await openFolder();
    populate(stage, 3, 1);
    const saved: boolean[] = [];
    stage.permit.onRequest = async ({ method }) => {
      if (method !== 'GET') saved.push(existsSync(stage.at('plan.json')));
    };
    expect((await stage.go(['reconcile', '--out', 'plan.json'])).code).toBe(0);
    expect(saved.length).toBeGreaterThan(0);
    expect(saved).not.toContain(false);
  });

  test('a refused plan is saved too, says so, and is judged anew', async () => {
    const stage = await openFolder();
    populate(stage, 9, 1);
    await stage.go(['reconcile']);
    for (let i = 1; i < 9; i++) removeMember(stage.github.world, 'acme', `person-000${i}`);
    const before = stage.held();
    expect((await stage.go(SAVE)).code).toBe(3);
    expect(stage.read().verdict).toBe('refused');
    const refused = await stage.go(APPLY);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('--allow-removals 8');
    expect(stage.held()).toEqual(before);
    expect((await stage.go([...APPLY, '--allow-removals', '8'])).code).toBe(0);
    expect(Object.keys(stage.held())).toEqual(['owner']);
  });

  test.each<[string, string, (at: (path: string) => string) => void, RegExp]>([
    ['into a missing folder', 'nowhere/plan.json', () => undefined, /no folder/],
    ['under a file', 'file/plan.json', (at) => writeFileSync(at('file'), ''), /no folder/],
    [
      'deep under a file',
      'file/x/plan.json',
      (at) => writeFileSync(at('file'), ''),
      /no folder|not be written/,
    ],
    ['with a name that is too long', `${'x'.repeat(300)}.json`, () => undefined, /not be written/],
    ['over a folder', 'folder', (at) => mkdirSync(at('folder')), /is a folder/],
    [
      'over a link',
      'link.json',
      (at) => {
        writeFileSync(at('elsewhere'), 'mine');
        symlinkSync(at('elsewhere'), at('link.json'));
      },
      /is a link/,
    ],
    ['over a device', '/dev/null', () => undefined, /not a regular file/],
    ['without a name', '', () => undefined, /--out: is empty/],
  ])('%s is refused before any request', async (_, out, prepare, message) => {
    const stage = await openFolder();
    prepare(stage.at);
    const ran = await stage.go(['reconcile', '--out', out]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/\(USAGE\)/);
    expect(ran.stderr).toMatch(message);
    expect(requests(stage)).toBe(0);
    if (existsSync(stage.at('elsewhere'))) expect(readFileSync(stage.at('elsewhere'), 'utf8')).toBe('mine');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('a file that only then turns out not to be writable is an error before anything is written', async () => {
    const stage = await openFolder();
    populate(stage, 3, 1);
    mkdirSync(stage.at('out'));
    stage.github.onRequest = async () => {
      if (existsSync(stage.at('out/plan.json'))) return;
      mkdirSync(stage.at('out/plan.json'));
    };
    const ran = await stage.go(['reconcile', '--out', 'out/plan.json']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/--out: out\/plan\.json can not be written \(\w+\) \(USAGE\)/);
    expect(writes(stage.permit)).toBe(0);
    expect(readdirSync(stage.at('out'))).toEqual(['plan.json']);
  });
});

describe('apply', () => {
  test('applies a plan that is reproduced, and reports like reconcile', async () => {
    const stage = await openFolder();
    populate(stage, 5, 2);
    await stage.go(SAVE);
    const { code, stdout, stderr } = await stage.go([...APPLY, '--output', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'apply',
      dryRun: false,
      status: 'applied',
      orgs: ['acme'],
    });
    expect(Object.keys(stage.held())).toHaveLength(5);
    expect((await stage.go(['reconcile', '--dry-run', '--detailed-exitcode'])).code).toBe(0);
  });

  test('a plan without changes is in sync', async () => {
    const stage = await openFolder();
    await stage.go(['reconcile']);
    await stage.go(SAVE);
    const ran = await stage.go(APPLY);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/In sync/);
  });

  test('someone joined in between: stale, named, nothing written', async () => {
    const stage = await openFolder();
    populate(stage, 3, 1);
    await stage.go(SAVE);
    addMember(stage.github.world, 'acme', { login: 'latecomer' });
    const ran = await stage.go([...APPLY, '--output', 'json']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /2 changes differ \(PLAN_STALE\):\n {2}create user latecomer \(only in the new plan\)/,
    );
    expect(JSON.parse(ran.stdout)).toMatchObject({
      command: 'apply',
      status: 'error',
      changes: [],
      error: { code: 'PLAN_STALE' },
    });
    expect(writes(stage.permit)).toBe(0);
  });

  test('once applied, it is stale; long lists of differences are shortened', async () => {
    const stage = await openFolder();
    populate(stage, 10, 1);
    await stage.go(SAVE);
    expect((await stage.go(APPLY)).code).toBe(0);
    const ran = await stage.go(APPLY);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /20 changes differ \(PLAN_STALE\):(\n.*only in the saved plan.*){5}\n {2}and 15 more changes\n/,
    );
  });

  test('an approved change about a person that a listing missed for a moment is not applied', async () => {
    const stage = await openFolder();
    populate(stage, 6, 1);
    await stage.go(['reconcile']);
    removeMember(stage.github.world, 'acme', 'person-0002');
    await stage.go(SAVE);
    addMember(stage.github.world, 'acme', { login: 'person-0002' });
    stage.permit.requests.length = 0;
    const ran = await stage.go(APPLY);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/delete user person-0002 \(only in the saved plan\)/);
    expect(writes(stage.permit)).toBe(0);
  });

  test.each<[string, readonly string[], Readonly<Record<string, string>>, RegExp]>([
    ['another tenant', ['--tenant', 'other'], {}, /settings differ in grants and permit\.tenant/],
    ['another mode', ['--mode', 'upsert-only'], {}, /differ in mode .*\n {2}--mode was sync for the plan/],
    [
      'another way to adopt',
      ['--adopt', 'all'],
      {},
      /differ in users .*\n {2}--adopt was none .* is all now/,
    ],
    ['other organizations', ['--org', 'labs'], {}, /organizations of this run .*\n {2}--org was acme/],
    ['another GitHub', [], { GITHUB_API_URL: 'http://127.0.0.1:9' }, /differ in github\.apiUrl/],
    ['another Permit', [], { PERMIT_API_URL: 'http://127.0.0.1:9' }, /differ in permit\.apiUrl/],
  ])('%s: stale before any request', async (_, args, env, message) => {
    const stage = await openFolder();
    await stage.go(SAVE);
    addTenant(stage.permit.world, 'other');
    const before = requests(stage);
    const ran = await stage.go([...APPLY, ...args], env);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/\(PLAN_STALE\)/);
    expect(ran.stderr).toMatch(message);
    expect(requests(stage)).toBe(before);
  });

  test('another config: stale, though the changes would be the same; overrides and a timeout are not config', async () => {
    const stage = await openFolder();
    const config = (limits: string) =>
      writeFileSync(stage.at('gh-permit-sync.yaml'), `limits:\n  removals: ${limits}\n`);
    config('5');
    await stage.go(SAVE);
    config('6');
    const ran = await stage.go(APPLY);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/settings differ in limits/);
    config('5 # as it was');
    expect((await stage.go([...APPLY, '--timeout', '5m', '--allow-removals', '9'])).code).toBe(0);
  });

  test('another environment of the same Permit: stale', async () => {
    const stage = await openFolder();
    await stage.go(SAVE);
    const other = { organization_id: 'org', project_id: 'proj', environment_id: 'elsewhere' };
    const answer = (end: string, body: unknown): void =>
      void stage.permit.faults.push({
        match: ({ path }) => path.endsWith(end),
        do: { kind: 'answer', status: 200, body },
      });
    answer('/api-key/scope', other);
    answer('/users', { data: [], total_count: 0, page_count: 0 });
    for (const key of ['admin', 'member']) answer(`/roles/${key}`, { key, permissions: [] });
    answer('/roles', [
      { key: 'admin', permissions: [] },
      { key: 'member', permissions: [] },
    ]);
    answer('/tenants/default', { key: 'default' });
    const ran = await stage.go(APPLY);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/differ in Permit's environment \(PERMIT_API_KEY\) \(PLAN_STALE\)/);
    expect(writes(stage.permit)).toBe(0);
  });

  test('someone who moves: neither the plan nor the audit file holds the email, and the user keeps it', async () => {
    const stage = await openFolder();
    populate(stage, 5, 1);
    await stage.go(['reconcile']);
    for (const user of stage.permit.world.users.values()) {
      Object.assign(user, { email: `${user.key}@example.com` });
    }
    renameUser(stage.github.world, 'person-0001', 'renamed');
    await stage.go(SAVE);
    expect((await stage.go([...APPLY, '--audit', 'audit.jsonl'])).code).toBe(0);
    expect(stage.held().renamed).toMatchObject({ email: 'person-0001@example.com' });
    const record = readFileSync(stage.at('audit.jsonl'), 'utf8');
    expect(record.match(/"member\.changed"/g)).toHaveLength(4);
    expect(record + readFileSync(stage.at('plan.json'), 'utf8')).not.toContain('example.com');
  });

  test('the people that --user named are the people of the plan', async () => {
    const stage = await openFolder();
    populate(stage, 6, 1);
    expect((await stage.go([...SAVE, '--user', 'person-0003', 'PERSON-0001'])).code).toBe(0);
    expect(stage.read().command.users).toEqual(['person-0001', 'person-0003']);
    expect((await stage.go(APPLY)).code).toBe(0);
    expect(Object.keys(stage.held())).toEqual(['person-0001', 'person-0003']);
  });

  test('a person of the plan who is unknown by now: stale', async () => {
    const stage = await openFolder();
    populate(stage, 3, 1);
    await stage.go([...SAVE, '--user', 'person-0001']);
    removeMember(stage.github.world, 'acme', 'person-0001');
    const ran = await stage.go(APPLY);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/nobody is called person-0001.*\(PLAN_STALE\)/s);
  });

  test('a plan that adopts comes out again with the same --adopt', async () => {
    const stage = await openFolder();
    addMember(stage.github.world, 'acme', { login: 'deploy' });
    addPermitUser(stage.permit.world, { key: 'deploy', attributes: { seat: 1 } });
    const saved = await stage.go([...SAVE, '--adopt', 'all']);
    expect(saved.code).toBe(0);
    expect(saved.stderr).toContain('gh-permit-sync apply plan.json --adopt all applies it');
    expect((await stage.go(APPLY)).code).toBe(1);
    expect((await stage.go([...APPLY, '--adopt', 'all'])).code).toBe(0);
    expect(stage.held().deploy).toMatchObject({ attributes: { seat: 1 }, grants: ['default/member'] });
  });

  test.each<[string, (path: string) => void, RegExp]>([
    ['not there', () => undefined, /plan\.json is not there/],
    ['a folder', (path) => mkdirSync(path), /not a regular file/],
    ['empty', (path) => writeFileSync(path, ''), /not a JSON/],
    ['no JSON', (path) => writeFileSync(path, '{"kind": '), /not a JSON/],
    ['a report', (path) => writeFileSync(path, '{"version": 1, "command": "reconcile"}'), /not a plan/],
    [
      'far too deep',
      (path) => writeFileSync(path, '['.repeat(1e6) + ']'.repeat(1e6)),
      /not a plan|not a JSON/,
    ],
    [
      'too large',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 256 * 1024 * 1024 + 1);
      },
      /larger than 256 MB/,
    ],
  ])('a file that is %s is refused before any request', async (_, prepare, message) => {
    const stage = await openFolder();
    prepare(stage.at('plan.json'));
    const ran = await stage.go([...APPLY, '--output', 'json']);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ command: 'apply', error: { code: 'USAGE' } });
    expect(ran.stderr).toMatch(message);
    expect(requests(stage)).toBe(0);
  });

  test('a plan that was changed by hand is refused before any request', async () => {
    const stage = await openFolder();
    populate(stage, 3, 1);
    await stage.go(SAVE);
    const before = requests(stage);
    const text = readFileSync(stage.at('plan.json'), 'utf8');
    writeFileSync(stage.at('plan.json'), text.replace('"role":"member"', '"role":"admin"'));
    const ran = await stage.go(APPLY);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/plan\.json was changed after it was saved.*\(USAGE\)/);
    expect(requests(stage)).toBe(before);
  });

  test('a forged plan with a right fingerprint does nothing that this run would not do by itself', async () => {
    const stage = await openFolder();
    populate(stage, 3, 1);
    addMember(stage.github.world, 'acme', { login: 'person-0001', role: 'admin' });
    await stage.go(SAVE);
    addMember(stage.github.world, 'acme', { login: 'person-0001', role: 'member' });
    const ran = await stage.go(APPLY);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/assign admin in default to person-0001 \(only in the saved plan\)/);
    expect(writes(stage.permit)).toBe(0);
  });

  test('help shows an example; the plan has to be named', async () => {
    const stage = await openFolder();
    expect((await stage.go(['apply', '--help'])).stdout).toMatch(/Examples?:\n {2}\$ gh-permit-sync/);
    const ran = await stage.go(['apply', '--output', 'json']);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      command: 'apply',
      status: 'error',
      error: { code: 'USAGE' },
    });
  });
});
