import { describe, expect, test } from 'vitest';
import { github, runGitHub } from './running.ts';

describe("GitHub's limits", () => {
  test('are told in every answer', async () => {
    const emulator = await runGitHub();
    const { headers } = await github(emulator, '/orgs/acme');
    expect(headers.get('x-ratelimit-limit')).toBe('5000');
    expect(headers.get('x-ratelimit-remaining')).toBe('4999');
    expect(headers.get('x-ratelimit-used')).toBe('1');
    expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000);
    expect((await github(emulator, '/nothing', 'wrong')).headers.get('x-ratelimit-limit')).toBe('60');
  });

  test('are not kept unless asked for, and then never look used up', async () => {
    const emulator = await runGitHub();
    for (let count = 0; count < 65; count += 1) {
      const { status, headers } = await github(emulator, '/orgs/acme', null);
      expect(status).toBe(200);
      expect(Number(headers.get('x-ratelimit-remaining'))).toBeGreaterThan(0);
    }
  });

  test.each([403, 429] as const)(
    'primary: %s with nothing remaining until the hour has passed',
    async (limitStatus) => {
      let now = 1_700_000_000_000;
      const emulator = await runGitHub(undefined, { primaryLimit: 2, limitStatus, now: () => now });
      expect((await github(emulator, '/orgs/acme')).status).toBe(200);
      expect((await github(emulator, '/orgs/acme')).status).toBe(200);
      const { status, headers, body } = await github(emulator, '/orgs/acme');
      expect(status).toBe(limitStatus);
      expect(body.message).toContain('API rate limit exceeded');
      expect(headers.get('x-ratelimit-remaining')).toBe('0');
      expect(headers.get('x-ratelimit-reset')).toBe(String(1_700_000_000 + 3600));
      expect((await github(emulator, '/rate_limit')).body.resources.core).toMatchObject({
        limit: 2,
        remaining: 0,
      });
      now += 3_600_000;
      expect((await github(emulator, '/orgs/acme')).status).toBe(200);
    },
  );

  test('are not touched by a 304', async () => {
    const emulator = await runGitHub();
    const { headers } = await github(emulator, '/orgs/acme');
    const etag = headers.get('etag') ?? '';
    const again = await github(emulator, '/orgs/acme', undefined, { 'if-none-match': etag });
    expect(again).toMatchObject({ status: 304, body: '' });
    expect(again.headers.get('x-ratelimit-used')).toBe('1');
  });

  test('secondary: too many at one time get a Retry-After', async () => {
    const emulator = await runGitHub(undefined, { concurrentLimit: 3, retryAfterSeconds: 7 });
    emulator.latencyMs = 30;
    const got = await Promise.all(Array.from({ length: 5 }, () => github(emulator, '/orgs/acme')));
    const refused = got.filter(({ status }) => status === 403);
    expect(refused).toHaveLength(2);
    expect(refused[0]?.headers.get('retry-after')).toBe('7');
    expect(refused[0]?.body.message).toContain('You have exceeded a secondary rate limit');
  });

  test('secondary: too many points a minute', async () => {
    let now = 0;
    const emulator = await runGitHub(undefined, { pointsPerMinute: 2, now: () => now });
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await github(emulator, '/orgs/acme')).status);
    expect(statuses).toEqual([200, 200, 403]);
    now += 60_001;
    expect((await github(emulator, '/orgs/acme')).status).toBe(200);
  });
});
