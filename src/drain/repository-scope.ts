import type { Grant } from '../model/grant.ts';
import { folded, type GitHubId, isSameName } from '../model/identity.ts';
import type { OrgFacts, PersonToLookUp } from '../model/member.ts';
import type { PermitReader } from '../model/ports.ts';
import {
  instanceOf,
  type Level,
  ORG_TYPE,
  parseInstanceName,
  REPOSITORY_TYPE,
  TEAM_TYPE,
} from '../model/repositories/access-model.ts';
import type { RepositoryScope } from '../model/repositories/facts.ts';
import { type PermitGraph, tupleId } from '../model/repositories/graph.ts';
import { groupBy } from '../model/text/record.ts';
import type { PermitUser } from '../model/user.ts';
import type { ManagedUser } from '../plan/ownership.ts';
import { atStakeIn } from '../plan/repositories/at-stake.ts';
import type { Hint, Hints } from './hints.ts';

/** The repositories and teams that entries are about, by organization in lower case. */
export type ScopeByOrg = (org: string) => RepositoryScope;

/** What has to be read of each organization, so that its part of the graph converges. */
export function scopesOf({ graph }: Pick<Hints, 'graph'>): ScopeByOrg {
  const byOrg = groupBy(graph, ({ entry }) => folded(entry.org));
  return (org) => {
    const entries = (byOrg.get(folded(org)) ?? []).map(({ entry }) => entry);
    return {
      // Also of entries about teams: it may be new, and its own event may not have arrived yet.
      repositories: new Set(entries.flatMap(({ repository }) => repository ?? [])),
      teams: new Set(entries.flatMap(({ team }) => team ?? [])),
    };
  };
}

/** The instances that an entry is about. */
const instancesOfEntry = ({ entry: { team, repository } }: Hint): readonly string[] => [
  ...(team === undefined ? [] : [instanceOf(TEAM_TYPE, team)]),
  ...(repository === undefined ? [] : [instanceOf(REPOSITORY_TYPE, repository)]),
];

/** Direct collaborators who lack the role that GitHub's list shows, by the name of the repository's instance. */
export type LackingCollaborators = ReadonlyMap<string, readonly GitHubId[]>;

/**
 * Finds the direct collaborators of the repositories that were read who don't hold what the list shows: everyone who was
 * given a new repository, and people whose listed role changed with that of a team, since GitHub may list the highest
 * role by any way.
 */
export function findLackingCollaborators(
  orgs: readonly OrgFacts[],
  ours: readonly ManagedUser[],
): LackingCollaborators {
  const lists = orgs.flatMap(({ repositories }) => [...(repositories?.collaborators ?? [])]);
  if (lists.length === 0) return new Map();
  const idOf = (id: GitHubId, name: string, role: string): string => `${id} ${role} ${name}`;
  const held = new Set(
    ours.flatMap(({ user, mark }) =>
      user.grants.flatMap(({ resource, role }) => (resource ? [idOf(mark.id, resource, role)] : [])),
    ),
  );
  return new Map(
    lists.map(([repository, people]) => {
      const name = instanceOf(REPOSITORY_TYPE, repository);
      const listed = people === 'unread' ? [] : [...people];
      return [name, listed.flatMap(([id, { role }]) => (held.has(idOf(id, name, role)) ? [] : [id]))];
    }),
  );
}

/** What has to converge before an entry of `Hints.graph` leaves the queue. */
export type GraphConcern = {
  readonly instances: readonly string[];
  /** They keep the entry until they have converged. */
  readonly people: readonly GitHubId[];
  /** They keep it only while they wait for a clear answer or a limit: their failures are not about this entry. */
  readonly bystanders: readonly GitHubId[];
};

export const noMoreThanEntry = (hint: Hint): GraphConcern => ({
  instances: instancesOfEntry(hint),
  ...{ people: [], bystanders: [] },
});

/**
 * What a drain read because of an entry. The facts don't say which team is below which, so an entry about a team waits
 * for every team that was read without an entry of its own.
 */
export function openGraphConcerns(
  { graph }: Pick<Hints, 'graph'>,
  orgs: readonly OrgFacts[],
  lacking: LackingCollaborators,
): (hint: Hint) => GraphConcern {
  const named = new Set(graph.flatMap(({ entry }) => entry.team ?? []));
  const below = new Map(
    orgs.map(({ org, repositories }) => [
      folded(org),
      [...(repositories?.only?.teams ?? [])]
        .filter((id) => !named.has(id))
        .map((id) => instanceOf(TEAM_TYPE, id)),
    ]),
  );
  return (hint) => {
    const { action, org, team } = hint.entry;
    const own = instancesOfEntry(hint);
    const collaborators = own.flatMap((name) => lacking.get(name) ?? []);
    return {
      instances: team === undefined ? own : [...own, ...(below.get(folded(org)) ?? [])],
      ...(action === 'created'
        ? { people: collaborators, bystanders: [] }
        : { people: [], bystanders: collaborators }),
    };
  };
}

