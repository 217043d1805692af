import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { addToken, userOf } from '../../src/demo/github/github.ts';
import { addPermitUser, permitWorld, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import type { FaultAction, RecordedRequest } from '../../src/demo/server.ts';
import type { GitHubId, UserKey } from '../../src/model/identity.ts';
import { everyPrint, githubWithAcme, openSource, openTarget, orgIdOf } from '../support/adapters.ts';

const API_KEY = 'permit_key_ABCsecretXYZ0123456789';
const TOKEN = 'ghp_ABCsecretXYZ0123456789';
const SECRETS = [API_KEY, TOKEN, 'ABCsecretXYZ', Buffer.from(API_KEY).toString('base64')];

/** Everything that reaches the outside while a test runs. */
let printed: string[] = [];
beforeEach(() => {
  printed = [];
  const keep = (...words: readonly unknown[]): boolean => {
    printed.push(words.map(everyPrint).join(' '));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep as typeof process.stdout.write);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep as typeof process.stderr.write);
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, name).mockImplementation(keep);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** What an unkind service may answer with: all that it was sent. */
const echo = (secret: string): Record<string, FaultAction> => {
  const words = `you sent Bearer ${secret}; \u200b${secret}\u001b[31m${secret} ${[...secret].join('\u200b')}`;
  return Object.fromEntries(
    [401, 403, 409, 422, 429, 500].flatMap((status): [string, FaultAction][] => {
      // A rate limit without a time would be waited for until the run ends.
      const headers: Record<string, string> = status === 429 ? { 'retry-after': '3600' } : {};
      const answer = (body: unknown, more: Record<string, string> = {}): FaultAction => ({
        kind: 'answer',
        status,
        body,
        headers: { ...more, ...headers },
      });
      return [
        [`${status} in a message`, answer({ title: words, message: words, error_code: words })],
        [`${status} in details`, answer({ detail: [{ loc: ['body', words], msg: words, type: words }] })],
        [`${status} in HTML`, answer(`<h1>${words}</h1>`)],
        [
          `${status} in headers`,
          answer(null, { 'x-echo': secret, 'retry-after': secret, location: `/${secret}` }),
        ],
      ];
    }),
  );
};

const faults = (secret: string): Record<string, FaultAction> => ({
  ...echo(secret),
  'a 200 of HTML': { kind: 'answer', status: 200, body: `<p>${secret}</p>` },
  'a 200 of something else': { kind: 'answer', status: 200, body: { key: secret, message: secret } },
  'a redirect to another origin': {
    kind: 'answer',
    status: 302,
    headers: { location: `http://localhost:1/${secret}` },
  },
  'a reset': { kind: 'reset', when: 'before' },
  'a hang': { kind: 'hang', when: 'before' },
  'a truncated answer': { kind: 'truncate' },
});

const hasSecret = (text: string): boolean => SECRETS.some((secret) => text.includes(secret));
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error: unknown) => error,
  );
const fast = { retry: { retries: 1, firstWaitMs: 1, longestWaitMs: 1 } };

describe('the Permit API key appears in no error, and nothing is printed', () => {
  const where: Record<string, (request: Pick<RecordedRequest, 'path'>) => boolean> = {
    scope: ({ path }) => path.endsWith('/scope'),
    'all else': ({ path }) => !path.endsWith('/scope'),
  };
  test.each(
    Object.keys(faults(API_KEY)).flatMap((name) => Object.keys(where).map((place) => ({ name, place }))),
  )('$name ($place)', async ({ name, place }) => {
    vi.stubEnv('PERMIT_LOG_LEVEL', 'debug');
    const world = permitWorld();
    addPermitUser(world, { key: 'a', grants: ['default/member'] });
    for (const [key, scope] of [...world.apiKeys]) {
      if (scope.environment !== undefined) world.apiKeys.set(API_KEY, scope);
      world.apiKeys.delete(key);
    }
    const permit = await startPermitEmulator(world);
    onTestFinished(() => permit.close());
    permit.faults.push({
      match: where[place] ?? (() => false),
      do: faults(API_KEY)[name] ?? { kind: 'truncate' },
    });
    const target = openTarget(permit, {
      apiKey: API_KEY,
      readTimeoutMs: 1_000,
      writeTimeoutMs: 1_000,
      timeoutMs: 30_000,
      ...fast,
    });
    const { reader, writer, sdk } = target;
    const one = { user: 'a' as UserKey, grant: { tenant: 'default', role: 'admin' } };
    const results = [
      await caught(sdk.ready()),
      await caught(reader.readUsers()),
      await caught(reader.findMissing([one.grant, { tenant: 'x', role: 'y' }], [])),
      await caught(writer.write('createUser', [{ key: 'b' as UserKey, attributes: {} }])),
      await caught(writer.writeOne('deleteUser', { user: 'a' as UserKey })),
      await caught(writer.write('assignRole', [one])),
      await caught(writer.updateAttributes('a' as UserKey, (now) => now)),
    ];
    expect(permit.requests.some(({ headers }) => headers.authorization === `Bearer ${API_KEY}`)).toBe(true);
    expect(results.filter((result) => result instanceof Error).length).toBeGreaterThan(0);
    for (const result of [...results, ...target.ended]) expect(hasSecret(everyPrint(result))).toBe(false);
    expect(printed).toEqual([]);
  });
});

describe('the GitHub token appears in no error, and nothing is printed', () => {
  test.each(Object.keys(faults(TOKEN)))('%s', async (name) => {
    const github = await githubWithAcme({ members: 120 });
    addToken(github.world, TOKEN, {
      kind: 'pat',
      userId: userOf(github.world, 'owner').id,
      scopes: ['read:org'],
    });
    const options = {
      credentials: { kind: 'token', token: TOKEN },
      requestTimeoutMs: 1_000,
      timeoutMs: 30_000,
      ...fast,
    } as const;
    for (const path of ['/orgs/acme', '/orgs/acme/members', '/orgs/acme/memberships/owner', '/user/']) {
      github.faults.length = 0;
      github.faults.push({
        match: (request) => request.path.startsWith(path),
        do: faults(TOKEN)[name] ?? { kind: 'truncate' },
      });
      const { source, ended } = openSource(github, options);
      const results = [
        await caught(source.listOrg('acme')),
        await caught(
          source.lookUp(userOf(github.world, 'owner').id as GitHubId, [
            { org: 'acme', id: orgIdOf(github.world) },
          ]),
        ),
      ];
      for (const result of [...results, ...ended]) expect(hasSecret(everyPrint(result))).toBe(false);
    }
    expect(github.requests.some(({ headers }) => headers.authorization?.includes(TOKEN))).toBe(true);
    expect(printed).toEqual([]);
  });
});
