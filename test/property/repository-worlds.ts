import fc from 'fast-check';
import type { GitHubId, OrgId } from '../../src/model/identity.ts';
import type { CompleteListing, OrgRole, TeamRole } from '../../src/model/member.ts';
import {
  BASE_PERMISSIONS,
  type BasePermission,
  LEVELS,
  type Level,
  levelOf,
  MODEL_TYPES,
  ORG_TYPE,
  ownerRelation,
  REPOSITORY_TYPE,
  type RepositoryRole,
  repositoryRole,
  TEAM_TYPE,
  teamRelation,
} from '../../src/model/repositories/access-model.ts';
import { accessPaths, highestLevel } from '../../src/model/repositories/access-paths.ts';
import type { RepositoryFacts } from '../../src/model/repositories/facts.ts';
import type { PermitGraph, Tuple } from '../../src/model/repositories/graph.ts';
import { defaultRules } from '../../src/model/rule.ts';
import type { PermitUser } from '../../src/model/user.ts';
import type { PlanInput } from '../../src/plan/make-plan.ts';
import { gitHubId, marked, ORG_IDS, planInput, userKey, userSettings } from '../support/builders.ts';

export const PEOPLE = [1, 2, 3, 4] as const;
export const REPOSITORIES = [1, 2, 3] as const;
const ORGS = ['acme', 'labs'] as const;
type Org = (typeof ORGS)[number];
/** Ids of the teams of each organization. */
const TEAMS = { acme: [11, 12], labs: [21] } as const;
const ALL_TEAMS = ORGS.flatMap((org) => TEAMS[org].map((id) => ({ org, id })));

const ROLES: readonly RepositoryRole[] = [
  ...LEVELS.map((level) => repositoryRole(level)),
  repositoryRole('write', 'Deployer'),
];
/** What `policy` creates, and a role of the customer's own on each resource. */
const MODEL: PermitGraph['model'] = {
  roles: new Set([
    ...MODEL_TYPES.flatMap((type) => [`${type}#own`]),
    ...['owner', 'member', ...LEVELS.map((level) => `all_repo_${level}`)].map(
      (role) => `${ORG_TYPE}#${role}`,
    ),
    ...['member', 'maintainer'].map((role) => `${TEAM_TYPE}#${role}`),
    ...ROLES.map((role) => `${REPOSITORY_TYPE}#${role}`),
  ]),
  relations: new Set([...ROLES.map(teamRelation), ...BASE_PERMISSIONS.map(ownerRelation)]),
};

/** Whose an instance is. A stale one of ours carries another organization. */
type Whose = 'nobody' | 'ours' | 'stale' | 'other owner' | 'unmarked';

type RawOrg = {
  readonly base: BasePermission;
  readonly orgRole: Level | undefined;
  readonly holders: readonly number[];
  readonly roles: Readonly<Record<string, OrgRole>>;
};

const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const dictionary = <T>(keys: readonly number[], values: fc.Arbitrary<T>) =>
  fc.dictionary(fc.constantFrom(...keys.map(String)), values, { maxKeys: 3 });

const exactly = <T>(length: number, values: fc.Arbitrary<T>) =>
  fc.array(values, { minLength: length, maxLength: length });

const org: fc.Arbitrary<RawOrg> = fc.record({
  base: fc.constantFrom(...BASE_PERMISSIONS),
  orgRole: maybe(fc.constantFrom(...LEVELS)),
  holders: fc.subarray([...PEOPLE]),
  roles: dictionary(PEOPLE, fc.constantFrom<OrgRole>('admin', 'member', 'member')),
});

const raw = fc.record({
  orgs: fc.record({ acme: org, labs: org }),
  teams: fc.tuple(
    ...ALL_TEAMS.map(() =>
      fc.record({
        exists: fc.boolean(),
        members: dictionary(PEOPLE, fc.constantFrom<TeamRole>('maintainer', 'member')),
        access: dictionary(REPOSITORIES, fc.constantFrom(...ROLES)),
      }),
    ),
  ),
  repositories: fc.tuple(
    ...REPOSITORIES.map(() =>
      fc.record({
        of: fc.constantFrom<Org | undefined>('acme', 'acme', 'labs', undefined),
        state: fc.constantFrom('mirrored', 'mirrored', 'mirrored', 'archived', 'excluded'),
        direct: dictionary(PEOPLE, fc.constantFrom(...ROLES)),
      }),
    ),
  ),
  held: fc.record({
    instances: exactly(
      ORGS.length + ALL_TEAMS.length + REPOSITORIES.length,
      fc.constantFrom<Whose>('ours', 'ours', 'ours', 'stale', 'nobody', 'other owner', 'unmarked'),
    ),
    tuples: exactly(80, fc.nat(2)),
    users: fc.tuple(
      ...PEOPLE.map(() =>
        fc.record({
          whose: fc.constantFrom('ours', 'ours', 'ours', 'nobody'),
          grants: fc.array(fc.nat(), { maxLength: 5 }),
        }),
      ),
    ),
  }),
  withRules: fc.boolean(),
});

