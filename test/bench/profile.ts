import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNode } from './child.ts';

/** The same bundle as the package's, with source maps beside it (scripts/bench.js). */
const PROFILED = 'test-results/profiled';
/** Smaller shares say little. */
const MIN_SHARE = 0.015;

/** V8's format. Times are in microseconds. */
type CpuProfile = {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};
/** Lines and columns count from 0. */
type CallFrame = {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
};

/** Runs the program under V8's profiler. @returns a table of what its CPU time is spent on. */
export async function profileOf(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  try {
    const profiler = ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-interval', '500'];
    await runNode([...profiler, join(PROFILED, 'bin/gh-permit-sync.js'), ...args], env);
    const [file = ''] = readdirSync(folder);
    return table(sharesOf(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The share of each part of the program, the largest first. Waiting does not count. */
function sharesOf({ nodes, samples, timeDeltas }: CpuProfile): readonly (readonly [string, number])[] {
  const partOf = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const part = partOf.get(id);
    if (part !== undefined) times.set(part, (times.get(part) ?? 0) + (timeDeltas[index] ?? 0));
  }
  const all = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times].map(([part, time]) => [part, time / all] as const).sort(([, a], [, b]) => b - a);
}

const table = (shares: readonly (readonly [string, number])[]): string => {
  const large = shares.filter(([, share]) => share >= MIN_SHARE);
  const rest = 1 - large.reduce((sum, [, share]) => sum + share, 0);
  const lines = [...large, ['everything else', rest] as const].map(
    ([part, share]) => `| ${part} | ${(share * 100).toFixed(0)} % |`,
  );
  return ['| where | CPU |', '| --- | --- |', ...lines].join('\n');
};

/** Undefined while the program waits. */
function nameOf({ functionName, url, lineNumber, columnNumber }: CallFrame): string | undefined {
  if (functionName === '(idle)') return undefined;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (/^compile|[mM]odule/.test(functionName) || /modules|bootstrap/.test(url))
    return 'loading and compiling';
  if (/^node:(?:_http|internal\/http|net|internal\/streams|_stream|stream|internal\/stream)/.test(url))
    return "Node's HTTP and streams";
  if (!url.startsWith('file:')) return 'the rest of Node: sockets, buffers, strings, timers';
  const file = fileURLToPath(url);
  const entry = mapOf(file)?.findEntry(lineNumber, columnNumber);
  const source =
    entry && 'originalSource' in entry ? normalize(join(dirname(file), entry.originalSource)) : file;
  const [, owner] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
  if (owner !== undefined) return `\`${owner}\``;
  if (source.endsWith('src/model/text/record.ts')) return 'parsing JSON';
  const [ours] = /src\/[^/]+/.exec(source) ?? [];
  return ours === undefined ? 'the bundle itself' : `\`${ours}\``;
}

const maps = new Map<string, SourceMap | undefined>();

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(`${file}.map`));
  return maps.get(file);
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
