import { realpathSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { isClone } from '../init/install.ts';
import { shellWord } from '../model/text/text.ts';
import type { Terminal } from './terminal.ts';

type StartedAs = {
  /** Starts this program again, from the working directory, as a shell takes it. */
  readonly command: string;
  /** Root of the clone that it runs from; undefined for an installed package. */
  readonly clone: string | undefined;
};

/** How the reader can start this program again: in a clone nothing is on the PATH. */
export function startedAs(
  { env }: Pick<Terminal, 'env'>,
  script: string = process.argv[1] ?? '',
  cwd: string = process.cwd(),
): StartedAs {
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
