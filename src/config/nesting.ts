import { Lexer } from 'yaml';

/** A config needs six levels or so. */
const DEEPEST = 64;
const FARTHEST_INDENT = 256;

/**
 * The parser recurses for each level, and a file of nothing but `[` would end the process without a word (V8 can
 * not report a stack overflow inside of a regular expression). So levels are counted before they are parsed.
 * @returns where the first level too many is opened.
 */
export function tooDeepAt(text: string): { readonly line: number; readonly column: number } | undefined {
  let [line, column] = [1, 1];
  let brackets = 0;
  let indicators = 0;
  let isText = false;
  for (const lexeme of new Lexer().lex(text)) {
    // The lexer announces a plain text and the parts of a document by characters that are not in the file.
    if (lexeme === '\u001f' || lexeme === '\u0002' || lexeme === '\u0018') {
      isText = lexeme === '\u001f';
      continue;
    }
    if (!isText) {
      if (lexeme === '[' || lexeme === '{') brackets++;
      if (lexeme === ']' || lexeme === '}') brackets = Math.max(0, brackets - 1);
      if (brackets === 0 && (lexeme === '-' || lexeme === '?' || lexeme === ':')) indicators++;
      const indent = column === 1 && brackets === 0 && /^ +$/.test(lexeme) ? lexeme.length : 0;
      if (brackets > DEEPEST || indicators > DEEPEST || indent > FARTHEST_INDENT) return { line, column };
    }
    isText = false;
    const breaks = lexeme.split('\n').length - 1;
    if (breaks > 0)
      [line, column, indicators] = [line + breaks, 1 + lexeme.length - lexeme.lastIndexOf('\n') - 1, 0];
    else column += lexeme.length;
  }
  return undefined;
}
