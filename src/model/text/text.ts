/**
 * Text from outside (logins, keys, error messages) may hold escape sequences, bidirectional overrides and line
 * breaks. Everything in Unicode Cc, Cf, Zl and Zp is dropped before it can reach a terminal or a log.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '');
}

/** "12,345", the same on every machine. */
export const quantity = (n: number): string => String(n).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** "1 user", "2,000 users". */
export function count(n: number, singular: string, plural = `${singular}s`): string {
  return `${quantity(n)} ${n === 1 ? singular : plural}`;
}

/** "a", "a and b", "a, b and c"; past `most` names, "a, b and 7 more". */
export function enumerate(names: readonly string[], most = 10): string {
  const shown =
    names.length > most ? [...names.slice(0, most), `${quantity(names.length - most)} more`] : names;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** A text as a shell takes it. */
export const shellWord = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Makes text from outside safe to print on one line. A line break becomes a space, so that words stay apart. Besides
 * control characters, two things must not survive, because GitHub's runner takes them for a workflow command: `##[`
 * anywhere in a line, and `::` at its beginning, even after spaces (actions/runner, ActionCommand.TryParse and
 * TryParseV2).
 */
export function sanitizeLine(text: string): string {
  return printable(text.replace(/[\t\r\n\u2028\u2029]+ */g, ' '))
    .replaceAll('##[', '## [')
    .replace(/^(\s*):(?=:)/, '$1: ');
}

/** The lines of a text that may quote text from outside, each sanitized. */
export function sanitizeLines(text: string): readonly string[] {
  return text.trimEnd().split(/\r?\n/).map(sanitizeLine);
}
