import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addMember, addOrg, addToken, OWNER_TOKEN, removeMember } from '../../src/demo/github/github.ts';
import {
  addInstance,
  addPermitUser,
  addResource,
  addTenant,
  ENVIRONMENT_KEY,
} from '../../src/demo/permit/permit.ts';
import { runInThisProcess } from '../support/in-process.ts';
import { emptyFolder, run } from '../support/program.ts';
import { openStage, populate, writes } from '../support/stage.ts';

describe('exit codes and reports', () => {
  test('--detailed-exitcode tells pending changes by 2, and in sync by 0', async () => {
    const stage = await openStage();
    const dry = ['reconcile', '--dry-run', '--detailed-exitcode'];
    expect((await stage.run(dry)).code).toBe(2);
    expect((await stage.run(['reconcile'])).code).toBe(0);
    expect((await stage.run(dry)).code).toBe(0);
  });

  const RULE = '{ subject: "github:acme:role:*", roles: [member], resource: "repo:api" }';
  const BOTH = `${RULE}, { subject: "github:acme:role:*", roles: [admin] }`;
  const KEYS = { project: 'main', environment: 'dev' };
  test.each([
    ['keys', 'readable', '', KEYS],
    ['keys, where rules name a resource', 'readable', RULE, KEYS],
    ['ids, where the API key may not read the keys', 'refused', '', {}],
    ["the environment's key, where the reads are used up", 'readable', BOTH, { environment: 'dev' }],
  ] as const)('a report names where it writes by %s', async (_, projectKeys, rules, keys) => {
    const stage = await openStage({ permit: { projectKeys } });
    addResource(stage.permit.world, 'repo', ['read'], { member: ['read'] });
    addInstance(stage.permit.world, 'repo:api');
    const cwd = emptyFolder();
    writeFileSync(
      join(cwd, 'gh-permit-sync.yaml'),
      `github: { orgs: [acme] }\n${rules && `grants: [${rules}]`}\n`,
    );
    const { project, environment } = stage.permit.world;
    const { stdout } = await stage.run(['reconcile', '--dry-run', '-o', 'json'], { cwd });
    const { target, requests } = JSON.parse(stdout);
    const named = { project: project.id, environment: environment.id, ...keys };
    expect(target).toEqual({ ...named, apiUrl: stage.permit.url });
    expect(requests.permit).toBeLessThanOrEqual(1 + 6);
    const text = (await stage.run(['reconcile', '--dry-run'], { cwd })).stdout;
    expect(text).toContain(`Permit project ${named.project}, environment ${named.environment}`);
  });

  test('a run that has less to ask names the keys, although rules name a resource', async () => {
    const stage = await openStage();
    addResource(stage.permit.world, 'repo', ['read'], { member: ['read'] });
    addInstance(stage.permit.world, 'repo:api');
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), `grants: [${BOTH}]\n`);
    expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
    const { status, target, requests } = JSON.parse(
      (await stage.run(['reconcile', '-o', 'json'], { cwd })).stdout,
    );
    expect({ status, target }).toMatchObject({ status: 'in-sync', target: KEYS });
    expect(requests.permit).toBeLessThanOrEqual(1 + 6);
  });

  test('a limit refuses the same way in a dry run and for real, and its override allows just that', async () => {
    const stage = await openStage();
    populate(stage, 9, 1);
    await stage.run(['reconcile']);
    for (let i = 1; i < 9; i++) removeMember(stage.github.world, 'acme', `person-000${i}`);
    stage.permit.requests.length = 0;
    const before = stage.held();

    for (const args of [['--dry-run'], ['--allow-removals', '7'], []]) {
      const ran = await stage.run(['reconcile', '--output', 'json', ...args]);
      expect(ran.code).toBe(3);
      expect(ran.stderr).toMatch(/GUARD_REFUSED/);
      expect(ran.stderr).toContain('--allow-removals 8');
      const { status, guard } = JSON.parse(ran.stdout);
      expect(status).toBe('refused');
      const allowed = args.includes('7') ? 7 : 2;
      expect(guard).toEqual({
        verdict: 'refused',
        violations: [{ limit: 'removals', allowed, planned: 8, override: '--allow-removals 8' }],
      });
    }
    expect(stage.held()).toEqual(before);
    expect(writes(stage.permit)).toBe(0);

    expect((await stage.run(['reconcile', '--allow-removals', '8'])).code).toBe(0);
    expect(Object.keys(stage.held())).toEqual(['owner']);
  });

  test("an unmarked user under a member's key is left alone, the others go on, exit 4", async () => {
    const stage = await openStage();
    addMember(stage.github.world, 'acme', { login: 'Deploy' });
    addMember(stage.github.world, 'acme', { login: 'octocat' });
    addPermitUser(stage.permit.world, {
      key: 'deploy',
      attributes: { kind: 'service' },
      grants: ['default/admin'],
    });
    const ran = await stage.run(['reconcile']);
    expect(ran.code).toBe(4);
    expect(ran.stdout).toMatch(/KEY_TAKEN/);
    expect(stage.held().deploy).toMatchObject({ attributes: { kind: 'service' }, grants: ['default/admin'] });
    expect(stage.held().octocat?.grants).toEqual(['default/member']);
    expect((await stage.run(['reconcile', '--dry-run'])).code).toBe(4);
  });

  test('a narrower --org takes nothing from the people of the other organizations', async () => {
    const stage = await openStage();
    const { world } = stage.github;
    addOrg(world, 'labs');
    const boss = addMember(world, 'labs', { login: 'boss', role: 'admin' });
    const robot = addMember(world, 'labs', { login: 'robot' });
    addMember(world, 'acme', { login: 'robot' });
    addMember(world, 'labs', { login: 'owner', role: 'admin' });
    addToken(world, OWNER_TOKEN, { kind: 'pat', userId: robot.id, scopes: ['read:org'] });
    addMember(world, 'acme', { login: boss.login });
    const both = ['reconcile', '--org', 'acme', 'labs', '--tenant', 'org-{org}'];
    addTenant(stage.permit.world, 'org-acme');
    addTenant(stage.permit.world, 'org-labs');
    expect((await stage.run(both)).code).toBe(0);
    const before = stage.held();
    expect(before.boss?.grants).toEqual(['org-acme/member', 'org-labs/admin']);

    removeMember(world, 'acme', 'boss');
    removeMember(world, 'labs', 'owner');
    const acme = ['reconcile', '--org', 'acme', '--tenant', 'org-{org}'];
    const narrow = await stage.run(acme);
    expect(narrow.code).toBe(0);
    expect(narrow.stdout).toMatch(/KEPT_OUT_OF_SCOPE/);
    expect(narrow.stdout).toContain('Applied: nothing to change; see the warnings');
    const dry = await stage.run([...acme, '--dry-run']);
    expect(dry.stdout).toContain('Plan: nothing to change (dry run, nothing was written); see the warnings');
    const { code, stdout } = await stage.run([...acme, '--output', 'json']);
    expect({ code, status: JSON.parse(stdout).status }).toEqual({ code: 0, status: 'applied' });
    expect(stage.held()).toEqual(before);

    expect((await stage.run([...both, '--allow-demotions', '2'])).code).toBe(0);
    expect(stage.held().boss?.grants).toEqual(['org-labs/admin']);
    expect(stage.held().owner?.grants).toEqual(['org-acme/admin']);
  });

  test('--mode upsert-only gives and never takes', async () => {
    const stage = await openStage();
    const { world } = stage.github;
    populate(stage, 5, 2);
    await stage.run(['reconcile']);
    removeMember(world, 'acme', 'person-0004');
    addMember(world, 'acme', { login: 'person-0001', role: 'member' });
    addMember(world, 'acme', { login: 'newcomer' });
    const ran = await stage.run(['reconcile', '--mode', 'upsert-only']);
    expect(ran.code).toBe(0);
    const held = stage.held();
    expect(held['person-0004']?.grants).toEqual(['default/member']);
    expect(held['person-0001']?.grants).toEqual(['default/admin', 'default/member']);
    expect(held.newcomer?.grants).toEqual(['default/member']);
  });

  test('--user narrows to some people, also to one who has left', async () => {
    const stage = await openStage();
    const { world } = stage.github;
    populate(stage, 4, 1);
    await stage.run(['reconcile']);
    addMember(world, 'acme', { login: 'one' });
    addMember(world, 'acme', { login: 'two' });
    removeMember(world, 'acme', 'person-0001');
    removeMember(world, 'acme', 'person-0002');
    expect((await stage.run(['reconcile', '--user', 'ONE', 'person-0001'])).code).toBe(0);
    expect(Object.keys(stage.held())).toEqual(['one', 'owner', 'person-0002', 'person-0003']);
  });

  test('equal inputs give byte-equal changes', async () => {
    const stage = await openStage({ permit: { userOrder: 'shuffled' } });
    populate(stage, 30, 4);
    const once = JSON.parse((await stage.run(['reconcile', '-n', '-o', 'json'])).stdout);
    const twice = JSON.parse((await stage.run(['reconcile', '-n', '-o', 'json'])).stdout);
    expect(JSON.stringify(once.changes)).toBe(JSON.stringify(twice.changes));
    expect(once.changes.length).toBe(60);
  });

  test('markdown goes to stdout, and in Actions the summary, outputs and annotations are written too', async () => {
    const stage = await openStage();
    addMember(stage.github.world, 'acme', { login: 'taken' });
    addPermitUser(stage.permit.world, { key: 'taken' });
    const cwd = emptyFolder();
    const files = { GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'), GITHUB_OUTPUT: join(cwd, 'output') };
    for (const file of Object.values(files)) writeFileSync(file, '');
    const ran = await stage.run(['reconcile', '--dry-run', '--output', 'markdown'], {
      cwd,
      env: { ...files, GITHUB_ACTIONS: 'true' },
    });
    expect(ran.code).toBe(4);
    expect(ran.stdout).toMatch(/\| /);
    expect(readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8')).toBe(ran.stdout);
    expect(readFileSync(files.GITHUB_OUTPUT, 'utf8')).toBe('status=pending\nchanges=2\nrefused=false\n');
    expect(ran.stderr).toMatch(/^::warning title=gh-permit-sync%3A KEY_TAKEN::/m);
  });

  test('--timeout bounds the run: before the first write it is an error', async () => {
    const stage = await openStage();
    stage.github.faults.push({
      match: ({ path }) => path.endsWith('/members'),
      do: { kind: 'hang', when: 'before' },
    });
    const ran = await stage.run(['reconcile', '--timeout', '1s']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/\(TIMEOUT\)/);
    expect(writes(stage.permit)).toBe(0);
  });

  test('a signal ends the run after the current request, and the report shows what was done', async () => {
    const stage = await openStage();
    populate(stage, 10, 1);
    let kill: (signal: NodeJS.Signals) => void = () => undefined;
    const started = (send: typeof kill): void => {
      kill = send;
    };
    stage.permit.onRequest = async ({ method, path }) => {
      if (method !== 'POST' || !path.endsWith('/bulk/users')) return;
      kill('SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 200));
    };
    const ran = await stage.spawn(['reconcile', '-o', 'json'], { started });
    expect(ran.code).toBe(4);
    const report = JSON.parse(ran.stdout);
    expect(report.status).toBe('partial');
    expect(report.changes.filter(({ outcome }: { outcome: string }) => outcome === 'applied')).toHaveLength(
      10,
    );
    expect(report.changes.filter(({ outcome }: { outcome: string }) => outcome === 'skipped')).toHaveLength(
      10,
    );
    expect(Object.keys(stage.held())).toHaveLength(10);
    stage.permit.onRequest = undefined;
    expect((await stage.run(['reconcile'])).code).toBe(0);
    expect(stage.held()['person-0001']?.grants).toEqual(['default/member']);
  });
});

describe('what reaches the outside', () => {
  test('no secret, whatever goes wrong and however verbose the output', async () => {
    const stage = await openStage();
    stage.permit.faults.push({
      match: ({ method }) => method === 'POST',
      do: {
        kind: 'answer',
        status: 422,
        body: { detail: [{ loc: ['header'], msg: `Bearer ${ENVIRONMENT_KEY}`, type: 'x' }] },
      },
    });
    const outputs = [
      await stage.run(['reconcile', '--verbose']),
      await stage.run(['reconcile', '--verbose', '--log-format', 'json', '--output', 'json']),
      await stage.run(['reconcile', '--verbose', '--timeout', '1s'], {
        env: { PERMIT_API_URL: 'http://127.0.0.1:9' },
      }),
      await stage.run(['reconcile', '--verbose', '--org', OWNER_TOKEN]),
      await stage.run(['reconcile', OWNER_TOKEN]),
    ];
    for (const { stdout, stderr } of outputs) {
      expect(stdout + stderr).not.toContain(OWNER_TOKEN);
      expect(stdout + stderr).not.toContain(ENVIRONMENT_KEY);
    }
    expect(outputs[0]?.stderr).toMatch(/Permit POST .* 422/);
  });

  test('no colour in a pipe unless asked for; stderr holds no progress', async () => {
    const stage = await openStage();
    const plain = await stage.run(['reconcile', '--dry-run']);
    expect(plain.stdout + plain.stderr).not.toContain('\u001b[');
    expect(plain.stderr).toBe('');
    expect((await stage.run(['reconcile', '--dry-run', '--color'])).stdout).toContain('\u001b[');
  });

  test('--quiet prints nothing if there is nothing to report', async () => {
    const stage = await openStage();
    await stage.run(['reconcile']);
    expect(await stage.run(['reconcile', '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe('the program', () => {
  test('--version and help', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await run(['help'])).stdout).toContain('$ gh-permit-sync');
    for (const args of [['--help'], ['help'], ['reconcile', '--help'], ['demo', '--help']]) {
      const ran = await runInThisProcess(args);
      expect(ran.code).toBe(0);
      expect(ran.stdout).toMatch(/Examples?:\n {2}\$ gh-permit-sync/);
    }
  });

  test('demo shows the whole loop and ends with Permit equal to GitHub', async () => {
    // Settings for real work must not get into the demo.
    const ran = await run(['demo'], {
      env: { GITHUB_ORG: 'elsewhere', PERMIT_API_URL: 'http://127.0.0.1:9' },
    });
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(
      /Plan: .*dry run.*Applied: .*In sync: .*deny: brian .*1 link added.*allow: brian .*Permit matches GitHub/s,
    );
  });
});
