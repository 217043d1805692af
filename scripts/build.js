// Bundles src into dist. The package has no dependencies to install, and each command loads only what it needs.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from './bundle-options.js';
import { importBundled } from './import-bundled.js';
import { bundledPackages, licenses } from './licenses.js';
import { emitTypes } from './types.js';

// Paths below, esbuild's included, are relative to the root of the repository.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build(bundleOptions(version));

writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licenses(bundledPackages(metafile)));

// The JSON Schema of the config file, for editors.
const { configJsonSchema } = await importBundled('src/config/document/json-schema.ts');
writeFileSync('dist/config.schema.json', `${JSON.stringify(configJsonSchema(version), null, 2)}\n`);

emitTypes('src/index.ts', 'dist/types');
