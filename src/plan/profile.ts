import type { Identity } from '../model/corporate-identity.ts';
import { folded, type GitHubId, isSameName, type UserKey } from '../model/identity.ts';
import type { Origin } from '../model/mark.ts';
import { defined, groupBy } from '../model/text/record.ts';
import type { Attributes, PermitUser, Profile } from '../model/user.ts';
import type { PlanInput } from './plan-input.ts';

/** Fills the profiles of users from identities (`users.profile`). */
export type Profiles = {
  /**
   * The fields to write: those that differ in a user that we created, those that are empty in one that was adopted.
   * @param now undefined for a user that is yet to be created. @returns undefined if there are none.
   */
  readonly toWrite: (id: GitHubId, now: Profile | undefined, origin: Origin) => Profile | undefined;
  /** Whether the person's email is another user's, or another person's too: Permit keeps emails unique. */
  readonly isEmailTaken: (id: GitHubId) => boolean;
};

/**
 * @param keyDueTo the user key that is due to a person.
 * @returns undefined if profiles are not filled, or some identities could not be read.
 */
export function profilesOf(
  { userSettings, identities, users }: Pick<PlanInput, 'userSettings' | 'identities' | 'users'>,
  keyDueTo: (id: GitHubId) => UserKey | undefined,
): Profiles | undefined {
  const { profile: fields = [] } = userSettings;
  if (fields.length === 0 || identities === undefined || identities.flaw !== undefined) return undefined;
  const byId = groupBy(identities.identities, ({ id }) => id);
  const emailOf = (id: GitHubId): string | undefined => onlyEmail(byId.get(id) ?? []);
  const claimants = groupBy(byId.keys(), (id) => emailOf(id)?.toLowerCase());
  const holders = groupBy(users, ({ profile }) => profile?.email?.toLowerCase());
  const known = new Set(users.map(({ attributes }) => attributes.github_id));
  /** Their own, or the unmarked one that a run adopts for them: under their key, while they have no other. */
  const isTheirs = ({ key, attributes }: PermitUser, id: GitHubId): boolean =>
    attributes.github_id === id || (isFree(attributes) && !known.has(id) && key === keyDueTo(id));
  const isEmailTaken = (id: GitHubId): boolean => {
    const email = folded(emailOf(id) ?? '');
    const isHeld = (holders.get(email) ?? []).some((user) => !isTheirs(user, id));
    return isHeld || (claimants.get(email) ?? []).length > 1;
  };
  return {
    isEmailTaken,
    toWrite: (id, now = {}, origin) => {
      const own = byId.get(id) ?? [];
      const mayFill = (before: string | undefined): boolean => before === undefined || origin === 'created';
      const changed = (value: string | undefined, before: string | undefined): string | undefined =>
        value !== before && mayFill(before) ? value : undefined;
      const email = fields.includes('email') && !isEmailTaken(id) ? emailOf(id) : undefined;
      const isSameEmail = isSameName(email ?? '', now.email ?? '');
      const named = own.find(({ firstName, lastName }) => firstName ?? lastName);
      const { firstName, lastName } = (fields.includes('name') ? named : undefined) ?? {};
      const profile = defined({
        email: isSameEmail ? undefined : changed(email, now.email),
        firstName: changed(firstName, now.firstName),
        lastName: changed(lastName, now.lastName),
      });
      return Object.keys(profile).length === 0 ? undefined : profile;
    },
  };
}

/** Neither a tool nor a person is named. A cleared attribute may be `null` in Permit. */
const isFree = ({ managed_by, github_id }: Attributes): boolean => (managed_by ?? github_id ?? null) === null;

/** The only SAML email, or else the only email of a verified domain. Permit accepts nothing but an address. */
function onlyEmail(identities: readonly Identity[]): string | undefined {
  for (const name of ['saml.email', 'email'] as const) {
    const emails = new Map(
      identities.flatMap(({ names }) => (names[name] ?? []).map((email) => [folded(email), email] as const)),
    );
    const [email] = emails.values();
    if (email !== undefined) return emails.size === 1 && ADDRESS.test(email) ? email : undefined;
  }
  return undefined;
}

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** The profile fields of a user, as Permit calls them. */
export const fieldsIn = ({ email, firstName, lastName }: Profile): readonly string[] => [
  ...(email === undefined ? [] : ['email']),
  ...(firstName === undefined ? [] : ['first_name']),
  ...(lastName === undefined ? [] : ['last_name']),
];
