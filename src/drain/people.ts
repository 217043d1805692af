import { SyncError } from '../model/errors.ts';
import { folded, type GitHubId } from '../model/identity.ts';
import type { GitHubAcquaintance } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { findByLogin } from '../plan/keys/rivals.ts';
import type { Hints } from './hints.ts';

/** The people of the entries. */
export type ResolvedPeople = {
  readonly people: ReadonlySet<GitHubId>;
  /** By login in lower case: the person who has it now, and people whose user still has it. */
  readonly idsByLogin: ReadonlyMap<string, readonly GitHubId[]>;
  /** Logins that GitHub did not resolve. */
  readonly unknown: ReadonlySet<string>;
};

/** Resolves logins: GitHub shows who has one now, and our marks who had it. */
export async function resolvePeople(
  { people, logins }: Hints,
  {
    users,
    owner,
    configuredOrgs,
  }: {
    readonly users: readonly PermitUser[];
    readonly owner: string;
    readonly configuredOrgs: readonly string[];
  },
  github: Pick<GitHubAcquaintance, 'findAccount'>,
): Promise<ResolvedPeople> {
  const known = findByLogin(new Set([...logins.keys()].map(folded)), { users, owner });
  const [asking = ''] = configuredOrgs;
  const idsByLogin = new Map<string, readonly GitHubId[]>();
  const unknown = new Set<string>();
  await Promise.all(
    [...logins.keys()].map(async (login) => {
      try {
        const now = await github.findAccount(login, asking);
        idsByLogin.set(login, [
          ...new Set([...(known.get(login) ?? []), ...(now === undefined ? [] : [now])]),
        ]);
      } catch (error) {
        // A login that GitHub fails on must not block the others.
        if (!(error instanceof SyncError) || error.code !== 'GITHUB_UNAVAILABLE') throw error;
        unknown.add(login);
      }
    }),
  );
  return { people: new Set([...people.keys(), ...[...idsByLogin.values()].flat()]), idsByLogin, unknown };
}
