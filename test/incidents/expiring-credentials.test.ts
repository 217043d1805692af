// CumulusCI#2912: tokens that expired the next week without a warning. And a server that nobody meant: GitHub Actions
// always sets GITHUB_API_URL, whatever the config file names.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addHook, addToken, userOf } from '../../src/demo/github/github.ts';
import { parseTokenExpiry } from '../../src/github/token-expiry.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, type Stage } from '../support/stage.ts';

const DAY = 24 * 3_600_000;

/** As GitHub writes it: `2026-12-01 10:00:00 UTC`. */
const header = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

async function stageWithToken(expires: string | undefined): Promise<Stage> {
  return await openStage({ github: { tokenExpiry: expires } });
}

type Told = { readonly code: string; readonly message: string };
type Check = {
  readonly id: string;
  readonly status: string;
  readonly message: string;
  readonly mend?: string;
};

async function reconciled(stage: Stage, args: readonly string[] = [], options = {}) {
  const ran = await stage.run(['reconcile', '-o', 'json', ...args], options);
  const { status, warnings } = JSON.parse(ran.stdout) as { status: string; warnings: readonly Told[] };
  return { code: ran.code, status, warnings };
}

async function examined(stage: Stage, args: readonly string[] = [], options = {}): Promise<readonly Check[]> {
  const { stdout } = await stage.run(['doctor', '-o', 'json', ...args], options);
  return (JSON.parse(stdout) as { readonly checks: readonly Check[] }).checks;
}

