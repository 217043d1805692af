import type { IdentityReading } from '../../model/corporate-identity.ts';
import type { GitHubId } from '../../model/identity.ts';
import type { OrgFacts } from '../../model/member.ts';
import { once } from '../../model/once.ts';
import type { GitHubSource } from '../../model/ports.ts';
import type { PermitUser } from '../../model/user.ts';
import { findAllRivals } from '../../plan/keys/rivals.ts';
import { identityNeedsOf } from '../../plan/needs.ts';
import type { ReconcileRequest } from '../run.ts';

/** Reads identities where user keys need them. Everything is undefined if they need none. */
type IdentityObserver = {
  /** Everyone in these organizations. Each is read once. */
  readonly ofEveryone: (orgs: readonly string[]) => Promise<IdentityReading | undefined>;
  /**
   * These people, and the rivals of a few: those who have a user under a key that one of them should have.
   * @param orgs hold the people's logins.
   */
  readonly of: (
    people: ReadonlySet<GitHubId> | 'everyone',
    orgs: readonly OrgFacts[],
    users: readonly PermitUser[],
  ) => Promise<IdentityReading | undefined>;
};

type Request = Pick<ReconcileRequest, 'owner' | 'userSettings' | 'enterprise'>;

export function observeIdentities(
  request: Request,
  { readIdentities: read = cannotRead }: Pick<GitHubSource, 'readIdentities'>,
): IdentityObserver {
  const needs = identityNeedsOf(request.userSettings, request.enterprise);
  if (needs === undefined) return { ofEveryone: async () => undefined, of: async () => undefined };
  const listOnce = once((org: string) => read(org, needs));
  const ofEveryone = async (orgs: readonly string[]): Promise<IdentityReading> =>
    mergeIdentities(await Promise.all(orgs.map(listOnce)));
  return {
    ofEveryone,
    of: async (people, orgs, users) => {
      if (people === 'everyone') return ofEveryone(orgs.map(({ org }) => org));
      let reading = mergeIdentities([]);
      let asked: ReadonlySet<GitHubId> = new Set();
      let open = people;
      while (open.size > 0) {
        const readings = orgs.map(async ({ org, members }) => {
          const logins = members.filter(({ id }) => open.has(id)).map(({ login }) => login);
          return logins.length === 0 ? mergeIdentities([]) : read(org, needs, logins);
        });
        reading = mergeIdentities([reading, ...(await Promise.all(readings))]);
        asked = new Set([...asked, ...open]);
        const all = findAllRivals(asked, orgs, { ...request, users, identities: reading });
        open = new Set([...all].filter((id) => !asked.has(id)));
      }
      return reading;
    },
  };
}

const cannotRead = async (): Promise<IdentityReading> => ({
  identities: [],
  flaw: 'this source of GitHub reads no identities',
});

/** What one of the readings lacks makes all of them incomplete. */
export function mergeIdentities(readings: readonly (IdentityReading | undefined)[]): IdentityReading {
  const flaws = new Set(readings.flatMap((reading) => reading?.flaw ?? []));
  return {
    identities: readings.flatMap((reading) => reading?.identities ?? []),
    flaw: flaws.size === 0 ? undefined : [...flaws].join('; '),
  };
}
