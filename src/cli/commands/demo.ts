import { Chalk } from 'chalk';
import type { WorldName } from '../../demo/demo-worlds.ts';
import { SyncError } from '../../model/errors.ts';
import { wrap } from '../../report/columns.ts';
import { type CommandOutcome, type Context, defineCommand } from '../command.ts';
import { flag, refuseValue, switchFlag, terminalFlags, textFlag, type ValuesOf } from '../flags.ts';
import { wantsColor } from '../terminal.ts';

/** The receiver's defaults. */
const WEBHOOK_URL = 'http://127.0.0.1:4000/github-membership';

const flags = {
  members: flag<number | undefined>({
    syntax: '--members <n>',
    description: 'size of the organization, from 5 to 100000',
    parse: parseMembers,
  }),
  serve: switchFlag('--serve', 'keep the emulators running, and print the variables to export'),
  world: flag<WorldName | undefined>({
    syntax: '--world <name>',
    description: 'with --serve: what GitHub and Permit hold (default: drift)',
    choices: ['small', 'drift', 'existing', 'large'],
  }),
  port: flag<number | undefined>({
    syntax: '--port <port>',
    description: 'with --serve: use this port and the next two, instead of free ones',
    parse: parsePort,
  }),
  webhook: textFlag('--webhook <url>', `with --serve: where GitHub delivers (default: ${WEBHOOK_URL})`),
  color: terminalFlags.color,
  noColor: terminalFlags.noColor,
};

type DemoOptions = ValuesOf<typeof flags>;

export const demo = defineCommand({
  name: 'demo',
  summary: 'see the whole loop, without any account',
  description:
    'Show the whole loop against GitHub and Permit emulators on this machine: no account, no network.',
  flags,
  about: [
    'With --serve the emulators run until a signal. Only export lines go to stdout; paste them into another terminal to try every other command. Redis runs alongside them if redis-server is installed; REDIS_URL is used if it is set.',
    'Worlds: small has a handful of people and a new Permit environment. In drift, Permit differs from GitHub in every possible way. In existing, Permit already has the 2,000 members as users, under their logins and emails. In large, Permit has no users for 2,000 members.',
  ],
  examples: [
    'gh-permit-sync demo',
    'gh-permit-sync demo --members 2000',
    'gh-permit-sync demo --serve',
    'gh-permit-sync demo --serve --world existing --port 4100',
    ['eval "$(gh-permit-sync demo --serve &)"', 'in this terminal'],
  ],
  exitCodes: '0 Permit matches GitHub at the end, or a signal ended --serve, 1 error.',
  validate: validateFlags,
  settings: () => ({}),
  staysUp: ({ serve }) => serve === true,
  finishing: 'the emulators',
  isEmulated: true,
  run: (context, options) => (options.serve ? serve(context, options) : show(context, options)),
});

async function show({ terminal }: Context<unknown>, options: DemoOptions): Promise<CommandOutcome> {
  const { runDemo } = await import('../../demo/run-demo.ts');
  const { startedAs } = await import('../started-as.ts');
  const color = wantsColor(options.color, terminal.env, terminal.outIsTty);
  const code = await runDemo({
    say: terminal.out,
    isOutLost: () => terminal.outIsLost?.() === true,
    wrap: (text) => wrap(text, terminal.width).join('\n'),
    strong: new Chalk({ level: color ? 1 : 0 }).bold,
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    command: startedAs(terminal).command,
    env: terminal.env,
    color,
    members: options.members,
  });
  return { exitCode: code === 0 ? 0 : 1 };
}

async function serve({ terminal, control }: Context<unknown>, options: DemoOptions): Promise<CommandOutcome> {
  const { world = 'drift', members, port = 0, webhook: webhookUrl = WEBHOOK_URL } = options;
  const { demoWorlds } = await import('../../demo/demo-worlds.ts');
  const { redisToUse, serveDemo } = await import('../../demo/serve-demo.ts');
  const { renderGuide } = await import('../../demo/serve-guide.ts');
  const { startedAs } = await import('../started-as.ts');
  const worlds = demoWorlds(world, members);
  const redisUrl = await redisToUse(terminal.env.REDIS_URL?.trim());
  const { urls, exports, close } = await serveDemo({
    worlds,
    port,
    webhookUrl,
    redisUrl,
    path: terminal.env.PATH,
  });
  try {
    terminal.out(exports);
    const hasOwnRedis = redisUrl !== undefined;
    const { command } = startedAs(terminal);
    terminal.err(renderGuide({ command, world, worlds, urls, webhookUrl, hasOwnRedis, pid: process.pid }));
    terminal.closeOut?.();
    const { signal } = control.stop;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  } finally {
    await close();
  }
  return { exitCode: 0 };
}

/** @throws SyncError `USAGE` */
function validateFlags({ serve, world, port, webhook, members }: DemoOptions): void {
  const needing = Object.entries({ world, port, webhook }).find(([, value]) => value !== undefined);
  if (!serve && needing) {
    throw new SyncError('USAGE', `--${needing[0]} needs --serve`, 'add --serve, or leave it out');
  }
  if (webhook !== undefined && !/^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?\//.test(webhook)) {
    throw new SyncError(
      'USAGE',
      '--webhook is not an http address of this machine with a path',
      `use something like ${WEBHOOK_URL}`,
    );
  }
  if (world === 'small' && members !== undefined) {
    throw new SyncError(
      'USAGE',
      'the world "small" has a fixed size',
      'leave --members out, or choose another --world',
    );
  }
}

function parseMembers(text: string): number {
  const members = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return members >= 5 && members <= 100_000 ? members : refuseValue('expected a number from 5 to 100000.');
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port >= 1 && port <= 65_533 ? port : refuseValue('expected a number from 1 to 65533.');
}
