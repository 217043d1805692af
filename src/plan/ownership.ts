import { compareText, folded, type GitHubId, parseGitHubId } from '../model/identity.ts';
import { MANAGED_BY_PREFIX, type Mark, type MarkReading, readMark } from '../model/mark.ts';
import type { PermitUser } from '../model/user.ts';

/** A user that carries this config's mark, whole and valid. */
export type ManagedUser = { readonly user: PermitUser; readonly mark: Mark };

/** A user and what its attributes say about whose it is. */
export type ReadUser = { readonly user: PermitUser; readonly reading: MarkReading };

/**
 * A move that was begun: `to` stands, and `from` is still there. Where somebody came back under another name, `from` is
 * a user without a mark, and its mark here is the one that it would have.
 */
export type HalfDoneMove = { readonly from: ManagedUser; readonly to: ManagedUser };

/** Permit's users, sorted out by whose they are. */
export type Ownership = {
  readonly owner: string;
  /** Ours, one for each GitHub id. */
  readonly managed: ReadonlyMap<GitHubId, ManagedUser>;
  /** People of whom two users are ours, since a move between them was not finished. */
  readonly moving: ReadonlyMap<GitHubId, HalfDoneMove>;
  /** Ours, but several for one GitHub id: left alone, since none of them can be told to be the right one. */
  readonly duplicates: ReadonlyMap<GitHubId, readonly ManagedUser[]>;
  /** Users without a mark of this owner: unmarked, another owner's, or with a bad mark. */
  readonly others: readonly ReadUser[];
  /** Of those, the users that say who they were: released ones keep the id, and so may a mark that is not valid. */
  readonly former: ReadonlyMap<GitHubId, readonly ReadUser[]>;
  /** Everybody who stands under a key, compared without regard to case as logins are; sorted. */
  readonly underKey: (key: string) => readonly ReadUser[];
};

/** The same users are sorted out once for all who ask: 100,000 of them are read in a tenth of a second, not in three. */
const known = new WeakMap<readonly PermitUser[], Map<string, Ownership>>();

export function sortOut(users: readonly PermitUser[], owner: string): Ownership {
  const byOwner = known.get(users) ?? new Map<string, Ownership>();
  known.set(users, byOwner);
  const ownership = byOwner.get(owner) ?? sortOutAnew(users, owner);
  byOwner.set(owner, ownership);
  return ownership;
}

function sortOutAnew(users: readonly PermitUser[], owner: string): Ownership {
  const managed = new Map<GitHubId, ManagedUser>();
  const duplicates = new Map<GitHubId, ManagedUser[]>();
  const others: ReadUser[] = [];
  for (const user of users) {
    const reading = readMark(user.attributes);
    if (!isOurs(reading, owner)) {
      others.push({ user, reading });
      continue;
    }
    const { mark } = reading;
    const first = managed.get(mark.id);
    const several = duplicates.get(mark.id);
    if (several) several.push({ user, mark });
    else if (first) {
      managed.delete(mark.id);
      duplicates.set(mark.id, [first, { user, mark }]);
    } else managed.set(mark.id, { user, mark });
  }
  const moving = new Map<GitHubId, HalfDoneMove>();
  for (const [id, found] of duplicates) {
    const halfDone = halfDoneMove(found);
    if (!halfDone) continue;
    moving.set(id, halfDone);
    duplicates.delete(id);
  }
  const former = indexByFormerId(others, owner);
  for (const [id, to] of managed) {
    const left = former.get(id)?.find(({ user }) => user.key === to.mark.move?.from);
    if (!left) continue;
    const { move: _underway, ...mark } = to.mark;
    moving.set(id, { from: { user: left.user, mark }, to });
    managed.delete(id);
  }
  return {
    owner,
    managed,
    moving,
    duplicates,
    others,
    former,
    underKey: indexByKey(users),
  };
}

function indexByFormerId(others: readonly ReadUser[], owner: string): Ownership['former'] {
  const index = new Map<GitHubId, ReadUser[]>();
  for (const one of others) {
    const { user, reading } = one;
    if (!isReleased(user, reading) && !(reading.kind === 'bad' && claimsToBeOurs(user, owner))) continue;
    const id = parseGitHubId(user.attributes.github_id);
    if (id === undefined) continue;
    const known = index.get(id);
    if (known) known.push(one);
    else index.set(id, [one]);
  }
  return index;
}

/** Only the new user's own word makes two users of one id a half-done move; the former one may have moved before. */
function halfDoneMove(users: readonly ManagedUser[]): HalfDoneMove | undefined {
  const [one, other, ...more] = users;
  if (!one || !other || more.length > 0) return undefined;
  const isFrom = (to: ManagedUser, from: ManagedUser): boolean => to.mark.move?.from === from.user.key;
  if (isFrom(one, other) === isFrom(other, one)) return undefined;
  return isFrom(one, other) ? { from: other, to: one } : { from: one, to: other };
}

/** Only somebody without a user asks who stands under a key: most runs never need the index. */
function indexByKey(users: readonly PermitUser[]): Ownership['underKey'] {
  let index: Map<string, PermitUser[]> | undefined;
  const build = (): Map<string, PermitUser[]> => {
    const byKey = new Map<string, PermitUser[]>();
    for (const user of users) {
      const name = folded(user.key);
      const known = byKey.get(name);
      if (known) known.push(user);
      else byKey.set(name, [user]);
    }
    return byKey;
  };
  return (key) => {
    index ??= build();
    const found = index.get(folded(key)) ?? [];
    return found
      .toSorted((a, b) => compareText(a.key, b.key))
      .map((user) => ({ user, reading: readMark(user.attributes) }));
  };
}

/** @returns the logins under which marks of this owner know a person. */
export function knownLogins(
  users: readonly PermitUser[],
  owner: string,
): (id: GitHubId) => readonly string[] {
  const { managed, moving, duplicates } = sortOut(users, owner);
  return (id) => {
    const halfDone = moving.get(id);
    const ours = [managed.get(id), halfDone?.to, halfDone?.from, ...(duplicates.get(id) ?? [])];
    return ours.flatMap((one) => one?.mark.login ?? []);
  };
}

/** Every user that carries this config's mark, of those too whose person has several. */
export const allOfOurs = ({ managed, moving, duplicates }: Ownership): readonly ManagedUser[] => [
  ...managed.values(),
  ...[...moving.values()].flatMap(({ from, to }) => [from, to]),
  ...[...duplicates.values()].flat(),
];

export const isOurs = (reading: MarkReading, owner: string): reading is MarkReading & { kind: 'valid' } =>
  reading.kind === 'valid' && reading.mark.owner === owner;

/** Neither ours nor another tool's, and once somebody's whom we know: such a user is taken up when its person is back. */
export const isReleased = (user: PermitUser, reading: MarkReading): boolean =>
  reading.kind === 'none' && reading.id !== undefined && isUnclaimed(user);

/** Whether no tool claims the user. Permit may hold a `null` where somebody emptied the attribute. */
export const isUnclaimed = ({ attributes }: PermitUser): boolean =>
  attributes.managed_by === undefined || attributes.managed_by === null;

/** A mark that is not valid, but names this owner, or none: ours to mend. */
export const claimsToBeOurs = (user: PermitUser, owner: string): boolean =>
  user.attributes.managed_by === MANAGED_BY_PREFIX + owner ||
  user.attributes.managed_by === MANAGED_BY_PREFIX;
