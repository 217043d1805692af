import { type GitHubId, parseGitHubId, type UserKey } from '../model/identity.ts';
import { enumerate } from '../model/text.ts';
import type { Context } from './context.ts';
import type { DesiredPerson } from './desired-state.ts';
import { isOurs, type ManagedUser, type ReadUser } from './ownership.ts';

/** Somebody who should stand under another key. */
export type Mover = { readonly person: DesiredPerson; readonly from: ManagedUser; readonly key: UserKey };

/** Whether a key is free for somebody, and if not, why. */
export type Way = { readonly kind: 'free' } | { readonly kind: 'taken'; readonly why: string };

/** Follows who waits for whom, each person once; whoever waits for somebody who waits for them is in a circle. */
export function findWays(
  context: Context,
  movers: ReadonlyMap<GitHubId, Mover>,
  isRival: (key: UserKey) => boolean,
): (id: GitHubId) => Way {
  const known = new Map<GitHubId, Way>();
  const underway = new Set<GitHubId>();

  const follow = (id: GitHubId): Way => {
    const before = known.get(id);
    if (before) return before;
    if (underway.has(id))
      return { kind: 'taken', why: 'the people who should swap their keys wait for each other' };
    underway.add(id);
    const way = search(id);
    underway.delete(id);
    known.set(id, way);
    return way;
  };

  const search = (id: GitHubId): Way => {
    const mover = movers.get(id);
    if (!mover) return { kind: 'taken', why: 'nobody moves away' };
    if (isRival(mover.key))
      return { kind: 'taken', why: `GitHub named several people who would be ${mover.key}; run again` };
    const occupants = context.ownership
      .underKey(mover.key)
      .filter(({ user }) => !context.freed.has(user.key));
    const blocking = occupants.filter((occupant) => !leaves(occupant));
    if (blocking.length === 0) return { kind: 'free' };
    const circle = blocking.some(
      ({ reading }) => isOurs(reading, context.ownership.owner) && movers.has(reading.mark.id),
    );
    const keys = enumerate(blocking.map(({ user }) => user.key));
    return {
      kind: 'taken',
      why: circle
        ? `it waits for the user ${keys}, who can't move either`
        : `the key ${mover.key} is taken by the user ${keys}, who is somebody else`,
    };
  };

  const leaves = ({ user, reading }: ReadUser): boolean => {
    // Somebody who is back under another name leaves too, though no mark is on the user yet.
    const id = isOurs(reading, context.ownership.owner)
      ? reading.mark.id
      : parseGitHubId(user.attributes.github_id);
    return id !== undefined && movers.get(id)?.from.user.key === user.key && follow(id).kind === 'free';
  };

  return follow;
}
