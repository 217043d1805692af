// Bundles src into dist. The package has no dependencies to install, and each command loads only what it needs.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundledPackages, licenses } from './licenses.js';

// Paths below, esbuild's included, are relative to the root of the repository.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ['src/main.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  minify: true,
  // Function names in the stack trace of a crash stay readable.
  keepNames: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  define: { __VERSION__: JSON.stringify(version) },
  // CommonJS dependencies in ESM output call `require` for Node's own modules.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  logLevel: 'warning',
  metafile: true,
});

writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licenses(bundledPackages(metafile)));

// The JSON Schema of the config file, for editors. Its module is bundled in memory and run here: the program needs
// neither it nor its descriptions.
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
writeFileSync('dist/config.schema.json', `${JSON.stringify(configJsonSchema(version), null, 2)}\n`);
