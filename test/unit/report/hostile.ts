/** Hostile names and messages, each with what must not take effect. */
export const HOSTILE = [
  '\u001b[31mred\u001b[0m',
  '\u001b]8;;http://evil\u0007click\u001b]8;;\u0007',
  'abc\u202egnp.exe',
  'zero\u200bwidth\u00ad',
  '](http://evil.example)',
  '![x](http://evil.example/x.png)',
  '<script>alert(1)</script>',
  '</details><!--',
  'a | b \\| c',
  'back`tick``s',
  '`',
  '::error::owned',
  '##[error]owned',
  'line\nbreak\r\n::add-mask::x',
  'para\u2028graph\u2029',
  '@everyone',
  '&#64;everyone',
  '# heading',
  'www.evil.example',
  '\u009b31mC1',
  '\u{e0041}tag',
] as const;

/** Everything that Unicode calls a control, a format character or a line break, but for our own line breaks. */
export const INVISIBLE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
