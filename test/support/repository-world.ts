import {
  addInstance,
  addResource,
  type PermitDerivation,
  type PermitWorld,
} from '../../src/demo/permit/permit.ts';
import { tupleText } from '../../src/demo/permit/tuples.ts';
import { nextId } from '../../src/demo/permit/world.ts';
import {
  allRepositories,
  BASE_PERMISSIONS,
  type BasePermission,
  LEVELS,
  type Level,
  levelsUpTo,
  ORG_MEMBER,
  ORG_OWNER,
  ORG_TYPE,
  ownerRelation,
  REPOSITORY_TYPE,
  repositoryRole,
  TEAM_ROLES,
  TEAM_TYPE,
  teamRelation,
} from '../../src/model/repositories/access-model.ts';
import type { Tuple } from '../../src/model/repositories/graph.ts';

/** What `policy` makes for repositories, without asking it: three resources, relations and derivations. */
export function addRepositoryModel(world: PermitWorld): void {
  const without = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, []]));
  addResource(world, ORG_TYPE, [], without([ORG_OWNER, ORG_MEMBER, ...LEVELS.map(allRepositories)]));
  addResource(world, TEAM_TYPE, [], without(TEAM_ROLES));
  const roles = Object.fromEntries(LEVELS.map((level) => [repositoryRole(level), levelsUpTo(level)]));
  const repository = addResource(world, REPOSITORY_TYPE, LEVELS, roles);
  const relation = (key: string, subject: string) =>
    [key, { id: nextId(world), name: key, subject }] as const;
  world.resources.set(REPOSITORY_TYPE, {
    ...repository,
    roles: Object.fromEntries(
      LEVELS.map((level) => {
        const key = repositoryRole(level);
        const role = repository.roles[key];
        if (role === undefined) throw new Error(`no role ${key}`);
        return [key, { ...role, derivations: derivationsOf(level) }];
      }),
    ),
    relations: Object.fromEntries([
      ...LEVELS.map((level) => relation(teamRelation(repositoryRole(level)), TEAM_TYPE)),
      ...BASE_PERMISSIONS.map((base) => relation(ownerRelation(base), ORG_TYPE)),
    ]),
  });
}

function derivationsOf(level: Level): readonly PermitDerivation[] {
  const overEveryBase = (role: string): readonly PermitDerivation[] =>
    BASE_PERMISSIONS.map((base) => ({ role, resource: ORG_TYPE, relation: ownerRelation(base) }));
  const team = teamRelation(repositoryRole(level));
  const base: BasePermission | undefined = BASE_PERMISSIONS.find((one) => one === level);
  return [
    ...TEAM_ROLES.map((role) => ({ role, resource: TEAM_TYPE, relation: team })),
    ...(level === 'admin' ? overEveryBase(ORG_OWNER) : []),
    ...(base === undefined ? [] : [{ role: ORG_MEMBER, resource: ORG_TYPE, relation: ownerRelation(base) }]),
    ...overEveryBase(allRepositories(level)),
  ];
}

/** Links two instances, and makes those that are not there. */
export function addTuple(world: PermitWorld, tuple: Tuple, tenant = 'default'): void {
  for (const name of [tuple.subject, tuple.object])
    if (!world.instances.has(name)) addInstance(world, name, tenant);
  world.tuples.set(tupleText(tuple), { id: nextId(world), ...tuple, tenant });
}
