import { expect, test } from 'vitest';
import { findSharedTenants } from '../../../src/doctor/mapping.ts';
import { judgeTeams } from '../../../src/doctor/teams.ts';
import type { Rule } from '../../../src/model/rule.ts';
import { allow as allowRoles } from '../../support/builders.ts';

test('teams that the rules name', () => {
  expect(judgeTeams('acme', [], new Map())).toEqual([]);
  expect(judgeTeams('acme', ['#7'], new Map([['#7', 7]]))).toMatchObject([
    { id: 'github.teams:acme', status: 'ok', message: 'the team #7 of acme is visible' },
  ]);
  expect(judgeTeams('acme', ['platform', '#7', 'gone'], new Map([['platform', 42]]))).toMatchObject([
    {
      id: 'github.teams:acme',
      status: 'failed',
      message: 'GitHub shows no teams #7 and gone in acme, which the rules name',
      hint: expect.stringMatching(/correct the rules/),
    },
    { id: 'github.team-slugs:acme', status: 'warning', hint: 'write team:#42 for team:platform' },
  ]);
});

const allow = (subject: string, tenant: string, also: readonly string[] = []): Rule =>
  allowRoles(subject, 'admin', { tenant, also });
const ORGS = ['acme', 'acme-labs', 'globex'];

test.each([
  [
    'github:*:role:admin',
    'default',
    ORGS,
    /every owner of any of acme, acme-labs and globex gets admin in the tenant default/,
  ],
  ['github:acme*:role:admin', 'default', ORGS, /owner of any of acme and acme-labs /],
  ['github:*:role:ad*', 'default', ORGS, /globex/],
  ['github:*:role:admin', 'org-{org}', ORGS, undefined],
  ['github:*:role:admin', 'default', ['acme'], undefined],
  ['github:acme:role:admin', 'default', ORGS, undefined],
  ['github:*:role:*', 'default', ORGS, undefined],
  ['github:*:role:member', 'default', ORGS, undefined],
] as const)('%s in %s for %j', (subject, tenant, orgs, says) => {
  const found = findSharedTenants([allow('github:x:collaborator', 'other'), allow(subject, tenant)], orgs);
  expect(found).toHaveLength(says === undefined ? 0 : 1);
  if (says === undefined) return;
  expect(found[0]).toMatchObject({
    area: 'mapping',
    status: 'warning',
    message: expect.stringMatching(says),
  });
  expect(found[0]?.message).toMatch(/^grants\[1\]\.subject: /);
  expect(found[0]?.hint).toContain('{org}');
});
