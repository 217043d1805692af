import type { GitHubId, OrgId } from '../../model/identity.ts';
import { isMirrored, type OrgFacts, type PersonToLookUp } from '../../model/member.ts';
import {
  LEVELS,
  type Level,
  levelOf,
  REPOSITORY_TYPE,
  TEAM_TYPE,
} from '../../model/repositories/access-model.ts';
import type { PermitGraph } from '../../model/repositories/graph.ts';
import { getOrMake, groupBy } from '../../model/text/record.ts';
import type { PermitUser } from '../../model/user.ts';
import { allOfOurs, groupByOwner, type ManagedUser } from '../ownership.ts';
import { ownedInstance } from './owned-instance.ts';

/** Undefined for someone who holds nothing there. @param gone instances that are removed: they need no lookup. */
type StakesOf = (
  id: GitHubId,
  graph: PermitGraph | undefined,
  gone?: ReadonlySet<string>,
) => PersonToLookUp['atStake'];

/**
 * Finds the teams and repositories on which people hold something in Permit, which a lookup has to ask about.
 * @param orgs the organizations of the run. One that is not mirrored keeps nothing, so there is nothing to ask about.
 */
export function atStakeIn(users: readonly PermitUser[], owner: string, orgs: readonly OrgFacts[]): StakesOf {
  const mirrored = new Set(orgs.filter(isMirrored).map(({ id }) => id));
  let usersOf: ReadonlyMap<GitHubId, readonly ManagedUser[]> | undefined;
  return (id, graph, gone) => {
    if (graph === undefined) return undefined;
    usersOf ??= groupBy(allOfOurs(groupByOwner(users, owner)), ({ mark }) => mark.id);
    const found = new Map<OrgId, { readonly teams: string[]; readonly repositories: Map<number, Level> }>();
    const held = usersOf.get(id)?.flatMap(({ user }) => user.grants) ?? [];
    for (const { resource, role } of held) {
      const instance =
        resource === undefined || gone?.has(resource) ? undefined : graph.instances.get(resource);
      const owned = instance && ownedInstance(instance, owner);
      if (owned === undefined || !mirrored.has(owned.org)) continue;
      const { teams, repositories } = getOrMake(found, owned.org, () => ({
        teams: [],
        repositories: new Map(),
      }));
      const level = levelOf(role);
      if (owned.type === TEAM_TYPE && !teams.includes(`#${owned.id}`)) teams.push(`#${owned.id}`);
      if (owned.type !== REPOSITORY_TYPE || level === undefined) continue;
      const before = repositories.get(owned.id);
      if (before === undefined || LEVELS.indexOf(level) < LEVELS.indexOf(before))
        repositories.set(owned.id, level);
    }
    return found.size === 0 ? undefined : found;
  };
}
