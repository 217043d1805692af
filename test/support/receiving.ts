import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { BIN, type RunOptions } from './program.ts';

/** A receiver that has said where it listens. */
export type Receiving = {
  readonly url: string;
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** What stderr says so far. */
  readonly said: () => string;
};

/** The built program, receiving on a free port until the test ends. @throws Error when it ends before it listens. */
export async function startReceiving(
  args: readonly string[],
  { cwd, env }: Required<Pick<RunOptions, 'cwd' | 'env'>>,
): Promise<Receiving> {
  const child = spawn(process.execPath, [BIN, 'receive', '--host', '127.0.0.1', '--port', '0', ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  for (;;) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+[^ "]*/.exec(text) ?? [];
    if (url !== undefined)
      return { url, pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), ended, said: () => text };
    if ((await Promise.race([ended, sleep(10, 'not yet')])) !== 'not yet') throw new Error(text);
  }
}
