import type { GitHubId } from '../model/identity.ts';
import type { OrgFacts } from '../model/member.ts';
import type { GitHubAcquaintance } from '../model/ports.ts';
import { type Observation, orgsOf } from '../sync/observation.ts';
import { answersIn, findContradictions } from './contradictions.ts';
import type { Hint, Hints } from './hints.ts';

/**
 * Finds the entries that GitHub's answers contradict. Entries name teams by id and rules by slug, so GitHub is asked for
 * the ids if an entry needs them.
 */
export async function findContradictionsIn(
  observation: Observation,
  hints: Hints,
  github: Pick<GitHubAcquaintance, 'introduceOrg'>,
): Promise<readonly Hint[]> {
  const isAnswered = (id: GitHubId): boolean =>
    observation.kind === 'listed' || (observation.people.has(id) && !observation.unconfirmed.has(id));
  const isAboutTeams = [...hints.people.values()].flat().some(({ entry }) => entry.event === 'membership');
  const orgs = orgsOf(observation);
  const numbered = isAboutTeams ? await Promise.all(orgs.map((org) => numberTeams(org, github))) : orgs;
  return findContradictions(hints, answersIn(numbered, isAnswered));
}

async function numberTeams(
  org: OrgFacts,
  github: Pick<GitHubAcquaintance, 'introduceOrg'>,
): Promise<OrgFacts> {
  // A pattern can match any number of teams, and each would cost a request.
  const slugs = org.teams.filter(
    ({ ref, id, asked }) => id === undefined && asked === 'name' && !ref.startsWith('#'),
  );
  if (slugs.length === 0) return org;
  const refs = slugs.map(({ ref }) => ref);
  const numbered = await github.introduceOrg(org.org, { teams: refs, collaborators: false });
  const teams = numbered.kind === 'introduced' ? numbered.teams : [];
  const ids = new Map(teams.map(({ ref, id }) => [ref, id]));
  return { ...org, teams: org.teams.map((team) => ({ ...team, id: team.id ?? ids.get(team.ref) })) };
}
