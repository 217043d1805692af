import { heldFact } from '../model/absence.ts';
import type { Grant } from '../model/grant.ts';
import type { OrgId } from '../model/identity.ts';
import type { ClearLookup, OrgFacts } from '../model/member.ts';
import {
  allRepositories,
  baseOfRelation,
  instanceOf,
  ORG_MEMBER,
  ORG_OWNER,
  ORG_TYPE,
  parseInstanceName,
  REPOSITORY_TYPE,
  roleOfRelation,
  TEAM_TYPE,
} from '../model/repositories/access-model.ts';
import { accessPaths } from '../model/repositories/access-paths.ts';
import { type LinkAnswer, type LinkLoss, linkLossId } from '../model/repositories/facts.ts';
import type { Tuple } from '../model/repositories/graph.ts';
import type { AccessWay, MirroredRepository, OnGitHub } from '../model/repositories/verification.ts';

/** What was asked about one person and one repository. */
type AskedAccess = {
  readonly repository: MirroredRepository;
  /** The organization and its roles with a base level. */
  readonly facts: Pick<OrgFacts, 'id' | 'orgRoles'>;
  /** Undefined if GitHub gave no clear answer about the person. */
  readonly lookup: ClearLookup | undefined;
  /** What Permit links to the repository. */
  readonly tuples: readonly Tuple[];
  /** What GitHub answered about each link, by `linkLossId`. */
  readonly answers: ReadonlyMap<string, LinkAnswer>;
  /** What the person holds in Permit. */
  readonly held: readonly Grant[];
};

/**
 * Every way by which GitHub or Permit gives the person access to the repository. A team or a base permission that
 * Permit does not link to the repository doesn't count: GitHub's own role shows whether one is missing.
 */
export function accessWays(asked: AskedAccess): readonly AccessWay[] {
  const { repository, tuples, held } = asked;
  const name = instanceOf(REPOSITORY_TYPE, repository.id);
  const onGitHub = grantsOnGitHub(asked);
  const isHeld = (grant: Grant): boolean => held.some((one) => grantKey(one) === grantKey(grant));
  const candidates = new Map([...held, ...onGitHub.keys()].map((grant) => [grantKey(grant), grant]));
  const known = new Map([...onGitHub].map(([grant, holds]) => [grantKey(grant), holds]));
  return accessPaths(name, [...candidates.values()], tuples).map((path) => {
    const link = tuples.find(
      ({ subject, relation, object }) =>
        subject === path.grant.resource && relation === path.relation && object === name,
    );
    const grant = known.get(grantKey(path.grant)) ?? (asked.lookup === undefined ? 'unknown' : 'no');
    const linked = link === undefined ? 'yes' : linkOnGitHub(link, asked);
    return { ...path, gitHub: both(grant, linked), permit: isHeld(path.grant) };
  });
}

const grantKey = ({ role, resource = '' }: Grant): string => `${role} ${resource}`;

const both = (a: OnGitHub, b: OnGitHub): OnGitHub =>
  a === 'no' || b === 'no' ? 'no' : a === 'yes' && b === 'yes' ? 'yes' : 'unknown';

/** What the lookup says the person should hold, and what it leaves open. Anything proven absent is left out. */
function grantsOnGitHub({ repository, facts, lookup, tuples }: AskedAccess): ReadonlyMap<Grant, OnGitHub> {
  const grants = new Map<Grant, OnGitHub>();
  if (lookup === undefined) return grants;
  const give = (resource: string, role: string | undefined, holds: OnGitHub = 'yes'): void => {
    if (role !== undefined) grants.set({ tenant: repository.tenant, role, resource }, holds);
  };
  const { id } = facts;
  const org = instanceOf(ORG_TYPE, id);
  const membership = heldFact(lookup.roles.get(id));
  give(org, membership && (membership === 'admin' ? ORG_OWNER : ORG_MEMBER));
  for (const role of facts.orgRoles ?? []) {
    const fact = lookup.orgRoles?.get(id)?.get(role.id);
    if (role.base === undefined || typeof fact === 'object') continue;
    give(org, allRepositories(role.base), fact === true ? 'yes' : 'unknown');
  }
  for (const team of linkedTeams(tuples))
    give(instanceOf(TEAM_TYPE, team), heldFact(lookup.teams.get(id)?.get(`#${team}`)));
  const direct = lookup.repositories?.get(id)?.get(repository.id);
  if (direct !== 'unproven') give(instanceOf(REPOSITORY_TYPE, repository.id), heldFact(direct));
  return grants;
}

/** The ids of the teams that Permit links to a repository. */
export const linkedTeams = (tuples: readonly Tuple[]): readonly number[] =>
  tuples.flatMap(({ subject }) => {
    const instance = parseInstanceName(subject);
    return instance?.type === TEAM_TYPE ? [instance.id] : [];
  });

/** A link as a question to GitHub: does it still exist? Undefined for a link that is not part of the model. */
export function questionAbout(
  { subject, relation }: Tuple,
  org: OrgId,
  repository: number,
): LinkLoss | undefined {
  const instance = parseInstanceName(subject);
  const role = roleOfRelation(relation);
  if (instance?.type === TEAM_TYPE && role !== undefined)
    return { kind: 'access', org, team: instance.id, repository, role };
  const base = baseOfRelation(relation);
  return instance?.type === ORG_TYPE && base !== undefined ? { kind: 'base', org, base } : undefined;
}

function linkOnGitHub(tuple: Tuple, { facts, repository, answers }: AskedAccess): OnGitHub {
  const question = questionAbout(tuple, facts.id, repository.id);
  const answer = question && answers.get(linkLossId(question));
  if (answer === undefined || answer.kind === 'unclear') return 'unknown';
  return answer.kind === 'holds' ? 'yes' : 'no';
}
