// How src is bundled: by the build, and by the test of what the bundle holds.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Parts of packages that are never used here, and what replaces them: they would be a third of the package, and
 * of what a small run loads.
 */
const REPLACED = {
  // src/http sends for axios: it needs no adapter of its own, and no multipart form, which brings a table of all MIME types.
  'axios/lib/adapters/adapters.js': 'export default { getAdapter: (adapter) => adapter };',
  'axios/lib/platform/node/classes/FormData.js': 'export default null;',
  // Merely asking whether there is a global FormData has Node load all of its fetch.
  'axios/lib/utils.js': (source) =>
    replaceOnce(source, "typeof G.FormData !== 'undefined' ? G.FormData", 'false ? null'),
  // Permit's SDK uses three functions of lodash; its log and its own retries are off.
  'lodash/lodash.js': `import assign from './assign.js';
import get from './get.js';
import merge from './merge.js';
export default { assign, get, merge };`,
  'pino/pino.js': `const silent = () => undefined;
const pino = () => ({ debug: silent, info: silent, warn: silent, error: silent });
pino.stdTimeFunctions = {};
export default pino;`,
  'axios-retry/dist/esm/index.js': 'export default () => undefined;',
  // The SDK makes a client for every API of Permit, old ones too: here without those that nothing here asks.
  'permitio/build/index.mjs': (source) =>
    [
      'this.conditionSetRules = new ConditionSetRulesApi2(config, logger);',
      'this.conditionSets = new ConditionSetsApi2(config, logger);',
      'this.projects = new ProjectsApi2(config, logger);',
      'this.environments = new EnvironmentsApi2(config, logger);',
      'this.actionGroups = new ResourceActionGroupsApi2(config, logger);',
      'this.resourceAttributes = new ResourceAttributesApi2(config, logger);',
      'this.elements = new ElementsClient(this.config, this.logger);',
    ].reduce(
      (rest, unused) => replaceOnce(rest, unused, ''),
      replaceOnce(
        source,
        'ApiClient = class extends DeprecatedApiClient',
        'ApiClient = class extends BasePermitApi',
      ),
    ),
  // prom-client asks it for the trace behind an exemplar, which no metric here has.
  '@opentelemetry/api/dist/index.cjs': 'module.exports = {};',
};

function replaceOnce(source, from, to) {
  if (source.split(from).length !== 2) throw new Error(`not found once: ${from}`);
  return source.replace(from, to);
}

const inPackages = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Whether nothing of a file gets into the bundle. */
export const isReplaced = (path) => typeof REPLACED[inPackages(path)] === 'string';

const replaceUnused = {
  name: 'replace-unused',
  setup({ onLoad }) {
    const paths = Object.keys(REPLACED).map((path) => path.replaceAll('.', '\\.'));
    onLoad({ filter: new RegExp(`node_modules/(?:${paths.join('|')})$`) }, ({ path }) => {
      const replaced = REPLACED[inPackages(path)];
      const contents = typeof replaced === 'string' ? replaced : replaced(readFileSync(path, 'utf8'));
      return { contents, loader: 'js', resolveDir: dirname(path) };
    });
  },
};

/**
 * esbuild makes a file of each set of modules that some of the late imports share: a hundred files for one run, each of
 * which takes a millisecond to find and to read. So whatever is imported late, except by these, brings what a run needs.
 */
const LIGHT = [
  'src/cli/program.ts',
  'src/cli/completion-script.ts',
  'src/cli/usage-error.ts',
  'src/cli/runs/receive-run.ts',
  'src/cli/runs/telemetry.ts',
  'src/config/queue-settings.ts',
  'src/config/secret.ts',
  'src/report/json.ts',
  'src/report/pages/run.ts',
];
const RUN = ['src/cli/runs/reconcile-run.ts', 'src/cli/runs/run-outcome.ts', 'src/config/load.ts'];

const importsOf = (file, pattern) =>
  [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, to]) => join(dirname(file), to));

/** Modules that others import by `import()`, except those that anything light needs. */
function lateModules() {
  const light = new Set(LIGHT);
  for (const file of light) {
    for (const to of importsOf(file, /^(?:import|export) (?!type )[^;]*?from '(\.[^']+)';/gm)) light.add(to);
  }
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const late = files.flatMap((file) => importsOf(join('src', file), /import\('(\.[^']+)'\)/g));
  return [...late, 'src/index.ts'].filter((file) => !light.has(file)).map((file) => resolve(file));
}

const loadRunTogether = {
  name: 'load-run-together',
  setup({ onLoad, onResolve }) {
    const late = new Set(lateModules());
    const together = RUN.map((file) => `import ${JSON.stringify(resolve(file))};`).join('');
    onResolve({ filter: /^run-together$/ }, () => ({ path: 'run-together', namespace: 'run-together' }));
    onLoad({ filter: /./, namespace: 'run-together' }, () => ({
      contents: together,
      resolveDir: process.cwd(),
    }));
    onLoad({ filter: /\.ts$/ }, ({ path }) =>
      late.has(path)
        ? { contents: `import 'run-together';${readFileSync(path, 'utf8')}`, loader: 'ts' }
        : undefined,
    );
  },
};

/** For esbuild. Paths are relative to its working directory. @param version of this package. */
export const bundleOptions = (version) => ({
  entryPoints: ['src/main.ts', 'src/index.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  define: { __VERSION__: JSON.stringify(version) },
  // CommonJS dependencies in ESM output call `require` for Node's own modules.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  logLevel: 'warning',
  metafile: true,
  plugins: [replaceUnused, loadRunTogether],
});
