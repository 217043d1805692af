// How src is bundled: by the build, and by the test of what the bundle holds.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

/**
 * Parts of packages that are never used here, and what replaces them: they would be a third of the package, and
 * of what a small run loads.
 */
const REPLACED = {
  // src/http sends for axios: it needs no adapter of its own, and no multipart form, which brings a table of all MIME types.
  'axios/lib/adapters/adapters.js': 'export default { getAdapter: (adapter) => adapter };',
  'axios/lib/platform/node/classes/FormData.js': 'export default null;',
  'axios/lib/helpers/toFormData.js': 'export default () => undefined;',
  'axios/lib/helpers/formDataToJSON.js': 'export default () => undefined;',
  'axios/lib/helpers/HttpStatusCode.js': 'export default {};',
  // Merely asking whether there is a global FormData has Node load all of its fetch.
  'axios/lib/utils.js': (source) =>
    replaceOnce(source, "typeof G.FormData !== 'undefined' ? G.FormData", 'false ? null'),
  // What Permit's SDK uses of lodash, to merge its options; its log and its own retries are off.
  'lodash/lodash.js': `const get = (object, key, otherwise) => object[key] ?? otherwise;
const merged = (old, value) => (value?.constructor === Object ? { ...old, ...value } : value);
const merge = (into, from) => {
  for (const key in from) into[key] = merged(into[key], from[key]) ?? into[key];
  return into;
};
export default { assign: Object.assign, get, merge };`,
  // For the address of an OPA, which nothing here asks.
  'url-parse/index.js': `export default class extends URL {
  set(part, value) {
    this[part] = value;
  }
}`,
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
  // Signing in people, which an App may do too.
  '@octokit/auth-oauth-app/dist-bundle/index.js': 'export const createOAuthAppAuth = () => undefined;',
  '@octokit/auth-oauth-user/dist-bundle/index.js':
    'export const createOAuthUserAuth = undefined;\nexport const requiresBasicAuth = () => false;',
  // Summaries, a push gateway and clusters of processes, of which the receiver's metrics have none.
  'prom-client/lib/summary.js': 'module.exports = class {};',
  'prom-client/lib/pushgateway.js': 'module.exports = class {};',
  'prom-client/lib/cluster.js': 'module.exports = class {};',
  // Certificates of a provider, which only a profile that is chosen by its name needs.
  'ioredis/built/constants/TLSProfiles.js': 'exports.default = {};',
  // One Redis is connected to, and no cluster.
  'ioredis/built/cluster/index.js': 'exports.default = class {};',
  // Would write commands of Redis, passwords too, to stderr where DEBUG is set.
  'debug/src/index.js': 'exports.default = () => Object.assign(() => undefined, { enabled: false });',
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
  setup({ onLoad, onResolve }) {
    // The same modules as for Node, but in a form from which esbuild leaves out what is not used.
    onResolve({ filter: /^yaml$/ }, ({ path, resolveDir }) => ({
      path: createRequire(join(resolveDir, 'x'))
        .resolve(`${path}/package.json`)
        .replace(/package\.json$/, 'browser/index.js'),
    }));
    const paths = Object.keys(REPLACED).map((path) => path.replaceAll('.', '\\.'));
    onLoad({ filter: new RegExp(`node_modules/(?:${paths.join('|')})$`) }, ({ path }) => {
      const replaced = REPLACED[inPackages(path)];
      const contents = typeof replaced === 'string' ? replaced : replaced(readFileSync(path, 'utf8'));
      return { contents, loader: 'js', resolveDir: dirname(path) };
    });
  },
};

/**
 * esbuild makes a file of each set of modules that some late imports share: a hundred files for one run, each of which
 * takes a millisecond to find and to read. So modules that are loaded together anyway form layers, and what is imported
 * late brings all layers up to the last that it needs a part of. A layer holds what its roots share with other modules
 * that are imported late.
 */
const LAYER_ROOTS = {
  program: ['src/main.ts'],
  // Loaded without a run, for `receive` and for errors.
  light: [
    'src/cli/runs/receive-run.ts',
    'src/cli/runs/telemetry.ts',
    'src/config/queue-settings.ts',
    'src/report/pages/run.ts',
  ],
  run: ['src/cli/runs/reconcile-run.ts', 'src/cli/runs/run-outcome.ts', 'src/config/load.ts'],
};

const importsOf = (file, pattern) =>
  [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, to]) => join(dirname(file), to));

/** What these modules import for their running, and what that imports. */
function closureOf(files) {
  const reached = new Set(files);
  for (const file of reached) {
    for (const to of importsOf(file, /^(?:import|export) (?!type )[^;]*?from '(\.[^']+)';/gm))
      reached.add(to);
  }
  return reached;
}

/** The modules of each layer by its name, and the names of the layers that a module brings. */
function findLayers() {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file));
  const late = ['src/index.ts', ...files.flatMap((file) => importsOf(file, /import\('(\.[^']+)'\)/g))];
  const layers = new Map();
  const placed = new Set();
  for (const [name, roots] of Object.entries(LAYER_ROOTS)) {
    const elsewhere = closureOf(late.filter((file) => !roots.includes(file)));
    const modules = [...closureOf(roots)].filter((file) => elsewhere.has(file) && !placed.has(file));
    for (const file of modules) placed.add(file);
    layers.set(name, modules);
  }
  const namesFor = (file) => {
    const reached = closureOf([file]);
    const names = [...layers.keys()];
    return names.slice(
      0,
      names.findLastIndex((name) => layers.get(name).some((one) => reached.has(one))) + 1,
    );
  };
  return { layers, namesFor };
}

const loadInLayers = {
  name: 'load-in-layers',
  setup({ onLoad, onResolve }) {
    const { layers, namesFor } = findLayers();
    const importing = (paths) => paths.map((path) => `import ${JSON.stringify(path)};`).join('');
    const importingLayers = (file) => importing(namesFor(relative('.', file)).map((name) => `layer:${name}`));
    onResolve({ filter: /^layer:/ }, ({ path }) => ({ path, namespace: 'layer' }));
    onLoad({ filter: /./, namespace: 'layer' }, ({ path }) => ({
      contents: importing(layers.get(path.slice('layer:'.length)).map((file) => resolve(file))),
      resolveDir: process.cwd(),
    }));
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import' ? { path: resolve(resolveDir, path), namespace: 'late' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'late' }, ({ path }) => ({
      contents: `${importingLayers(path)}export * from ${JSON.stringify(path)};`,
      resolveDir: process.cwd(),
    }));
    onLoad({ filter: /src\/(?:index|main)\.ts$/ }, ({ path }) => ({
      contents: importingLayers(path) + readFileSync(path, 'utf8'),
      loader: 'ts',
    }));
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
  plugins: [replaceUnused, loadInLayers],
});
