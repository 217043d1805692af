import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let isMade = false;

/**
 * Keeps all temporary files of the tests, and of the programs they start, in one folder that is removed at the end: a
 * run of the suite makes thousands. Vitest calls this once for each project of its config.
 */
export default function temporaryFolder(): (() => void) | undefined {
  if (isMade) return undefined;
  isMade = true;
  const folder = mkdtempSync(join(tmpdir(), 'gps-tests-'));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
