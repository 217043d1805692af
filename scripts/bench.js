// Bundles the benchmarks and runs those that are named, or all (test/bench/bench.ts).
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

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
await import(`../${outdir}/bench.js`);
