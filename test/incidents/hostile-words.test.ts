// Text from outside that repeats part of a secret, or is not text at all: a pipe that nobody writes to.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addMember } from '../../src/demo/github/github.ts';
import { addPermitUser } from '../../src/demo/permit/permit.ts';
import { emptyFolder, type Ran, type RunOptions } from '../support/program.ts';
import { openStage, populate, type Stage } from '../support/stage.ts';

const SECRET = 'Correct-Horse-Battery-Staple-9';
const LEGIBLE = /horse-batter|ORSE-BATTERY|rect-horse-b/i;

/** `acme`, where a login and a user key contain part of the webhook secret. */
async function stageWithParts(): Promise<Stage> {
  const stage = await openStage();
  populate(stage, 3, 1);
  addMember(stage.github.world, 'acme', { login: 'horse-BATTERY-stap', role: 'member' });
  addPermitUser(stage.permit.world, { key: 'correct-horse-battery', grants: ['default/admin'] });
  return stage;
}

describe('a part of a secret in someone’s name is concealed', () => {
  test.each(['text', 'json', 'markdown'])(
    'in the %s report, the plan, the audit file and the job summary',
    async (output) => {
      const stage = await stageWithParts();
      const cwd = emptyFolder();
      const env = {
        GITHUB_WEBHOOK_SECRET: SECRET,
        GITHUB_ACTIONS: 'true',
        GITHUB_OUTPUT: join(cwd, 'output'),
        GITHUB_STEP_SUMMARY: join(cwd, 'summary'),
      };
      const options: RunOptions = { env, cwd };
      const dry = await stage.run(
        ['reconcile', '--dry-run', '--out', 'plan.json', '--output', output],
        options,
      );
      expect(dry.code, dry.stderr).toBe(0);
      const applied = await stage.run(
        ['apply', 'plan.json', '--verbose', '--audit', 'audit.jsonl', '--output', output],
        options,
      );
      expect(applied.code, applied.stderr).toBe(0);
      expect(Object.keys(stage.held())).toContain('horse-BATTERY-stap');
      const files = readdirSync(cwd).map((name) => readFileSync(join(cwd, name), 'utf8'));
      expect(files).toHaveLength(4);
      for (const text of [dry.stdout, dry.stderr, applied.stdout, applied.stderr, ...files])
        expect(text).not.toMatch(LEGIBLE);
      expect(applied.stdout).toContain('***');
      if (output === 'json') expect(JSON.parse(applied.stdout)).toMatchObject({ status: 'applied' });
    },
  );
});

test.each([
  ['a command', ['horse-battery-staple']],
  ['an argument too many', ['reconcile', 'Correct-horse-battery']],
  ['a flag that there is not', ['reconcile', '--CORRECT-HORSE-BATTERY']],
  ['the value of a flag', ['reconcile', '--timeout', 'horse-battery-STAPLE']],
  ['a missing config file', ['reconcile', '--config', 'Correct-Horse-Battery.yaml']],
  ['a plan that is not there', ['apply', 'Correct-Horse-Battery.json']],
  ['a login', ['explain', 'Correct-Horse-Battery']],
])('part of a secret is not repeated as %s', async (_, args) => {
  const stage = await openStage();
  for (const more of [[], ['--output', 'json']]) {
    const { code, stdout, stderr } = await stage.run([...args, ...more], {
      env: { GITHUB_WEBHOOK_SECRET: SECRET },
    });
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('***');
    expect(stdout + stderr).not.toMatch(LEGIBLE);
  }
});

/** What is found instead of a file, by name. */
const NO_FILES: { readonly [name: string]: (path: string) => void } = {
  'a pipe': (path) => void execFileSync('mkfifo', [path]),
  'a folder': (path) => void execFileSync('mkdir', [path]),
  'a device': (path) => void execFileSync('ln', ['-s', '/dev/zero', path]),
  'a terminal-like device': (path) => void execFileSync('ln', ['-s', '/dev/full', path]),
  'a socket': (path) => {
    const server = createServer().listen(path);
    onTestFinished(() => void server.close());
  },
};

/** A run that waits for a pipe blocks its process, so it gets its own, which is killed and then has no exit code. */
const runWith = (kind: string, stage: Stage, args: readonly string[], options: RunOptions): Promise<Ran> =>
  kind === 'a pipe'
    ? stage.spawn(args, {
        ...options,
        started: (kill) => void setTimeout(() => kill('SIGKILL'), 30_000).unref(),
      })
    : stage.run(args, options);

describe.each(Object.keys(NO_FILES))('%s instead of a file is refused at once', (kind) => {
  const put = (name: string): { cwd: string; path: string } => {
    const cwd = emptyFolder();
    const path = join(cwd, name);
    NO_FILES[kind]?.(path);
    return { cwd, path };
  };

  test('as the config that --config names', async () => {
    const stage = await openStage();
    const { cwd } = put('config.yaml');
    for (const command of [['reconcile'], ['doctor'], ['explain', 'owner']]) {
      const ran = await runWith(kind, stage, [...command, '--config', 'config.yaml'], { cwd });
      expect(ran.code, ran.stderr).toBe(1);
      expect(ran.stdout + ran.stderr).toMatch(/config\.yaml: is (a folder|a directory|not a regular file)/);
      expect(stage.held()).toEqual({});
    }
  });

  test('as the config that is found in the working directory', async () => {
    const stage = await openStage();
    const { cwd } = put('gh-permit-sync.yaml');
    const ran = await runWith(kind, stage, ['reconcile'], { cwd });
    expect(ran.code, ran.stderr).toBe(1);
    expect(ran.stderr).toContain('CONFIG_INVALID');
    expect(stage.permit.requests).toHaveLength(0);
  });

  test('as a saved plan', async () => {
    const stage = await openStage();
    const { cwd } = put('plan.json');
    const ran = await runWith(kind, stage, ['apply', 'plan.json'], { cwd });
    expect(ran.code, ran.stderr).toBe(1);
    expect(ran.stderr).toContain('USAGE');
    expect(stage.permit.requests).toHaveLength(0);
  });

  test('as the files that a run writes', async () => {
    const stage = await openStage();
    const { cwd } = put('there');
    for (const args of [
      ['--dry-run', '--out', 'there'],
      ['--audit', 'there'],
    ]) {
      const ran = await runWith(kind, stage, ['reconcile', ...args], { cwd });
      expect(ran.code, ran.stderr).toBe(1);
      expect(stage.permit.requests).toHaveLength(0);
    }
  });

  test('as the job summary and the outputs of GitHub Actions, which end no run', async () => {
    const stage = await openStage();
    const { cwd, path } = put('there');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path, GITHUB_OUTPUT: path };
    const ran = await runWith(kind, stage, ['reconcile'], { cwd, env });
    expect(ran.code, ran.stderr).toBe(0);
  });
});

test('an endless file is read only up to the size limit of a config', async () => {
  const stage = await openStage();
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), 'a'.repeat(3_000_000));
  const ran = await stage.run(['reconcile'], { cwd });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain('larger than 1 MB');
});
