import type { GitHubId, OrgId } from '../model/identity.ts';
import type { CompleteListing, Look, OrgRole, TeamRef, TeamRole } from '../model/member.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { type Account, parseAccount } from './answers.ts';
import type { GitHubClient } from './github-client.ts';
import { listCollaborators } from './list-collaborators.ts';
import { roleOf, teamRoleOf } from './membership.ts';
import type { Place } from './place.ts';

type ClientOf = (org: string) => Promise<GitHubClient>;

/** Looks at people one by one; collaborators, about whom GitHub answers nothing alone, are listed again once. */
export function createLook(
  clientOf: ClientOf,
): (id: GitHubId, listings: readonly CompleteListing[]) => Promise<Look | undefined> {
  const collaborators = new Map<OrgId, Promise<ReadonlySet<GitHubId> | undefined>>();
  const collaboratorsOf = (place: Place): Promise<ReadonlySet<GitHubId> | undefined> => {
    const known = collaborators.get(place.id) ?? readCollaborators(place);
    collaborators.set(place.id, known);
    return known;
  };
  return async (id, listings) => {
    try {
      return await look(clientOf, collaboratorsOf, id, listings);
    } catch (error) {
      // No clear answer keeps the person; a stopped run ends it all.
      if (error instanceof HttpFailure) return undefined;
      throw error;
    }
  };
}

async function readCollaborators(place: Place): Promise<ReadonlySet<GitHubId> | undefined> {
  const { collaborators } = await listCollaborators(place);
  return collaborators && new Set(collaborators.map(({ id }) => id));
}

async function look(
  clientOf: ClientOf,
  collaboratorsOf: (place: Place) => Promise<ReadonlySet<GitHubId> | undefined>,
  id: GitHubId,
  listings: readonly CompleteListing[],
): Promise<Look | undefined> {
  const [first] = listings;
  if (!first) return undefined;
  const account = await accountOf(await clientOf(first.org), id);
  const roles = new Map<OrgId, OrgRole | undefined>();
  const teams = new Map<OrgId, ReadonlyMap<TeamRef, TeamRole | undefined>>();
  const collaborates = new Map<OrgId, boolean>();
  for (const listing of listings) {
    const place: Place = { client: await clientOf(listing.org), org: listing.org, id: listing.id };
    const answer = account ? await roleOf(place, account) : { role: undefined };
    if (answer === 'unclear') return undefined;
    roles.set(listing.id, answer.role);
    teams.set(listing.id, await teamsOf(place, listing, answer.role === undefined ? undefined : account, id));
    if (!listing.collaborators) continue;
    const among = await collaboratorsOf(place);
    if (!among) return undefined;
    collaborates.set(listing.id, among.has(id));
  }
  return { id, login: account?.login, roles, teams, collaborates };
}

/**
 * The teams whose answer can matter: those that a statement names, and of those that a pattern matched the ones
 * that the person was listed in, since not being in such a team takes nothing away.
 */
async function teamsOf(
  place: Place,
  listing: CompleteListing,
  account: Account | undefined,
  id: GitHubId,
): Promise<ReadonlyMap<TeamRef, TeamRole | undefined>> {
  const asked = listing.teams.filter(({ asked, members }) => asked === 'name' || members.has(id));
  const answers = await Promise.all(
    asked.map(async ({ ref }) => {
      // Only members are in a team.
      const role = account ? await teamRoleOf(place, ref, account) : undefined;
      return [ref, role] as const;
    }),
  );
  return new Map(answers);
}

/** @returns undefined when no account has this id any more. */
async function accountOf(client: GitHubClient, id: GitHubId): Promise<Account | undefined> {
  try {
    const { body } = await client.get('/user/{account_id}', { account_id: id }, (answer) => {
      const account = parseAccount(answer);
      return account?.id === id ? account : undefined;
    });
    return body;
  } catch (error) {
    if (error instanceof HttpFailure && error.status === 404) return undefined;
    throw error;
  }
}