describe('a token that expires within 14 days', () => {
  test('a run says when and what to do, and its exit code is unchanged', async () => {
    const at = Date.now() + 5.5 * DAY;
    const stage = await stageWithToken(header(at));
    const { code, status, warnings } = await reconciled(stage);
    expect({ code, status }).toEqual({ code: 0, status: 'applied' });
    expect(warnings).toEqual([
      {
        code: 'TOKEN_EXPIRES',
        message: expect.stringMatching(
          new RegExp(
            `GH_TOKEN expires on ${new Date(at).toISOString().slice(0, 10)} .*5 days.*; .*new token`,
          ),
        ),
      },
    ]);
    expect(await reconciled(stage)).toMatchObject({
      code: 0,
      status: 'in-sync',
      warnings: [{ code: 'TOKEN_EXPIRES' }],
    });
  });

  test('a run that fails says so too', async () => {
    const stage = await stageWithToken(header(Date.now() + DAY));
    expect(await reconciled(stage, ['--org', 'gone'])).toMatchObject({
      code: 1,
      warnings: [{ code: 'TOKEN_EXPIRES' }],
    });
  });

  test('doctor warns', async () => {
    const stage = await stageWithToken(header(Date.now() + 13 * DAY));
    expect(await examined(stage)).toContainEqual({
      id: 'github.token-expiry',
      area: 'github',
      status: 'warning',
      message: expect.stringMatching(/^the token in GH_TOKEN expires on /),
      mend: expect.stringContaining('new token'),
    });
  });

  test('later, or never, causes no warning', async () => {
    const later = await stageWithToken(header(Date.now() + 15 * DAY));
    expect((await reconciled(later)).warnings).toEqual([]);
    expect(await examined(later)).toContainEqual(
      expect.objectContaining({ id: 'github.token-expiry', status: 'ok' }),
    );
    const never = await stageWithToken(undefined);
    expect((await reconciled(never)).warnings).toEqual([]);
    expect((await examined(never)).map(({ id }) => id)).not.toContain('github.token-expiry');
  });

  test('the token of an App installation is renewed for each run', async () => {
    const stage = await stageWithToken(header(Date.now() + DAY));
    const { world } = stage.github;
    addToken(world, 'ghs_installation', {
      kind: 'pat',
      userId: userOf(world, 'owner').id,
      scopes: ['read:org'],
    });
    const { warnings } = await reconciled(stage, [], { env: { GH_TOKEN: 'ghs_installation' } });
    expect(warnings).toEqual([]);
  });

  test.each([
    ['2026-12-01 10:00:00 UTC', Date.UTC(2026, 11, 1, 10)],
    ['2026-12-01 10:00:00 +0200', Date.UTC(2026, 11, 1, 8)],
    ['2026-12-01 10:00:00 -0330', Date.UTC(2026, 11, 1, 13, 30)],
    ['2026-13-01 10:00:00 UTC', undefined],
    ['tomorrow', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('the header %j', (text, expected) => {
    expect(parseTokenExpiry(text)).toBe(expected);
  });
});

describe('environment and config file name different servers', () => {
  const config = (url: string): string => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), `github: { apiUrl: "${url}" }\n`);
    return cwd;
  };
  const OTHER = 'https://github.example.com/api/v3';

  test('runs and doctor warn, and name the one that is used', async () => {
    const stage = await stageWithToken(undefined);
    const cwd = config(OTHER);
    const run = await reconciled(stage, [], { cwd });
    expect(run.code).toBe(0);
    expect(run.warnings).toEqual([
      {
        code: 'GITHUB_URL_CONFLICT',
        message: expect.stringMatching(
          /^GITHUB_API_URL .*gh-permit-sync\.yaml:1:\d+: github\.apiUrl.*--github-url/,
        ),
      },
    ]);
    expect(await examined(stage, [], { cwd })).toContainEqual(
      expect.objectContaining({ id: 'settings.github-url', status: 'warning' }),
    );
    const failed = await reconciled(stage, ['--org', 'gone'], { cwd });
    expect(failed).toMatchObject({ code: 1, warnings: [{ code: 'GITHUB_URL_CONFLICT' }] });
  });

  test.each([
    ['explain', 'octocat'],
    ['check', 'octocat', 'view-private-repo', 'membership'],
    ['redeliver', '--dry-run'],
  ])('%s warns, and its exit code is unchanged', async (...args) => {
    const stage = await stageWithToken(undefined);
    const { world } = stage.github;
    addHook(world, 'acme', { url: 'http://127.0.0.1:9/github-membership' });
    const scopes = ['read:org', 'admin:org_hook'];
    addToken(world, 'ghp_owner', { kind: 'pat', userId: userOf(world, 'owner').id, scopes });
    const run = async (cwd: string) => {
      const { code, stdout } = await stage.run([...args, '--output', 'json'], {
        cwd,
        env: { GH_TOKEN: 'ghp_owner' },
      });
      const { warnings } = JSON.parse(stdout) as { warnings: { code: string }[] };
      return { code, isWarned: warnings.some((one) => one.code === 'GITHUB_URL_CONFLICT') };
    };
    const agreeing = await run(config(stage.github.url));
    expect(agreeing.isWarned).toBe(false);
    expect(await run(config(OTHER))).toEqual({ code: agreeing.code, isWarned: true });
  });

  test('the flag decides, and nobody is warned', async () => {
    const stage = await stageWithToken(undefined);
    const cwd = config(OTHER);
    const args = ['--github-url', `${stage.github.url}/`];
    const env = { GITHUB_API_URL: 'https://third.example.com' };
    expect(await reconciled(stage, args, { cwd, env })).toMatchObject({ code: 0, warnings: [] });
    const checks = await examined(stage, args, { cwd, env });
    expect(checks.map(({ id }) => id)).not.toContain('settings.github-url');
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
  });

  test('the same server, written differently, is not a conflict', async () => {
    const stage = await stageWithToken(undefined);
    const { warnings } = await reconciled(stage, [], { cwd: config(`${stage.github.url}//`) });
    expect(warnings).toEqual([]);
  });

  test.each([
    ['http://github.example.com', /^--github-url: .*not https/],
    ['github.example.com', /^--github-url: /],
    ['https://user:hush@github.example.com', /^--github-url: /],
  ])('--github-url %s is refused', async (url, says) => {
    const stage = await stageWithToken(undefined);
    const { stdout } = await stage.run(['reconcile', '-o', 'json', '--github-url', url]);
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'USAGE', message: expect.stringMatching(says) });
    expect(stdout).not.toContain('hush');
    expect(stage.github.requests).toEqual([]);
  });
});
