import { SyncError } from '../model/errors.ts';
import { compareText } from '../model/identity.ts';
import { printable } from '../model/text.ts';
import { type ConfigDocument, positionOf } from './document.ts';
import { describeFlaw, type Flaw } from './flaw.ts';
import { looksSecret } from './secret.ts';
import type { Part, Path } from './syntax.ts';

/** A flaw of the config file, and where in it. */
export type Problem = Flaw & { readonly path: Path; readonly part: Part };

/** So many lines a person may work through; more come from one mistake repeated, or from the wrong file. */
const MOST_LINES = 100;
/** A key that is longer is no name that somebody chose. */
const LONGEST_NAME = 100;

/** @throws SyncError `CONFIG_INVALID` with every problem, each on its line, in the order of the file. */
export function refuseProblems(document: ConfigDocument, problems: readonly Problem[]): void {
  const lines = problems
    .map((problem) => ({ problem, ...positionOf(document, problem.path, problem.part) }))
    .toSorted(
      (a, b) =>
        a.line - b.line || a.column - b.column || compareText(nameOf(a.problem.path), nameOf(b.problem.path)),
    )
    .map(({ problem, line, column }) => {
      const name = nameOf(problem.path);
      return `${printable(document.name)}:${line}:${column}: ${name === '' ? '' : `${name}: `}${describeFlaw(problem)}`;
    });
  if (lines.length === 0) return;
  const left = lines.length - MOST_LINES;
  const shown = left > 0 ? [...lines.slice(0, MOST_LINES), `and ${left} more`] : lines;
  throw new SyncError(
    'CONFIG_INVALID',
    shown.join('\n'),
    `correct ${lines.length === 1 ? 'this line' : 'these lines'} and run again; nothing was sent to GitHub or Permit`,
  );
}

/** `grants[2].roles[0]`. A key of the file may hold a secret that was put at the wrong place. */
export function nameOf(path: Path): string {
  return path
    .map((key, i) => {
      if (typeof key === 'number') return `[${key}]`;
      const safe = looksSecret(key) || key.length > LONGEST_NAME ? '***' : printable(key);
      return i === 0 ? safe : `.${safe}`;
    })
    .join('');
}
