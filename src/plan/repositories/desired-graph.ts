import type { OrgId } from '../../model/identity.ts';
import { type CompleteListing, isMirrored } from '../../model/member.ts';
import type { Note } from '../../model/plan.ts';
import {
  instanceOf,
  type ModelType,
  ORG_TYPE,
  ownerRelation,
  REPOSITORY_TYPE,
  TEAM_TYPE,
  teamRelation,
} from '../../model/repositories/access-model.ts';
import type { Repository, RepositoryFacts } from '../../model/repositories/facts.ts';
import type { PermitInstance, Tuple } from '../../model/repositories/graph.ts';
import { tenantFor } from '../../model/rule.ts';
import { mirrors } from '../needs.ts';
import type { PlanInput } from '../plan-input.ts';
import { instanceAttributes } from './owned-instance.ts';

/** An instance that should exist. */
export type WantedInstance = {
  readonly instance: PermitInstance;
  readonly type: ModelType;
  readonly org: OrgId;
  readonly title: string;
};

/** A listing whose repositories were read. */
export type MirroredOrg = CompleteListing & { readonly repositories: RepositoryFacts };

const wasRead = (listing: CompleteListing): listing is MirroredOrg => listing.repositories !== undefined;

/**
 * The organizations whose part of the graph this plan changes. None in a run that is narrowed to logins. A drain that
 * lists organizations for a few people leaves the graph to a full run.
 */
export const orgsToMirror = ({ listings, logins, ids }: PlanInput): readonly MirroredOrg[] =>
  logins
    ? []
    : listings
        .filter(wasRead)
        .filter(({ repositories }) => ids === undefined || repositories.only !== undefined);

/** The organizations of this run that the config does not mirror, or no longer mirrors: none of our instances stay. */
export const orgsNotMirrored = (input: NamedOrgs): readonly CompleteListing[] =>
  input.listings.filter((listing) => isUnnamed(listing, input) && nameBefore(listing, input) === undefined);

type NamedOrgs = Pick<PlanInput, 'listings' | 'repositories' | 'graph'>;

const isUnnamed = (listing: CompleteListing, { repositories }: NamedOrgs): boolean =>
  !isMirrored(listing) && !(repositories && mirrors(repositories, listing.org));

/** The name in `repositories.orgs` of an organization that was renamed since: it is the one that its instance has. */
function nameBefore({ id }: CompleteListing, { repositories, graph }: NamedOrgs): string | undefined {
  const name = graph?.instances.get(instanceOf(ORG_TYPE, id))?.attributes.github_name;
  return typeof name === 'string' && repositories && mirrors(repositories, name) ? name : undefined;
}

/** The mirror of an organization stays as it is while the config calls it by its former name. */
export const renamedNotes = (input: NamedOrgs): readonly Note[] =>
  input.listings.flatMap((listing) => {
    const before = isUnnamed(listing, input) ? nameBefore(listing, input) : undefined;
    if (before === undefined) return [];
    const message = `${before} is called ${listing.org} now: its mirror stays as it is until repositories.orgs names it so`;
    return [{ code: 'KEPT_OUT_OF_SCOPE', users: [listing.org], message }];
  });

/** Every instance that should exist, by name. A transferred repository belongs to the organization that lists it. */
export function wantedInstances(
  listings: readonly MirroredOrg[],
  { owner, repositories: settings }: Pick<PlanInput, 'owner' | 'repositories'>,
): ReadonlyMap<string, WantedInstance> {
  const wanted = new Map<string, WantedInstance>();
  for (const { org, id: orgId, repositories } of listings) {
    const tenant = tenantFor(settings?.tenant ?? '', org);
    const add = (type: ModelType, id: number, title: string, repository?: Repository) => {
      const name = instanceOf(type, id);
      const attributes = instanceAttributes(owner, orgId, id, title, repository);
      wanted.set(name, { instance: { name, tenant, attributes }, type, org: orgId, title });
    };
    add(ORG_TYPE, orgId, org);
    for (const { id, slug } of repositories.teams.values()) add(TEAM_TYPE, id, `${org}/${slug}`);
    for (const repository of repositories.repositories.values()) {
      add(REPOSITORY_TYPE, repository.id, `${org}/${repository.name}`, repository);
    }
  }
  return wanted;
}

/**
 * Every link that should exist to a repository of this organization: from a team or from the organization.
 * @param hasInstance whether a repository that was not read itself has an instance.
 */
export function* wantedTuples(
  { id, repositories: { base, repositories, teams } }: MirroredOrg,
  hasInstance: (repository: number) => boolean,
): Generator<Tuple> {
  const owner = { subject: instanceOf(ORG_TYPE, id), relation: ownerRelation(base) };
  for (const one of repositories.keys()) {
    yield { ...owner, object: instanceOf(REPOSITORY_TYPE, one) };
  }
  for (const team of teams.values()) {
    if (team.access === 'unread') continue;
    const subject = instanceOf(TEAM_TYPE, team.id);
    for (const [one, role] of team.access) {
      if (!repositories.has(one) && !hasInstance(one)) continue;
      yield { subject, relation: teamRelation(role), object: instanceOf(REPOSITORY_TYPE, one) };
    }
  }
}
