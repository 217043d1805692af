import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/model/errors.ts';
import { hostAndPathOf, leadsTo } from '../../../src/model/webhooks/hook-address.ts';
import type { HookAddress, HookReading } from '../../../src/model/webhooks/redelivery.ts';
import { findHooks, type HookChoice } from '../../../src/redeliver/find-hooks.ts';

describe('an address points to a path', () => {
  test.each([
    ['https://x.example.com/github-membership', '/github-membership', true],
    ['https://x.example.com/github-membership/', '/github-membership', true],
    ['https://x.example.com/github-membership?token=1', '/github-membership/', true],
    ['https://x.example.com:8443/behind/a/proxy/github-membership', '/github-membership', true],
    ['https://x.example.com/not-github-membership', '/github-membership', false],
    ['https://x.example.com/github-membership/more', '/github-membership', false],
    ['https://x.example.com/?to=/github-membership', '/github-membership', false],
    ['https://x.example.com/GitHub-Membership', '/github-membership', false],
    ['https://x.example.com', '/', true],
    ['https://x.example.com/another', '/', false],
    ['no address', '/github-membership', false],
  ])('%s, %s: %s', (url, path, expected) => {
    expect(leadsTo(url, path)).toBe(expected);
  });
});

describe('an address is shown without its secrets', () => {
  test.each([
    [
      'https://me:pass@x.example.com:8443/github-membership?token=1#a',
      'x.example.com:8443/github-membership',
    ],
    [
      'https://hooks.slack.com/services/T0001/B0001/abcdEFGHijklMNOPqrst',
      'hooks.slack.com/services/T0001/B0001/***',
    ],
    ['https://x.example.com/', 'x.example.com'],
    ['\u001b[31mno address', 'an invalid address'],
  ])('%s', (url, expected) => {
    expect(hostAndPathOf(url)).toBe(expected);
  });
});

const hook = (id: number, url: string, active = true): HookAddress => ({ id, url, active });
const read = (...value: HookAddress[]): HookReading<readonly HookAddress[]> => ({ kind: 'read', value });
const refused: HookReading<readonly HookAddress[]> = {
  kind: 'unread',
  code: 'GITHUB_AUTH',
  message: 'not to be seen',
  hint: 'ask an owner',
};
const PATH: HookChoice = { kind: 'path', path: '/github-membership' };
const OURS = 'https://x.example.com/github-membership';
const find = (orgs: Record<string, HookReading<readonly HookAddress[]>>, choice: HookChoice = PATH) =>
  findHooks(Object.keys(orgs), choice, {
    listHooks: async (org) => orgs[org] ?? refused,
    readAppHook: async () => ({ kind: 'read', value: undefined }),
  });

describe('the webhooks that are read', () => {
  test('those of every organization that point to the path', async () => {
    const other = hook(2, 'https://ci.example.com/build');
    expect(
      await find({ acme: read(hook(1, OURS), other), labs: read(hook(3, `${OURS}?a`), hook(4, OURS)) }),
    ).toEqual({
      hooks: [
        { org: 'acme', id: 1, place: 'x.example.com/github-membership' },
        { org: 'labs', id: 3, place: 'x.example.com/github-membership' },
        { org: 'labs', id: 4, place: 'x.example.com/github-membership' },
      ],
      warnings: [],
      missed: [],
    });
  });

  test('an inactive webhook is a warning, and the run counts as complete', async () => {
    const { hooks, warnings, missed } = await find({ acme: read(hook(1, OURS, false)) });
    expect({ hooks, missed }).toEqual({ hooks: [], missed: [] });
    expect(warnings).toMatchObject([
      { code: 'HOOK_INACTIVE', message: expect.stringContaining('webhook 1 of acme') },
    ]);
  });

  test("an organization that can't be read, or has none, doesn't block the others", async () => {
    const found = await find({ acme: read(hook(1, OURS)), closed: refused, bare: read() });
    expect(found.hooks.map((one) => ('org' in one ? one.org : one.app))).toEqual(['acme']);
    expect(found.missed).toEqual(['closed', 'bare']);
    expect(found.warnings.map(({ code }) => code)).toEqual(['GITHUB_AUTH', 'GITHUB_NOT_FOUND']);
  });

  test("by its id, in any organization: the others don't matter then", async () => {
    const orgs = {
      closed: refused,
      acme: read(hook(1, OURS)),
      labs: read(hook(7, 'https://y.example.com/')),
    };
    expect(await find(orgs, { kind: 'id', id: 7 })).toEqual({
      hooks: [{ org: 'labs', id: 7, place: 'y.example.com' }],
      warnings: [],
      missed: [],
    });
  });

  test.each<[string, Record<string, HookReading<readonly HookAddress[]>>, HookChoice, string, RegExp]>([
    [
      'none leads there',
      { acme: read(hook(2, 'https://u:p@ci.example.com/build?k=1')) },
      PATH,
      'GITHUB_NOT_FOUND',
      /2 at ci\.example\.com\/build$/,
    ],
    [
      'there is none',
      { acme: read(), labs: read() },
      PATH,
      'GITHUB_NOT_FOUND',
      /acme and labs .*no webhook at all/,
    ],
    [
      'none of that number',
      { acme: read(hook(2, OURS)) },
      { kind: 'id', id: 7 },
      'GITHUB_NOT_FOUND',
      /no webhook 7 in acme/,
    ],
    ['none may be seen', { acme: refused }, PATH, 'GITHUB_AUTH', /not to be seen/],
    [
      'the number may be in the one that is closed',
      { acme: read(), closed: refused },
      { kind: 'id', id: 7 },
      'GITHUB_NOT_FOUND',
      /not to be seen/,
    ],
  ])('%s: an error that names the existing ones', async (_, orgs, choice, code, says) => {
    const error = await find(orgs, choice).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(SyncError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(says) });
    expect((error as SyncError).message).not.toMatch(/u:p|k=1/);
  });
});
