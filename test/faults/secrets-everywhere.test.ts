import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { addApp, addToken, type GitHubEmulator, installApp, userOf } from '../../src/demo/github/github.ts';
import { poison } from '../../src/demo/permit/permit.ts';
import type { FaultAction } from '../../src/demo/server.ts';
import type { Pair } from '../support/adapters.ts';
import { mixedPair, programOn, spawnOn } from '../support/mixed-pair.ts';
import { emptyFolder, type Ran } from '../support/program.ts';
import { startRedis } from '../support/redis.ts';

// Everything the program can be made to print, and every file it writes: no secret is in any of it, in any form.
// What a real process prints is tested in child processes. `test/faults/secrets.test.ts` has the same of the errors of the adapters.

const PERMIT_KEY = 'permit_key_Ab+c/D=e%41"f\\gSECRET0123';
const TOKEN = 'ghp_Ab+c/D=e%41"f\\gSECRET4567';
const REDIS_PASSWORD = 'p%40ss+Wort%2FSECRET89';
const WEBHOOK_SECRET = 'hook"Secret\\SECRETabcdef';
const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const KEY_LINES = privateKey.split('\n').filter((line) => line.length > 20 && !line.includes('-----'));

function decoded(secret: string): string {
  try {
    return decodeURIComponent(secret);
  } catch {
    return secret;
  }
}

/**
 * A secret in every form in which it may appear: as it is, in an address, in JSON, in base64 of either alphabet, in
 * hex.
 */
const formsOf = (secret: string): readonly string[] => [
  secret,
  decoded(secret),
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('base64'),
  Buffer.from(secret).toString('base64url'),
  Buffer.from(secret).toString('hex'),
];

/** All that came out: both streams, and every file in the folder. */
function everythingSaid({ stdout, stderr }: Ran, folder: string): Record<string, string> {
  const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  return { stdout, stderr, ...Object.fromEntries(files) };
}

function expectNoSecret(said: Record<string, string>, secrets: readonly string[], where: string): void {
  const leaks = Object.entries(said).flatMap(([place, text]) =>
    secrets.flatMap((secret, index) =>
      formsOf(secret).flatMap((form, kind) =>
        text.includes(form) ? [`${place}: secret ${index}, form ${kind}`] : [],
      ),
    ),
  );
  expect(leaks, where).toEqual([]);
}

/** The token that the App got, which no setting holds. */
const installationTokens = ({ world }: GitHubEmulator): readonly string[] =>
  [...world.tokens].filter(([, { kind }]) => kind === 'installation').map(([token]) => token);

/** Asks for the password. */
let redisUrl = '';
beforeAll(async () => {
  const user = ['--user', 'user', 'on', `>${decodeURIComponent(REDIS_PASSWORD)}`, '~*', '&*', '+@all'];
  const server = await startRedis({ args: user });
  redisUrl = server.url.replace('redis://', `redis://user:${REDIS_PASSWORD}@`);
  return server.remove;
});

type As = 'token' | 'app';
/** One run with everything that writes something: verbose, a plan file, an audit file, and GitHub Actions' files. */
async function runAs(
  as: As,
  pair: Pair,
  args: readonly string[],
  { launch = programOn, more = {} }: { launch?: typeof programOn; more?: Record<string, string> } = {},
) {
  const folder = emptyFolder();
  const credentials: Record<As, Record<string, string>> = {
    token: { GH_TOKEN: TOKEN },
    app: { GH_TOKEN: '', GITHUB_APP_ID: '77', GITHUB_APP_PRIVATE_KEY: privateKey },
  };
  const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') };
  for (const file of Object.values(files)) writeFileSync(file, '');
  // Nobody waits for the turn of another run.
  writeFileSync(join(folder, 'gh-permit-sync.yaml'), `redis: { prefix: "${randomUUID()}" }\n`);
  const ran = await launch(pair, args, {
    cwd: folder,
    env: {
      GITHUB_ACTIONS: 'true',
      PERMIT_API_KEY: PERMIT_KEY,
      REDIS_URL: redisUrl,
      GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
      ...files,
      ...credentials[as],
      ...more,
    },
  });
  const secrets = [
    PERMIT_KEY,
    TOKEN,
    REDIS_PASSWORD,
    WEBHOOK_SECRET,
    ...KEY_LINES,
    ...installationTokens(pair.github),
  ];
  return { ran, folder, said: everythingSaid(ran, folder), secrets };
}

