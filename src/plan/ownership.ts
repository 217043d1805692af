import { folded, type GitHubId } from '../model/identity.ts';
import { MANAGED_BY_PREFIX, type Mark, type MarkReading, readMark } from '../model/mark.ts';
import type { PermitUser } from '../model/user.ts';

/** A user that carries this config's mark, whole and valid. */
export type ManagedUser = { readonly user: PermitUser; readonly mark: Mark };

/** A user and what its attributes say about whose it is. */
export type ReadUser = { readonly user: PermitUser; readonly reading: MarkReading };

/** Permit's users, sorted out by whose they are. */
export type Ownership = {
  readonly owner: string;
  /** Ours, one for each GitHub id. */
  readonly managed: ReadonlyMap<GitHubId, ManagedUser>;
  /** Ours, but several for one GitHub id: left alone, since none of them can be told to be the right one. */
  readonly duplicates: ReadonlyMap<GitHubId, readonly ManagedUser[]>;
  /** Users without a mark of this owner: unmarked, another owner's, or with a bad mark. */
  readonly others: readonly ReadUser[];
  /** Everybody who stands under a key, compared without regard to case as logins are. */
  readonly underKey: (key: string) => readonly ReadUser[];
};

export function sortOut(users: readonly PermitUser[], owner: string): Ownership {
  const byId = new Map<GitHubId, ManagedUser[]>();
  const byKey = new Map<string, ReadUser[]>();
  const others: ReadUser[] = [];
  for (const user of users) {
    const reading = readMark(user.attributes);
    append(byKey, folded(user.key), { user, reading });
    if (isOurs(reading, owner)) append(byId, reading.mark.id, { user, mark: reading.mark });
    else others.push({ user, reading });
  }
  const managed = new Map<GitHubId, ManagedUser>();
  const duplicates = new Map<GitHubId, readonly ManagedUser[]>();
  for (const [id, found] of byId) {
    const [only, ...more] = found;
    if (only && more.length === 0) managed.set(id, only);
    else duplicates.set(id, found);
  }
  return { owner, managed, duplicates, others, underKey: (key) => byKey.get(folded(key)) ?? [] };
}

export const isOurs = (reading: MarkReading, owner: string): reading is MarkReading & { kind: 'valid' } =>
  reading.kind === 'valid' && reading.mark.owner === owner;

/** A mark that is not valid, but names this owner, or none: ours to complain about. */
export const claimsToBeOurs = (user: PermitUser, owner: string): boolean =>
  user.attributes.managed_by === MANAGED_BY_PREFIX + owner ||
  user.attributes.managed_by === MANAGED_BY_PREFIX;

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
