import { compareText, type GitHubId, type UserKey } from '../model/identity.ts';
import { readMark } from '../model/mark.ts';
import {
  instanceOf,
  LEVELS,
  type Level,
  levelOf,
  levelsUpTo,
  REPOSITORY_TYPE,
} from '../model/repositories/access-model.ts';
import { accessPaths } from '../model/repositories/access-paths.ts';
import type { Tuple } from '../model/repositories/graph.ts';
import type { EffectiveAccess } from '../model/repositories/ports.ts';
import type { AccessMismatch } from '../model/repositories/verification.ts';
import type { PermitUser } from '../model/user.ts';

/** A managed user, and who it is on GitHub. */
export type VerifiedUser = PermitUser & { readonly id: GitHubId; readonly login: string };

/** The users with a valid mark of this owner. */
export const managedUsers = (users: readonly PermitUser[], owner: string): readonly VerifiedUser[] =>
  users.flatMap((user) => {
    const reading = readMark(user.attributes);
    if (reading.kind !== 'valid' || reading.mark.owner !== owner) return [];
    return [{ ...user, id: reading.mark.id, login: reading.mark.login }];
  });

/** Someone to ask the PDP about, if there is a user for them. */
export type Candidate = {
  readonly id: GitHubId;
  readonly login: string;
  readonly user: VerifiedUser | undefined;
  readonly gitHub: EffectiveAccess['role'] | undefined;
};

/**
 * Everyone to compare: the people on GitHub's list, and the managed users who may do anything according to the PDP.
 * Sorted by login.
 * @param allowed keys of the users that the PDP allows any level.
 */
export function candidatesOf(
  listed: readonly EffectiveAccess[],
  allowed: ReadonlySet<UserKey>,
  users: readonly VerifiedUser[],
): readonly Candidate[] {
  const byId = new Map(users.map((user) => [user.id, user]));
  const ids = new Set(listed.map(({ id }) => id));
  const others = users.filter(({ id, key }) => allowed.has(key) && !ids.has(id));
  return [
    ...listed.map(({ id, login, role }) => ({ id, login, user: byId.get(id), gitHub: role })),
    ...others.map((user) => ({ id: user.id, login: user.login, user, gitHub: undefined })),
  ].sort((a, b) => compareText(a.login, b.login) || a.id - b.id);
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
  return candidates.flatMap(({ id, login, user, gitHub }) => {
    const level = gitHub === undefined ? undefined : levelOf(gitHub);
    const due = level === undefined ? [] : levelsUpTo(level);
    const allowed = user === undefined ? [] : LEVELS.filter((one) => allows(user.key, one));
    const differing = LEVELS.filter((one) => due.includes(one) !== allowed.includes(one));
    if (differing.length === 0) return [];
    const paths = accessPaths(instanceOf(REPOSITORY_TYPE, repositoryId), user?.grants ?? [], tuples);
    return [{ id, login, user: user?.key, gitHub, allowed, differing, paths }];
  });
}
