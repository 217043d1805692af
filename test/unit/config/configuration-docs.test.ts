import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

test('docs/CONFIGURATION.md is up to date with the schema (npm run docs)', () => {
  const script = fileURLToPath(new URL('../../../scripts/configuration-docs.js', import.meta.url));
  execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
});
