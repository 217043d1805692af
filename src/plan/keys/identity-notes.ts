import { identitiesIn } from '../../model/corporate-identity.ts';
import { folded } from '../../model/identity.ts';
import type { Note } from '../../model/plan.ts';
import { enumerate } from '../../model/text/text.ts';
import type { Basis } from '../basis.ts';
import { allOfOurs, namesOf } from '../ownership.ts';

/** What the operator should know about the identities behind the user keys. */
export const identityNotes = (basis: Basis): readonly Note[] => [
  ...noteIncomplete(basis),
  ...noteUnknownRows(basis),
  ...noteTakenEmails(basis),
];

function noteIncomplete({ input: { identities } }: Basis): readonly Note[] {
  if (identities?.flaw === undefined) return [];
  const message = `${identities.flaw}: nobody moves to another user key in this run, and new people wait`;
  return [{ code: 'NO_IDENTITY', users: [], message }];
}

/** Only a run that has listed everyone can tell that a row is about nobody. */
function noteUnknownRows({ input, desired, ownership }: Basis): readonly Note[] {
  const { map = [], key } = input.userSettings;
  const isNarrow = input.logins !== undefined || input.ids !== undefined;
  if (isNarrow || input.listings.length < input.configuredOrgs.length) return [];
  if (!identitiesIn(key).includes('map')) return [];
  const known = new Set<string>();
  const marks = allOfOurs(ownership).map(({ mark }) => mark);
  for (const { id, login } of [...desired.people.values(), ...marks])
    known.add(String(id)).add(folded(login));
  const unknown = map.filter(({ person }) => !known.has(person)).map(({ person }) => person);
  if (unknown.length === 0) return [];
  const message = `users.map has rows about people whom neither GitHub nor Permit knows: ${enumerate(unknown)}`;
  return [{ code: 'MAP_UNKNOWN', users: unknown, message }];
}

/** The people whose email is not written because it is not theirs alone. */
function noteTakenEmails({ desired, input, isSelected, ownership, profiles }: Basis): readonly Note[] {
  if (!profiles || !input.userSettings.profile?.includes('email')) return [];
  const people = [...desired.people.values()].filter(({ id, grants }) => {
    const names = namesOf(ownership.managed.get(id));
    return grants.length > 0 && isSelected(id, names) && profiles.isEmailTaken(id);
  });
  if (people.length === 0) return [];
  const logins = people.map(({ login }) => login).sort();
  const message =
    `the email of ${enumerate(logins)} is not written: another user in Permit has it, or another person shows the ` +
    'same, and Permit allows an email on one user only';
  return [{ code: 'EMAIL_TAKEN', users: logins, message }];
}
