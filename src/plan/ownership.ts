import { compareText, folded, type GitHubId, parseGitHubId } from '../model/identity.ts';
import { MANAGED_BY_PREFIX, type Mark, type MarkReading, readMark } from '../model/mark.ts';
import { getOrMake, groupBy } from '../model/text/record.ts';
import type { PermitUser } from '../model/user.ts';

/** A user that carries this config's mark, whole and valid. */
export type ManagedUser = { readonly user: PermitUser; readonly mark: Mark };

/** A user, and what its attributes say about its owner. */
export type ReadUser = { readonly user: PermitUser; readonly reading: MarkReading };

/**
 * An unfinished move: `to` exists, and `from` still does. If a person came back under another login, the user `from`
 * has no mark; its mark here is the one that it would have.
 */
export type HalfDoneMove = { readonly from: ManagedUser; readonly to: ManagedUser };

/** Permit's users, grouped by owner. */
export type Ownership = {
  readonly owner: string;
  /** Ours, one for each GitHub id. */
  readonly managed: ReadonlyMap<GitHubId, ManagedUser>;
  /** People with two users of ours, because a move between them was not finished. */
  readonly moving: ReadonlyMap<GitHubId, HalfDoneMove>;
  /** Several users of ours with one GitHub id: left alone, since nothing shows which one is right. */
  readonly duplicates: ReadonlyMap<GitHubId, readonly ManagedUser[]>;
  /** Users without a mark of this owner: unmarked, another owner's, or with a bad mark. */
  readonly others: readonly ReadUser[];
  /** Those of `others` that still name a GitHub id: released users, and users with a bad mark of this owner. */
  readonly former: ReadonlyMap<GitHubId, readonly ReadUser[]>;
  /** All users whose key is this one, ignoring case as in logins; sorted. */
  readonly underKey: (key: string) => readonly ReadUser[];
};

/** A cache: grouping 100,000 users takes a tenth of a second, and a run needs it many times. */
const known = new WeakMap<readonly PermitUser[], Map<string, Ownership>>();

export function groupByOwner(users: readonly PermitUser[], owner: string): Ownership {
  const byOwner = getOrMake(known, users, () => new Map<string, Ownership>());
  return getOrMake(byOwner, owner, () => groupByOwnerAnew(users, owner));
}

function groupByOwnerAnew(users: readonly PermitUser[], owner: string): Ownership {
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
  return { owner, managed, moving, duplicates, others, former, underKey: indexByKey(users) };
}

const indexByFormerId = (others: readonly ReadUser[], owner: string): Ownership['former'] =>
  groupBy(others, ({ user, reading }) =>
    isReleased(user, reading) || (reading.kind === 'bad' && claimsToBeOurs(user, owner))
      ? parseGitHubId(user.attributes.github_id)
      : undefined,
  );

/**
 * Two users of one id are an unfinished move only if exactly one of them names the other as its `managed_move.from`.
 */
function halfDoneMove(users: readonly ManagedUser[]): HalfDoneMove | undefined {
  const [one, other, ...more] = users;
  if (!one || !other || more.length > 0) return undefined;
  const isFrom = (to: ManagedUser, from: ManagedUser): boolean => to.mark.move?.from === from.user.key;
  if (isFrom(one, other) === isFrom(other, one)) return undefined;
  return isFrom(one, other) ? { from: other, to: one } : { from: one, to: other };
}

/** Built on first use: most runs never need it. */
function indexByKey(users: readonly PermitUser[]): Ownership['underKey'] {
  let index: ReadonlyMap<string, PermitUser[]> | undefined;
  return (key) => {
    index ??= groupBy(users, (user) => folded(user.key));
    const found = index.get(folded(key)) ?? [];
    return found
      .toSorted((a, b) => compareText(a.key, b.key))
      .map((user) => ({ user, reading: readMark(user.attributes) }));
  };
}

/** @returns the logins of a person in the marks of this owner. */
export function knownLogins(
  users: readonly PermitUser[],
  owner: string,
): (id: GitHubId) => readonly string[] {
  const { managed, moving, duplicates } = groupByOwner(users, owner);
  return (id) => {
    const halfDone = moving.get(id);
    const ours = [managed.get(id), halfDone?.to, halfDone?.from, ...(duplicates.get(id) ?? [])];
    return ours.flatMap((one) => one?.mark.login ?? []);
  };
}

/** Every user with a valid mark of this owner, including several users of one person. */
export const allOfOurs = ({ managed, moving, duplicates }: Ownership): readonly ManagedUser[] => [
  ...managed.values(),
  ...[...moving.values()].flatMap(({ from, to }) => [from, to]),
  ...[...duplicates.values()].flat(),
];

/** Whether no user has a mark of this owner yet. The run that writes the first decides about all existing users. */
export const isFirstRun = (users: readonly PermitUser[], owner: string): boolean =>
  allOfOurs(groupByOwner(users, owner)).length === 0;

/** The names by which a run can be narrowed to a person with this user; none without a user. */
export const namesOf = (holder: ManagedUser | undefined): readonly string[] =>
  holder ? [holder.mark.login, holder.user.key] : [];

export const isOurs = (reading: MarkReading, owner: string): reading is MarkReading & { kind: 'valid' } =>
  reading.kind === 'valid' && reading.mark.owner === owner;

/**
 * Whether we released the user: no tool claims it, and it still holds a GitHub id. It is adopted when its person
 * returns.
 */
export const isReleased = (user: PermitUser, reading: MarkReading): boolean =>
  reading.kind === 'none' && reading.id !== undefined && isUnclaimed(user);

/** Whether no tool claims the user. A cleared attribute may be `null` in Permit. */
export const isUnclaimed = ({ attributes }: PermitUser): boolean =>
  attributes.managed_by === undefined || attributes.managed_by === null;

/** Whether the mark names this owner, or no owner at all: if it is invalid, this config reports or repairs it. */
export const claimsToBeOurs = (user: PermitUser, owner: string): boolean =>
  user.attributes.managed_by === MANAGED_BY_PREFIX + owner ||
  user.attributes.managed_by === MANAGED_BY_PREFIX;
