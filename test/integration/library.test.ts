// CONTRACT §14: the library, as a consumer of the package gets it.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { differences, driftedPair, type Pair } from '../support/adapters.ts';
import { settingsFor } from '../support/program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
const LONG = 60_000;

const EXAMPLE =
  /```ts\n(import .*?)```/s.exec(readFileSync(join(ROOT, 'docs/LIBRARY.md'), 'utf8'))?.[1] ?? '';

/** A project that has the package installed. */
function consumer(): string {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/gh-permit-sync'));
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

const envOf = ({ github, permit }: Pair) => ({
  ...settingsFor({ github, permit }),
  PERMIT_USER_KEY: '{login}',
});

const GENEROUS = 'limits: { removals: [100%], demotions: [100%], moves: [100%], floors: {} }\n';

/** Runs a module of the consumer's in a process of its own. */
async function runModule(code: string, pair: Pair, config = GENEROUS) {
  const folder = consumer();
  writeFileSync(join(folder, 'gh-permit-sync.yaml'), config);
  writeFileSync(join(folder, 'main.js'), code);
  const env = { PATH: process.env.PATH ?? '', ...envOf(pair) };
  return run(process.execPath, ['main.js'], { cwd: folder, env, timeout: LONG });
}

const USE_OF_PORTS = `import { apply, type Config, type GitHubSource, plan, type RunResult } from 'gh-permit-sync';
export async function sync(config: Config, github: GitHubSource, signal: AbortSignal): Promise<RunResult> {
  const planned = await plan(config, { github, signal });
  const joining: number = planned.summary.people.joining;
  if (planned.guard.verdict === 'refused' || joining > 100) throw new Error(planned.guard.violations[0]?.override);
  return apply(planned);
}
`;

test.each<readonly [string, object, readonly string[]]>([
  ['the types of Node', { types: ['node'] }, ['main.ts', 'ports.ts']],
  ['the types of a browser', { types: [], lib: ['es2022', 'dom'] }, ['main.ts', 'ports.ts']],
  ['no types but those of the language', { types: [], lib: ['es2022'] }, ['main.ts', 'console.d.ts']],
])(
  'the example of docs/LIBRARY.md compiles under strict with %s',
  { timeout: LONG },
  async (_, types, files) => {
    const folder = consumer();
    writeFileSync(join(folder, 'main.ts'), EXAMPLE);
    writeFileSync(join(folder, 'ports.ts'), USE_OF_PORTS);
    writeFileSync(
      join(folder, 'console.d.ts'),
      'declare const console: { readonly log: (...what: readonly unknown[]) => void };\n',
    );
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true },
      ...{ module: 'nodenext', target: 'es2022', skipLibCheck: false, ...types },
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const result = await run(process.execPath, [compiler, '-p', folder]).catch((error) => error);
    expect(result.stdout).toBe('');
  },
);

test('the example runs: Permit is in sync, nothing else is printed, and the process ends', {
  timeout: LONG,
}, async () => {
  const pair = await driftedPair();
  const { stdout, stderr } = await runModule(EXAMPLE, pair);
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toContain('createUser joiner-1  github:acme:role:member');
  expect(lines.at(-1)).toMatch(/^applied \d+$/);
  expect(differences(pair)).toEqual([]);
});

const PRELUDE = `import { apply, loadConfig, plan } from 'gh-permit-sync';
const say = (value) => console.log(JSON.stringify(value));
`;

