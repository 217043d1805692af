import { wrap, wrapPainted } from './columns.ts';
import { palette } from './palette.ts';
import { inertLines } from './sanitize-line.ts';

/** What a run, or a command, can't go on after. `message` and `hint` may have several lines. */
export type ErrorToShow = { readonly code: string; readonly message: string; readonly hint: string };

const HINT = '  hint: ';

/**
 * For stderr: `error: what happened (CODE)`, the rest of the message indented, then what to do next.
 * Ends with a line break.
 */
export function renderError(
  { code, message, hint }: ErrorToShow,
  { color, width }: { readonly color: boolean; readonly width?: number | undefined },
): string {
  const paint = palette(color);
  const [first = '', ...more] = inertLines(message);
  const [, head = first, colon = ''] = /^(.*?)(:?)$/.exec(first) ?? [];
  const hints = hint.trim() === '' ? [] : inertLines(hint);
  const room = (column: number): number | undefined => (width === undefined ? undefined : width - column);
  const below = ' '.repeat(HINT.length);
  const lines = [
    ...wrapPainted(
      [
        { text: 'error:', paint: paint.status.error },
        { text: head, paint: paint.plain },
        { text: `(${code})${colon}`, paint: paint.faint },
      ],
      width,
    ),
    ...more.flatMap((line) => wrap(line, room(2))).map((line) => `  ${line}`.trimEnd()),
    ...hints
      .flatMap((line) => wrap(line, room(HINT.length)))
      .map((line, index) => (index === 0 ? paint.sign['~'](HINT) + line : `${below}${line}`.trimEnd())),
  ];
  return `${lines.join('\n')}\n`;
}
