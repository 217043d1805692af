import type { Terminal } from './terminal.ts';
export async function demoCommand(_options: { readonly color?: boolean }, _terminal: Terminal): Promise<number> {
  return 0;
}
