import type { Proven } from '../../model/absence.ts';
import type { GitHubId } from '../../model/identity.ts';
import type { Account, PersonToLookUp } from '../../model/member.ts';
import type { PhaseMemory } from '../../model/once.ts';
import { LEVELS, type Level, type RepositoryRole } from '../../model/repositories/access-model.ts';
import type { DirectCollaborator } from '../../model/repositories/facts.ts';
import { isNotFound, isRefusal } from '../membership.ts';
import { type AskedOrg, answeredOtherwise, Unclear } from '../witnesses.ts';
import { parsePermission } from './answers.ts';
import { type ProofPhase, proveRepositoryGone } from './confirm-links.ts';
import { readSourceKinds } from './permission-sources.ts';
import { listDirectCollaborators } from './read-access.ts';
import { findRepositoryById } from './repository.ts';

type Collaborators = ReadonlyMap<GitHubId, DirectCollaborator>;

/** `not found`: GitHub's own 404 of the list, which still has to be proven. */
type FoundRole = Proven<RepositoryRole> | 'unproven' | 'not found';

/** What was found of one person, by the id of the repository. `login`: as a list shows it, where one does. */
export type FoundRoles = {
  readonly roles: ReadonlyMap<number, FoundRole>;
  readonly login: string | undefined;
};

/**
 * The role as a direct collaborator of each repository that a listing shows the person in, or where something is at
 * stake. Requests: the list of each repository, once for each phase, and up to three more where that is empty.
 * @param login today's, where it is known. @throws HttpFailure
 */
export async function findRepositoryRoles(
  { id, atStake }: PersonToLookUp,
  login: string | undefined,
  org: AskedOrg,
  memory: PhaseMemory,
): Promise<FoundRoles> {
  const { listing } = org;
  const stakes = atStake?.get(listing.id)?.repositories ?? new Map<number, Level>();
  const listed = [...(listing.repositories?.collaborators ?? [])].flatMap(([repository, people]) =>
    people !== 'unread' && people.has(id) ? [repository] : [],
  );
  let seen: string | undefined;
  const find = async (repository: number): Promise<FoundRole> => {
    // An archived repository grants nothing, and one that no pattern matches is not mirrored: nobody has a role there.
    if (listing.repositories?.leftOut.has(repository)) return answeredOtherwise(org);
    const people = await readList(org, repository, memory);
    if (people === 'hidden') return 'unproven';
    if (people === 'not found') return people;
    const found = people.get(id);
    seen ??= found?.login;
    if (found !== undefined) return found.role;
    // A list that shows someone else is its own witness. An empty one proves nothing.
    if (people.size > 0) return answeredOtherwise(org);
    if (login === undefined) return 'unproven';
    return askAbout({ id, login }, repository, stakes.get(repository), org, memory);
  };
  // Whatever is on a repository whose list did not come stays as it is.
  const isUnread = (one: number): boolean => listing.repositories?.collaborators.get(one) === 'unread';
  const ids = [...new Set([...listed, ...stakes.keys()])].filter((one) => !isUnread(one));
  const roles = await Promise.all(ids.map(async (one) => [one, await find(one)] as const));
  return { roles: new Map(roles), login: seen };
}

const readList = (
  { client, listing }: AskedOrg,
  repository: number,
  memory: PhaseMemory,
): Promise<Collaborators | 'hidden' | 'not found'> =>
  memory(`collaborators of repository ${repository} for ${listing.org}`, async () => {
    try {
      return await listDirectCollaborators(client, repository);
    } catch (error) {
      if (isNotFound(error)) return 'not found';
      // One repository that the credentials may not look into must not hold up everything else of a person.
      if (isRefusal(error)) return 'hidden';
      throw error;
    }
  });

/**
 * GitHub's own answer about one person. Someone with less than what is at stake does not hold it; nor does someone
 * whose access all comes from other sources. Requests: one, and a query where that does not suffice.
 * @param stake undefined if only nothing at all is a proof.
 */
async function askAbout(
  person: Account,
  repository: number,
  stake: Level | undefined,
  org: AskedOrg,
  memory: PhaseMemory,
): Promise<FoundRole> {
  const route = '/repositories/{repository_id}/collaborators/{username}/permission';
  const parameters = { repository_id: repository, username: person.login };
  try {
    const { body } = await org.client.get(route, parameters, parsePermission);
    if (body.id !== person.id) return 'unproven';
    const isLess = body.level === 'none' || LEVELS.indexOf(body.level) < rankOf(stake);
    const isProven = isLess || (await hasOtherSources(person, repository, org, memory));
    return isProven ? answeredOtherwise(org) : 'unproven';
  } catch (error) {
    if (isNotFound(error) || isRefusal(error)) return 'unproven';
    throw error;
  }
}

const rankOf = (level: Level | undefined): number => (level === undefined ? -1 : LEVELS.indexOf(level));

/** Whether GitHub names the sources of someone's access, and the repository itself is not one of them. */
async function hasOtherSources(
  person: Account,
  repository: number,
  { client, listing }: AskedOrg,
  memory: PhaseMemory,
): Promise<boolean> {
  const found = await memory(`repository ${repository} by its name`, () =>
    findRepositoryById(client, repository),
  );
  if (found === 'not found') return false;
  const kinds = await readSourceKinds(client, { id: repository, org: listing.org, name: found.name }, person);
  return kinds !== undefined && kinds.length > 0 && !kinds.includes('Repository');
}

/** Proves what was not found: the repository itself may be gone, or belong to another organization. @throws HttpFailure */
export async function proveRepositoryRole(
  found: FoundRole,
  repository: number,
  org: AskedOrg,
  phase: ProofPhase,
): Promise<Proven<RepositoryRole> | 'unproven'> {
  if (found !== 'not found') return found;
  try {
    const answer = await phase.memory(`repository ${repository}`, () =>
      findRepositoryById(org.client, repository),
    );
    if (answer === 'not found') return await proveRepositoryGone(org, repository, phase);
    if (answer.owner === org.listing.id) return 'unproven';
    phase.elsewhere.requireReadOwner(answer);
    return answeredOtherwise(org);
  } catch (error) {
    if (error instanceof Unclear) return 'unproven';
    throw error;
  }
}
