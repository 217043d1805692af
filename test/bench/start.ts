/**
 * What the program costs before it does anything, beside an empty Node (`node -e 0`): CPU of `--version`, `--help` and a
 * small run, and how long `receive` takes until it listens. And the size of the package.
 */
import { execFileSync } from 'node:child_process';
import { addMember, githubWorld, startGitHubEmulator } from '../../src/demo/github/github.ts';
import { permitWorld, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import { startPrivateRedis } from '../../src/demo/private-redis.ts';
import { settingsFor } from '../support/program.ts';
import type { Section } from './bench.ts';
import { BIN, median, runNode, type Usage } from './child.ts';

const RUNS = 9;
const MEMBERS = 20;

type Subject = { readonly name: string; readonly run: () => Promise<Usage> };

export async function measure(): Promise<Section> {
  const [world, empty] = [githubWorld(), permitWorld()];
  for (let i = 1; i < MEMBERS; i++) addMember(world, 'acme', { login: `person-${i}`, role: 'member' });
  const [github, permit] = [await startGitHubEmulator(world), await startPermitEmulator(empty)];
  const redis = await startPrivateRedis(process.env.PATH, 0);
  try {
    const env = settingsFor({ github, permit });
    const reconcile = (): Promise<Usage> => runNode([BIN, 'reconcile'], env);
    const queueing = {
      REDIS_URL: redis?.url ?? '',
      GITHUB_WEBHOOK_SECRET: 'of-the-benchmark',
      GITHUB_ORG: 'acme',
    };
    const receive = (): Promise<Usage> => runNode([BIN, 'receive', '--port', '0'], queueing, /http:\S+/);
    // The first one writes: those that are measured are in sync.
    await reconcile();
    const rows = await rowsOf([
      { name: '`--version`', run: () => runNode([BIN, '--version']) },
      { name: '`--help`', run: () => runNode([BIN, '--help']) },
      { name: `\`reconcile\`, ${MEMBERS} members in sync`, run: reconcile },
      ...(redis ? [{ name: '`receive` until it listens', run: receive }] : []),
    ]);
    return { title: 'Start', body: [EXPLANATION, rows, packed()].join('\n\n') };
  } finally {
    await Promise.all([github.close(), permit.close(), redis?.close()]);
  }
}

const EXPLANATION = `CPU and time beside \`node -e 0\`: medians of ${RUNS} alternating runs, and of their ratios.`;

async function rowsOf(subjects: readonly Subject[]): Promise<string> {
  const measured = subjects.map(() => [] as { readonly own: Usage; readonly bare: Usage }[]);
  for (let i = 0; i < RUNS; i++) {
    const bare = await runNode(['-e', '0']);
    for (const [index, { run }] of subjects.entries()) measured[index]?.push({ own: await run(), bare });
  }
  const lines = subjects.map(({ name }, index) => {
    const middle = (of: (one: { readonly own: Usage; readonly bare: Usage }) => number): number =>
      median((measured[index] ?? []).map(of));
    return [
      name,
      `${middle(({ own }) => own.cpuMs).toFixed(0)} ms`,
      `${middle(({ own, bare }) => own.cpuMs - bare.cpuMs).toFixed(0)} ms`,
      `${middle(({ own, bare }) => own.cpuMs / bare.cpuMs).toFixed(2)} ×`,
      `${middle(({ own }) => own.wallMs).toFixed(0)} ms`,
      `${middle(({ own, bare }) => own.wallMs / bare.wallMs).toFixed(2)} ×`,
    ];
  });
  const head = ['what', 'CPU', 'more', 'ratio', 'time', 'ratio'];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Under 500 kB packed (CONTRACT §11). */
function packed(): string {
  const told = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' });
  const [{ size, entryCount }] = JSON.parse(told) as [{ readonly size: number; readonly entryCount: number }];
  return `The package: ${(size / 1e3).toFixed(1)} kB packed, ${entryCount} files.`;
}
