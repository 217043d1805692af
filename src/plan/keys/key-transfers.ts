import type { Change } from '../../model/change.ts';
import type { GitHubId, UserKey } from '../../model/identity.ts';
import { getOrMake } from '../../model/text/record.ts';
import { enumerate } from '../../model/text/text.ts';
import { type Basis, isContested } from '../basis.ts';
import type { DesiredPerson } from '../desired-state.ts';
import type { ManagedUser } from '../ownership.ts';
import { temporaryKeyFor } from './user-key.ts';

/** A person who should have another user key. */
export type Mover = {
  readonly person: DesiredPerson;
  readonly from: ManagedUser;
  /** The user that an unfinished move has created. `from` is deleted either way. */
  readonly halfway?: ManagedUser;
  /** Changes that first undo an unfinished move, because someone else now has its login. */
  readonly undo?: readonly Change[];
  readonly key: UserKey;
};

/** Whether a person can move to their new key, over which temporary key, and if not, why. */
export type Way =
  | { readonly kind: 'free'; readonly via?: UserKey }
  | { readonly kind: 'taken'; readonly why: string };

/**
 * Decides who can move. A person who waits for someone who cannot move cannot move either. In a circle, one person
 * steps aside to a temporary key, so that the others can move up.
 * @param freed keys that other decisions of this plan free.
 */
export function planKeyTransfers(
  basis: Basis,
  movers: ReadonlyMap<GitHubId, Mover>,
  freed: ReadonlySet<UserKey>,
): (id: GitHubId) => Way {
  const taken = new Map<GitHubId, string>();
  const via = new Map<GitHubId, UserKey>();
  const waiters = findWaiters(basis, movers, freed, taken);
  for (const id of [...taken.keys()]) spread(id, movers, waiters, taken);
  for (const circle of findCircles(movers, waiters, taken)) {
    const aside = circle.toSorted((a, b) => a - b).find((id) => isTemporaryKeyFree(basis, id));
    if (aside === undefined) {
      for (const id of circle) taken.set(id, 'people swapped their names, and no temporary key is free');
    } else via.set(aside, temporaryKeyFor(aside));
  }
  return (id) => {
    const why = taken.get(id);
    if (why !== undefined) return { kind: 'taken', why };
    const stop = via.get(id) ?? movers.get(id)?.halfway?.user.key;
    return { kind: 'free', ...(stop === undefined ? {} : { via: stop }) };
  };
}

/**
 * @param taken receives everyone whose key stays taken.
 * @returns by person, the people who wait for them to leave.
 */
function findWaiters(
  basis: Basis,
  movers: ReadonlyMap<GitHubId, Mover>,
  freed: ReadonlySet<UserKey>,
  taken: Map<GitHubId, string>,
): ReadonlyMap<GitHubId, readonly GitHubId[]> {
  const leaving = new Map([...movers].map(([id, mover]) => [mover.from.user.key, { id, mover }]));
  const waiters = new Map<GitHubId, GitHubId[]>();
  for (const [id, { key }] of movers) {
    if (isContested(basis, key)) {
      taken.set(id, `GitHub named several people who would be ${key}; run again`);
      continue;
    }
    const occupants = basis.ownership.underKey(key).filter(({ user }) => !freed.has(user.key));
    const blocking = occupants.filter(({ user }) => !leaving.has(user.key));
    if (blocking.length > 0) {
      const keys = enumerate(blocking.map(({ user }) => user.key));
      taken.set(id, `the key ${key} is taken by the user ${keys}, which belongs to someone else`);
    }
    for (const { user } of occupants) {
      const one = leaving.get(user.key);
      // An unfinished move always frees its former key.
      if (one && !one.mover.halfway) getOrMake(waiters, one.id, () => []).push(id);
    }
  }
  return waiters;
}

/** A person who waits for someone who cannot move cannot move either. */
function spread(
  from: GitHubId,
  movers: ReadonlyMap<GitHubId, Mover>,
  waiters: ReadonlyMap<GitHubId, readonly GitHubId[]>,
  taken: Map<GitHubId, string>,
): void {
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const why = `it waits for the user ${movers.get(id)?.from.user.key}, who can't move either`;
    for (const waiter of waiters.get(id) ?? []) {
      if (taken.has(waiter)) continue;
      taken.set(waiter, why);
      open.push(waiter);
    }
  }
}

/** A key is due to one person only, so each person has at most one waiter. Following them finds every circle. */
function findCircles(
  movers: ReadonlyMap<GitHubId, Mover>,
  waiters: ReadonlyMap<GitHubId, readonly GitHubId[]>,
  taken: ReadonlyMap<GitHubId, string>,
): readonly (readonly GitHubId[])[] {
  const circles: (readonly GitHubId[])[] = [];
  const seen = new Set<GitHubId>();
  for (const start of movers.keys()) {
    const path: GitHubId[] = [];
    let id: GitHubId | undefined = start;
    while (id !== undefined && !seen.has(id) && !taken.has(id)) {
      seen.add(id);
      path.push(id);
      id = waiters.get(id)?.[0];
    }
    const entry = id === undefined ? -1 : path.indexOf(id);
    if (entry >= 0) circles.push(path.slice(entry));
  }
  return circles;
}

function isTemporaryKeyFree({ ownership, isProtected, dueTo }: Basis, id: GitHubId): boolean {
  const key = temporaryKeyFor(id);
  return ownership.underKey(key).length === 0 && dueTo(key).length === 0 && !isProtected(key);
}
