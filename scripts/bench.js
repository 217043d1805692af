// Bundles the benchmarks and runs those that are named, or all (test/bench/bench.ts).
import { cpSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from './bundle-options.js';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const outdir = 'test-results/bench';
await build({
  entryPoints: ['bench', 'listing/services', 'listing/bare', 'listing/replay'].map((name) => ({
    in: `test/bench/${name}.ts`,
    out: name,
  })),
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  logLevel: 'warning',
});
// The program once more, with source maps for its profiles.
const profiled = 'test-results/profiled';
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
await build({ ...bundleOptions(version), outdir: `${profiled}/dist`, sourcemap: 'external' });
cpSync('bin', `${profiled}/bin`, { recursive: true });
cpSync('package.json', `${profiled}/package.json`);
await import(`../${outdir}/bench.js`);
