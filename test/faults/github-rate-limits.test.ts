import { describe, expect, test } from 'vitest';
import type { FaultAnswer } from '../../src/demo/faults.ts';
import { orgOf } from '../../src/demo/github/github.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import { githubWithAcme, openSource, orgIdOf } from '../support/adapters.ts';

const inSeconds = (seconds: number): string => String(Math.ceil(Date.now() / 1000) + seconds);

/** Each way in which GitHub says "not now"; made when it is used, since some name a moment. */
const refusals: Record<string, (seconds: number) => FaultAnswer> = {
  '403 with Retry-After': (seconds) => ({
    status: 403,
    headers: { 'retry-after': String(seconds) },
    body: { message: 'You have exceeded a secondary rate limit.' },
  }),
  '429 with Retry-After': (seconds) => ({
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: '<h1>Whoa there!</h1>',
  }),
  '429 with Retry-After as a date': (seconds) => ({
    status: 429,
    headers: { 'retry-after': new Date(Date.now() + seconds * 1000).toUTCString() },
    body: null,
  }),
  '403 with x-ratelimit-remaining 0': (seconds) => ({
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(seconds - 1) },
    body: { message: 'API rate limit exceeded for user ID 1.' },
  }),
  '429 with x-ratelimit-remaining 0': (seconds) => ({
    status: 429,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(seconds - 1) },
    body: { message: 'API rate limit exceeded for user ID 1.' },
  }),
};

describe('a rate limit of GitHub', () => {
  // All at the same time, since it is waiting that takes the time.
  test('is waited for, and all are listed', async () => {
    await Promise.all(
      Object.entries(refusals).map(async ([name, refusal]) => {
        const github = await githubWithAcme({ members: 150 });
        const isSecondPage = ({ query }: { readonly query: Readonly<Record<string, string>> }): boolean =>
          query.page === '2';
        github.faults.push({ match: isSecondPage, times: 1, do: { kind: 'answer', ...refusal(1) } });
        const began = performance.now();
        const listing = await openSource(github).source.listOrg('acme');
        expect(listing.kind === 'complete' && listing.members.length, name).toBe(151);
        // A date has no part of a second.
        if (!name.includes('date')) expect(performance.now() - began, name).toBeGreaterThanOrEqual(1000);
        expect(github.requests.filter(isSecondPage), name).toHaveLength(2);
      }),
    );
  });

  test.each(Object.entries(refusals))(
    '%s, longer than the run may last, ends the run at once, with the reason',
    async (_, refusal) => {
      const github = await githubWithAcme({ members: 150 });
      github.faults.push({
        match: ({ query }) => query.page === '2',
        do: { kind: 'answer', ...refusal(3600) },
      });
      const listing = await openSource(github, { timeoutMs: 60_000 }).source.listOrg('acme');
      expect(listing).toMatchObject({
        kind: 'incomplete',
        code: 'GITHUB_UNAVAILABLE',
        message: expect.stringMatching(
          /rate limit is used up for another 3[56]\d\d s, longer than this run may last/,
        ),
        hint: expect.stringContaining('--timeout'),
      });
      expect(github.requests.filter(({ query }) => query.page === '2')).toHaveLength(1);
    },
  );

  test('a secondary limit without any header is waited out minute by minute', async () => {
    const github = await githubWithAcme({ members: 3 });
    const body = { message: 'You have exceeded a secondary rate limit. Please wait a few minutes.' };
    github.faults.push({
      match: ({ path }) => path === '/orgs/acme',
      do: { kind: 'answer', status: 403, body },
    });
    const listing = await openSource(github, { timeoutMs: 30_000 }).source.listOrg('acme');
    expect(listing).toMatchObject({
      code: 'GITHUB_UNAVAILABLE',
      message: expect.stringContaining('rate limit'),
    });
  });

  test('a 403 that is no rate limit is not waited for', async () => {
    const github = await githubWithAcme({ members: 3 });
    const headers = { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': inSeconds(3600) };
    github.faults.push({
      match: ({ path }) => path === '/orgs/acme',
      do: { kind: 'answer', status: 403, headers, body: { message: 'No' } },
    });
    expect(await openSource(github).source.listOrg('acme')).toMatchObject({ code: 'GITHUB_AUTH' });
    expect(github.requests.filter(({ path }) => path === '/orgs/acme')).toHaveLength(1);
  });

  test('the hourly limit as the emulator keeps it', async () => {
    const github = await githubWithAcme({ members: 1000 }, { primaryLimit: 6 });
    const listing = await openSource(github).source.listOrg('acme');
    expect(listing).toMatchObject({
      code: 'GITHUB_UNAVAILABLE',
      message: expect.stringContaining('rate limit'),
    });
    expect(github.requests.length).toBeLessThanOrEqual(20);
  });

  test('the secondary limit as the emulator keeps it: all are listed', async () => {
    await Promise.all(
      ([403, 429] as const).map(async (limitStatus) => {
        const github = await githubWithAcme(
          { members: 1000 },
          { concurrentLimit: 5, retryAfterSeconds: 1, limitStatus },
        );
        github.latencyMs = 100;
        const listing = await openSource(github).source.listOrg('acme');
        expect(listing.kind === 'complete' && listing.members.length).toBe(1001);
        expect(github.requests.some(({ status }) => status === limitStatus)).toBe(true);
      }),
    );
  });

  test('a limit that outlasts the run during a lookup proves nothing about the person', async () => {
    const github = await githubWithAcme({ members: 3 });
    const [id = 0] = [...orgOf(github.world, 'acme').members.keys()];
    github.faults.push({
      match: ({ path }) => path.startsWith('/user/'),
      do: { kind: 'answer', status: 429, headers: { 'retry-after': '3600' }, body: {} },
    });
    const { source } = openSource(github);
    const found = await source.lookUp(id as GitHubId, [{ org: 'acme', id: orgIdOf(github.world) }]);
    expect(found.kind).toBe('unclear');
  });

  test('a run is stopped in a wait that is longer than any test may last, with the reason', async () => {
    const github = await githubWithAcme({ members: 3 });
    github.faults.push({
      match: ({ path }) => path === '/orgs/acme',
      do: { kind: 'answer', status: 429, headers: { 'retry-after': '1800' }, body: {} },
    });
    const { source, control } = openSource(github, { timeoutMs: 3_600_000 });
    setTimeout(() => control.end({ kind: 'signal', name: 'SIGTERM' }), 50);
    await expect(source.listOrg('acme')).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('a run that is stopped during a request abandons it at once', async () => {
    const github = await githubWithAcme({ members: 3 });
    github.faults.push({ match: () => true, do: { kind: 'hang', when: 'before' } });
    const { source, control } = openSource(github);
    setTimeout(() => control.end({ kind: 'timeout', timeoutMs: 50 }), 50);
    await expect(source.listOrg('acme')).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});
