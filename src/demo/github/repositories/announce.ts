import { randomUUID } from 'node:crypto';
import { deliverSoon, recipientsIn } from '../delivery-attempts.ts';
import { listedTeam, simpleOrg, simpleUser } from '../shapes.ts';
import { type GitHubAccount, type GitHubTeam, type GitHubWorld, orgOf } from '../world.ts';
import type { GitHubRepository } from './repository-world.ts';
import { repositoryShape } from './shapes.ts';

type Announcement = {
  readonly event: 'repository' | 'team' | 'member';
  readonly action: string;
  readonly changes?: object;
  readonly team?: GitHubTeam;
  readonly member?: GitHubAccount;
};

/** Addresses in a payload are GitHub's own. */
export const ORIGIN = 'https://api.github.com';

/**
 * Tells webhooks of a change to a repository (docs.github.com, "Webhook events and payloads").
 * @param org that has the repository now. @param to the organizations whose webhooks hear of it.
 */
export function announce(
  world: GitHubWorld,
  org: string,
  repository: GitHubRepository,
  { event, team, member, ...about }: Announcement,
  to: readonly string[] = [org],
): void {
  const listening = to.filter((one) => recipientsIn(world, orgOf(world, one)).length > 0);
  if (listening.length === 0) return;
  const owner = orgOf(world, org);
  const [senderId] = [...owner.members].find(([, { role }]) => role === 'admin') ?? [];
  const sender = world.users.get(senderId ?? 0);
  const payload = {
    ...about,
    ...(team && { team: listedTeam(owner, team, ORIGIN) }),
    ...(member && { member: simpleUser(member, ORIGIN) }),
    repository: repositoryShape(owner, repository, ORIGIN),
    organization: simpleOrg(owner, ORIGIN),
    ...(sender && { sender: simpleUser(sender, ORIGIN) }),
  };
  const guid = randomUUID();
  for (const one of listening) deliverSoon(world, one, event, payload, { guid });
}
