import type { Probe } from '../../doctor/examine.ts';
import { judgeIdentities } from '../../doctor/identities.ts';
import type { Member } from '../../model/member.ts';
import type { GitHubSource } from '../../model/ports.ts';
import { userKeys } from '../../plan/keys/due-key.ts';
import { identityNeedsOf } from '../../plan/needs.ts';
import { observeIdentities } from '../../sync/identities/observe-identities.ts';
import type { KnownSettings } from './doctor-settings.ts';

/**
 * Reads identities as a run does, where user keys or profiles need them.
 * @param members undefined where they could not be listed, which another probe reports.
 */
export function identityProbe(
  { owner, users, orgs, github }: NonNullable<KnownSettings['settings']>,
  source: Pick<GitHubSource, 'readIdentities'>,
  members: () => Promise<readonly Member[] | undefined>,
): readonly Probe[] {
  const { enterprise } = github;
  if (identityNeedsOf(users, enterprise) === undefined) return [];
  const look = async () => {
    const observer = observeIdentities({ owner, userSettings: users, enterprise }, source);
    const [identities, listed] = await Promise.all([observer.ofEveryone(orgs), members()]);
    if (listed === undefined || identities === undefined) return [];
    const people = [...new Map(listed.map((person) => [person.id, person])).values()];
    const keys = userKeys({ userSettings: users, identities }, () => people);
    const sources = new Map<string, number>();
    for (const { source: name } of identities.identities) sources.set(name, (sources.get(name) ?? 0) + 1);
    return judgeIdentities({
      sources,
      flaw: identities.flaw,
      members: people.map((person) => {
        const due = keys.dueTo(person);
        return { login: person.login, why: due.kind === 'unknown' ? due.why : undefined };
      }),
    });
  };
  return [{ id: 'github.identities', area: 'github', subject: 'GitHub, asked about identities,', look }];
}