async function pairWithSecrets(): Promise<Pair> {
  const pair = await mixedPair();
  const { github, permit } = pair;
  for (const scope of [...permit.world.apiKeys.values()].slice(0, 1))
    permit.world.apiKeys.set(PERMIT_KEY, scope);
  addToken(github.world, TOKEN, {
    kind: 'pat',
    userId: userOf(github.world, 'owner').id,
    scopes: ['read:org'],
  });
  installApp(github.world, addApp(github.world, 77, publicKey), 'acme');
  return pair;
}

/** An unkind service says all that it was sent, and more, in every form. */
const echoed = (as: As): string => {
  const secrets = [PERMIT_KEY, REDIS_PASSWORD, WEBHOOK_SECRET, ...(as === 'token' ? [TOKEN] : KEY_LINES)];
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ]);
  return `Bearer ${[...new Set(forms)].join(' ')}`;
};

const answers = (as: As): Record<string, FaultAction> =>
  Object.fromEntries(
    [200, 302, 403, 409, 422, 500].flatMap((status): [string, FaultAction][] => [
      [
        `${status} of words`,
        { kind: 'answer', status, body: { title: echoed(as), message: echoed(as), detail: echoed(as) } },
      ],
      [
        `${status} of details and headers`,
        {
          kind: 'answer',
          status,
          headers: { 'x-github-sso': `required; url=https://h/${echoed(as).replaceAll(' ', '/')}` },
          body: {
            detail: [{ loc: ['body', 0, echoed(as)], msg: echoed(as), type: echoed(as) }],
            errors: [{ message: echoed(as) }],
          },
        },
      ],
    ]),
  );
const rest: Record<string, FaultAction> = {
  '500 after the work': { kind: 'failAfter', status: 500, body: `<p>${PERMIT_KEY} ${TOKEN}</p>` },
  '429 forever': {
    kind: 'answer',
    status: 429,
    headers: { 'retry-after': '3600', location: `/${TOKEN}` },
    body: PERMIT_KEY,
  },
  'a reset before the work': { kind: 'reset', when: 'before' },
  'a reset after the work': { kind: 'reset', when: 'after' },
  'a hang': { kind: 'hang', when: 'before' },
  'a truncated answer': { kind: 'truncate' },
  'a redirect elsewhere': {
    kind: 'answer',
    status: 307,
    headers: { location: `http://localhost:1/?t=${TOKEN}` },
  },
};

/** Where the fault strikes: the first reading, all of them, or every write. */
const PLACES = {
  GitHub: ({ path }: { readonly path: string }) => !path.startsWith('/v2'),
  'Permit, reading': ({ method, path }: { readonly method: string; readonly path: string }) =>
    method === 'GET' && path.startsWith('/v2'),
  'Permit, writing': ({ method, path }: { readonly method: string; readonly path: string }) =>
    method !== 'GET' && path.startsWith('/v2'),
} as const;

const PATIENT = ['reconcile', '--verbose', '--audit', 'audit.jsonl', '--out', 'plan.json'];
/** Short enough not to wait for what never comes. */
const RUN = [...PATIENT, '--timeout', '1s'];

