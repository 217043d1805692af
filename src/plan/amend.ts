import type { GitHubId } from '../model/identity.ts';
import type { CompleteListing, Look, Member } from '../model/member.ts';

/**
 * Puts what GitHub answered about single people in the place of what the listings said of them: a page that
 * shifted while it was read is outweighed by an answer about that very person.
 */
export function amend(
  listings: readonly CompleteListing[],
  looks: ReadonlyMap<GitHubId, Look>,
): readonly CompleteListing[] {
  if (looks.size === 0) return listings;
  return listings.map((listing) => ({ ...listing, members: amendMembers(listing, looks) }));
}

function amendMembers(listing: CompleteListing, looks: ReadonlyMap<GitHubId, Look>): readonly Member[] {
  const members: Member[] = [];
  const listed = new Set<GitHubId>();
  for (const member of listing.members) {
    listed.add(member.id);
    const look = looks.get(member.id);
    const now = look ? memberNow(listing, look) : member;
    if (now) members.push(now);
  }
  for (const look of looks.values()) {
    const now = listed.has(look.id) ? undefined : memberNow(listing, look);
    if (now) members.push(now);
  }
  return members;
}

function memberNow(listing: CompleteListing, { id, login, roles }: Look): Member | undefined {
  const role = roles.get(listing.id);
  return login !== undefined && role !== undefined ? { id, login, role } : undefined;
}
