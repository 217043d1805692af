import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addMember, addTeam, orgOf, userOf } from '../../src/demo/github/github.ts';
import { addRole } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage } from '../support/stage.ts';

// GitHub's membership answers have `direct_membership: false` for people who are members through an enterprise team only.
// Whether GET /orgs/{org}/members lists them is not documented, so both are played.

async function openEnterprise(team: string) {
  const stage = await openStage();
  const { world } = stage.github;
  for (const login of ['ann', 'billing']) addMember(world, 'acme', { login });
  addMember(world, 'acme', { login: 'indirect', through: ['ent:partners'] });
  addTeam(world, 'acme', { slug: 'ent:partners', id: 4711, members: ['indirect', 'ann'] });
  addRole(stage.permit.world, 'partner');
  const cwd = emptyFolder();
  const config = `
grants:
  - { subject: "github:acme:role:*", roles: [member] }
  - { subject: "github:acme:team:${team}:*", roles: [partner] }
limits: { removals: 100%, demotions: 100% }
`;
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), config);
  return { ...stage, reconcile: () => stage.run(['reconcile'], { cwd }) };
}

const BOTH = ['default/member', 'default/partner'];

describe.each(['ent:partners', '#4711'])('members through an enterprise team, named as %s', (team) => {
  test('are members, and a listing that omits them takes nothing from them', async () => {
    const { github, reconcile, held } = await openEnterprise(team);
    expect((await reconcile()).code).toBe(0);
    expect(held().indirect?.grants).toEqual(BOTH);
    github.switches.indirectMembers = 'unlisted';
    const again = await reconcile();
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('KEPT_UNCONFIRMED');
    expect(held().indirect?.grants).toEqual(BOTH);
  });

  test.each(['listed', 'unlisted'] as const)('leave when their membership ends: %s', async (switched) => {
    const { github, reconcile, held } = await openEnterprise(team);
    await reconcile();
    github.switches.indirectMembers = switched;
    const org = orgOf(github.world, 'acme');
    const { id } = userOf(github.world, 'indirect');
    org.members.delete(id);
    for (const one of org.teams.values()) one.members.delete(id);
    expect((await reconcile()).code).toBe(0);
    expect(held().indirect).toBeUndefined();
    expect(held().ann?.grants).toEqual(BOTH);
  });
});

test("an enterprise team that can't be read by its id freezes what depends on it", async () => {
  const { github, reconcile, held } = await openEnterprise('#4711');
  await reconcile();
  github.switches.enterpriseTeamById = 'notFound';
  const ran = await reconcile();
  expect(ran.code).toBe(4);
  expect(ran.stdout + ran.stderr).toContain('TEAM_UNREADABLE');
  expect(held().ann?.grants).toEqual(BOTH);
});

test('a billing manager is not a member', async () => {
  const { github, reconcile, held } = await openEnterprise('ent:partners');
  await reconcile();
  expect(held().billing?.grants).toEqual(['default/member']);
  addMember(github.world, 'acme', { login: 'billing', role: 'billing_manager' });
  expect((await reconcile()).code).toBe(0);
  expect(held().billing).toBeUndefined();
});
