import { defineCommand } from '../command.ts';
import { terminalFlags } from '../flags.ts';
import { wantsColor } from '../terminal.ts';

export const demo = defineCommand({
  name: 'demo',
  summary: 'see the whole loop, without any account',
  description:
    'Show the whole loop against GitHub and Permit emulators on this machine: no account, no network.',
  flags: { color: terminalFlags.color, noColor: terminalFlags.noColor },
  examples: ['gh-permit-sync demo'],
  exitCodes: '0 Permit matches GitHub at the end, 1 error.',
  settings: () => ({}),
  run: async ({ terminal }, options) => {
    const { Chalk } = await import('chalk');
    const { runDemo } = await import('../../demo/run-demo.ts');
    const { wrap } = await import('../../report/columns.ts');
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
    });
    return { exitCode: code === 0 ? 0 : 1 };
  },
});
