import { describe, expect, test } from 'vitest';
import type { GitHubId, UserKey } from '../../../src/model/identity.ts';
import { writeMark } from '../../../src/model/mark.ts';
import { LEVELS, type Level } from '../../../src/model/repositories/access-model.ts';
import { accessPaths, highestLevel } from '../../../src/model/repositories/access-paths.ts';
import type { PermitUser } from '../../../src/model/user.ts';
import { namedRepositories, sampleRepositories } from '../../../src/verify/choose-repositories.ts';
import {
  candidatesOf,
  compareAccess,
  identifyUsers,
  indexUsers,
} from '../../../src/verify/compare-access.ts';

const id = (n: number) => n as GitHubId;
const grant = (role: string, resource: string) => ({ tenant: 'code', role, resource });
const user = (n: number, grants: PermitUser['grants'] = [], owner = 'default'): PermitUser => ({
  key: `github|${n}` as UserKey,
  attributes: writeMark({ id: id(n), login: `person-${n}`, orgs: [], owner, origin: 'created' }),
  grants,
});
const tuple = (subject: string, relation: string) => ({ subject, relation, object: 'repository:7' });

test.each([
  ['a role on the repository', grant('writer', 'repository:7'), 'writer'],
  ['a custom role on it', grant('custom_ops_maintain', 'repository:7'), 'custom_ops_maintain'],
  ['a role that is not of the model', grant('stranger', 'repository:7'), undefined],
  ['a role on another repository', grant('writer', 'repository:8'), undefined],
  ['a role in the tenant', { tenant: 'code', role: 'admin' }, undefined],
  ['a member of a linked team', grant('member', 'github_team:5'), 'triager'],
  ['a maintainer of a linked team', grant('maintainer', 'github_team:5'), 'triager'],
  ['a member of a team with a custom role', grant('member', 'github_team:6'), 'custom_ops_maintain'],
  ['someone with a role of another model on a linked team', grant('viewer', 'github_team:5'), undefined],
  ['a member of another team', grant('member', 'github_team:9'), undefined],
  ['an owner', grant('owner', 'github_org:1'), 'admin'],
  ['a member, by the base permission', grant('member', 'github_org:1'), 'reader'],
  ['an organization role', grant('all_repo_maintain', 'github_org:1'), 'maintainer'],
  ['a member of an organization without base permission', grant('member', 'github_org:2'), undefined],
  ['an owner of it', grant('owner', 'github_org:2'), 'admin'],
])('%s', (_, held, role) => {
  const tuples = [
    tuple('github_team:5', 'team_triage'),
    tuple('github_team:6', 'team_custom_ops_maintain'),
    tuple('github_org:1', 'owner_read'),
    tuple('github_org:2', 'owner_none'),
    tuple('folder:3', 'parent'),
    { ...tuple('github_team:9', 'team_admin'), object: 'repository:8' },
  ];
  expect(accessPaths('repository:7', [held], tuples).map((path) => path.role)).toEqual(role ? [role] : []);
});

test('the highest level counts, over roles of the model', () => {
  expect(highestLevel(['reader', 'custom_ops_maintain', 'stranger'])).toBe('maintain');
  expect(highestLevel(['stranger'])).toBeUndefined();
});

