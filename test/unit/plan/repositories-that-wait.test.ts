import { describe, expect, test } from 'vitest';
import type { GitHubId } from '../../../src/model/identity.ts';
import type { CompleteListing } from '../../../src/model/member.ts';
import type { DirectCollaborator, RepositoryFacts } from '../../../src/model/repositories/facts.ts';
import type { PermitGraph, Tuple } from '../../../src/model/repositories/graph.ts';
import type { GraphChange } from '../../../src/model/repositories/graph-change.ts';
import { graphTarget } from '../../../src/model/repositories/graph-change.ts';
import { makePlan, type PlanInput } from '../../../src/plan/make-plan.ts';
import {
  gitHubId,
  listing,
  member,
  ORG_IDS,
  type OrgName,
  ours,
  outline,
  planInput,
  skips,
} from '../../support/builders.ts';

type Direct = { readonly [repository: number]: { readonly [person: number]: string } };

/** The organization, whose people are members 1 to 9 unless told otherwise. */
function mirrored(
  org: OrgName,
  {
    repositories = [],
    teams = {},
    direct = {},
    members = [],
    ...facts
  }: {
    readonly repositories?: readonly number[];
    /** By team, its role on each repository. */
    readonly teams?: { readonly [team: number]: { readonly [repository: number]: string } };
    readonly direct?: Direct;
    readonly members?: CompleteListing['members'];
  } & Partial<Pick<RepositoryFacts, 'base' | 'leftOut' | 'only'>>,
): CompleteListing {
  const people = (some: { readonly [person: number]: string }): ReadonlyMap<GitHubId, DirectCollaborator> =>
    new Map(
      Object.entries(some).map(([id, role]) => [gitHubId(Number(id)), { login: `person-${id}`, role }]),
    );
  return {
    ...listing(org, ...members),
    teams: Object.keys(teams).map((id) => ({
      ...{ ref: `#${id}`, id: Number(id), asked: 'mirror' as const, members: new Map() },
    })),
    repositories: {
      ...{ base: 'none', leftOut: new Map(), ...facts },
      repositories: new Map(
        repositories.map((id) => [id, { id, name: `repo-${id}`, visibility: 'private' }]),
      ),
      teams: new Map(
        Object.entries(teams).map(([id, access]) => [
          Number(id),
          {
            ...{ id: Number(id), slug: `team-${id}` },
            access: new Map(Object.entries(access).map(([one, role]) => [Number(one), role])),
          },
        ]),
      ),
      collaborators: new Map(Object.entries(direct).map(([id, some]) => [Number(id), people(some)])),
    },
  };
}

/** Instances of ours by organization, in the tenant `default`, and links as `subject relation object`. */
function graph(
  instances: { readonly [org in OrgName]?: readonly string[] },
  links: readonly string[] = [],
  { roles = ['reader', 'writer', 'custom_ops_read'], tenant = 'default' } = {},
): PermitGraph {
  const named = Object.entries(instances).flatMap(([org, names]) =>
    names.map((name) => {
      const [type = '', key] = name.split(':');
      const id = Number(key);
      const title = type === 'github_org' ? org : `${org}/${type === 'repository' ? 'repo' : 'team'}-${id}`;
      const attributes = {
        ...{ managed_by: 'gh-permit-sync:default', github_id: id, github_name: title },
        github_org: ORG_IDS[org as OrgName],
        ...(type === 'repository' ? { visibility: 'private' } : {}),
      };
      return [name, { name, tenant, attributes }] as const;
    }),
  );
  const tuples = links.map((text): Tuple => {
    const [subject = '', relation = '', object = ''] = text.split(' ');
    return { subject, relation, object };
  });
  return {
    ...{ instances: new Map(named), tuples },
    model: {
      roles: new Set([
        ...['github_org#owner', 'github_org#member', 'github_team#member'],
        ...roles.map((role) => `repository#${role}`),
      ]),
      relations: new Set(['owner_none', 'owner_read', 'team_pull', 'team_push']),
    },
  };
}

const input = (options: Partial<PlanInput>): PlanInput =>
  planInput({
    rules: [],
    repositories: { orgs: ['acme', 'labs'], match: ['*'], tenant: 'default' },
    ...options,
  });

const words = (changes: readonly GraphChange[] = []): readonly string[] =>
  changes.map((change) => `${change.kind} ${graphTarget(change)}`);

