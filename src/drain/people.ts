import { folded, type GitHubId } from '../model/identity.ts';
import type { GitHubAcquaintance } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { findByLogin } from '../plan/rivals.ts';
import type { Hints } from './hints.ts';

/** Whom the entries are about. */
export type Meant = {
  readonly people: ReadonlySet<GitHubId>;
  /** By login in lower case: who has it now, and whose user has it still. */
  readonly namesakes: ReadonlyMap<string, readonly GitHubId[]>;
};

/** A login is only a name: GitHub tells who has it now, and our own marks who had it. */
export async function whoIsMeant(
  { people, logins }: Hints,
  {
    users,
    owner,
    orgs,
  }: { readonly users: readonly PermitUser[]; readonly owner: string; readonly orgs: readonly string[] },
  github: Pick<GitHubAcquaintance, 'findAccount'>,
): Promise<Meant> {
  const known = findByLogin(new Set([...logins.keys()].map(folded)), { users, owner });
  const [asking = ''] = orgs;
  const namesakes = new Map<string, readonly GitHubId[]>();
  for (const login of logins.keys()) {
    const now = await github.findAccount(login, asking);
    namesakes.set(login, [...new Set([...(known.get(login) ?? []), ...(now === undefined ? [] : [now])])]);
  }
  return { people: new Set([...people.keys(), ...[...namesakes.values()].flat()]), namesakes };
}
