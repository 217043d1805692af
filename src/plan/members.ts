import { isSameGrant } from '../model/grant.ts';
import { folded, parseGitHubId, type UserKey } from '../model/identity.ts';
import type { Adoption } from '../model/plan.ts';
import { stayInPlace } from './claims.ts';
import { add, type Context, skip } from './context.ts';
import type { DesiredPerson } from './desired-state.ts';
import { mayBelongToUnlistedOrg } from './elsewhere.ts';
import { adoptionOf } from './existing-users.ts';
import { planMoves } from './moves.ts';
import {
  claimsToBeOurs,
  isOurs,
  isReleased,
  isUnclaimed,
  type ManagedUser,
  type ReadUser,
} from './ownership.ts';
import { join, stay, takeUp } from './person.ts';
import { userKeyFor } from './user-key.ts';

/** Everybody to whom GitHub and the rules give something. Planned after the leavers, who free their keys. */
export function planMembers(context: Context): void {
  const isRival = rivalry(context);
  const moved = planMoves(context, isRival);
  for (const person of context.desired.people.values()) {
    if (person.grants.length === 0 || moved.has(person.id)) continue;
    const managedUser = context.ownership.managed.get(person.id);
    const formerNames = managedUser ? [managedUser.mark.login, managedUser.user.key] : [];
    if (!context.selected(person.id, formerNames) || context.ownership.duplicates.has(person.id)) continue;
    const key = userKeyFor(context.input.userSettings.key, person);
    if (key === undefined) refuseKey(context, person, managedUser);
    else if (managedUser) planKnown(context, person, key, managedUser);
    else if (context.isProtected(key)) context.kept.push({ id: person.id, user: key, why: 'protected' });
    else if (isRival(key)) {
      const message = `${who(person)}: GitHub named two people so during this run; run again`;
      skip(context, person.id, key, 'KEY_TAKEN', message);
    } else planNewcomer(context, person, key);
  }
}

/** Whoever has a user already keeps it, and loses what nothing gives any more. */
function refuseKey(context: Context, person: DesiredPerson, managedUser: ManagedUser | undefined): void {
  const why = 'Permit accepts no such user key';
  if (managedUser) stayInPlace(context, person, managedUser, { code: 'PERMIT_REFUSED', why });
  else skip(context, person.id, person.login, 'PERMIT_REFUSED', `${who(person)}: ${why}`);
}

const who = ({ login, id }: DesiredPerson): string => `${login} (GitHub id ${id}) is not synced`;

function planKnown(context: Context, person: DesiredPerson, key: UserKey, managedUser: ManagedUser): void {
  const { user, mark } = managedUser;
  // Whoever should move and does not was planned with the moves.
  if (folded(user.key) !== folded(key)) return;
  if (isAsItShouldBe(person, managedUser)) return;
  const taking = context.taking(mark);
  add(
    context,
    { id: person.id, user: user.key },
    taking,
    stay(person, managedUser, context.governance, taking),
  );
}

/** Nearly everybody in nearly every run: told at a glance, so that 100,000 of them are a matter of a second. */
function isAsItShouldBe(
  { login, orgs, grants, undecided }: DesiredPerson,
  { user, mark }: ManagedUser,
): boolean {
  return (
    mark.login === login &&
    mark.move === undefined &&
    undecided.size === 0 &&
    mark.orgs.length === orgs.length &&
    mark.orgs.every((org, index) => org === orgs[index]) &&
    user.grants.length === grants.length &&
    user.grants.every((held) => grants.some(({ grant }) => isSameGrant(held, grant)))
  );
}