describe('a drain that lists everything for a few people', () => {
  test('gives nobody anything on a repository that it does not create', () => {
    const plan = makePlan(
      input({
        listings: [
          mirrored('acme', { repositories: [1, 2], direct: { 1: { 1: 'reader' }, 2: { 1: 'reader' } } }),
        ],
        graph: graph({ acme: ['github_org:100', 'repository:1'] }),
        ids: new Set([gitHubId(1)]),
      }),
    );
    expect(plan.graph).toBeUndefined();
    expect(outline(plan)).toEqual(['person-1 joining: created +default/reader@repository:1']);
  });
});

describe('another tenant', () => {
  const moved = {
    listings: [mirrored('acme', { repositories: [1], members: [member(1, 'ann')] })],
    graph: graph({ acme: ['github_org:100', 'repository:1'] }, ['github_org:100 owner_none repository:1']),
    repositories: { orgs: ['acme'], match: ['*'], tenant: 'other' },
  };

  test('removes everything from the former one, under the limits of a full run', () => {
    expect(words(makePlan(input(moved)).graph?.changes)).toEqual([
      'deleteTuple github_org:100 owner_none repository:1',
      'deleteInstance github_org:100',
      'deleteInstance repository:1',
    ]);
  });

  test('waits for a full run: a drain knows only a part', () => {
    const only = { repositories: new Set<number>(), teams: new Set<number>() };
    const listings = [mirrored('acme', { only, members: [member(1, 'ann')] })];
    const plan = makePlan(input({ ...moved, listings, ids: new Set([gitHubId(1)]) }));
    expect(words(plan.graph?.changes)).toEqual([]);
  });
});

describe('a listing without repositories', () => {
  const held = {
    listings: [listing('acme', member(1, 'person-1'))],
    graph: graph({ acme: ['github_org:100', 'repository:1'], labs: ['github_org:200'] }, [
      'github_org:100 owner_none repository:1',
    ]),
    users: [ours(1, 'person-1', { grants: ['default/member@github_org:100'] })],
  };

  test('of an organization that the config mirrors, by a source that does not read them, takes nothing', () => {
    const plan = makePlan(input(held));
    expect([plan.graph?.changes ?? [], outline(plan)]).toEqual([[], []]);
  });

  test.each([[{ orgs: ['labs'], match: ['*'], tenant: 'default' }], [undefined]])(
    'of an organization that is not mirrored: its mirror goes, and no other (%o)',
    (repositories) => {
      const plan = makePlan(planInput({ rules: [], ...held, ...(repositories ? { repositories } : {}) }));
      expect(words(plan.graph?.changes)).toEqual([
        'deleteTuple github_org:100 owner_none repository:1',
        'deleteInstance github_org:100',
        'deleteInstance repository:1',
      ]);
      expect(outline(plan)).toEqual(['person-1 leaving: deleted']);
    },
  );
});

describe('a custom role that is based on another level now', () => {
  test.each([
    ['a higher one: the former role stays until policy has created the new one', 'custom_ops_write', []],
    ['a lower one: the former role goes at once', 'custom_ops_read', ['-default/writer@repository:1']],
  ])('%s', (_, role, losses) => {
    const plan = makePlan(
      input({
        listings: [
          mirrored('acme', { repositories: [1], direct: { 1: { 1: role } }, members: [member(1, 'ann')] }),
        ],
        graph: graph({ acme: ['github_org:100', 'repository:1'] }, [], { roles: ['reader', 'writer'] }),
        users: [
          ours(1, 'person-1', {
            grants: [
              'default/member@github_org:100',
              losses.length > 0 ? 'default/writer@repository:1' : 'default/reader@repository:1',
            ],
          }),
        ],
        missing: { roles: [`${role} of the resource repository`], tenants: [], instances: [] },
      }),
    );
    expect(plan.people.flatMap(({ changes }) => changes).map((one) => one.kind)).toEqual(
      losses.map(() => 'unassignRole'),
    );
    expect(skips(plan)).toEqual([]);
  });

  test.each([
    ['a higher one: the former link of a team stays', 'team_pull', 'custom_ops_write', []],
    [
      'a lower one: the former link of a team goes',
      'team_push',
      'custom_ops_read',
      ['deleteTuple github_team:5 team_push repository:1'],
    ],
  ])('%s', (_, relation, role, changes) => {
    const plan = makePlan(
      input({
        listings: [mirrored('acme', { repositories: [1], teams: { 5: { 1: role } } })],
        graph: graph({ acme: ['github_org:100', 'github_team:5', 'repository:1'] }, [
          'github_org:100 owner_none repository:1',
          `github_team:5 ${relation} repository:1`,
        ]),
      }),
    );
    expect(words(plan.graph?.changes)).toEqual(changes);
    expect(plan.graph?.waiting).toEqual([
      { name: `relation team_${role} of the resource repository`, many: 1 },
    ]);
  });
});
