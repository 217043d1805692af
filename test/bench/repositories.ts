/**
 * Requests, bulk writes and CPU of runs of the built program over a large organization with its repositories, beside a
 * bare program (listing/replay.ts) that sends the same reads.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsFor } from '../support/program.ts';
import type { Section } from './bench.ts';
import { BIN, median, runNode, type Usage } from './child.ts';
import {
  DIRECT_EVERY,
  PEOPLE,
  REPOSITORIES,
  TEAM_MEMBERS,
  TEAM_REPOSITORIES,
  TEAMS,
} from './listing/repository-world.ts';
import type { AskedRequest, Served } from './listing/services.ts';
import { BUNDLED, startServices } from './listing/start-services.ts';
import { profileOf } from './profile.ts';

/** Of each program, in sync. */
const RUNS = 3;

type Measured = { readonly usage: Usage; readonly served: Served };

export async function measure(): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'repositories-bench-'));
  const { order, kill } = startServices();
  try {
    const urls = await order({ kind: 'serveRepositories' });
    const [config, replay] = [join(folder, 'config.json'), join(folder, 'replay.json')];
    // Permit's published limits would only add waits.
    const pace = { requestsPerMinute: 1_000_000, writesPerMinute: 1_000_000, bulkPer10Minutes: 1_000_000 };
    writeFileSync(config, JSON.stringify({ permit: { pace }, repositories: {} }));
    const env = {
      ...settingsFor({ github: { url: urls.github }, permit: { url: urls.permit } }),
      REPLAY: replay,
    };
    const run = async (...args: readonly string[]): Promise<Measured> => {
      await order({ kind: 'reset', latencyMs: 0 });
      const usage = await runNode(args, env);
      return { usage, served: await order({ kind: 'reset', latencyMs: 0 }) };
    };
    const reconcile = () => run(BIN, 'reconcile', '--config', config);
    await run(BIN, 'policy', '--config', config);
    // Once for the services to render every page.
    await run(BIN, 'reconcile', '--dry-run', '--config', config);
    const first = await reconcile();
    writeFileSync(replay, JSON.stringify((await reconcile()).served.asked));
    const inSync: { readonly bare: Measured; readonly ours: Measured }[] = [];
    for (let i = 0; i < RUNS; i++) {
      process.stderr.write(`repositories: in sync, ${i + 1} of ${RUNS}\n`);
      const bare = await run(join(BUNDLED, 'listing/replay.js'));
      inSync.push({ bare, ours: await reconcile() });
    }
    const profile = await profileOf(['reconcile', '--config', config], env);
    const left = `Where the CPU of a run in sync goes:\n\n${profile}`;
    return {
      title: 'Repositories',
      body: [EXPLANATION, table(first, inSync), writes(first), left].join('\n\n'),
    };
  } finally {
    kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

const number = (value: number): string => value.toLocaleString('en');

const EXPLANATION = `\`reconcile\` over an organization of ${number(PEOPLE)} people, ${number(REPOSITORIES)} repositories and ${TEAMS} teams with ${TEAM_MEMBERS} members and ${TEAM_REPOSITORIES} repositories each;
one repository in ${DIRECT_EVERY} has direct collaborators. Beside it, a bare program that sends the reads of the run in sync again, over
keep-alive connections, and parses the JSON of the answers. CPU: user and system, start-up included. In sync: medians of
${RUNS} alternating runs.`;

function table(
  first: Measured,
  inSync: readonly { readonly bare: Measured; readonly ours: Measured }[],
): string {
  const middle = (pick: (one: (typeof inSync)[number]) => number): number => median(inSync.map(pick));
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
  const requests = ({ requests: { github, permit } }: Served): string => `${github} + ${permit}`;
  const [one] = inSync;
  if (!one) throw new Error('nothing was measured');
  const rows = [
    ['run', 'CPU', 'bare', 'ratio', 'memory', 'requests GitHub + Permit'],
    ['---', '---', '---', '---', '---', '---'],
    [
      'first run',
      seconds(first.usage.cpuMs),
      ...['–', '–'],
      `${first.usage.peakMb.toFixed(0)} MB`,
      requests(first.served),
    ],
    [
      'in sync',
      seconds(middle(({ ours }) => ours.usage.cpuMs)),
      seconds(middle(({ bare }) => bare.usage.cpuMs)),
      `${middle(({ ours, bare }) => ours.usage.cpuMs / bare.usage.cpuMs).toFixed(2)} ×`,
      `${middle(({ ours }) => ours.usage.peakMb).toFixed(0)} MB`,
      requests(one.ours.served),
    ],
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Every write of a run, by its path. */
function writes({ served }: Measured): string {
  const calls = new Map<string, number>();
  for (const { method, url } of served.asked.permit.filter(isWrite)) {
    const [, path = url] = /^\/v2\/facts\/\w+\/\w+\/([^?]*)/.exec(url) ?? [];
    const call = `\`${method} ${path}\``;
    calls.set(call, (calls.get(call) ?? 0) + 1);
  }
  const counts = [...calls].map(([call, count]) => `${count} × ${call}`);
  const all = [...calls.values()].reduce((sum, count) => sum + count, 0);
  return `The first run writes in ${all} calls: ${counts.join(', ')}.`;
}

const isWrite = ({ method }: AskedRequest): boolean => method !== 'GET';
