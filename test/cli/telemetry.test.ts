import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addMember } from '../../src/demo/github/github.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, populate } from '../support/stage.ts';

/** The samples of Prometheus text: name with labels, and value. */
const samplesIn = (text: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
  );

async function openFolder() {
  const stage = await openStage();
  const cwd = emptyFolder();
  const path = join(cwd, 'run.prom');
  return {
    ...stage,
    cwd,
    path,
    metrics: () => samplesIn(readFileSync(path, 'utf8')),
    go: (args: readonly string[], env = {}) => stage.run(args, { cwd, env }),
  };
}

const of = (name: string, labels = ''): string => `gh_permit_sync_${name}{command="reconcile"${labels}}`;
const METRICS = ['--metrics-file', 'run.prom'];

describe('--metrics-file', () => {
  test('says what a run did and when, whole, and readable by the collector', async () => {
    const stage = await openFolder();
    populate(stage, 4, 2);
    const began = Date.now() / 1000;
    expect((await stage.go(['reconcile', ...METRICS])).code).toBe(0);
    expect(stage.metrics()).toMatchObject({
      [of('last_run_exit_code')]: 0,
      [of('last_run_dry_run')]: 0,
      [of('last_run_members')]: 4,
      [of('last_run_changes', ',kind="createUser",outcome="applied"')]: 4,
      [of('last_run_changes', ',kind="deleteUser",outcome="applied"')]: 0,
      [of('last_run_limits_crossed', ',limit="removals"')]: 0,
      [of('github_requests_left')]: expect.any(Number),
    });
    expect(stage.metrics()[of('last_success_timestamp_seconds')]).toBeGreaterThanOrEqual(began);
    expect(stage.metrics()[of('last_run_requests', ',service="permit"')]).toBeGreaterThan(0);
    expect((statSync(stage.path).mode & 0o777).toString(8)).toBe('644');
    expect(readdirSync(stage.cwd)).toEqual(['run.prom']);
    for (const line of readFileSync(stage.path, 'utf8').split('\n').slice(0, -1)) {
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) )?gh_permit_sync_[a-z_]+(?:\{[a-zA-Z_",=]+\})? ?.+$/);
    }
  });

  test('a run that fails keeps the time of the last success', async () => {
    const stage = await openFolder();
    expect((await stage.go(['reconcile', ...METRICS])).code).toBe(0);
    const success = stage.metrics()[of('last_success_timestamp_seconds')];
    expect((await stage.go(['reconcile', ...METRICS], { GH_TOKEN: 'ghp_wrong' })).code).toBe(1);
    expect(stage.metrics()).toMatchObject({
      [of('last_run_exit_code')]: 1,
      [of('last_success_timestamp_seconds')]: success,
    });
    // A mistake in the settings is a failure as well.
    expect((await stage.go(['reconcile', '--mode', 'nonsense', ...METRICS])).code).toBe(1);
    expect(stage.metrics()[of('last_success_timestamp_seconds')]).toBe(success);
  });

  test('a refusal shows the limit', async () => {
    const stage = await openFolder();
    populate(stage, 9, 1);
    expect((await stage.go(['reconcile'])).code).toBe(0);
    stage.github.world.orgs.get('acme')?.members.clear();
    addMember(stage.github.world, 'acme', { login: 'owner', role: 'admin' });
    expect((await stage.go(['reconcile', ...METRICS])).code).toBe(3);
    expect(stage.metrics()[of('last_run_exit_code')]).toBe(3);
    expect(stage.metrics()[of('last_run_limits_crossed', ',limit="removals"')]).toBe(1);
    expect(stage.metrics()[of('last_success_timestamp_seconds')]).toBeUndefined();
  });

  test.each([
    ['no/folder/run.prom', 'no folder'],
    ['folder', 'a folder'],
    ['audit.jsonl', 'a file that this run already uses'],
  ])('%s is refused before any request', async (file, words) => {
    const stage = await openFolder();
    mkdirSync(join(stage.cwd, 'folder'));
    const args = ['reconcile', '--metrics-file', file, '--audit', 'audit.jsonl'];
    const { code, stderr } = await stage.go(args);
    expect(code).toBe(1);
    expect(stderr).toContain('--metrics-file');
    expect(stderr).toContain(words);
    expect(stage.github.requests.length + stage.permit.requests.length).toBe(0);
  });
});

describe('--ping', () => {
  async function openMonitor(status = 200) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return {
      asked,
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/a1b2c3d4-heartbeat?up=1`,
    };
  }

  test('a run that succeeds requests the address once; one that fails does not', async () => {
    const stage = await openFolder();
    const monitor = await openMonitor();
    expect((await stage.go(['reconcile', '--ping', monitor.url])).code).toBe(0);
    expect(monitor.asked).toEqual(['GET /a1b2c3d4-heartbeat?up=1']);
    await stage.go(['reconcile', '--ping', monitor.url], { GH_TOKEN: 'ghp_wrong' });
    expect(monitor.asked).toHaveLength(1);
  });

  test.each([500, 302])('an answer of %i is a warning that does not show the path', async (status) => {
    const stage = await openFolder();
    const monitor = await openMonitor(status);
    const { code, stderr } = await stage.go(['reconcile', '--ping', monitor.url]);
    expect(code).toBe(0);
    expect(stderr).toMatch(new RegExp(`warning: --ping: 127\\.0\\.0\\.1:\\d+ answered ${status}`));
    expect(stderr).not.toContain('heartbeat');
    expect(monitor.asked).toHaveLength(1);
  });

  test('a monitor that is gone is a warning', async () => {
    const stage = await openFolder();
    const { code, stderr } = await stage.go(['reconcile', '--ping', 'http://127.0.0.1:1/x']);
    expect(code).toBe(0);
    expect(stderr).toContain('warning: --ping: 127.0.0.1:1 could not be reached');
  });

  test.each([
    ['http://example.com/secret-path', 'not https'],
    ['https://user:word@example.com/secret-path', 'credentials'],
    ['secret-path', 'not an http or https address'],
  ])('%s is refused before any request, and not shown', async (url, words) => {
    const stage = await openFolder();
    const { code, stderr } = await stage.go(['reconcile', '--ping', url]);
    expect(code).toBe(1);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('secret-path');
    expect(stage.github.requests.length + stage.permit.requests.length).toBe(0);
  });
});

describe('--run-url', () => {
  const linesOf = (cwd: string) =>
    readFileSync(join(cwd, 'audit.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  test.each<[string, readonly string[], Readonly<Record<string, string>>, string | undefined]>([
    ['the flag', ['--run-url', 'https://ci.example.com/7'], {}, 'https://ci.example.com/7'],
    [
      'GitHub Actions',
      [],
      {
        GITHUB_ACTIONS: 'true',
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'acme/sync',
        GITHUB_RUN_ID: '42',
        GITHUB_RUN_ATTEMPT: '2',
      },
      'https://github.com/acme/sync/actions/runs/42/attempts/2',
    ],
    ['neither', [], {}, undefined],
  ])('audit lines name the run: %s', async (_, args, env, runUrl) => {
    const stage = await openFolder();
    writeFileSync(join(stage.cwd, 'audit.jsonl'), '');
    expect((await stage.go(['reconcile', '--audit', 'audit.jsonl', ...args], env)).code).toBe(0);
    expect(linesOf(stage.cwd).length).toBeGreaterThan(0);
    for (const line of linesOf(stage.cwd)) expect(line.runUrl).toBe(runUrl);
  });
});
