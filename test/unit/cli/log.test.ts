import { expect, test } from 'vitest';
import { openLog } from '../../../src/cli/log.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { HOSTILE, INVISIBLE } from '../report/hostile.ts';

function told(format: 'text' | 'json', text: string): string {
  let said = '';
  const terminal: Terminal = {
    env: {},
    out: () => undefined,
    err: (more) => {
      said += more;
    },
    outIsTty: false,
    errIsTty: false,
    width: undefined,
    concealNewest: () => undefined,
    conceal: () => undefined,
    concealed: (text) => text,
  };
  const log = openLog(terminal, { format, quiet: false, verbose: true, color: false });
  log.error({ code: 'INTERNAL', message: text, hint: text });
  log.info(text);
  log.debug(text, { request: text });
  return said;
}

test.each(HOSTILE)('%j does nothing on a terminal or to a runner', (text) => {
  for (const format of ['text', 'json'] as const) {
    const said = told(format, text);
    expect(said).not.toMatch(INVISIBLE);
    expect(said).not.toContain('##[');
    expect(said).not.toMatch(/^\s*::/m);
  }
});

test('JSON says the same as it was given', () => {
  const lines = told('json', HOSTILE.join(' ')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).message)).toEqual([1, 2, 3].map(() => HOSTILE.join(' ')));
});
