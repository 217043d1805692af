import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OWNER_TOKEN } from '../../src/demo/github/github.ts';
import { ENVIRONMENT_KEY } from '../../src/demo/permit/permit.ts';

/** The environment in which the program finds the emulators, about the organization `acme`. */
export const settingsFor = ({
  github,
  permit,
}: {
  readonly github: { readonly url: string };
  readonly permit: { readonly url: string };
}) => ({
  GITHUB_API_URL: github.url,
  PERMIT_API_URL: permit.url,
  PERMIT_PDP_URL: permit.url,
  GH_TOKEN: OWNER_TOKEN,
  PERMIT_API_KEY: ENVIRONMENT_KEY,
  GITHUB_ORG: 'acme',
});

/** The built program. */
export const BIN = fileURLToPath(new URL('../../bin/gh-permit-sync.js', import.meta.url));

export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** An empty folder unless given, so that the program finds no config file of this project. */
  readonly cwd?: string;
  /** Called once the program has started. */
  readonly started?: (kill: (signal: NodeJS.Signals) => void) => void;
};

/** A new empty folder. */
export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'gh-permit-sync-'));

/** Runs the built program in a child process, which inherits only PATH and HOME from this machine's environment. */
export async function run(
  args: readonly string[],
  { env = {}, cwd, started }: RunOptions = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: cwd ?? emptyFolder(),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  started?.((signal) => child.kill(signal));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
