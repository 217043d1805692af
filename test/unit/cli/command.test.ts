import { describe, expect, test } from 'vitest';
import { type CommandOutcome, type Context, defineCommand } from '../../../src/cli/command.ts';
import { commonFlags } from '../../../src/cli/flags.ts';
import { COMMANDS } from '../../../src/cli/program.ts';
import { SyncError } from '../../../src/model/errors.ts';
import { recordingTerminal } from '../../support/in-process.ts';

type Settings = { readonly timeoutMs: number };

/** Runs a command that does `work`. */
async function runWith(
  work: (context: Context<Settings>) => Promise<CommandOutcome>,
  options: Readonly<Record<string, unknown>> = {},
) {
  const { terminal, printed } = recordingTerminal({ GH_TOKEN: 'ghp_aSecretThatIsLongEnough' });
  const command = defineCommand({
    name: 'test',
    summary: 'test',
    description: 'Test.',
    flags: commonFlags,
    examples: ['gh-permit-sync test'],
    settings: () => ({ timeoutMs: 60_000 }),
    run: work,
  });
  const code = await command.start({ output: 'json', ...options }, { terminal, reportName: 'test' });
  return { code, ...printed() };
}

/** A write to Permit that ended with this status; undefined: no answer. */
function write({ counter }: Pick<Context<Settings>, 'counter'>, status: number | undefined): void {
  counter.onStart('Permit', true);
  counter.onEnd('Permit', 'POST /v2/users', status, 1, true);
}

describe('a bug in a command that had already written was reported as exit 1, "nothing was written"', () => {
  const bug = new TypeError('undefined is not a function');

  test.each([
    ['before any write', [], 1],
    ['after a write', [200], 4],
    ['after a write without an answer', [undefined], 4],
    ['after a write that Permit refused', [403], 1],
    ['after a refused write and one that was done', [403, 201], 4],
  ] as const)('%s: exit %j', async (_, statuses, code) => {
    const ended = await runWith(async (context) => {
      for (const status of statuses) write(context, status);
      throw bug;
    });
    expect(ended.code).toBe(code);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      command: 'test',
      status: 'error',
      error: { code: 'INTERNAL' },
    });
    expect(ended.stderr.includes('some changes may have been written')).toBe(code === 4);
  });

  test('while a write is under way: exit 4', async () => {
    const { code } = await runWith(async ({ counter }) => {
      counter.onStart('Permit', true);
      throw bug;
    });
    expect(code).toBe(4);
  });

  test('reads change nothing: exit 1', async () => {
    const { code } = await runWith(async ({ counter }) => {
      counter.onStart('GitHub');
      counter.onEnd('GitHub', 'GET /orgs/acme', 200, 1);
      throw bug;
    });
    expect(code).toBe(1);
  });
});

test('a stop is reported instead of whatever it interrupted', async () => {
  const { code, stderr } = await runWith(async ({ control }) => {
    control.end({ kind: 'timeout', timeoutMs: 60_000 });
    throw new Error('socket hang up');
  });
  expect([code, stderr]).toEqual([1, expect.stringContaining('(TIMEOUT)')]);
  // It has no --user to narrow it with.
  expect(stderr).not.toContain('--user');
});

test('no secret of the environment is printed, whatever a command throws', async () => {
  const { stdout, stderr } = await runWith(async () => {
    throw new SyncError(
      'GITHUB_AUTH',
      'ghp_aSecretThatIsLongEnough is wrong',
      'set ghp_aSecretThatIsLongEnough',
    );
  });
  expect(stdout + stderr).not.toContain('ghp_aSecretThatIsLongEnough');
});

test('every flag is declared under the name that the parser gives it', () => {
  const commands = COMMANDS.flatMap((one) => ('commands' in one ? one.commands : [one]));
  for (const { flags } of commands) {
    for (const [name, { syntax }] of Object.entries(flags)) {
      const [, long = ''] = /--([a-z-]+)/.exec(syntax) ?? [];
      const camel = long.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      expect([camel, camel.replace(/^no(\w)/, (_, letter: string) => letter.toLowerCase())]).toContain(name);
    }
  }
});
