import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const PREFIX = 'gps-tests-';

/**
 * Keeps all temporary files of the tests, and of the programs they start, in one folder that is removed at the end: a
 * run of the suite makes thousands. Vitest calls this once for each project of its config.
 */
export default function temporaryFolder(): (() => void) | undefined {
  if (basename(tmpdir()).startsWith(PREFIX)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
