import {
  addInstance,
  addResource,
  type PermitDerivation,
  type PermitRole,
  type PermitWorld,
} from '../../src/demo/permit/permit.ts';
import { tupleText } from '../../src/demo/permit/tuples.ts';
import { nextId } from '../../src/demo/permit/world.ts';
import {
  allRepositories,
  BASE_PERMISSIONS,
  LEVELS,
  type Level,
  levelsUpTo,
  ORG_MEMBER,
  ORG_OWNER,
  ORG_TYPE,
  ownerRelation,
  REPOSITORY_TYPE,
  type RepositoryRole,
  repositoryRole,
  TEAM_ROLES,
  TEAM_TYPE,
  teamRelation,
} from '../../src/model/repositories/access-model.ts';
import type { Tuple } from '../../src/model/repositories/graph.ts';

type Role = { readonly key: RepositoryRole; readonly level: Level };

/** What `policy` makes for repositories, without asking it: three resources, relations and derivations. */
export function addRepositoryModel(
  world: PermitWorld,
  custom: readonly { readonly name: string; readonly level: Level }[] = [],
): void {
  const roles: readonly Role[] = [
    ...LEVELS.map((level) => ({ key: repositoryRole(level), level })),
    ...custom.map(({ name, level }) => ({ key: repositoryRole(level, name), level })),
  ];
  const without = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, []]));
  addResource(world, ORG_TYPE, [], without([ORG_OWNER, ORG_MEMBER, ...LEVELS.map(allRepositories)]));
  addResource(world, TEAM_TYPE, [], without(TEAM_ROLES));
  const repository = addResource(
    world,
    REPOSITORY_TYPE,
    LEVELS,
    Object.fromEntries(roles.map(({ key, level }) => [key, levelsUpTo(level)])),
  );
  const derived = roles.map(({ key, level }): readonly [string, PermitRole] => {
    const role = repository.roles[key];
    if (role === undefined) throw new Error(`no role ${key}`);
    return [key, { ...role, derivations: derivationsOf({ key, level }) }];
  });
  const relation = (key: string, subject: string) =>
    [key, { id: nextId(world), name: key, subject }] as const;
  world.resources.set(REPOSITORY_TYPE, {
    ...repository,
    roles: Object.fromEntries(derived),
    relations: Object.fromEntries([
      ...roles.map(({ key }) => relation(teamRelation(key), TEAM_TYPE)),
      ...BASE_PERMISSIONS.map((base) => relation(ownerRelation(base), ORG_TYPE)),
    ]),
  });
}

/** Custom roles are given by teams and directly only. */
function derivationsOf({ key, level }: Role): readonly PermitDerivation[] {
  const overEveryBase = (role: string): readonly PermitDerivation[] =>
    BASE_PERMISSIONS.map((base) => ({ role, resource: ORG_TYPE, relation: ownerRelation(base) }));
  const viaTeams = TEAM_ROLES.map((role) => ({ role, resource: TEAM_TYPE, relation: teamRelation(key) }));
  if (key !== repositoryRole(level)) return viaTeams;
  const base = BASE_PERMISSIONS.find((one) => one === level);
  return [
    ...viaTeams,
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
