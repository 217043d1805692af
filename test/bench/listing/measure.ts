/**
 * CPU, memory and round trips of runs of the built program over many members, beside a bare program (bare.ts) that
 * sends the same requests and parses the answers. Only the programs' own CPU counts, user and system, their start included.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsFor } from '../../support/program.ts';
import type { Section } from '../bench.ts';
import { BIN, median, runNode, type Usage } from '../child.ts';
import { profileOf } from '../profile.ts';
import type { Served } from './services.ts';
import { BUNDLED, startServices } from './start-services.ts';

/** How many pages there are to fetch, the path of Permit's facts, and whether the users are yet to be created. */
export type Pages = {
  readonly owners: number;
  readonly others: number;
  readonly users: number;
  readonly facts: string;
  readonly areMissing: boolean;
};

/** BENCH_MEMBERS=1000,10000 measures less while something is being tried. */
const SIZES = (process.env.BENCH_MEMBERS ?? '1000,10000,100000').split(',').map(Number);
/** Of each program. */
const RUNS = 3;
const LATENCY_MS = 300;

type Row = {
  readonly members: number;
  readonly kind: 'in sync' | 'first run';
  readonly ours: Usage;
  readonly bare: Usage;
  readonly ratio: number;
  readonly served: Served;
  readonly roundTrips: number | undefined;
  readonly atOnce: Served['peak'] | undefined;
};

export async function measure(): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'listing-bench-'));
  const rows: Row[] = [];
  try {
    for (const members of SIZES) {
      for (const users of ['all', 'none'] as const) {
        process.stderr.write(`listing: ${members} members, ${users} of them users\n`);
        rows.push(await measureRow(folder, members, users));
      }
    }
    const profile = await profileLargest(folder);
    return { title: 'Runs over many members', body: [EXPLANATION, table(rows), profile].join('\n\n') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const EXPLANATION = `CPU (user and system, start-up included) of \`reconcile\` beside a bare program that fetches the same
pages of members and users over keep-alive connections and parses their JSON. In a first run there are no users yet: both
create them all, with the same bulk calls. Medians of alternating runs. Round trips: how much longer a run takes when each answer
takes ${LATENCY_MS} ms longer, divided by that.`;

/** What is left: where the CPU of the largest run in sync goes. */
async function profileLargest(folder: string): Promise<string> {
  const members = Math.max(...SIZES);
  const { order, kill } = startServices();
  try {
    const { args, env } = await serve(folder, members, 'all', order);
    await runNode([BIN, ...args], env);
    const table = await profileOf(args, env);
    return `Where the CPU of a run in sync over ${members.toLocaleString('en')} members goes:\n\n${table}`;
  } finally {
    kill();
  }
}

/** Starts both services with so many members, and says how to run the program over them. */
async function serve(
  folder: string,
  members: number,
  users: 'all' | 'none',
  order: ReturnType<typeof startServices>['order'],
): Promise<{ readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }> {
  const urls = await order({ kind: 'serve', members, users });
  const config = join(folder, 'config.json');
  // Permit's published limits would only add waits.
  const pace = { requestsPerMinute: 1_000_000, writesPerMinute: 1_000_000, bulkPer10Minutes: 1_000_000 };
  writeFileSync(config, JSON.stringify({ permit: { pace } }));
  return {
    args: ['reconcile', '--config', config],
    env: settingsFor({ github: { url: urls.github }, permit: { url: urls.permit } }),
  };
}

async function measureRow(folder: string, members: number, users: 'all' | 'none'): Promise<Row> {
  const { order, kill } = startServices();
  try {
    const { args, env: services } = await serve(folder, members, users, order);
    const owners = Math.ceil(members / 200);
    const pages: Pages = {
      owners: Math.ceil(owners / 100),
      others: Math.ceil((members - owners) / 100),
      users: users === 'all' ? Math.ceil(members / 100) : 1,
      facts: `/v2/facts/${'2'.padStart(32, '0')}/${'3'.padStart(32, '0')}`,
      areMissing: users === 'none',
    };
    const env = { ...services, BARE_PAGES: JSON.stringify(pages) };
    const runOurs = () => runNode([BIN, ...args], env);
    const runBare = () => runNode([join(BUNDLED, 'listing/bare.js')], env);
    // Once for the services to render every page.
    await runOurs();
    const measured: { ours: Usage; bare: Usage; served: Served }[] = [];
    for (let i = 0; i < RUNS; i++) {
      await order({ kind: 'reset', latencyMs: 0 });
      const bare = await runBare();
      await order({ kind: 'reset', latencyMs: 0 });
      const ours = await runOurs();
      measured.push({ bare, ours, served: await order({ kind: 'reset', latencyMs: 0 }) });
    }
    const middle = (pick: (one: (typeof measured)[number]) => number): number => median(measured.map(pick));
    const usage = (of: 'ours' | 'bare'): Usage => ({
      cpuMs: middle((one) => one[of].cpuMs),
      peakMb: middle((one) => one[of].peakMb),
      wallMs: middle((one) => one[of].wallMs),
    });
    let [roundTrips, atOnce]: [number?, Served['peak']?] = [];
    if (members <= 10_000) {
      await order({ kind: 'reset', latencyMs: LATENCY_MS });
      const slow = await runOurs();
      roundTrips = (slow.wallMs - usage('ours').wallMs) / LATENCY_MS;
      atOnce = (await order({ kind: 'reset', latencyMs: 0 })).peak;
    }
    const [last] = measured.slice(-1);
    if (!last) throw new Error('nothing was measured');
    return {
      ...{
        members,
        kind: users === 'all' ? 'in sync' : 'first run',
        served: last.served,
        roundTrips,
        atOnce,
      },
      ...{
        ours: usage('ours'),
        bare: usage('bare'),
        ratio: middle(({ ours, bare }) => ours.cpuMs / bare.cpuMs),
      },
    };
  } finally {
    kill();
  }
}

function table(rows: readonly Row[]): string {
  const head = [
    ...['members', 'run', 'CPU', 'bare', 'ratio', 'growth', 'memory'],
    ...['requests GitHub + Permit', 'most at once', 'round trips'],
  ];
  const lines = rows.map((row) => {
    const smaller = rows.find((one) => one.kind === row.kind && one.members * 10 === row.members);
    return [
      row.members.toLocaleString('en'),
      row.kind,
      `${(row.ours.cpuMs / 1_000).toFixed(2)} s`,
      `${(row.bare.cpuMs / 1_000).toFixed(2)} s`,
      `${row.ratio.toFixed(2)} ×`,
      smaller ? `${(row.ours.cpuMs / smaller.ours.cpuMs).toFixed(1)} ×` : '–',
      `${row.ours.peakMb.toFixed(0)} MB`,
      `${row.served.requests.github} + ${row.served.requests.permit}`,
      row.atOnce ? `${row.atOnce.github} + ${row.atOnce.permit}` : '–',
      row.roundTrips?.toFixed(1) ?? '–',
    ];
  });
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
