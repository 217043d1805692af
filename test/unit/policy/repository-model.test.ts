import { expect, test } from 'vitest';
import type { HeldPolicy, PolicyResource, WantedPolicy } from '../../../src/model/policy.ts';
import { LEVELS } from '../../../src/model/repositories/access-model.ts';
import { diffPolicy } from '../../../src/policy/diff.ts';
import { permissionProblems, permissionsOf } from '../../../src/policy/permissions.ts';
import { withRepositoryModel } from '../../../src/policy/repository-model.ts';
import { applyToHeld, held, line } from './support.ts';

const NOTHING: WantedPolicy = { resources: {}, roles: {}, tenants: {} };
const MIRROR = { orgs: ['acme', 'labs'], match: ['*'], tenant: 'code' };
const model = withRepositoryModel(NOTHING, MIRROR, []);

const changesFor = (policy: WantedPolicy, now: HeldPolicy) => diffPolicy(policy, now, true).changes;
const after = (policy: WantedPolicy, now: HeldPolicy): HeldPolicy =>
  changesFor(policy, now).reduce(applyToHeld, now);
const repositoryIn = ({ resources }: HeldPolicy): PolicyResource => {
  const repository = resources.get('repository');
  if (repository === undefined) throw new Error('there is no resource repository');
  return repository;
};

test('three resources with all their parts, after which nothing is left to do', () => {
  const lines = changesFor(model, held()).map(line);
  expect(lines.filter((one) => /^\+ (resource|action|tenant) /.test(one))).toEqual([
    '+ resource github_org {}',
    '+ resource github_team {}',
    '+ resource repository {}',
    '+ action repository:admin',
    '+ action repository:maintain',
    '+ action repository:read',
    '+ action repository:triage',
    '+ action repository:write',
    '+ tenant code {}',
  ]);
  expect(changesFor(model, after(model, held()))).toEqual([]);
});

test('each role gives its level and those below, through a team, the organization, or by itself', () => {
  const { roles, relations } = repositoryIn(after(model, held()));
  const from = (role: string): readonly string[] =>
    (roles.get(role)?.derivations ?? []).map(
      ({ role, resource, relation }) => `${relation} ${resource}#${role}`,
    );
  expect([...roles].map(([role, { permissions }]) => `${role}: ${permissions.join(' ')}`).sort()).toEqual([
    'admin: read triage write maintain admin',
    'maintainer: read triage write maintain',
    'reader: read',
    'triager: read triage',
    'writer: read triage write',
  ]);
  expect(from('writer')).toEqual([
    'owner_none github_org#all_repo_write',
    'owner_read github_org#all_repo_write',
    'owner_write github_org#member',
    'owner_write github_org#all_repo_write',
    'owner_admin github_org#all_repo_write',
    'team_push github_team#member',
    'team_push github_team#maintainer',
  ]);
  expect(from('admin').filter((one) => one.endsWith('#owner'))).toHaveLength(4);
  expect(from('triager').filter((one) => one.endsWith('_org#member'))).toEqual([]);
  expect(relations.size).toBe(9);
});

test('a custom role is a role and a relation of its own; another base makes another one, and none is deleted', () => {
  const custom = (level: (typeof LEVELS)[number]) =>
    withRepositoryModel(NOTHING, MIRROR, [{ name: 'Release Manager', level }]);
  const first = after(custom('write'), held());
  const { roles, relations } = repositoryIn(first);
  expect(roles.get('custom_release-manager_write')).toEqual({
    permissions: ['read', 'triage', 'write'],
    derivations: ['member', 'maintainer'].map((role) => ({
      role,
      resource: 'github_team',
      relation: 'team_custom_release-manager_write',
    })),
  });
  expect(relations.get('team_custom_release-manager_write')).toBe('github_team');
  expect(changesFor(custom('maintain'), first).map(line)).toEqual([
    expect.stringContaining('team_custom_release-manager_maintain'),
    expect.stringContaining('custom_release-manager_maintain'),
  ]);
});

test('a resource "repository" with another meaning keeps everything of its own', () => {
  const own: PolicyResource = {
    ...{ name: 'Repos', description: 'ours', actions: ['deploy', 'read'] },
    roles: new Map([
      ['admin', { permissions: ['deploy'], derivations: [] }],
      ['stranger', { permissions: ['deploy'], derivations: [] }],
    ]),
    relations: new Map([['parent', 'folder']]),
  };
  const before: HeldPolicy = { ...held(), resources: new Map([['repository', own]]) };
  const now = repositoryIn(after(model, before));
  expect([now.name, now.description, now.actions]).toEqual([
    'Repos',
    'ours',
    ['deploy', 'read', 'admin', 'maintain', 'triage', 'write'],
  ]);
  expect(now.roles.get('stranger')).toEqual(own.roles.get('stranger'));
  expect(now.roles.get('admin')?.permissions).toEqual([
    'deploy',
    'admin',
    'maintain',
    'read',
    'triage',
    'write',
  ]);
  expect(now.relations.get('parent')).toBe('folder');
});

test('the "repository" of the config still counts, and so do the parts that only Permit has', () => {
  const roles = { boss: { permissions: ['repository:*', 'repository:deploy'] } };
  const now = held({ resources: { repository: ['deploy'] } });
  const named = { repository: { name: 'Repo', actions: ['deploy'] } };
  for (const resources of [{}, named]) {
    const policy = withRepositoryModel({ ...NOTHING, roles, resources }, MIRROR, []);
    expect(permissionProblems(policy, undefined, () => '')).toEqual([]);
    expect(permissionProblems(policy, now, () => '')).toEqual([]);
    expect(permissionsOf('boss', policy, now)).toEqual(
      [...LEVELS, 'deploy'].map((action) => `repository:${action}`).sort(),
    );
  }
  const mistake = { boss: { permissions: ['repository:deplyo'] } };
  const wrong = withRepositoryModel({ ...NOTHING, roles: mistake }, MIRROR, []);
  expect(permissionProblems(wrong, now, () => '')[0]?.message).toBe(
    '"repository:deplyo" is for an action that the resource repository in Permit does not have',
  );
});

test.each([
  ['code', ['code']],
  ['x-{org}', ['x-acme', 'x-labs']],
])('the tenants of instances in %s', (tenant, tenants) => {
  const policy = withRepositoryModel(NOTHING, { ...MIRROR, tenant }, []);
  expect(Object.keys(policy.tenants)).toEqual(tenants);
});
