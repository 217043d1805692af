import { typeOf } from '../model/grant.ts';
import { compareText, folded, type GitHubId, type UserKey } from '../model/identity.ts';
import { readMark } from '../model/mark.ts';
import {
  instanceOf,
  LEVELS,
  type Level,
  levelOf,
  levelsUpTo,
  REPOSITORY_TYPE,
} from '../model/repositories/access-model.ts';
import { accessPaths, derivedRole } from '../model/repositories/access-paths.ts';
import type { Tuple } from '../model/repositories/graph.ts';
import type { EffectiveAccess } from '../model/repositories/ports.ts';
import type { AccessMismatch } from '../model/repositories/verification.ts';
import { getOrMake, groupBy } from '../model/text/record.ts';
import type { PermitUser } from '../model/user.ts';

/** A user in Permit, and who it is on GitHub. Without a valid mark of this owner it has no id, and its key as login. */
export type IdentifiedUser = PermitUser & { readonly id: GitHubId | undefined; readonly login: string };

export const identifyUsers = (users: readonly PermitUser[], owner: string): readonly IdentifiedUser[] =>
  users.map((user) => {
    const reading = readMark(user.attributes);
    const isOurs = reading.kind === 'valid' && reading.mark.owner === owner;
    const { id, login } = isOurs ? reading.mark : { id: undefined, login: user.key };
    return { ...user, id, login };
  });

/** Users by what is asked about them. */
export type UserIndex = {
  readonly managed: readonly IdentifiedUser[];
  /** The managed ones by their GitHub id: more than one where two users carry the mark of one person. */
  readonly byId: ReadonlyMap<GitHubId, readonly IdentifiedUser[]>;
  /** All users by each instance on which they hold a role, and by that role. */
  readonly byInstance: ReadonlyMap<string, ReadonlyMap<string, readonly IdentifiedUser[]>>;
};

export function indexUsers(users: readonly IdentifiedUser[]): UserIndex {
  const managed = users.filter(({ id }) => id !== undefined);
  const byInstance = new Map<string, Map<string, IdentifiedUser[]>>();
  for (const user of users) {
    for (const { resource, role } of user.grants) {
      if (resource === undefined) continue;
      const byRole = getOrMake(byInstance, resource, () => new Map<string, IdentifiedUser[]>());
      getOrMake(byRole, role, () => []).push(user);
    }
  }
  return { managed, byId: groupBy(users, ({ id }) => id), byInstance };
}

/** Someone to ask the PDP about, if there is a user for them. */
type Candidate = {
  /** Undefined for a user that is not managed. */
  readonly id: GitHubId | undefined;
  readonly login: string;
  /** The login in the mark of the user, where it is not the person's any more. */
  readonly formerLogin?: string;
  readonly user: IdentifiedUser | undefined;
  readonly gitHub: EffectiveAccess['role'] | undefined;
};

/**
 * Everyone to compare: the people on GitHub's list, the managed users who may do anything according to the PDP, and
 * every user, managed or not, who holds a role on the repository or one from which the model derives a role on it.
 * Sorted by login.
 * @param allowed keys of the users that the PDP allows any level.
 * @param tuples with the repository as their object.
 */
export function candidatesOf(
  repository: string,
  listed: readonly EffectiveAccess[],
  allowed: ReadonlySet<UserKey>,
  { managed, byId, byInstance }: UserIndex,
  tuples: readonly Tuple[],
): readonly Candidate[] {
  const ids = new Set<GitHubId | undefined>(listed.map(({ id }) => id));
  const logins = new Set(listed.map(({ login }) => folded(login)));
  const rolesOn = (instance: string) => [...(byInstance.get(instance) ?? [])];
  const roles = [
    ...rolesOn(repository),
    ...tuples.flatMap(({ subject, relation }) =>
      rolesOn(subject).filter(([role]) => derivedRole(relation, typeOf(subject), role) !== undefined),
    ),
  ];
  const found = [
    ...managed.filter(({ key }) => allowed.has(key)),
    ...roles.flatMap(([, holders]) => holders),
  ];
  const others = new Set(found.filter(({ id }) => !ids.has(id)));
  return [
    ...listed.flatMap(({ id, login, role }) =>
      (byId.get(id) ?? [undefined]).map((user) => ({
        ...{ id, login, user, gitHub: role },
        ...(user && folded(user.login) !== folded(login) ? { formerLogin: user.login } : {}),
      })),
    ),
    ...[...others].map((user) => ({
      ...{ id: user.id, login: user.login, user, gitHub: undefined },
      ...(user.id !== undefined && logins.has(folded(user.login)) ? { formerLogin: user.login } : {}),
    })),
  ].sort(
    (a, b) =>
      compareText(a.login, b.login) ||
      (a.id ?? 0) - (b.id ?? 0) ||
      compareText(a.user?.key ?? '', b.user?.key ?? ''),
  );
}

/**
 * Finds the people who may do more or less in Permit than on GitHub. A custom role counts as the level that it is
 * based on; a role that is not in the model gives nothing.
 * @param allows what the PDP answered.
 */
export function compareAccess(
  repositoryId: number,
  candidates: readonly Candidate[],
  allows: (user: UserKey, level: Level) => boolean,
  tuples: readonly Tuple[],
): readonly AccessMismatch[] {
  return candidates.flatMap(({ user, gitHub, ...person }) => {
    const level = gitHub === undefined ? undefined : levelOf(gitHub);
    const due = level === undefined ? [] : levelsUpTo(level);
    const allowed = user === undefined ? [] : LEVELS.filter((one) => allows(user.key, one));
    const differing = LEVELS.filter((one) => due.includes(one) !== allowed.includes(one));
    if (differing.length === 0) return [];
    const paths = accessPaths(instanceOf(REPOSITORY_TYPE, repositoryId), user?.grants ?? [], tuples);
    return [{ ...person, user: user?.key, gitHub, allowed, differing, paths }];
  });
}
