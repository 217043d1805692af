import { realpathSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { isClone } from '../init/install.ts';
import { shellWord } from '../model/text/text.ts';
import type { Terminal } from './terminal.ts';

/**
 * How the reader can start this program again. A clone is not on the PATH.
 * @returns `command` starts it from the working directory, as a shell takes it. `clone` is the root of the clone that it
 *   runs from, undefined for an installed package.
 */
export function startedAs(
  { env }: Pick<Terminal, 'env'>,
  script: string = process.argv[1] ?? '',
  cwd: string = process.cwd(),
): { readonly command: string; readonly clone: string | undefined } {
  const file = realpathOf(script);
  const root = dirname(dirname(file));
  if (basename(file) === 'gh-permit-sync.js' && isClone(root)) {
    return { command: `node ${shellWord(relative(realpathOf(cwd), file))}`, clone: root };
  }
  return { command: env.npm_command === 'exec' ? 'npx gh-permit-sync' : 'gh-permit-sync', clone: undefined };
}

function realpathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