function planNewcomer(context: Context, person: DesiredPerson, key: UserKey): void {
  const { ownership, governance } = context;
  const [occupant, ...more] = ownership.underKey(key).filter(({ user }) => !context.freed.has(user.key));
  if (!occupant) {
    context.people.push(join(person, key, governance));
    return;
  }
  const refusal = more.length > 0 ? undefined : whyNotTakenUp(context, person, occupant);
  if (more.length > 0 || refusal !== undefined) {
    refuseOccupied(context, person, occupant, refusal);
    return;
  }
  if (mayBelongToUnlistedOrg(context, person, occupant.user)) {
    context.kept.push({ id: person.id, user: occupant.user.key, why: 'out-of-scope' });
    return;
  }
  const taking = context.taking({ id: person.id, orgs: [] });
  add(
    context,
    { id: person.id, user: occupant.user.key },
    taking,
    takeUp(person, occupant.user, governance, taking),
  );
}

/**
 * Whether a user that stands under a member's key without our mark may become ours: one that was released and whose
 * person is back, one that is adopted, or one whose mark `adopt: all` mends.
 * @returns undefined where it may, else what would have to be done.
 */
function whyNotTakenUp(
  { input, managed, ownership }: Context,
  person: DesiredPerson,
  { user, reading }: ReadUser,
): string | undefined {
  const { adopt } = input.userSettings;
  if (reading.kind === 'bad') {
    if (!claimsToBeOurs(user, ownership.owner)) return 'its mark names another owner';
    const id = parseGitHubId(user.attributes.github_id);
    if (id !== undefined && id !== person.id) return `its mark names the GitHub id ${id}`;
    return adopt === 'all' ? undefined : 'mend its attributes, or adopt it with --adopt all';
  }
  if (reading.kind === 'valid') return 'it is managed already';
  if (reading.id !== undefined && reading.id !== person.id) {
    return `it belongs to the GitHub id ${reading.id}`;
  }
  // A released user keeps the id alone.
  if (isReleased(user, reading)) return undefined;
  if (!isUnclaimed(user) && adopt !== 'all') {
    const tool = JSON.stringify(user.attributes.managed_by);
    return `it is managed by ${tool}; adopt it with --adopt all, if it is this person and no longer that tool's`;
  }
  switch (adopt) {
    case 'all':
      return undefined;
    case 'plain':
      return user.grants.every(managed.has)
        ? undefined
        : 'it holds grants beyond the managed ones; adopt it with --adopt all, if it is this person';
    case 'none':
      return `if it is this person, adopt it with --adopt ${adoptionOf({ managed }, user)}; if not, rename or delete it`;
    default:
      return adopt satisfies never;
  }
}

/** The key is somebody else's. Nothing is guessed: the user may be a service, or another person. */
function refuseOccupied(
  context: Context,
  person: DesiredPerson,
  { user, reading }: ReadUser,
  mend?: string,
): void {
  const refuse = (code: 'KEY_TAKEN' | 'FOREIGN_OWNER' | 'BAD_MARK', why: string, adoption?: Adoption): void =>
    skip(context, person.id, user.key, code, `${who(person)}: ${why}`, adoption);
  const remedy = mend ?? 'several users stand under this name';
  switch (reading.kind) {
    case 'none': {
      const isTheirs = mend !== undefined && (reading.id === undefined || reading.id === person.id);
      const adoption = isTheirs ? adoptionOf(context, user) : undefined;
      refuse('KEY_TAKEN', `Permit has a user ${user.key} that is not ours (${remedy})`, adoption);
      return;
    }
    case 'bad':
      refuse('BAD_MARK', `the mark of the user ${user.key} is not valid: ${reading.flaw} (${remedy})`);
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

/**
 * Tells the keys that several people would stand under: GitHub renamed somebody while it was listed. Only somebody
 * without a user is asked about, so the keys are gathered when the first one is.
 */
function rivalry({ desired, input }: Context): (key: UserKey) => boolean {
  let twice: Set<string> | undefined;
  const gather = (): Set<string> => {
    const seen = new Set<string>();
    const found = new Set<string>();
    for (const person of desired.people.values()) {
      const key = person.grants.length === 0 ? undefined : userKeyFor(input.userSettings.key, person);
      if (key === undefined) continue;
      const name = folded(key);
      if (seen.has(name)) found.add(name);
      seen.add(name);
    }
    return found;
  };
  return (key) => {
    twice ??= gather();
    return twice.has(folded(key));
  };
}
