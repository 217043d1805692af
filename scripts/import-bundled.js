import { build } from 'esbuild';

/** Bundles a TypeScript module in memory and imports it. @param path relative to the working directory. */
export async function importBundled(path) {
  const { outputFiles } = await build({
    entryPoints: [path],
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  const module = Buffer.from(outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${module}`);
}
