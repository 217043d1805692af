import { describe, expect, test } from 'vitest';
import { examineGitHub, type GitHubProbe, judgeQuota } from '../../../src/doctor/github.ts';
import { SyncError } from '../../../src/model/errors.ts';
import type { Answered, Finding, OrgView, Quota } from '../../../src/model/finding.ts';

const answered = <T>(value: T): Answered<T> => ({ kind: 'answered', value });
const refused = { kind: 'refused', message: 'no', hint: 'mend it' } as const;
const PLENTY: Quota = { limit: 5000, remaining: 4990, resetMs: 3_600_000 };
const GOOD: OrgView = {
  organization: answered({ id: 7, login: 'acme' }),
  owners: answered({ shown: 2, more: false }),
  concealed: answered(true),
};

const probe = (given: Partial<GitHubProbe> = {}): GitHubProbe => ({
  credential: 'the token in GH_TOKEN',
  perOrg: false,
  orgs: ['acme'],
  quota: async () => answered(PLENTY),
  inspect: async () => GOOD,
  visibilityHint: (org) => `see ${org}`,
  tokenExpiry: () => undefined,
  now: () => 0,
  ...given,
});
const short = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ id, status }) => `${id} ${status}`);

const CREDENTIAL = ['github.credential ok', 'github.rate-limit ok'];

describe('an organization', () => {
  const CASES: readonly {
    readonly name: string;
    readonly view: OrgView;
    readonly found: readonly string[];
  }[] = [
    {
      name: 'seen whole',
      view: GOOD,
      found: ['github.organization:acme ok', 'github.owners:acme ok', 'github.members:acme ok'],
    },
    { name: 'not there', view: { organization: refused }, found: ['github.organization:acme failed'] },
    {
      name: 'owners refused',
      view: { organization: GOOD.organization, owners: refused },
      found: ['github.organization:acme ok', 'github.owners:acme failed'],
    },
    {
      name: 'no owner',
      view: { organization: GOOD.organization, owners: answered({ shown: 0, more: false }) },
      found: ['github.organization:acme ok', 'github.owners:acme failed'],
    },
    {
      name: 'public members only',
      view: { ...GOOD, concealed: answered(false) },
      found: ['github.organization:acme ok', 'github.owners:acme ok', 'github.members:acme failed'],
    },
    {
      name: 'membership refused',
      view: { ...GOOD, concealed: refused },
      found: ['github.organization:acme ok', 'github.owners:acme ok', 'github.members:acme failed'],
    },
  ];
  test.each(CASES)('$name', async ({ view, found }) => {
    const findings = await examineGitHub(probe({ inspect: async () => view }));
    expect(short(findings)).toEqual([...CREDENTIAL, ...found]);
    for (const { status, hint } of findings) expect(hint === undefined).toBe(status === 'ok');
  });
});

describe('credentials', () => {
  test('a refused token is reported once, for any number of organizations', async () => {
    const quota = () => Promise.reject(new SyncError('GITHUB_AUTH', 'GitHub refuses the token', 'another'));
    const findings = await examineGitHub(probe({ orgs: ['acme', 'labs'], quota }));
    expect(findings).toMatchObject([
      { id: 'github.credential', status: 'failed', message: 'GitHub refuses the token', hint: 'another' },
    ]);
  });

  test('an unreachable GitHub is reported once', async () => {
    const findings = await examineGitHub(probe({ orgs: ['acme', 'labs'], quota: async () => refused }));
    expect(findings).toMatchObject([{ id: 'github.credential', status: 'failed', message: 'no' }]);
  });

  test('a token is checked even without an organization', async () => {
    expect(short(await examineGitHub(probe({ orgs: [] })))).toEqual(CREDENTIAL);
  });

  test('an App has a limit for each organization, and may be missing in one', async () => {
    const findings = await examineGitHub(
      probe({
        perOrg: true,
        orgs: ['acme', 'labs'],
        quota: async (org) => (org === 'labs' ? refused : answered(PLENTY)),
      }),
    );
    expect(short(findings)).toEqual([
      'github.credential ok',
      'github.rate-limit:acme ok',
      'github.organization:labs failed',
      'github.organization:acme ok',
      'github.owners:acme ok',
      'github.members:acme ok',
    ]);
    expect(findings[0]?.message).toMatch(/installed in acme$/);
  });

  test('an App that is installed nowhere, and one without an organization to check it in', async () => {
    const nowhere = probe({ perOrg: true, quota: async () => refused });
    expect(short(await examineGitHub(nowhere))).toEqual(['github.organization:acme failed']);
    expect(short(await examineGitHub(probe({ perOrg: true, orgs: [] })))).toEqual([
      'github.credential warning',
    ]);
  });
});

test.each([
  [{ limit: 5000, remaining: 100, resetMs: 0 }, 'ok', /100 of 5,000/],
  [{ limit: 5000, remaining: 99, resetMs: 90_000 }, 'warning', /99 of 5,000/],
  [{ limit: 5000, remaining: 0, resetMs: -1 }, 'warning', /0 of 5,000/],
  [{ limit: 60, remaining: 60, resetMs: 0 }, 'ok', /60 of 60/],
  [undefined, 'ok', /no rate limit/],
] as const)('quota %j: %s', (quota, status, says) => {
  const found = judgeQuota(undefined, quota, 0);
  expect(found.status).toBe(status);
  expect(found.message).toMatch(says);
});

test('how long to wait', () => {
  const quota = { limit: 5000, remaining: 0, resetMs: 90_000 };
  expect(judgeQuota('acme', quota, 0).hint).toMatch(/^wait 2 minutes/);
  expect(judgeQuota('acme', quota, 89_000).hint).toMatch(/^wait 1 minute /);
});
