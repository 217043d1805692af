import { build } from 'esbuild';

/** Bundles a TypeScript module in memory and imports it. @param path relative to the working directory. */
export async function importBundled(path) {
  const { outputFiles } = await build({
    entryPoints: [path],
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // CommonJS dependencies call `require` for Node's own modules, and a data URL has no place to resolve from.
    banner: {
      js: "import{createRequire as __cr}from'node:module';const require=__cr(process.cwd()+'/');",
    },
    logLevel: 'warning',
  });
  const module = Buffer.from(outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${module}`);
}
