import type { GitHubId } from '../model/identity.ts';
import type { Collaborator, CompleteListing, Look, Member, Team, TeamRole } from '../model/member.ts';

/**
 * Puts what GitHub answered about single people in the place of what the listings said of them: a page that
 * shifted while it was read is outweighed by an answer about that very person.
 */
export function amend(
  listings: readonly CompleteListing[],
  looks: ReadonlyMap<GitHubId, Look>,
): readonly CompleteListing[] {
  if (looks.size === 0) return listings;
  return listings.map((listing) => ({
    ...listing,
    members: amendMembers(listing, looks),
    teams: listing.teams.map((team) => amendTeam(listing, team, looks)),
    collaborators: listing.collaborators && amendCollaborators(listing, listing.collaborators, looks),
  }));
}

function amendMembers(listing: CompleteListing, looks: ReadonlyMap<GitHubId, Look>): readonly Member[] {
  const members: Member[] = [];
  const listed = new Set<GitHubId>();
  for (const member of listing.members) {
    listed.add(member.id);
    const look = looks.get(member.id);
    const now = look ? memberNow(listing, look, member) : member;
    if (now) members.push(now);
  }
  for (const look of looks.values()) {
    const now = listed.has(look.id) ? undefined : memberNow(listing, look);
    if (now) members.push(now);
  }
  return members;
}

/** An organization that was not asked, or did not answer, is still known by its listing. */
function memberNow(
  listing: CompleteListing,
  { id, login, roles }: Look,
  listed?: Member,
): Member | undefined {
  const role = roles.has(listing.id) ? roles.get(listing.id) : listed?.role;
  return login !== undefined && role !== undefined ? { id, login, role } : undefined;
}

function amendTeam(listing: CompleteListing, team: Team, looks: ReadonlyMap<GitHubId, Look>): Team {
  const members = new Map<GitHubId, TeamRole>(team.members);
  for (const { id, teams } of looks.values()) {
    const answers = teams.get(listing.id);
    if (!answers?.has(team.ref)) continue;
    const role = answers.get(team.ref);
    if (role === undefined) members.delete(id);
    else members.set(id, role);
  }
  return { ...team, members };
}

function amendCollaborators(
  { id: org }: CompleteListing,
  listed: readonly Collaborator[],
  looks: ReadonlyMap<GitHubId, Look>,
): readonly Collaborator[] {
  const kept = listed.filter(({ id }) => looks.get(id)?.collaborates.get(org) ?? true);
  const known = new Set(kept.map(({ id }) => id));
  const found = [...looks.values()].flatMap(({ id, login, collaborates }) =>
    login !== undefined && collaborates.get(org) && !known.has(id) ? [{ id, login }] : [],
  );
  return [...kept, ...found];
}
