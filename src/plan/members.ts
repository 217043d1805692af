import { folded, type UserKey } from '../model/identity.ts';
import { add, type Context, skip } from './context.ts';
import type { DesiredPerson, DesiredState } from './desired-state.ts';
import { claimsToBeOurs, isOurs, type ManagedUser, type ReadUser } from './ownership.ts';
import { join, stay, takeUp } from './person.ts';
import { userKeyFor } from './user-key.ts';

/** Everybody to whom GitHub and the statements give something. Planned after the leavers, who free their keys. */
export function planMembers(context: Context): void {
  const rivals = loginsHeldTwice(context.desired);
  for (const person of context.desired.values()) {
    if (person.grants.length === 0 || !context.selected(person.id, [])) continue;
    if (context.ownership.duplicates.has(person.id)) continue;
    const key = userKeyFor(context.input.keyTemplate, person);
    if (key === undefined) {
      skip(
        context,
        person.id,
        person.login,
        'PERMIT_REFUSED',
        `${who(person)}: Permit accepts no such user key`,
      );
      continue;
    }
    const managedUser = context.ownership.managed.get(person.id);
    if (managedUser) planKnown(context, person, key, managedUser);
    else if (rivals.has(folded(person.login))) {
      const message = `${who(person)}: GitHub named two people so during this run; run again`;
      skip(context, person.id, key, 'KEY_TAKEN', message);
    } else planNewcomer(context, person, key);
  }
}

const who = ({ login, id }: DesiredPerson): string => `${login} (GitHub id ${id}) is not synced`;

function planKnown(context: Context, person: DesiredPerson, key: UserKey, managedUser: ManagedUser): void {
  const { user, mark } = managedUser;
  if (folded(user.key) !== folded(key)) {
    const message =
      `${who(person)}: the user key would change from ${user.key} to ${key}, and this release moves nobody; ` +
      'the user is left as it is';
    skip(context, person.id, user.key, 'MOVE_NEEDED', message);
    return;
  }
  const taking = context.taking(mark);
  add(context, user.key, taking, stay(person, managedUser, context.managed, taking, context.covered));
}

function planNewcomer(context: Context, person: DesiredPerson, key: UserKey): void {
  const { input, managed, ownership } = context;
  const [occupant, ...more] = ownership.underKey(key).filter(({ user }) => !context.freed.has(user.key));
  if (!occupant) {
    context.people.push(join(person, key, input.owner));
    return;
  }
  const { user, reading } = occupant;
  if (more.length === 0 && reading.kind === 'none' && reading.id === person.id) {
    const taking = context.taking({ id: person.id, orgs: [] });
    add(context, user.key, taking, takeUp(person, user, input.owner, managed, taking));
    return;
  }
  refuseOccupied(context, person, occupant);
}

/** The key is somebody else's. Nothing is guessed: the user may be a service, or another person. */
function refuseOccupied(context: Context, person: DesiredPerson, { user, reading }: ReadUser): void {
  const refuse = (code: 'KEY_TAKEN' | 'FOREIGN_OWNER' | 'BAD_MARK', why: string): void =>
    skip(context, person.id, user.key, code, `${who(person)}: ${why}`);
  switch (reading.kind) {
    case 'none':
      refuse(
        'KEY_TAKEN',
        `Permit has a user ${user.key} that is not ours; rename or delete it if it is not this person`,
      );
      return;
    case 'bad':
      // One that claims to be ours is named once, with all flawed marks.
      if (claimsToBeOurs(user, context.input.owner)) return;
      refuse('BAD_MARK', `the mark of the user ${user.key} is not valid (${reading.flaw})`);
      return;
    case 'valid':
      if (isOurs(reading, context.input.owner)) {
        const former = `GitHub id ${reading.mark.id}, who had this login before`;
        refuse('KEY_TAKEN', `the user ${user.key} belongs to ${former}, and is still there`);
      } else refuse('FOREIGN_OWNER', `the user ${user.key} is managed by ${reading.mark.owner}`);
      return;
    default:
      reading satisfies never;
  }
}

/** Several people under one login: GitHub renamed somebody while it was listed. */
function loginsHeldTwice(desired: DesiredState): ReadonlySet<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { login, grants } of desired.values()) {
    if (grants.length === 0) continue;
    const name = folded(login);
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  return twice;
}