export type RepositoryWorld = {
  readonly input: PlanInput;
  /** What GitHub answers, as the world was made. Foreign instances in Permit give nobody anything. */
  readonly levelOf: (person: number, repository: number) => Level | undefined;
  readonly foreign: ReadonlySet<string>;
};

const idOf = (org: Org): OrgId => ORG_IDS[org];

export const repositoryWorlds = (): fc.Arbitrary<RepositoryWorld> => raw.map(worldOf);

function worldOf(world: typeof raw extends fc.Arbitrary<infer T> ? T : never): RepositoryWorld {
  const teams = ALL_TEAMS.map((team, index) => ({ ...team, ...world.teams[index] })).filter(
    ({ exists }) => exists,
  ) as readonly ((typeof ALL_TEAMS)[number] & (typeof world.teams)[number])[];
  const repositories = REPOSITORIES.map((id, index) => ({ id, ...world.repositories[index] })) as readonly ({
    id: number;
  } & (typeof world.repositories)[number])[];
  const listings = ORGS.map((name): CompleteListing => {
    const { base, orgRole, holders, roles } = world.orgs[name];
    const own = repositories.filter(({ of }) => of === name);
    const mirrored = own.filter(({ state }) => state === 'mirrored');
    const facts: RepositoryFacts = {
      base,
      repositories: new Map(
        mirrored.map(({ id }) => [id, { id, name: `repo-${id}`, visibility: 'private' }]),
      ),
      leftOut: new Map(
        own.flatMap(({ id, state }) =>
          state === 'mirrored' ? [] : [[id, state as 'archived' | 'excluded']],
        ),
      ),
      teams: new Map(
        teams
          .filter((team) => team.org === name)
          .map(({ id, access }) => [
            id,
            {
              ...{ id, slug: `team-${id}` },
              access: new Map(
                Object.entries(access).flatMap(([one, role]) =>
                  mirrored.some((repository) => repository.id === Number(one)) ? [[Number(one), role]] : [],
                ),
              ),
            },
          ]),
      ),
      collaborators: new Map(
        mirrored.flatMap(({ id, direct }) => {
          const people = Object.entries(direct).map(
            ([person, role]) => [gitHubId(Number(person)), { login: loginOf(person), role }] as const,
          );
          return people.length === 0 ? [] : [[id, new Map(people)]];
        }),
      ),
    };
    return {
      ...{ kind: 'complete', org: name, id: idOf(name), unread: [], collaborators: undefined },
      members: Object.entries(roles).map(([person, role]) => ({
        id: gitHubId(Number(person)),
        login: loginOf(person),
        role,
      })),
      teams: teams
        .filter((team) => team.org === name)
        .map(({ id, members }) => ({
          ...{ ref: `#${id}`, id, asked: 'mirror' as const },
          members: new Map(Object.entries(members).map(([one, role]) => [gitHubId(Number(one)), role])),
        })),
      orgRoles:
        orgRole === undefined
          ? []
          : [{ id: 1, name: 'some', base: orgRole, holders: new Set(holders.map(gitHubId)) }],
      repositories: facts,
    };
  });

  const graph = graphOf(world.held);
  const foreign = new Set(
    [...graph.instances.values()].flatMap(({ name, attributes }) =>
      attributes.managed_by === 'gh-permit-sync:default' ? [] : [name],
    ),
  );
  const isFree = (type: (typeof MODEL_TYPES)[number], id: number): boolean => !foreign.has(`${type}:${id}`);
  const rolesOn = (person: number, repository: number): readonly RepositoryRole[] => {
    const { of, state, direct } = repositories.find(({ id }) => id === repository) ?? {};
    if (of === undefined || state !== 'mirrored' || !isFree(REPOSITORY_TYPE, repository)) return [];
    const { base, roles, orgRole, holders } = world.orgs[of];
    const role = roles[person];
    const inOrg = role !== undefined && isFree(ORG_TYPE, idOf(of));
    return [
      ...(inOrg && role === 'admin' ? ['admin'] : []),
      ...(inOrg && base !== 'none' ? [repositoryRole(base)] : []),
      ...(inOrg && orgRole && holders.includes(person as never) ? [repositoryRole(orgRole)] : []),
      ...teams.flatMap((team) => {
        const given = team.access[repository];
        const isIn = team.org === of && role !== undefined && team.members[person] !== undefined;
        return given !== undefined && isIn && isFree(TEAM_TYPE, team.id) ? [given] : [];
      }),
      ...(direct?.[person] === undefined ? [] : [direct[person]]),
    ];
  };
  return {
    input: planInput({
      ...{ listings, graph, users: usersOf(world.held.users, graph) },
      rules: world.withRules ? defaultRules('default') : [],
      repositories: { orgs: [...ORGS], match: ['*'], tenant: 'default' },
      userSettings: userSettings({ key: 'github|{id}' }),
    }),
    levelOf: (person, repository) => highestLevel(rolesOn(person, repository)),
    foreign,
  };
}

