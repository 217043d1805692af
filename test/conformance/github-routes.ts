import { generateKeyPairSync } from 'node:crypto';
import { createAppAuth } from '@octokit/auth-app';
import { expect } from 'vitest';
import {
  addApp,
  addCustomRole,
  addHook,
  addMember,
  addOrgRole,
  addRepository,
  addTeam,
  addToken,
  addUser,
  deliver,
  deliveriesSettled,
  installApp,
  mayReadRepositories,
  OWNER_TOKEN,
  orgOf,
  renameRepository,
  setAppHook,
  teamOf,
} from '../../src/demo/github/github.ts';
import type { Place, Scenario } from './place.ts';
import { mayAdministerHooks } from './setup.ts';

/** What the emulated GitHub knows and no command asks for yet, and the variants that its switches bring about. */
export const githubRouteScenarios: readonly Scenario[] = [
  [
    'the emulated GitHub: every route, with every kind of membership, team and account',
    async ({ open }) => {
      const place = await open();
      const { world, switches } = place.github;
      mayAdministerHooks(place);
      const org = orgOf(world, 'acme');
      addMember(world, 'acme', { login: 'ann', public: true });
      addMember(world, 'acme', { login: 'invited', state: 'pending' });
      addMember(world, 'acme', { login: 'billing', role: 'billing_manager' });
      addMember(world, 'acme', { login: 'indirect', through: ['ent:contractors'] });
      world.users.set(4000, { id: 4000, login: 'managed_acme', visibleTo: [org.id] });
      addTeam(world, 'acme', { slug: 'platform', maintainers: ['ann'] });
      addTeam(world, 'acme', { slug: 'core', parent: 'platform', members: ['indirect'] });
      addTeam(world, 'acme', { slug: 'ent:contractors', members: ['indirect'] });
      addTeam(world, 'acme', { slug: 'hidden', privacy: 'secret' });
      const enterprise = teamOf(world, 'acme', 'ent:contractors');
      const hook = addHook(world, 'acme', { url: 'http://127.0.0.1:9/github-membership' });
      await deliver(world, 'acme', 'organization', { action: 'member_added' }, { fate: 'lost' });
      switches.teamMemberRoles = true;
      const role = addOrgRole(world, 'acme', { name: 'auditor', users: ['ann'], teams: ['core'] });

      orgOf(world, 'acme').auditLog = [
        { action: 'org.update_member', atMs: 1_795_000_000_000, user: addUser(world, 'ann') },
        { action: 'organization_role.assign', atMs: 1_795_000_000_001 },
      ];

      mayReadRepositories(world);
      addCustomRole(world, 'acme', { name: 'Deployer', base: 'write' });
      addOrgRole(world, 'acme', { name: 'reader-of-all', base: 'read', users: ['ann'] });
      const api = addRepository(world, 'acme', {
        name: 'api',
        teams: { platform: 'Deployer', core: 'read' },
        collaborators: { ann: 'maintain', guest: 'Deployer' },
      });
      addRepository(world, 'acme', { name: 'old', visibility: 'internal', archived: true });
      addRepository(world, 'acme', { name: 'site', visibility: 'public' });
      renameRepository(world, 'acme', 'site', 'web');

      const byId = `/organizations/${org.id}`;
      const answers: Readonly<Record<number, readonly string[]>> = {
        200: [
          '/user',
          `/user/${addUser(world, 'ann').id}`,
          '/user/4000',
          '/users/managed_acme',
          '/user/memberships/orgs/acme',
          '/orgs/acme',
          byId,
          '/orgs/acme/members?role=all&per_page=2&page=2',
          '/orgs/acme/members?filter=all',
          `${byId}/members?role=admin`,
          ...['ann', 'invited', 'billing', 'indirect'].map((login) => `/orgs/acme/memberships/${login}`),
          '/orgs/acme/outside_collaborators',
          `${byId}/outside_collaborators`,
          '/orgs/acme/teams?team_type=enterprise',
          `${byId}/teams`,
          '/orgs/acme/teams/core',
          '/orgs/acme/teams/ent%3Acontractors',
          '/orgs/acme/teams/ent%3Acontractors/members',
          `${byId}/team/${enterprise.id}`,
          `${byId}/team/${enterprise.id}/memberships/indirect`,
          '/orgs/acme/teams/platform/members?role=member',
          '/orgs/acme/teams/platform/memberships/ann',
          '/orgs/acme/organization-roles',
          `/orgs/acme/organization-roles/${role.id}/users`,
          '/orgs/acme/repos?type=all&sort=created&direction=asc&per_page=2',
          `${byId}/repos?type=private`,
          '/repos/acme/api',
          `/repositories/${api.id}`,
          '/repos/acme/api/collaborators?affiliation=outside',
          `/repositories/${api.id}/collaborators?affiliation=direct&permission=push`,
          '/repos/acme/api/collaborators/guest/permission',
          `/repositories/${api.id}/collaborators/invited/permission`,
          '/orgs/acme/teams/core/repos',
          `${byId}/team/${teamOf(world, 'acme', 'platform').id}/repos`,
          '/orgs/acme/custom-repository-roles',
          '/orgs/acme/audit-log?phrase=action:org.update_member&order=asc&per_page=100',
          '/orgs/acme/hooks',
          `/orgs/acme/hooks/${hook.id}`,
          `/orgs/acme/hooks/${hook.id}/deliveries?per_page=1`,
          '/rate_limit',
        ],
        204: ['/orgs/acme/members/ann', '/orgs/acme/teams/core/repos/acme/api'],
        301: ['/repos/acme/site'],
        404: [
          '/users/nobody-at-all',
          '/orgs/acme/members/nobody-at-all',
          '/orgs/acme/memberships/nobody-at-all',
          '/orgs/nowhere/members',
          '/orgs/acme/hooks/999999',
          '/repositories/1',
          '/repos/acme/nothing/collaborators',
          '/orgs/acme/teams/hidden/repos/acme/api',
        ],
      };
      for (const [status, paths] of Object.entries(answers)) {
        for (const path of paths) expect(await get(place, path, OWNER_TOKEN), path).toBe(Number(status));
      }
      expect(await get(place, '/users/managed_acme', 'ghp_nobodys')).toBe(401);
      expect(await get(place, '/user/4000')).toBe(404);
    },
  ],
  [
    'the emulated GitHub: an App and its installations, one of them suspended',
    async ({ open }) => {
      const place = await open();
      const { world } = place.github;
      const { publicKey, privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      });
      const app = addApp(world, 7, publicKey);
      const { id } = installApp(world, app, 'acme');
      const suspended = { id: 5000, orgId: orgOf(world, 'acme').id, permissions: {}, suspended: true };
      app.installations.set(suspended.id, suspended);
      const person = addUser(world, 'hobbyist');
      app.installations.set(5001, { id: 5001, orgId: person.id, permissions: {} });
      const { token } = await createAppAuth({ appId: 7, privateKey })({ type: 'app' });
      for (const path of ['/app', '/app/installations', `/app/installations/${id}`]) {
        expect(await get(place, path, token), path).toBe(200);
      }
      expect(await get(place, '/app/installations/1', token)).toBe(404);
      const tokens = (installation: number): string => `/app/installations/${installation}/access_tokens`;
      expect(await ask(place, 'POST', tokens(id), token)).toBe(201);
      expect(await ask(place, 'POST', tokens(suspended.id), token)).toBe(403);
      setAppHook(world, app, { url: 'http://127.0.0.1:9/github-membership' });
      const [lost] = await deliver(
        world,
        'acme',
        'organization',
        { action: 'member_added' },
        { fate: 'lost' },
      );
      expect(await get(place, '/app/hook/config', token)).toBe(200);
      expect(await get(place, '/app/hook/deliveries?status=failure&per_page=100', token)).toBe(200);
      expect(await ask(place, 'POST', `/app/hook/deliveries/${lost?.id}/attempts`, token)).toBe(202);
      await deliveriesSettled(world);
      addToken(world, 'ghs_blind', { kind: 'installation', orgId: suspended.orgId, permissions: {} });
      expect(await get(place, '/orgs/acme/members', 'ghs_blind')).toBe(403);
    },
  ],
];

const get = (place: Place, path: string, token?: string): Promise<number> => ask(place, 'GET', path, token);

async function ask({ github }: Place, method: string, path: string, token?: string): Promise<number> {
  const headers = {
    'user-agent': 'test',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const answer = await fetch(github.url + path, { method, headers, redirect: 'manual' });
  await answer.arrayBuffer();
  return answer.status;
}
