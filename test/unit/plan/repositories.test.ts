import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { CompleteListing } from '../../../src/model/member.ts';
import {
  type BasePermission,
  type RepositoryRole,
  teamRelation,
} from '../../../src/model/repositories/access-model.ts';
import type { RepositoryFacts } from '../../../src/model/repositories/facts.ts';
import { linkLossId } from '../../../src/model/repositories/facts.ts';
import type { PermitGraph, PermitInstance, Tuple } from '../../../src/model/repositories/graph.ts';
import { graphTarget } from '../../../src/model/repositories/graph-change.ts';
import { judge } from '../../../src/plan/judge.ts';
import type { PlanInput } from '../../../src/plan/make-plan.ts';
import { listing, member, ORG_IDS, ours, outline, planFor, skips } from '../../support/builders.ts';

const SETTINGS = { orgs: ['acme'], match: ['*'], tenant: 'default' };

type Facts = {
  readonly base?: BasePermission;
  /** Ids of repositories, and those that are left out. */
  readonly repositories?: readonly number[];
  readonly archived?: readonly number[];
  /** By the id of the team, its role on each repository. */
  readonly teams?: { readonly [team: number]: Readonly<Record<number, RepositoryRole>> | 'unread' };
};

const factsOf = ({
  base = 'read',
  repositories = [7],
  archived = [],
  teams = {},
}: Facts): RepositoryFacts => ({
  base,
  repositories: new Map(repositories.map((id) => [id, { id, name: `repo-${id}`, visibility: 'private' }])),
  leftOut: new Map(archived.map((id) => [id, 'archived'])),
  teams: new Map(
    Object.entries(teams).map(([id, access]) => [
      Number(id),
      {
        id: Number(id),
        slug: `team-${id}`,
        access:
          typeof access === 'string'
            ? ('unread' as const)
            : new Map(Object.entries(access).map(([repository, role]) => [Number(repository), role])),
      },
    ]),
  ),
  collaborators: new Map(),
});

const acme = (facts: Facts, more: Partial<CompleteListing> = {}): CompleteListing => ({
  ...listing('acme', member(1, 'ann')),
  repositories: factsOf(facts),
  ...more,
});

const instance = (name: string, title: string, more: PermitInstance['attributes'] = {}): PermitInstance => ({
  name,
  tenant: 'default',
  attributes: {
    managed_by: 'gh-permit-sync:default',
    github_id: Number(name.split(':')[1]),
    github_org: ORG_IDS.acme,
    github_name: title,
    ...(name.startsWith('repository') ? { visibility: 'private' } : {}),
    ...more,
  },
});

const ROLES = ['github_org#owner', 'github_org#member', 'github_team#member', 'repository#reader'];
const RELATIONS = ['owner_none', 'owner_read', 'owner_write', 'team_pull', 'team_push', 'team_admin'];

const graph = (instances: readonly PermitInstance[], tuples: readonly Tuple[] = []): PermitGraph => ({
  instances: new Map(instances.map((one) => [one.name, one])),
  tuples,
  model: { roles: new Set(ROLES), relations: new Set(RELATIONS) },
});

const ORG = instance('github_org:100', 'acme');
const TEAM = instance('github_team:4', 'acme/team-4');
const REPO = instance('repository:7', 'acme/repo-7');
const owner = (base: string, repository = 7): Tuple => ({
  ...{ subject: 'github_org:100', relation: `owner_${base}` },
  object: `repository:${repository}`,
});
const link = (role: RepositoryRole, repository = 7): Tuple => ({
  ...{ subject: 'github_team:4', relation: teamRelation(role) },
  object: `repository:${repository}`,
});

const ANN = ours(1, 'ann', { grants: ['default/member', 'default/member@github_org:100'] });

const plan = (facts: CompleteListing, held: PermitGraph, more: Partial<PlanInput> = {}) =>
  planFor({ listings: [facts], users: [ANN], repositories: SETTINGS, graph: held, ...more });

const changes = (...args: Parameters<typeof plan>): readonly string[] =>
  (plan(...args).graph?.changes ?? []).map((change) => `${change.kind} ${graphTarget(change)}`);

test('a fresh Permit gets an instance for each, and a link for each role and each owner', () => {
  expect(changes(acme({ teams: { 4: { 7: 'writer' } } }), graph([]))).toEqual([
    'createInstance github_org:100',
    'createInstance github_team:4',
    'createInstance repository:7',
    'createTuple github_org:100 owner_read repository:7',
    'createTuple github_team:4 team_push repository:7',
  ]);
});

