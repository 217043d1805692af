import { describe, expect, test } from 'vitest';
import {
  addMember,
  addTeam,
  addTeamMember,
  addToken,
  githubWorld,
  orgOf,
  removeMember,
  removeTeamMember,
  renameTeam,
  userOf,
} from '../../../src/demo/github/github.ts';
import { github, logins, runGitHub } from './running.ts';

function teams() {
  const world = githubWorld();
  for (const login of ['ann', 'ben', 'cat', 'dan']) addMember(world, 'acme', { login });
  addMember(world, 'acme', { login: 'invited', state: 'pending' });
  addTeam(world, 'acme', {
    slug: 'platform',
    name: 'Platform',
    maintainers: ['ann'],
    members: ['owner', 'invited'],
  });
  addTeam(world, 'acme', { slug: 'core', parent: 'platform', maintainers: ['ben'], members: ['cat'] });
  addTeam(world, 'acme', { slug: 'hidden', privacy: 'secret', members: ['dan'] });
  for (const login of ['ann', 'dan']) {
    const userId = userOf(world, login).id;
    addToken(world, `ghp_${login}`, { kind: 'pat', userId, scopes: ['read:org'] });
  }
  addToken(world, 'ghs_actions', { kind: 'actions' });
  return world;
}

describe('teams', () => {
  test('are listed as far as the caller may see them', async () => {
    const emulator = await runGitHub(teams());
    const slugs = async (token?: string | null) =>
      (await github(emulator, '/orgs/acme/teams', token)).body.map(({ slug }: { slug: string }) => slug);
    expect(await slugs()).toEqual(['platform', 'core', 'hidden']);
    expect(await slugs('ghp_ann')).toEqual(['platform', 'core']);
    expect(await slugs('ghp_dan')).toEqual(['platform', 'core', 'hidden']);
    expect((await github(emulator, '/orgs/acme/teams', null)).status).toBe(404);
    expect((await github(emulator, '/orgs/acme/teams', 'ghs_actions')).status).toBe(403);
    expect((await github(emulator, '/orgs/acme/teams/hidden', 'ghp_ann')).status).toBe(404);
  });

  test('are found by slug and by id, which survives a rename', async () => {
    const world = teams();
    const emulator = await runGitHub(world);
    const { id } = (await github(emulator, '/orgs/acme/teams/PLATFORM')).body;
    const byId = `/organizations/${orgOf(world, 'acme').id}/team/${id}`;
    expect((await github(emulator, byId)).body).toMatchObject({ slug: 'platform', parent: null });
    renameTeam(world, 'acme', 'platform', 'infra');
    expect((await github(emulator, '/orgs/acme/teams/platform')).status).toBe(404);
    expect((await github(emulator, byId)).body.slug).toBe('infra');
    expect((await github(emulator, '/orgs/acme/teams/core')).body.parent.slug).toBe('infra');
    expect((await github(emulator, `${byId}9`)).status).toBe(404);
  });

  test.each([
    ['', ['owner', 'ann', 'ben', 'cat']],
    ['?role=all', ['owner', 'ann', 'ben', 'cat']],
    ['?role=maintainer', ['owner', 'ann']],
    ['?role=member', ['ben', 'cat']],
  ])('list members of child teams too, and owners as maintainers: %s', async (query, expected) => {
    const world = teams();
    const emulator = await runGitHub(world);
    const { id } = (await github(emulator, '/orgs/acme/teams/platform')).body;
    for (const path of [
      '/orgs/acme/teams/platform',
      `/organizations/${orgOf(world, 'acme').id}/team/${id}`,
    ]) {
      expect(logins((await github(emulator, `${path}/members${query}`)).body)).toEqual(expected);
    }
  });

  test('refuse a role that there is not, and page', async () => {
    const emulator = await runGitHub(teams());
    expect((await github(emulator, '/orgs/acme/teams/platform/members?role=owner')).status).toBe(422);
    const { body, headers } = await github(emulator, '/orgs/acme/teams/platform/members?per_page=3');
    expect(body).toHaveLength(3);
    expect(headers.get('link')).toMatch(
      /\/organizations\/\d+\/team\/\d+\/members\?per_page=3&page=2>; rel="next"/,
    );
  });

  test('tell the membership of one person', async () => {
    const emulator = await runGitHub(teams());
    const get = (login: string) => github(emulator, `/orgs/acme/teams/platform/memberships/${login}`);
    expect((await get('OWNER')).body).toMatchObject({ role: 'maintainer', state: 'active' });
    expect((await get('cat')).body).toMatchObject({ role: 'member', state: 'active' });
    expect((await get('invited')).body).toMatchObject({ role: 'member', state: 'pending' });
    expect((await get('dan')).status).toBe(404);
    expect((await get('nobody')).status).toBe(404);
  });

  test('follow changes of the world', async () => {
    const world = teams();
    const emulator = await runGitHub(world);
    const list = async () => logins((await github(emulator, '/orgs/acme/teams/platform/members')).body);
    expect(await list()).toEqual(['owner', 'ann', 'ben', 'cat']);
    addTeamMember(world, 'acme', 'core', 'dan');
    removeTeamMember(world, 'acme', 'core', 'cat');
    removeMember(world, 'acme', 'ann');
    expect(await list()).toEqual(['owner', 'ben', 'dan']);
    addTeam(world, 'acme', { slug: 'deep', parent: 'core', members: ['cat'] });
    expect(await list()).toEqual(['owner', 'ben', 'cat', 'dan']);
  });
});
