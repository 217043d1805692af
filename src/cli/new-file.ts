import { resolve } from 'node:path';
import { fromFlag } from '../config/source.ts';
import { printable } from '../model/text/text.ts';
import type { NamedPath } from '../sync/file-place.ts';

/** @throws SyncError `USAGE`: the path is empty, or looks like a secret. */
export function namedPath(flag: string, value: string | undefined): NamedPath | undefined {
  const said = fromFlag(flag, value);
  return said && { flag, path: resolve(said.text), name: printable(said.text) };
}
