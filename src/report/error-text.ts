import { inertLines } from './inert.ts';
import { palette } from './palette.ts';

/** What a run, or a command, can't go on after. `message` and `hint` may have several lines. */
export type ErrorToShow = { readonly code: string; readonly message: string; readonly hint: string };

const HINT = '  hint: ';

/**
 * For stderr: `error: what happened (CODE)`, the rest of the message indented, then what to do next.
 * Ends with a line break.
 */
export function renderError({ code, message, hint }: ErrorToShow, { color }: { color: boolean }): string {
  const paint = palette(color);
  const [first = '', ...more] = inertLines(message);
  const [, head = first, colon = ''] = /^(.*?)(:?)$/.exec(first) ?? [];
  const hints = hint.trim() === '' ? [] : inertLines(hint);
  const lines = [
    `${paint.status.error('error:')} ${head} ${paint.faint(`(${code})`)}${colon}`,
    ...more.map((line) => `  ${line}`.trimEnd()),
    ...hints.map((line, index) =>
      index === 0 ? paint.sign['~'](HINT) + line : `${' '.repeat(HINT.length)}${line}`.trimEnd(),
    ),
  ];
  return `${lines.join('\n')}\n`;
}