describe('a run that may not write rejects with a code', () => {
  test('a plan that crosses a limit', { timeout: LONG }, async () => {
    const pair = await driftedPair();
    const before = JSON.stringify(pair.permit.requests.filter(({ method }) => method !== 'GET'));
    const { stdout } = await runModule(
      `${PRELUDE}const planned = await plan(await loadConfig());
say([planned.status, planned.guard.verdict]);
await apply(planned).catch(({ name, code, hint }) => say([name, code, hint.includes('--allow-removals')]));`,
      pair,
      'limits: { removals: [1] }\n',
    );
    expect(stdout).toBe('["refused","refused"]\n["SyncError","GUARD_REFUSED",true]\n');
    expect(JSON.stringify(pair.permit.requests.filter(({ method }) => method !== 'GET'))).toBe(before);
  });

  test('a plan that cannot be reproduced', { timeout: LONG }, async () => {
    const pair = await driftedPair();
    const { stdout } = await runModule(
      `${PRELUDE}const config = await loadConfig();
const planned = await plan(config);
const first = await apply(planned);
await apply(planned).catch(({ code }) => say([first.status, code]));
say((await plan(config)).status);`,
      pair,
    );
    expect(stdout).toBe('["applied","PLAN_STALE"]\n"in-sync"\n');
  });

  test('a signal, missing credentials, a hand-made plan', { timeout: LONG }, async () => {
    const { stdout } = await runModule(
      `${PRELUDE}const config = await loadConfig();
await plan(config, { signal: AbortSignal.abort() }).catch(({ code }) => say(code));
await plan(await loadConfig({ env: { GITHUB_ORG: 'acme' } })).catch(({ code }) => say(code));
await apply({}).catch(({ code }) => say(code));`,
      await driftedPair(),
    );
    expect(stdout).toBe('"INTERRUPTED"\n"GITHUB_AUTH"\n"USAGE"\n');
  });
});

test('custom ports need no credentials, and the result names config and owner', {
  timeout: LONG,
}, async () => {
  const { stdout } = await runModule(
    `${PRELUDE}const config = await loadConfig({ env: { GITHUB_ORG: 'acme' } });
const github = {
  listOrg: async (org) => ({
    kind: 'complete', org, id: 7, members: [{ id: 1, login: 'ada', role: 'admin' }],
    teams: [], collaborators: undefined, unread: [],
  }),
  lookUp: async () => new Map(),
};
const users = new Map();
const permit = {
  readUsers: async () => [...users.values()],
  readUser: async (key) => users.get(key),
  countUsers: async () => users.size,
  findMissing: async () => ({ roles: [], tenants: [], instances: [] }),
  write: async (kind, batch) => {
    for (const one of batch) {
      if (kind === 'createUser') users.set(one.key, { key: one.key, attributes: one.attributes, grants: [] });
      if (kind === 'assignRole') users.get(one.user).grants.push(one.grant);
    }
    return batch.length;
  },
  writeOne: async (kind, item) => { await permit.write(kind, [item]); },
  updateAttributes: async () => {},
};
await plan(config).catch(({ code, message }) => say([code, /PERMIT_API_KEY/.test(message)]));
await plan(config, { github }).catch(({ code }) => say(code));
const planned = await plan(config, { github, permit });
say([planned.command, planned.owner, planned.config, planned.changes.map(({ kind, login }) => [kind, login])]);
say((await apply(planned)).status);
say((await plan(config, { github, permit })).status);`,
    await driftedPair(),
  );
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    ['GITHUB_AUTH', true],
    'PERMIT_AUTH',
    [
      'reconcile',
      'default',
      'gh-permit-sync.yaml',
      [
        ['createUser', 'ada'],
        ['assignRole', 'ada'],
      ],
    ],
    'applied',
    'in-sync',
  ]);
});

test('it leaves the process alone, shows no secret, and accepts a custom source', {
  timeout: LONG,
}, async () => {
  const pair = await driftedPair();
  const { stdout, stderr } = await runModule(
    `${PRELUDE}import { inspect } from 'node:util';
const state = () => JSON.stringify([process.env, process.eventNames().sort(), process.exitCode, String(console.warn)]);
const before = state();
const config = await loadConfig();
const github = {
  listOrg: async (org) => ({ kind: 'incomplete', org, code: 'GITHUB_INCOMPLETE', message: 'not today', hint: '' }),
  lookUp: async () => new Map(),
};
await plan(config, { github }).catch(({ code, message }) => say([code, message]));
const planned = await plan(config);
say([state() === before, inspect([config, planned], { depth: 9, showHidden: true }).includes(process.env.GH_TOKEN)]);`,
    pair,
  );
  expect(stderr).toBe('');
  expect(stdout).toBe('["GITHUB_INCOMPLETE","not today"]\n[true,false]\n');
});
