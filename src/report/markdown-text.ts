import { sanitizeLine, sanitizeLines } from '../model/text/text.ts';

/**
 * GitHub acts on mentions, issue references, emoji names, bare addresses, HTML and markdown alike, and decodes
 * character references before it looks for mentions. Inside a code span it acts on none of them, so that is where
 * everything from outside goes.
 */
export function code(text: string): string {
  const safe = sanitizeLine(text).trim();
  if (safe === '') return '';
  const fence = fenceFor(safe, 1);
  const pad = safe.startsWith('`') || safe.endsWith('`') ? ' ' : '';
  return fence + pad + safe + pad + fence;
}

/** A block of code, line by line as it is. */
export function codeBlock(text: string): string {
  const safe = sanitizeLines(text).join('\n');
  const fence = fenceFor(safe, 3);
  return [fence, safe, fence].join('\n');
}

/** Code ends at the first run of equally many backticks, so the fence is longer than any run inside. */
function fenceFor(text: string, least: number): string {
  const runs = text.match(/`+/g) ?? [];
  return '`'.repeat(runs.reduce((most, run) => Math.max(most, run.length + 1), least));
}

/** A word that GitHub reads as plain text; seven hexadecimal letters could be a commit. */
const PLAIN_WORD = /^(?![a-f]{7,}$)[A-Za-z]+(?:['’][a-z]+)?$|^(?:\d{1,6}[smhd]?|\d{1,3}(?:,\d{3})+|→|…)$/;

/** A flag and its value stay together, to be copied. */
const WORD = /--[a-z-]+ (?:plain|all|\d+)(?![\w-])\S*|\S+/g;

/** A sentence that may quote text from outside: plain words stay plain, everything else becomes code. */
export function prose(text: string): string {
  return [...sanitizeLine(text).matchAll(WORD)]
    .map(([word]) => {
      const [, open = '', core = '', close = ''] = /^(\(?)(.*?)([,.;:)]*)$/u.exec(word) ?? [];
      return open + (PLAIN_WORD.test(core) ? core : code(core)) + close;
    })
    .join(' ');
}

/**
 * Markdown for one cell of a table. There `\|` is a pipe even inside code; a backslash right before the pipe would
 * undo that, so the two are kept apart.
 */
export function cell(markdown: string): string {
  return markdown.replace(/\\(?=\|)/g, '\\ ').replaceAll('|', '\\|');
}

/** At most `most` characters (UTF-16), without tearing a pair of surrogates apart. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
