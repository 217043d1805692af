import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a program used, its start included. */
export type Usage = { readonly cpuMs: number; readonly peakMb: number; readonly wallMs: number };

/** `npm run build` puts it there. */
export const BIN = 'bin/gh-permit-sync.js';
const MAX_RUN_MS = 120_000;

/**
 * Runs Node with these arguments, and nothing of this environment but PATH and HOME.
 * @param isReady ends the program by SIGTERM as soon as stderr holds this; the wall time counts up to there.
 * @throws Error if it does not end with 0.
 */
export async function runNode(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  isReady?: RegExp,
): Promise<Usage> {
  const began = performance.now();
  let readyMs: number | undefined;
  const child = spawn(process.execPath, ['--require', './test/bench/usage.cjs', ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    timeout: MAX_RUN_MS,
  });
  let [said, used] = ['', ''];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (readyMs !== undefined || !isReady?.test(said)) return;
    readyMs = performance.now() - began;
    child.kill('SIGTERM');
  });
  child.stdio[3]?.on('data', (text: Buffer) => {
    used += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${said}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(used) as NodeJS.ResourceUsage;
  return {
    cpuMs: (userCPUTime + systemCPUTime) / 1_000,
    peakMb: (maxRSS * 1_024) / 1e6,
    wallMs: readyMs ?? performance.now() - began,
  };
}

/** The middle one. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