const loginOf = (person: string | number): string => `person-${person}`;

/** What Permit holds before: any instances, and any links of the model between them. */
function graphOf({
  instances: whose,
  tuples: links,
}: {
  readonly instances: readonly Whose[];
  readonly tuples: readonly number[];
}): PermitGraph {
  let at = 0;
  const names = [
    ...ORGS.map((org) => ({ name: `${ORG_TYPE}:${idOf(org)}`, id: idOf(org) as number, org })),
    ...ALL_TEAMS.map(({ org, id }) => ({ name: `${TEAM_TYPE}:${id}`, id, org })),
    ...REPOSITORIES.map((id) => ({ name: `${REPOSITORY_TYPE}:${id}`, id, org: 'acme' as const })),
  ];
  const instances = new Map<string, { name: string; tenant: string; attributes: Record<string, never> }>();
  for (const [index, { name, id, org }] of names.entries()) {
    const one = whose[index];
    if (one === 'nobody') continue;
    const isOrg = name.startsWith(ORG_TYPE);
    const managed_by = one === 'other owner' ? 'gh-permit-sync:other' : 'gh-permit-sync:default';
    const github_org = idOf(one === 'stale' && !isOrg ? 'labs' : org);
    const attributes =
      one === 'unmarked'
        ? {}
        : { managed_by, github_id: id, github_org, github_name: 'before', note: 'kept' };
    instances.set(name, { name, tenant: 'default', attributes: attributes as never });
  }
  const tuples: Tuple[] = [];
  for (const object of instances.keys()) {
    if (!object.startsWith(`${REPOSITORY_TYPE}:`)) continue;
    for (const subject of instances.keys()) {
      const relations = subject.startsWith(ORG_TYPE)
        ? BASE_PERMISSIONS.map(ownerRelation)
        : subject.startsWith(TEAM_TYPE)
          ? ROLES.map(teamRelation)
          : [];
      for (const relation of relations) if (links[at++] === 0) tuples.push({ subject, relation, object });
    }
    tuples.push({ subject: 'folder:1', relation: 'container', object });
  }
  return { instances, tuples, model: MODEL };
}

/** The people's users before: with any grants on instances that are there, and one that is not ours. */
function usersOf(
  raws: readonly { readonly whose: string; readonly grants: readonly number[] }[],
  { instances }: PermitGraph,
): readonly PermitUser[] {
  const roles = [...MODEL.roles].flatMap((text) => {
    const [type, role = ''] = text.split('#');
    return [...instances.keys()]
      .filter((name) => name.startsWith(`${type}:`))
      .map((resource) => ({ tenant: 'default', role, resource }));
  });
  const possible = [...roles, { tenant: 'default', role: 'member' }, { tenant: 'default', role: 'own' }];
  return PEOPLE.flatMap((id, index) => {
    const { whose, grants } = raws[index] ?? { whose: 'nobody', grants: [] };
    if (whose === 'nobody') return [];
    const held = new Map(
      grants.map((at) => [at % possible.length, possible[at % possible.length] as never] as const),
    );
    return [
      {
        key: userKey(`github|${id}`),
        attributes: marked(id, loginOf(id), { orgs: ['acme', 'labs'] }),
        grants: [...held.values()],
      },
    ];
  });
}

/** What the PDP answers, as the model says. Grants and links that are not ours to give are left out. */
export function levelInPermit(
  users: readonly PermitUser[],
  { tuples }: PermitGraph,
  foreign: ReadonlySet<string>,
  person: GitHubId,
  repository: number,
): Level | undefined {
  const name = `${REPOSITORY_TYPE}:${repository}`;
  const held = users.find(({ attributes }) => attributes.github_id === person)?.grants ?? [];
  const ours = held.filter(({ resource }) => resource !== undefined && !foreign.has(resource));
  const links = tuples.filter(({ subject }) => !foreign.has(subject));
  const roles = accessPaths(name, ours, links).map(({ role }) => role);
  return highestLevel(roles.filter((role) => levelOf(role) !== undefined));
}