/**
 * A part of Permit's graph, which grows as a drain learns what it needs.
 * @param orgs the organizations that answered.
 */
export function openGraphPart(
  readGraph: NonNullable<PermitReader['readGraph']>,
  orgs: readonly OrgFacts[],
  { users, owner }: { readonly users: readonly PermitUser[]; readonly owner: string },
  ours: readonly ManagedUser[],
  { people }: Pick<Hints, 'people'>,
) {
  const stakesOf = atStakeIn(users, owner, orgs);
  let graph: PermitGraph = {
    instances: new Map(),
    tuples: [],
    model: { roles: new Set(), relations: new Set() },
  };
  const known = { instances: new Set<string>(), tuplesOf: new Set<string>() };
  let isFirst = true;
  const read = async (instances: Iterable<string>, tuplesOf: Iterable<string> = []): Promise<void> => {
    const scope = {
      instances: [...new Set(instances)].filter((name) => !known.instances.has(name)),
      tuplesOf: [...new Set(tuplesOf)].filter((name) => !known.tuplesOf.has(name)),
    };
    // The first answer also shows the model.
    if (!isFirst && scope.instances.length + scope.tuplesOf.length === 0) return;
    isFirst = false;
    const more = await readGraph(scope);
    for (const name of scope.instances) known.instances.add(name);
    for (const name of scope.tuplesOf) known.tuplesOf.add(name);
    graph = {
      instances: new Map([...graph.instances, ...more.instances]),
      tuples: [
        ...new Map([...graph.tuples, ...more.tuples].map((tuple) => [tupleId(tuple), tuple])).values(),
      ],
      model: more.model,
    };
  };
  return {
    graph: (): PermitGraph => graph,
    /** Reads what the entries are about, with what it is linked to. */
    readScopes: async (): Promise<void> => {
      const mirrored = orgs.flatMap(({ id, repositories }) =>
        repositories ? [{ id, ...repositories }] : [],
      );
      const asked = mirrored.flatMap(({ only }) => [
        ...[...(only?.teams ?? [])].map((id) => instanceOf(TEAM_TYPE, id)),
        ...[...(only?.repositories ?? [])].map((id) => instanceOf(REPOSITORY_TYPE, id)),
      ]);
      await read([...asked, ...mirrored.map(({ id }) => instanceOf(ORG_TYPE, id))], asked);
      const accessible = mirrored.flatMap(({ teams }) =>
        [...teams.values()].flatMap(({ access }) => (access === 'unread' ? [] : [...access.keys()])),
      );
      await read([
        ...graph.tuples.flatMap(({ subject, object }) => [subject, object]),
        ...accessible.map((id) => instanceOf(REPOSITORY_TYPE, id)),
      ]);
    },
    /** Reads the instances on which these people hold something, and those that their entries name. */
    readHeldBy: async (ids: ReadonlySet<GitHubId>): Promise<void> => {
      const held = ours
        .filter(({ mark }) => ids.has(mark.id))
        .flatMap(({ user }) => user.grants.flatMap(({ resource }) => resource ?? []));
      const named = [...ids].flatMap((id) => people.get(id) ?? []).flatMap(instancesOfEntry);
      await read([...held, ...named].filter((name) => parseInstanceName(name) !== undefined));
    },
    /** People who hold something on a repository that the entries are about and GitHub does not show. */
    holdersOfGone: (): readonly GitHubId[] => {
      const gone = orgs.flatMap(({ repositories }) =>
        [...(repositories?.only?.repositories ?? [])]
          .filter((id) => !repositories?.repositories.has(id))
          .map((id) => instanceOf(REPOSITORY_TYPE, id)),
      );
      const isGone = ({ resource }: Grant): boolean => resource !== undefined && gone.includes(resource);
      return gone.length === 0
        ? []
        : ours.filter(({ user }) => user.grants.some(isGone)).map(({ mark }) => mark.id);
    },
    /** Teams and repositories that a lookup of this person has to ask about: what they hold, and what entries name. */
    atStake: (id: GitHubId): PersonToLookUp['atStake'] => {
      const stakes = new Map(stakesOf(id, graph));
      for (const { entry } of people.get(id) ?? []) {
        const org = orgs.find((one) => one.id === entry.orgId || isSameName(one.org, entry.org));
        if (org?.repositories === undefined) continue;
        const { teams, repositories } = stakes.get(org.id) ?? {
          teams: [],
          repositories: new Map<number, Level>(),
        };
        const { team, repository } = entry;
        stakes.set(org.id, {
          teams: team === undefined ? teams : [...new Set([...teams, `#${team}`])],
          repositories:
            repository === undefined || repositories.has(repository)
              ? repositories
              : new Map([...repositories, [repository, 'read']]),
        });
      }
      return stakes.size === 0 ? undefined : stakes;
    },
  };
}
