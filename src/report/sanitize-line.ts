import { printable } from '../model/text/text.ts';

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

/** The lines of a text of our own that may quote text from outside: its line breaks stay. */
export function inertLines(text: string): readonly string[] {
  return text.trimEnd().split(/\r?\n/).map(sanitizeLine);
}
