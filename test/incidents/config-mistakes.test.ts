// kubernetes/org#4365: a mistake in the config stripped teams of their people, and a tool applied it.
import { describe, expect, test } from 'vitest';
import { addTeam, renameTeam } from '../../src/demo/github/github.ts';
import { addPermitUser, addRole, addTenant } from '../../src/demo/permit/permit.ts';
import { markOf } from '../support/adapters.ts';
import { agreedStage, folderWith, people, reconcileJson, told } from '../support/agreement.ts';
import { type Stage, writes } from '../support/stage.ts';

const TEAM = '  - { subject: "github:acme:team:platform:*", roles: [deployer], tenant: production }';
const MEMBERS = '  - { subject: "github:*:role:member", roles: [member] }';
const OWNERS = '  - { subject: "github:*:role:admin", roles: [admin] }';
const grants = (...rules: readonly string[]): string => `grants:\n${rules.join('\n')}\n`;

/** 30 people, 12 of whom are in the team `platform` and hold `production/deployer` for it; Permit is in sync. */
async function withTeam(): Promise<Stage> {
  const stage = await agreedStage(30, 2);
  const team = people(10, 21);
  addTenant(stage.permit.world, 'production');
  addRole(stage.permit.world, 'deployer');
  addTeam(stage.github.world, 'acme', { slug: 'platform', members: team });
  for (const login of team) {
    addPermitUser(stage.permit.world, {
      key: login,
      attributes: markOf(stage.github.world, login),
      grants: ['default/member', 'production/deployer'],
    });
  }
  return stage;
}

async function expectNothingWritten(stage: Stage, yaml: string, code: number) {
  const before = stage.held();
  const ran = await stage.run(reconcileJson(), { cwd: folderWith(yaml) });
  expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code });
  expect(writes(stage.permit)).toBe(0);
  expect(stage.held()).toEqual(before);
  return { ...told(ran), stderr: ran.stderr };
}

describe('kubernetes/org#4365: a config mistake stripped teams', () => {
  test('kubernetes/org#4365: the config correctly set up is in sync', async () => {
    const { status } = await expectNothingWritten(await withTeam(), grants(TEAM, OWNERS, MEMBERS), 0);
    expect(status).toBe('in-sync');
  });

  test('kubernetes/org#4365: the team rule is gone: nothing is taken, and the grants are shown', async () => {
    const { unmanaged } = await expectNothingWritten(await withTeam(), grants(OWNERS, MEMBERS), 0);
    expect(unmanaged).toHaveLength(12);
    expect(unmanaged[0]).toMatchObject({ role: 'deployer', tenant: 'production' });
  });

  test('kubernetes/org#4365: the team is misspelled: its grants freeze, and the report names it', async () => {
    const typo = TEAM.replace('platform', 'plattform');
    const { warnings } = await expectNothingWritten(await withTeam(), grants(typo, OWNERS, MEMBERS), 4);
    expect(warnings).toEqual([expect.objectContaining({ code: 'TEAM_UNREADABLE' })]);
    expect(warnings[0]?.message).toContain('plattform');
  });

  test('kubernetes/org#4365: the team was renamed on GitHub: its grants freeze', async () => {
    const stage = await withTeam();
    renameTeam(stage.github.world, 'acme', 'platform', 'infrastructure');
    await expectNothingWritten(stage, grants(TEAM, OWNERS, MEMBERS), 4);
  });

  test('kubernetes/org#4365: the rule names a smaller team: more demotions than the limit', async () => {
    const stage = await withTeam();
    addTeam(stage.github.world, 'acme', { slug: 'platform-leads', members: ['person-0010'] });
    const wrong = TEAM.replace('platform', 'platform-leads');
    const { guard } = await expectNothingWritten(stage, grants(wrong, OWNERS, MEMBERS), 3);
    expect(guard.violations).toEqual([
      { limit: 'demotions', allowed: 7, planned: 11, override: '--allow-demotions 11' },
    ]);
  });

  test('kubernetes/org#4365: a team that came back empty: more demotions than the limit', async () => {
    const stage = await withTeam();
    stage.github.faults.push({
      match: ({ path }) => /\/teams?\/[^/]+\/members$/.test(path),
      do: { kind: 'answer', status: 200, body: [] },
    });
    const { guard } = await expectNothingWritten(stage, grants(TEAM, OWNERS, MEMBERS), 3);
    expect(guard.violations).toEqual([expect.objectContaining({ limit: 'demotions', planned: 12 })]);
  });

  test('kubernetes/org#4365: the rule for members is gone: more removals than the limit', async () => {
    const yaml = `${grants(TEAM, OWNERS)}manages: ["default/member"]\n`;
    const { guard } = await expectNothingWritten(await withTeam(), yaml, 3);
    expect(guard.violations.map(({ limit }) => limit)).toContain('removals');
  });

  test('kubernetes/org#4365: a deny that matches more than intended: more removals than the limit', async () => {
    const deny = '  - { subject: "github:*:user:person*", effect: deny, roles: ["*"] }';
    const { guard } = await expectNothingWritten(await withTeam(), grants(deny, TEAM, OWNERS, MEMBERS), 3);
    expect(guard.violations).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ limit: 'removals', planned: 29, override: '--allow-removals 29' }),
      ]),
    );
  });

  test.each([
    ['an empty list', 'grants: []\n'],
    ['a list of nothing', 'grants:\n'],
    ['an unknown key', grants('  - { subjects: "github:*:role:member", roles: [member] }', OWNERS)],
    ['an org that is not configured', grants('  - { subject: "github:amce:role:member", roles: [member] }')],
    ['nothing but denies', grants('  - { subject: "github:*:role:*", effect: deny, roles: ["*"] }')],
    ['YAML that ends in the middle', 'grants:\n  - { subject: "github:*:role:member", roles: [mem'],
    ['two keys of one name', `${grants(OWNERS, MEMBERS)}${grants(OWNERS)}`],
  ])('kubernetes/org#4365: %s is refused before any request', async (_, yaml) => {
    const stage = await withTeam();
    const { stderr } = await expectNothingWritten(stage, yaml, 1);
    expect(stderr).toMatch(/CONFIG_INVALID/);
    expect(stderr).toMatch(/gh-permit-sync\.yaml:\d+/);
    expect(stage.github.requests.length + stage.permit.requests.length).toBe(0);
  });

  test("kubernetes/org#4365: a role that doesn't exist is refused before any write", async () => {
    const wrong = TEAM.replace('deployer', 'deplyer');
    const { error } = await expectNothingWritten(await withTeam(), grants(wrong, OWNERS, MEMBERS), 1);
    expect(error?.code).toBe('PERMIT_MISSING_ROLE');
    expect(error?.message).toContain('deplyer');
  });
});