describe('an organization that is in sync', () => {
  const facts: Facts = { teams: { 4: { 7: 'writer' } } };
  const held = graph([ORG, TEAM, REPO], [owner('read'), link('writer')]);

  test('changes nothing', () => {
    const made = plan(acme(facts), held);
    expect(made.graph).toMatchObject({ changes: [], losses: [] });
    expect(made.people).toEqual([]);
  });

  test.each<readonly [what: string, facts: Facts, expected: readonly string[], losses: readonly string[]]>([
    [
      'a weaker role of a team is a loss',
      { teams: { 4: { 7: 'reader' } } },
      [
        'createTuple github_team:4 team_pull repository:7',
        'deleteTuple github_team:4 team_push repository:7',
      ],
      ['access'],
    ],
    [
      'a stronger one is none',
      { teams: { 4: { 7: 'admin' } } },
      [
        'createTuple github_team:4 team_admin repository:7',
        'deleteTuple github_team:4 team_push repository:7',
      ],
      [],
    ],
    [
      'a role whose relation `policy` has not made yet leaves the old one',
      { teams: { 4: { 7: 'maintainer' } } },
      [],
      [],
    ],
    ['what was not read stays', { teams: { 4: 'unread' } }, [], []],
    [
      'a lower base permission is a loss',
      { ...facts, base: 'none' },
      [
        'createTuple github_org:100 owner_none repository:7',
        'deleteTuple github_org:100 owner_read repository:7',
      ],
      ['base'],
    ],
    [
      'a team that is gone goes with its links',
      { teams: {} },
      ['deleteTuple github_team:4 team_push repository:7', 'deleteInstance github_team:4'],
      ['team'],
    ],
    [
      'an archived repository goes with its links',
      { ...facts, repositories: [], archived: [7] },
      [
        'deleteTuple github_org:100 owner_read repository:7',
        'deleteTuple github_team:4 team_push repository:7',
        'deleteInstance repository:7',
      ],
      ['repository'],
    ],
  ])('%s', (_, now, expected, losses) => {
    const made = plan(acme(now), held);
    expect(made.graph?.changes.map((change) => `${change.kind} ${graphTarget(change)}`)).toEqual(expected);
    expect(made.graph?.losses.map(({ kind }) => kind)).toEqual(losses);
  });

  test('removes nothing that GitHub does not confirm', () => {
    const lost = acme({ repositories: [], teams: {} });
    const losses = [
      { kind: 'repository', org: ORG_IDS.acme, id: 7 },
      { kind: 'team', org: ORG_IDS.acme, id: 4 },
    ] as const;
    const keptLinks = new Map(
      losses.map((loss) => [
        linkLossId(loss),
        { loss, title: linkLossId(loss), about: [], why: 'GitHub is down' },
      ]),
    );
    expect(changes(lost, held, { keptLinks })).toEqual([]);
    expect(skips(plan(lost, held, { keptLinks }))).toEqual([
      'LOOKUP_FAILED repository 100 7',
      'LOOKUP_FAILED team 100 4',
    ]);
  });

  test('removes nothing in upsert-only mode', () => {
    expect(changes(acme({ repositories: [], teams: {} }), held, { mode: 'upsert-only' })).toEqual([]);
  });

  test('counts removed repositories and links', () => {
    const limits = { ...DEFAULT_LIMITS, repositories: [], links: [{ kind: 'count', people: 0 }] as const };
    const made = plan(acme({ teams: { 4: { 7: 'reader' } } }), held);
    expect(judge(made, limits, {}).violations).toEqual([
      { limit: 'links', allowed: 0, planned: 1, override: '--allow-links 1' },
    ]);
  });
});

test('instances of others stay unchanged, and get no links', () => {
  const foreign = { ...REPO, attributes: { team: 'payments' } };
  const held = graph([ORG, TEAM, foreign], [link('admin')]);
  const made = plan(acme({ teams: { 4: { 7: 'writer' } } }), held);
  expect(made.graph?.changes).toEqual([]);
  expect(skips(made)).toEqual(['KEY_TAKEN repository:7']);
});

test("an instance with another owner's mark is that owner's, and need not be deleted", () => {
  const theirs = instance('repository:7', 'acme/repo-7', { managed_by: 'gh-permit-sync:legacy' });
  const damaged = instance('repository:8', 'x', { managed_by: 'gh-permit-sync:legacy', github_id: 9 });
  const made = plan(acme({ repositories: [7, 8] }), graph([ORG, theirs, damaged]));
  expect(made.graph?.changes).toEqual([]);
  expect(made.skipped.map(({ code, user, message }) => [code, user, message])).toEqual([
    [
      'FOREIGN_OWNER',
      'repository:7',
      'repository:7 is managed by the owner legacy, so nobody is given anything on it here; let one config mirror it',
    ],
    ['KEY_TAKEN', 'repository:8', expect.stringContaining('repository:8 is in Permit without our mark')],
  ]);
});

test('attributes of others stay, and a rename is written', () => {
  const held = graph([ORG, instance('repository:7', 'acme/old', { cost_center: 12 })], [owner('read')]);
  expect(plan(acme({}), held).graph?.changes).toMatchObject([
    { kind: 'updateInstance', attributes: { github_name: 'acme/repo-7', cost_center: 12 } },
  ]);
});

test('an organization that the config calls by its former name keeps its mirror', () => {
  const renamed = { ...listing('acme'), org: 'acme-corp' };
  const held = graph([ORG, REPO, TEAM], [owner('read'), link('writer')]);
  const made = plan(renamed, held, { configuredOrgs: ['acme-corp'] });
  expect(made.graph?.changes ?? []).toEqual([]);
  expect(made.notes).toMatchObject([{ code: 'KEPT_OUT_OF_SCOPE', users: ['acme-corp'] }]);
  const gone = plan(renamed, held, { repositories: undefined });
  expect(gone.graph?.changes).toHaveLength(5);
});

describe('someone who leaves', () => {
  const gone = { ...listing('acme'), repositories: factsOf({}) };

  test('is deleted together with their access to repositories', () => {
    expect(outline(plan(gone, graph([ORG, REPO], [owner('read')])))).toEqual(['ann leaving: deleted']);
  });

  test('is deleted even if the organization is no longer mirrored', () => {
    const repositories = { ...SETTINGS, orgs: ['labs'] };
    const made = plan(listing('acme'), graph([ORG, REPO]), { repositories });
    expect(outline(made)).toEqual(['ann leaving: deleted']);
  });

  test('loses what rules give, and keeps the access while the repositories could not be read', () => {
    const unread = [{ what: { kind: 'repositories' }, message: '' }] as const;
    const made = plan({ ...listing('acme'), unread }, graph([ORG, REPO]));
    expect(outline(made)).toEqual(['ann demoted: -default/member']);
  });
});
