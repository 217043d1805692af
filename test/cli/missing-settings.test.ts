import { expect, test } from 'vitest';
import { runInThisProcess } from '../support/in-process.ts';

const ORGANIZATION = 'no organization is given';
const GITHUB = 'no GitHub credential';
const PERMIT = 'no Permit API key';

test.each([
  { args: ['reconcile'], missing: [ORGANIZATION, GITHUB, PERMIT] },
  { args: ['explain', 'octocat'], missing: [ORGANIZATION, GITHUB, PERMIT] },
  { args: ['redeliver'], missing: [ORGANIZATION, GITHUB] },
  { args: ['receive'], missing: [ORGANIZATION, 'REDIS_URL is not set', 'GITHUB_WEBHOOK_SECRET is not set'] },
])('$args names everything that is missing at once', async ({ args, missing }) => {
  const { code, stdout, stderr } = await runInThisProcess(args);
  expect([code, stdout]).toEqual([1, '']);
  for (const what of missing) expect(stderr).toContain(what);
  expect(stderr.match(/^error:/gm)).toHaveLength(1);
});

test('the code is that of the first that is missing', async () => {
  const codeOf = async (env: Record<string, string>): Promise<string> =>
    JSON.parse((await runInThisProcess(['reconcile', '-o', 'json'], { env })).stdout).error.code;
  expect(await codeOf({})).toBe('CONFIG_INVALID');
  expect(await codeOf({ GITHUB_ORG: 'acme' })).toBe('GITHUB_AUTH');
  expect(await codeOf({ GITHUB_ORG: 'acme', GH_TOKEN: 'ghp_token' })).toBe('PERMIT_AUTH');
});