describe('no secret in any byte of output, plan, audit, job summary or step output', () => {
  test.each(['token', 'app'] as const)('a run without faults (%s)', async (as) => {
    const pair = await pairWithSecrets();
    const { ran, folder, said, secrets } = await runAs(as, pair, PATIENT, { launch: spawnOn });
    expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code: 0 });
    for (const file of ['plan.json', 'audit.jsonl', 'summary', 'output'])
      expect(existsSync(join(folder, file)) && (said[file] ?? '').length > 0, file).toBe(true);
    expect(installationTokens(pair.github)).toHaveLength(as === 'app' ? 1 : 0);
    expectNoSecret(said, secrets, as);
  });

  test.each(Object.keys(PLACES) as (keyof typeof PLACES)[])(
    '%s: every fault that the emulators know',
    { timeout: 120_000 },
    async (place) => {
      // A write that hangs is awaited for a minute, and says nothing that the others do not.
      const faults = Object.entries({ ...answers('token'), ...rest }).filter(
        ([name]) => name !== 'a hang' || place !== 'Permit, writing',
      );
      let reached = 0;
      for (const [name, action] of faults) {
        const as: As = name.endsWith('words') || place !== 'GitHub' ? 'token' : 'app';
        const pair = await pairWithSecrets();
        const fault = {
          match: PLACES[place],
          do: answers(as)[name] ?? action,
        };
        (place === 'GitHub' ? pair.github : pair.permit).faults.push(fault);
        const output = name.endsWith('words') ? 'json' : 'markdown';
        const { ran, said, secrets } = await runAs(as, pair, [...RUN, '--output', output]);
        expect(ran.code, name).not.toBeNull();
        reached += pair.github.requests.length + pair.permit.requests.length;
        expectNoSecret(said, secrets, `${place}, ${name}`);
      }
      expect(reached).toBeGreaterThan(faults.length);
    },
  );

  test('a person on whom Permit fails, in words that repeat the key', async () => {
    const pair = await pairWithSecrets();
    pair.permit.faults.push(
      poison(['joiner-1', 'leaver-1'], { kind: 'answer', status: 422, body: { message: echoed('token') } }),
    );
    const { ran, said, secrets } = await runAs('token', pair, PATIENT);
    expect(ran.code).toBe(4);
    expectNoSecret(said, secrets, 'poison');
  });

  test('a crash in the middle of an answer, with everything in its message', async () => {
    const pair = await pairWithSecrets();
    const crash = `
      const parse = JSON.parse; let n = 0;
      JSON.parse = (text, ...more) => {
        if (++n > 3) throw new Error('bad: ' + text + Object.values(process.env));
        return parse(text, ...more);
      };`;
    const { ran, said, secrets } = await runAs('token', pair, RUN, {
      launch: spawnOn,
      more: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}` },
    });
    expect(ran.code).not.toBe(0);
    expectNoSecret(said, secrets, 'crash');
  });

  test('GitHub repeats the header with the token of the installation', async () => {
    const pair = await pairWithSecrets();
    const body = { message: '' };
    pair.github.onRequest = ({ headers }) => {
      body.message = `you sent ${headers.authorization}`;
    };
    pair.github.faults.push({
      match: ({ path }) => path === '/orgs/acme',
      do: { kind: 'answer', status: 403, body },
    });
    const { ran, said, secrets } = await runAs('app', pair, PATIENT);
    expect({ code: ran.code, tokens: installationTokens(pair.github).length }).toEqual({
      code: 1,
      tokens: 1,
    });
    expect(ran.stderr).toContain('you sent');
    expectNoSecret(said, secrets, 'echo');
  });

  test("Permit repeats the token of the installation, and someone's name is a part of it", async () => {
    const pair = await pairWithSecrets();
    const body = { id: '1', title: 'refused', error_code: 'INVALID_INPUT', message: '' };
    pair.permit.onRequest = () => {
      const [token = ''] = installationTokens(pair.github);
      body.message = `someone sent ${token}, ${Buffer.from(token).toString('base64')}, ${token.slice(4, 20)}`;
    };
    pair.permit.faults.push({
      match: ({ method, path }) => method === 'POST' && path.includes('/users'),
      do: { kind: 'answer', status: 400, body },
    });
    const { said, secrets } = await runAs('app', pair, PATIENT);
    expect(Object.values(said).join()).toContain('someone sent ***');
    expectNoSecret(said, secrets, 'echo');
  });
});

describe('commands that know the password of Redis and the webhook secret', () => {
  test.each([
    ['queue', 'status'],
    ['queue', 'list'],
    ['doctor'],
    ['redeliver', '--dry-run'],
    ['explain', 'joiner-1'],
    ['check', 'joiner-1', 'read', 'membership'],
    ['policy', '--dry-run'],
  ])('%s %s, where nobody listens at the address', async (...words) => {
    const args = words.filter((word) => word !== undefined);
    const pair = await pairWithSecrets();
    for (const more of [[], ['--output', 'json']]) {
      const { said, secrets } = await runAs('token', pair, [
        ...args,
        '--verbose',
        '--timeout',
        '1s',
        ...more,
      ]);
      expectNoSecret(said, secrets, args.join(' '));
    }
  });
});
