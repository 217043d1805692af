import { describe, expect, test } from 'vitest';
import { isReceiver, judgeHooks, judgeSecret } from '../../../src/doctor/webhook.ts';
import type { OrgHook } from '../../../src/model/webhooks/hook-address.ts';
import { requiredEvents } from '../../../src/model/webhooks/queue.ts';

const SECRET = 'f3b0c44298fc1c149afbf4c8';

test.each([
  [undefined, 'skipped', /not configured/],
  ['  ', 'skipped', /not configured/],
  [SECRET, 'ok', /1 secret$/],
  [`${SECRET}, ${SECRET}x`, 'ok', /2 secrets$/],
  [`${SECRET},`, 'failed', /empty/],
  ['hunter2', 'warning', /16/],
] as const)('the secret %j: %s', (text, status, says) => {
  const found = judgeSecret({ secret: text, redis: 'redis://127.0.0.1:6379' });
  expect(found.status).toBe(status);
  expect(found.message).toMatch(says);
  expect(JSON.stringify(found)).not.toMatch(/hunter2|f3b0c/);
});

test('webhooks are optional: missing settings are reported only if half of them are set', () => {
  const redis = 'redis://127.0.0.1:6379';
  expect(judgeSecret({ secret: '', redis: undefined })).toMatchObject({
    status: 'skipped',
    message: 'not configured (GITHUB_WEBHOOK_SECRET), needed by receive only',
  });
  expect(judgeSecret({ secret: undefined, redis })).toMatchObject({
    status: 'skipped',
    message: expect.stringMatching(/REDIS_URL is set, and receive needs both$/),
  });
  expect(judgeSecret({ secret: SECRET, redis: ' ' })).toMatchObject({
    status: 'warning',
    message: expect.stringMatching(/REDIS_URL is not/),
    hint: expect.stringMatching(/^set REDIS_URL/),
  });
  expect([isReceiver({ secret: SECRET, redis }), isReceiver({ secret: SECRET, redis: '' })]).toEqual([
    true,
    false,
  ]);
});

describe('webhooks of an organization', () => {
  const hook = (given: Partial<OrgHook> = {}): OrgHook => ({
    id: 5,
    active: true,
    url: 'https://hooks.example.com/a/github-membership',
    events: ['organization', 'membership', 'team'],
    hasSecret: true,
    insecure: false,
    ...given,
  });
  const question = { org: 'acme', path: '/github-membership', expected: false };
  const judge = (hooks: readonly OrgHook[] | 'hidden', expected = false, collaborators = false) =>
    judgeHooks(
      { ...question, events: requiredEvents({ collaborators }), expected },
      { kind: 'answered', value: hooks },
    ).map(({ id, status, message, hint }) => ({ id, status, message, hint }));

  const CASES: readonly {
    readonly name: string;
    readonly hooks: readonly OrgHook[] | 'hidden';
    readonly expected?: boolean;
    /** Whether a rule needs collaborators. */
    readonly collaborators?: boolean;
    readonly found: readonly [status: string, message: RegExp, hint?: RegExp][];
  }[] = [
    { name: 'correctly set up', hooks: [hook()], found: [['ok', /webhook 5 of acme is active/]] },
    { name: 'every event', hooks: [hook({ events: ['*'] })], found: [['ok', /active/]] },
    { name: 'a slash at the end', hooks: [hook({ url: `${hook().url}/` })], found: [['ok', /active/]] },
    { name: 'a query', hooks: [hook({ url: `${hook().url}?token=hidden` })], found: [['ok', /active/]] },
    {
      name: 'not seen, and none needed',
      hooks: 'hidden',
      found: [['skipped', /can't be seen.*redeliver only/]],
    },
    {
      name: 'not seen, but a receiver',
      hooks: 'hidden',
      expected: true,
      found: [['warning', /can't be seen/, /admin:org_hook/]],
    },
    { name: 'none, and none needed', hooks: [], found: [['skipped', /no webhook.*needed by receive only/]] },
    { name: 'none, but a receiver', hooks: [], expected: true, found: [['warning', /no webhook/, /Teams/]] },
    {
      name: 'elsewhere',
      hooks: [hook({ url: 'https://ci.example.com/github-membership/other' }), hook({ url: 'nonsense' })],
      found: [['skipped', /no webhook/]],
    },
    {
      name: 'events missing',
      hooks: [hook({ events: ['organization', 'push'] })],
      found: [['warning', /does not send membership and team/, /tick Memberships and Teams/]],
    },
    {
      name: 'collaborators needed, and their event missing',
      hooks: [hook()],
      collaborators: true,
      found: [['warning', /does not send member$/, /tick Collaborator add, remove, or changed/]],
    },
    {
      name: 'all of it wrong',
      hooks: [hook({ active: false, events: [], hasSecret: false, insecure: true })],
      found: [
        ['warning', /not active/, /Active/],
        ['warning', /does not send organization, membership and team/],
        ['warning', /no secret/, /GITHUB_WEBHOOK_SECRET/],
        ['warning', /certificate/],
      ],
    },
    {
      name: 'several, in order of their ids',
      hooks: [hook({ id: 9, active: false }), hook({ id: 3 })],
      found: [
        ['ok', /webhook 3 /],
        ['warning', /webhook 9 /],
      ],
    },
  ];
  test.each(CASES)('$name', ({ hooks, expected, collaborators, found }) => {
    const findings = judge(hooks, expected, collaborators);
    expect(findings.map(({ status }) => status)).toEqual(found.map(([status]) => status));
    for (const [i, [, message, hint]] of found.entries()) {
      expect(findings[i]?.message).toMatch(message);
      if (hint) expect(findings[i]?.hint).toMatch(hint);
    }
    expect(JSON.stringify(findings)).not.toMatch(/hidden|example\.com/);
  });

  test('a question without an answer', () => {
    const answer = { kind: 'refused', message: 'limit used up', hint: 'later' } as const;
    const events = requiredEvents({ collaborators: false });
    expect(judgeHooks({ ...question, events }, answer)).toMatchObject([
      { status: 'warning', message: 'limit used up' },
    ]);
  });
});
