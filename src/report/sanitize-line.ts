import { printable } from '../model/text.ts';

/**
 * Text from outside, made safe to stand on a line of output. A line break becomes a space, so that it glues no
 * words together. Besides what acts on a terminal, two things must not survive, since GitHub's runner takes them
 * for a workflow command: `##[` wherever in a line it stands, and `::` at its beginning, even after spaces
 * (actions/runner, ActionCommand.TryParse and TryParseV2).
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
