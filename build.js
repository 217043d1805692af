// Bundles src into dist: no dependency is installed with the package, and what a command does not need is not loaded.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { bundledPackages, licenses } from './licenses.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

rmSync(new URL('dist', import.meta.url), { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ['src/main.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  minify: true,
  // Stack traces of a crash name our functions.
  keepNames: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  define: { __VERSION__: JSON.stringify(version) },
  // CommonJS dependencies inside ESM output call `require` for Node's own modules.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  logLevel: 'warning',
  metafile: true,
});

writeFileSync(new URL('dist/THIRD-PARTY-LICENSES.txt', import.meta.url), licenses(bundledPackages(metafile)));

// The JSON Schema of the config file, for editors. Its module is bundled in memory and run here, so that neither it
// nor its descriptions are in the program.
const { outputFiles } = await build({
  entryPoints: ['src/config/json-schema.ts'],
  write: false,
  bundle: true,
  format: 'esm',
  platform: 'node',
  logLevel: 'warning',
});
const module = Buffer.from(outputFiles[0].contents).toString('base64');
const { configJsonSchema } = await import(`data:text/javascript;base64,${module}`);
writeFileSync(
  new URL('dist/config.schema.json', import.meta.url),
  `${JSON.stringify(configJsonSchema(version), null, 2)}\n`,
);