describe('a comparison', () => {
  const users = identifyUsers([user(1), user(2), user(3, [], 'someone-else'), user(4)], 'default');

  test('only users with our mark are somebody on GitHub', () => {
    expect(users.map((one) => [one.id, one.login])).toEqual([
      [1, 'person-1'],
      [2, 'person-2'],
      [undefined, 'github|3'],
      [4, 'person-4'],
    ]);
  });

  test('everyone on either side is a candidate, sorted by login', () => {
    const listed = [
      { id: id(2), login: 'person-2', role: 'writer' },
      { id: id(9), login: 'newcomer', role: 'reader' },
    ];
    const allowed = new Set([user(1).key, user(2).key, 'app-user' as UserKey]);
    expect(candidatesOf('repository:7', listed, allowed, indexUsers(users), [])).toEqual([
      { id: 9, login: 'newcomer', user: undefined, gitHub: 'reader' },
      { id: 1, login: 'person-1', user: users[0], gitHub: undefined },
      { id: 2, login: 'person-2', user: users[1], gitHub: 'writer' },
    ]);
  });

  test.each([
    ['a role on the repository', [grant('writer', 'repository:7')], true],
    ['a role of another model on it', [grant('deployer', 'repository:7')], true],
    ['a role in a linked team', [grant('member', 'github_team:5')], true],
    ['a role that no link takes to it', [grant('viewer', 'github_team:5')], false],
    ['a role on another repository', [grant('writer', 'repository:8')], false],
    ['a role in the tenant', [{ tenant: 'code', role: 'admin' }], false],
  ])('whoever holds %s is a candidate, managed or not', (_, grants, isOne) => {
    const tuples = [tuple('github_team:5', 'team_pull')];
    const held = identifyUsers([user(1, grants), user(3, grants, 'someone-else')], 'default');
    const candidates = candidatesOf('repository:7', [], new Set(), indexUsers(held), tuples);
    expect(candidates.map(({ id, login }) => [id, login])).toEqual(
      isOne
        ? [
            [undefined, 'github|3'],
            [1, 'person-1'],
          ]
        : [],
    );
  });

  const upTo = (level: Level | undefined): readonly Level[] =>
    level === undefined ? [] : LEVELS.slice(0, LEVELS.indexOf(level) + 1);
  test.each<[string, string | undefined, readonly Level[], readonly Level[]]>([
    ['the same level', 'maintainer', upTo('maintain'), []],
    ['a custom role by its base', 'custom_ops_write', upTo('write'), []],
    ['nothing on either side', undefined, [], []],
    ['less in Permit', 'writer', upTo('read'), ['triage', 'write']],
    ['more in Permit', 'reader', upTo('admin'), ['triage', 'write', 'maintain', 'admin']],
    ['not on GitHub', undefined, upTo('read'), ['read']],
    ['a hole in the levels', 'triager', ['triage'], ['read']],
    ['a level that GitHub does not give', 'unheard-of', upTo('read'), ['read']],
  ])('%s', (_, gitHub, allowed, differing) => {
    const [one] = users;
    const candidates = [{ id: id(1), login: 'person-1', user: one, gitHub }];
    const found = compareAccess(7, candidates, (_key, level) => allowed.includes(level), []);
    expect(found.map((mismatch) => mismatch.differing)).toEqual(differing.length > 0 ? [differing] : []);
  });

  test('a person without a user has no access, and each difference shows the source of the access', () => {
    const held = identifyUsers([user(1, [grant('member', 'github_team:5')])], 'default')[0];
    const candidates = [
      { id: id(9), login: 'newcomer', user: undefined, gitHub: 'reader' },
      { id: id(1), login: 'person-1', user: held, gitHub: undefined },
    ];
    const tuples = [tuple('github_team:5', 'team_pull')];
    expect(compareAccess(7, candidates, (_key, level) => level === 'read', tuples)).toMatchObject([
      { login: 'newcomer', user: undefined, allowed: [], differing: ['read'], paths: [] },
      { login: 'person-1', differing: ['read'], paths: [{ relation: 'team_pull', role: 'reader' }] },
    ]);
  });
});

describe('which repositories', () => {
  const all = Array.from({ length: 40 }, (_, i) => ({
    ...{ id: i + 1, org: i % 2 ? 'labs' : 'acme', tenant: 'code' },
    name: `repo-${String(i + 1).padStart(2, '0')}`,
  }));

  test('by name, with or without the organization, in any case', () => {
    const { found, unknown } = namedRepositories(all, ['labs/REPO-02', 'repo-01', 'acme/repo-02', 'nope']);
    expect(found.map(({ id }) => id)).toEqual([1, 2]);
    expect(unknown).toEqual(['acme/repo-02', 'nope']);
  });

  test('a sample depends on the seed alone, and one more repository displaces at most one', () => {
    const draw = (from: typeof all, seed: string) => sampleRepositories(from, 10, seed).map(({ id }) => id);
    expect(draw(all.toReversed(), 'a')).toEqual(draw(all, 'a'));
    expect(draw(all, 'b')).not.toEqual(draw(all, 'a'));
    const fewer = draw(all.slice(1), 'a');
    expect(fewer.filter((one) => !draw(all, 'a').includes(one)).length).toBeLessThanOrEqual(1);
    expect(sampleRepositories(all, 99, 'a')).toHaveLength(40);
  });
});
