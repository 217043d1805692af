import {
  BASE_PERMISSIONS,
  baseOfRelation,
  instanceOf,
  LEVELS,
  levelOf,
  ORG_TYPE,
  parseInstanceName,
  REPOSITORY_TYPE,
  roleOfRelation,
  TEAM_TYPE,
} from '../../model/repositories/access-model.ts';
import type { LinkLoss } from '../../model/repositories/facts.ts';
import { endsOf, type Tuple, tupleId } from '../../model/repositories/graph.ts';
import { tenantFor } from '../../model/rule.ts';
import { wantedTuples } from './desired-graph.ts';
import { addWaiting, type GraphDiff, isAsked, isLost, mayTake, orgOf } from './graph-diff.ts';
import { describeInstance, type OwnedInstance } from './owned-instance.ts';

/**
 * Compares the links that should exist with those that do.
 * @param taken instances that are not there, or someone else's: nothing is linked to them.
 */
export function diffLinks(diff: GraphDiff, taken: ReadonlySet<string>): void {
  const { graph, listings, changes, waiting } = diff;
  const due = new Map<string, Tuple>();
  const held = new Set(graph.tuples.map(tupleId));
  for (const listing of listings.values()) {
    const hasInstance = (id: number): boolean => orgOf(diff, instanceOf(REPOSITORY_TYPE, id)) === listing.id;
    const tenant = tenantFor(diff.tenant, listing.org);
    for (const tuple of wantedTuples(listing, hasInstance)) {
      const { subject, relation, object } = tuple;
      if (taken.has(subject) || taken.has(object) || orgOf(diff, object) !== listing.id) continue;
      due.set(tupleId(tuple), tuple);
      if (held.has(tupleId(tuple))) continue;
      const change = { kind: 'createTuple', ...tuple, tenant, ...namesOf(diff, tuple) } as const;
      if (graph.model.relations.has(relation)) changes.push({ ...change, reason: whyDue(tuple) });
      else addWaiting(waiting, nameOf(relation));
    }
  }
  /** One relation is enough between a repository and a team or its organization. */
  const dueBetween = new Map([...due.values()].map((tuple) => [endsOf(tuple), tuple]));
  for (const tuple of graph.tuples) {
    const owned = diff.owned.get(tuple.object);
    if (owned?.type !== REPOSITORY_TYPE || due.has(tupleId(tuple)) || !mayTake(diff)) continue;
    const instead = dueBetween.get(endsOf(tuple));
    // The link that gives as much can't be made yet. The run doesn't wait for a weaker one.
    const replaced = isReplaced(tuple, instead);
    if (instead && replaced && waiting.has(nameOf(instead.relation))) continue;
    const reason = whyLost(diff, tuple, owned, instead);
    if (reason === undefined) continue;
    const { tenant } = owned.instance;
    const names = namesOf(diff, tuple);
    changes.push({ kind: 'deleteTuple', ...tuple, tenant, isReplaced: replaced, ...names, reason });
  }
}

const nameOf = (relation: string): string => `relation ${relation} of the resource ${REPOSITORY_TYPE}`;

/** The rank of a relation, for comparison; undefined for one that isn't in the model. */
function strengthOf(relation: string): number | undefined {
  const base = baseOfRelation(relation);
  if (base !== undefined) return BASE_PERMISSIONS.indexOf(base);
  const level = levelOf(roleOfRelation(relation) ?? '');
  return level === undefined ? undefined : LEVELS.indexOf(level);
}

/** Whether nothing is lost with a link, since another one between the two gives as much. */
const isReplaced = ({ relation }: Tuple, instead: Tuple | undefined): boolean =>
  instead !== undefined && (strengthOf(instead.relation) ?? -1) >= (strengthOf(relation) ?? 0);

/** @returns undefined if the link stays. */
function whyLost(
  diff: GraphDiff,
  tuple: Tuple,
  repository: OwnedInstance,
  instead: Tuple | undefined,
): string | undefined {
  const subject = parseInstanceName(tuple.subject);
  if (strengthOf(tuple.relation) === undefined || subject === undefined) return undefined;
  if (diff.gone.has(tuple.object)) return `${describeInstance(repository)} is removed`;
  if (diff.gone.has(tuple.subject)) return 'the team is removed';
  const org = orgOf(diff, tuple.object);
  // GitHub did not confirm that the repository is gone, and shows nothing about it.
  if (org === undefined) return undefined;
  const isOwner = subject.type === ORG_TYPE;
  // A drain asks about the links of some teams, and about the owner of some repositories.
  if (!isAsked(isOwner ? repository : { ...subject, org }, diff.listings)) return undefined;
  if (isReplaced(tuple, instead)) return `${instead?.relation} takes its place`;
  if (isOwner ? tuple.subject !== instanceOf(ORG_TYPE, org) : isTeamOfAnotherOrg(diff, subject.id, org))
    return 'it belongs to another organization now';
  const loss = isOwner
    ? baseLoss(tuple, org)
    : accessLoss(diff, tuple, { org, team: subject.id, repository: repository.id });
  if (loss === undefined || !isLost(loss, diff)) return undefined;
  return instead === undefined ? 'GitHub gives nothing any more' : `GitHub gives ${instead.relation} now`;
}

/**
 * Whether a team is listed in another organization alone: teams don't move with a transferred repository. An enterprise
 * team (`ent:`) can have access in several organizations.
 */
function isTeamOfAnotherOrg({ listings }: GraphDiff, team: number, org: LinkLoss['org']): boolean {
  const listed = [...listings.values()].flatMap(({ id, repositories: { teams } }) => {
    const found = teams.get(team);
    return found ? [{ id, slug: found.slug }] : [];
  });
  return listed.length > 0 && listed.every(({ id, slug }) => id !== org && !slug.startsWith('ent:'));
}

function baseLoss({ relation }: Tuple, org: LinkLoss['org']): LinkLoss | undefined {
  const base = baseOfRelation(relation);
  return base && { kind: 'base', org, base };
}

type AccessLink = Omit<Extract<LinkLoss, { kind: 'access' }>, 'kind' | 'role'>;

function accessLoss({ listings }: GraphDiff, { relation }: Tuple, access: AccessLink): LinkLoss | undefined {
  const role = roleOfRelation(relation);
  const known = listings.get(access.org)?.repositories.teams.get(access.team);
  return role === undefined || known?.access === 'unread' ? undefined : { kind: 'access', ...access, role };
}

function namesOf(
  { wanted, owned }: GraphDiff,
  { subject, object }: Tuple,
): { repository: string; team?: string } {
  const titleOf = (name: string): string => wanted.get(name)?.title ?? owned.get(name)?.title ?? name;
  const isTeam = parseInstanceName(subject)?.type === TEAM_TYPE;
  return { repository: titleOf(object), ...(isTeam ? { team: titleOf(subject) } : {}) };
}

function whyDue({ relation }: Tuple): string {
  const base = baseOfRelation(relation);
  return base === undefined ? `role of the team: ${roleOfRelation(relation)}` : `base permission: ${base}`;
}
