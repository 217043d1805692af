import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  addOutsideCollaborator,
  addTeam,
  type GitHubEmulator,
  removeMember,
} from '../../src/demo/github/github.ts';
import { addRole, revoke } from '../../src/demo/permit/permit.ts';
import { folderWith } from '../support/agreement.ts';
import { idOf, openDrainStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';
import { openStage, type Stage } from '../support/stage.ts';

const redis = useRedis();
const PEOPLE = ['ann', 'ben', 'cat'];
const TEAM_RULES = `
grants:
  - { subject: "github:*:role:admin", roles: [admin] }
  - { subject: "github:acme:team:platform:*", roles: [deployer] }
limits: { removals: 100%, demotions: 100%, floors: { admin: 0 } }
`;

const refuse = ({ faults }: GitHubEmulator, end: string, status = 403) =>
  faults.push({
    match: ({ path }) => path.endsWith(end),
    do: { kind: 'answer', status, body: { message: 'Forbidden', documentation_url: 'https://docs' } },
  });

/** Everyone of the team has a user of ours, from which someone took the role in Permit. */
async function bareStage<S extends Stage>(stage: S, cwd: string): Promise<S> {
  for (const login of PEOPLE) addMember(stage.github.world, 'acme', { login });
  addTeam(stage.github.world, 'acme', { slug: 'platform', members: PEOPLE });
  addRole(stage.permit.world, 'deployer');
  const first = await stage.run(['reconcile'], { cwd });
  expect(first.code, first.stderr).toBe(0);
  for (const login of PEOPLE) revoke(stage.permit.world, login, 'default/deployer');
  return stage;
}

describe('a managed user without grants is not deleted while the list that may give some cannot be read', () => {
  test.each([
    ['a team', []],
    ['a team, in a narrowed run', ['--user', 'ann', 'ben', 'cat']],
  ])('%s', async (_, flags) => {
    const cwd = folderWith(TEAM_RULES);
    const stage = await bareStage(await openStage(), cwd);
    const before = stage.held();
    refuse(stage.github, '/teams/platform/members');
    expect((await stage.run(['reconcile', ...flags], { cwd })).code).toBe(4);
    expect(stage.held()).toEqual(before);
    stage.github.faults.length = 0;
    expect((await stage.run(['reconcile', ...flags], { cwd })).code).toBe(0);
    for (const login of PEOPLE) expect(stage.held()[login]?.grants).toEqual(['default/deployer']);
  });

  test.each([
    ['the list', /\/teams\/platform\/members$/, 'membership'],
    ['whatever is asked about the team', /\/teams?\/(?:platform|\d+)/, 'membership'],
    ['whatever is asked about the team', /\/teams?\/(?:platform|\d+)/, 'organization'],
    ['the team itself', /\/teams\/platform$|\/team\/\d+$/, 'organization'],
  ] as const)('a team, in a drain: GitHub refuses %s (%s, %s)', async (_, path, event) => {
    const stage = await openDrainStage(redis, TEAM_RULES);
    await bareStage(stage, stage.cwd);
    const before = stage.held();
    stage.github.faults.push({
      match: (request) => path.test(request.path),
      do: { kind: 'answer', status: 403, body: { message: 'Forbidden', documentation_url: 'https://docs' } },
    });
    const action = event === 'membership' ? 'added' : 'member_added';
    await stage.hear('ann', idOf(stage, 'ann'), { event, action });
    await stage.run(['drain', '--settle', '0']);
    for (const [key, user] of Object.entries(before))
      expect(stage.held()[key]?.attributes).toEqual(user.attributes);
  });

  test('outside collaborators', async () => {
    const stage = await openStage();
    const cwd = folderWith(
      'grants:\n  - { subject: "github:*:role:*", roles: [member] }\n  - { subject: "github:acme:collaborator", roles: [guest] }\n',
    );
    addOutsideCollaborator(stage.github.world, 'acme', 'guest');
    addRole(stage.permit.world, 'guest');
    expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
    revoke(stage.permit.world, 'guest', 'default/guest');
    refuse(stage.github, '/outside_collaborators');
    expect((await stage.run(['reconcile'], { cwd })).code).toBe(4);
    expect(stage.held()).toHaveProperty('guest');
  });

  test('someone who left is deleted all the same', async () => {
    const cwd = folderWith(TEAM_RULES);
    const stage = await bareStage(await openStage(), cwd);
    refuse(stage.github, '/teams/platform/members');
    removeMember(stage.github.world, 'acme', 'cat');
    expect((await stage.run(['reconcile'], { cwd })).code).toBe(4);
    expect(Object.keys(stage.held())).toEqual(expect.arrayContaining(['ann', 'ben']));
    expect(stage.held()).not.toHaveProperty('cat');
  });
});

describe('the mark keeps the organizations behind what a person is due', () => {
  const rules = (role: string) => `
github: { orgs: [acme, beta] }
grants:
  - { subject: "github:*:role:admin", roles: [admin] }
  - { subject: "github:beta:role:member", roles: [member] }
  - { subject: "github:acme:team:platform:*", roles: [${role}] }
`;
  const env = { GITHUB_ORG: '' };

  test('a role that Permit lacks: a run over another organization deletes nobody', async () => {
    const stage = await openStage();
    addOrg(stage.github.world, 'beta');
    addMember(stage.github.world, 'beta', { login: 'owner', role: 'admin' });
    const cwd = folderWith(rules('deployer'));
    for (const login of PEOPLE) addMember(stage.github.world, 'acme', { login });
    addTeam(stage.github.world, 'acme', { slug: 'platform', members: PEOPLE });
    addRole(stage.permit.world, 'deployer');
    expect((await stage.run(['reconcile'], { cwd, env })).code).toBe(0);
    for (const login of PEOPLE) revoke(stage.permit.world, login, 'default/deployer');
    const before = stage.held();
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), rules('deployer2'));
    await stage.run(['reconcile'], { cwd, env });
    expect(stage.held()).toEqual(before);
    await stage.run(['reconcile', '--org', 'beta', '--allow-removals', '9'], { cwd, env });
    expect(stage.held()).toEqual(before);
  });

  test('a mark without organizations is no proof: only a run over all of them deletes the user', async () => {
    const stage = await openStage();
    addOrg(stage.github.world, 'beta');
    addMember(stage.github.world, 'beta', { login: 'owner', role: 'admin' });
    const cwd = folderWith(rules('deployer'));
    addMember(stage.github.world, 'acme', { login: 'ann' });
    addTeam(stage.github.world, 'acme', { slug: 'platform', members: ['ann'] });
    addRole(stage.permit.world, 'deployer');
    expect((await stage.run(['reconcile'], { cwd, env })).code).toBe(0);
    revoke(stage.permit.world, 'ann', 'default/deployer');
    const { users } = stage.permit.world;
    const user = users.get('ann');
    if (user) users.set('ann', { ...user, attributes: { ...user.attributes, github_orgs: [] } });
    await stage.run(['reconcile', '--org', 'beta'], { cwd, env });
    expect(stage.held()).toHaveProperty('ann');
    refuse(stage.github, '/orgs/acme');
    await stage.run(['reconcile'], { cwd, env });
    expect(stage.held()).toHaveProperty('ann');
  });
});
