import { describe, expect, test } from 'vitest';
import { renderJson } from '../../../src/report/json.ts';
import { HOSTILE, INVISIBLE } from './hostile.ts';
import { FAILED, hostileReport, joiner, PARTIAL, plan, REFUSED, report } from './reports.ts';

const parse = (given: Parameters<typeof renderJson>[0]) => JSON.parse(renderJson(given));

test('the document has the fields of the contract in their order', () => {
  const given = report([joiner('octocat')], { warnings: [{ code: 'TEAM_UNREADABLE', message: 'a team' }] });
  expect(renderJson(given)).toBe(`{
  "version": 1,
  "command": "reconcile",
  "dryRun": false,
  "status": "applied",
  "orgs": [
    "acme"
  ],
  "summary": {
    "members": 412,
    "managed": 410,
    "unmanaged": 0,
    "changes": {
      "createUser": 1,
      "updateUser": 0,
      "deleteUser": 0,
      "assignRole": 1,
      "unassignRole": 0
    },
    "people": {
      "joining": 1,
      "leaving": 0,
      "demoted": 0,
      "moved": 0
    },
    "failed": 0
  },
  "changes": [
    {
      "kind": "createUser",
      "user": "octocat",
      "reason": "github:acme:role:member",
      "outcome": "applied"
    },
    {
      "kind": "assignRole",
      "user": "octocat",
      "role": "member",
      "tenant": "default",
      "reason": "github:acme:role:member",
      "outcome": "applied"
    }
  ],
  "guard": {
    "verdict": "pass",
    "violations": []
  },
  "unmanaged": [],
  "warnings": [
    {
      "code": "TEAM_UNREADABLE",
      "message": "a team"
    }
  ],
  "requests": {
    "github": 6,
    "permit": 4
  },
  "durationMs": 431
}
`);
});

test('outcomes carry their error or their reason', () => {
  const { changes, summary } = parse(PARTIAL);
  expect(summary.failed).toBe(1);
  const ofHubot = changes.filter(({ user }: { readonly user: string }) => user === 'hubot');
  expect(ofHubot[0]).toMatchObject({
    outcome: 'failed',
    error: { code: 'PERMIT_REFUSED', message: 'Permit answered 422' },
  });
  expect(ofHubot[1]).toMatchObject({
    outcome: 'skipped',
    why: 'the role that replaces it could not be assigned',
  });
  expect(changes).toContainEqual(
    expect.objectContaining({
      user: 'github|583231',
      tenant: 'default',
      resource: 'repository:payments-api',
    }),
  );
});

test('warnings are those of the run, then the skipped, then the notes, each once', () => {
  const { warnings, unmanaged } = parse({
    ...PARTIAL,
    warnings: [...PARTIAL.warnings, { code: 'KEPT_UNCONFIRMED', message: 'ann: kept as they are' }],
  });
  expect(warnings).toEqual([
    { code: 'TEAM_UNREADABLE', message: 'the team acme/platform could not be read' },
    { code: 'KEPT_UNCONFIRMED', message: 'ann: kept as they are' },
    { code: 'KEY_TAKEN', message: 'the user kees is not ours' },
  ]);
  expect(unmanaged).toEqual([
    { user: 'svc-ci', role: 'admin', tenant: 'default' },
    { user: 'hubot', role: 'audit', tenant: 'prod', manages: 'prod/audit' },
  ]);
});

test('a skipped person is named even where the message does not', () => {
  const skipped = [
    { id: undefined, user: 'kees', code: 'BAD_MARK', message: 'its mark is not valid' },
  ] as const;
  expect(parse(report([], { plan: plan([], { skipped }) })).warnings).toEqual([
    { code: 'BAD_MARK', message: 'kees: its mark is not valid' },
  ]);
});

test('a refusal lists every violation', () => {
  expect(parse(REFUSED).guard).toEqual({
    verdict: 'refused',
    violations: [
      { limit: 'removals', allowed: 1, planned: 2, override: '--allow-removals 2' },
      { limit: 'floors', allowed: 1, planned: 0, override: '--allow-floor default/admin=0' },
    ],
  });
});

test('without a plan there are zeros, empty lists and the error', () => {
  const document = parse(FAILED);
  expect(document).toMatchObject({
    status: 'error',
    summary: { members: 0, managed: 0, unmanaged: 0, people: { joining: 0 }, failed: 0 },
    changes: [],
    unmanaged: [],
    error: { code: 'PERMIT_MISSING_ROLE', hint: 'create them with\n  gh-permit-sync policy' },
  });
  expect(Object.values(document.summary.changes)).toEqual([0, 0, 0, 0, 0]);
});

test('changes of a run that ended early count as not tried, in a dry run as planned', () => {
  const early = { ...report([joiner('a')]), results: [] };
  expect(parse(early).changes[0]).toMatchObject({ outcome: 'skipped', why: 'not tried' });
  expect(parse({ ...early, dryRun: true }).changes[0]).toMatchObject({ outcome: 'planned' });
});

describe('text from outside', () => {
  test.each(HOSTILE)('%j is kept and does nothing', (text) => {
    const rendered = renderJson(hostileReport(text));
    expect(rendered).not.toMatch(INVISIBLE);
    expect(rendered).not.toContain('##[');
    expect(JSON.parse(rendered)).toMatchObject({
      orgs: [text],
      changes: [{ user: text }, { resource: text }],
    });
  });
});
