import { grantId } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import { enumerate } from '../model/text/text.ts';
import type { Basis } from './basis.ts';
import { type Decision, decide, NO_DECISION, together } from './decision.ts';
import { type DesiredPerson, getsNothing } from './desired-state.ts';
import { reportKept, stayInPlace, WHY_NOT_TAKEN } from './keys/claims.ts';
import type { ManagedGrants } from './managed-grants.ts';
import { type ManagedUser, namesOf } from './ownership.ts';
import { leave } from './person.ts';

/** Decides about managed users whose person no longer gets anything from the rules. */
export function decideLeavers(basis: Basis): Decision {
  const decisions: Decision[] = [];
  for (const holder of basis.ownership.managed.values()) {
    const decision = decideLeaver(basis, holder);
    if (decision !== NO_DECISION) decisions.push(decision);
  }
  return together(decisions);
}

function decideLeaver(basis: Basis, holder: ManagedUser): Decision {
  const { desired, governance, isSelected } = basis;
  const { user, mark } = holder;
  const person = desired.people.get(mark.id) ?? desired.absent(mark.id, mark.login);
  if (person.grants.length > 0 || !isSelected(mark.id, namesOf(holder))) return NO_DECISION;
  if (desired.people.has(mark.id) && holdsOnlyUnmanaged(holder, governance.managed)) return NO_DECISION;
  if (!getsNothing(person)) {
    return stayInPlace(basis, person, holder, undefined, 'what they are due waits for Permit');
  }
  // Nobody has left while a grant depends on something that could not be read.
  if (
    user.grants.some((grant) => person.undecided.has(grantId(grant))) ||
    mayBeDueMore(basis, person, holder)
  ) {
    const why = 'what decides about their grants could not be read';
    return stayInPlace(basis, person, holder, undefined, why);
  }
  const permission = basis.permissionFor(mark);
  const planned = leave(holder, governance, permission, whyGone(basis, person, holder), person);
  const why =
    permission !== 'allowed'
      ? WHY_NOT_TAKEN[permission]
      : basis.isProtected(user.key)
        ? 'users.protect names that key'
        : undefined;
  return together([
    decide(basis, { id: mark.id, user: user.key }, permission, planned),
    why === undefined ? NO_DECISION : reportKept(basis, holder, why),
  ]);
}

/**
 * Whether someone without a managed grant may be due something that could not be read. There is nothing to take from
 * them, and a deleted user would lose what others keep there.
 */
const mayBeDueMore = (
  { input, managed }: Basis,
  { undecided }: DesiredPerson,
  { user }: ManagedUser,
): boolean =>
  undecided.size > 0 &&
  input.listings.some(({ unread }) => unread.length > 0) &&
  !user.grants.some(managed.has);

/**
 * Whether the user holds only unmanaged grants, for example because a rule was deleted. If the person is still a
 * member, the mark stays, so that each run reports these grants until they are managed again or removed.
 */
const holdsOnlyUnmanaged = ({ user }: ManagedUser, managed: ManagedGrants): boolean =>
  user.grants.length > 0 && !user.grants.some(managed.has);

function whyGone(
  { desired, input, managed }: Basis,
  { ended }: DesiredPerson,
  { user, mark }: ManagedUser,
): string {
  const reasons = user.grants.filter(managed.has).map((grant) => ended.get(grantId(grant)));
  const known = reasons.filter((reason) => reason !== undefined);
  if (known.length > 0 && known.length === reasons.length) return [...new Set(known)].join('; ');
  if (desired.people.has(mark.id)) return 'no rule gives anything any more';
  if (holdsOnlyUnmanaged({ user, mark }, managed)) return 'no rule gives or governs anything here any more';
  const names = input.listings
    .filter(({ id }) => mark.orgs.includes(id))
    .map(({ org }) => org)
    .sort(compareText);
  const asked = input.listings.some(({ collaborators }) => collaborators !== undefined);
  const what = asked ? 'a member or collaborator' : 'a member';
  return `no longer ${what} of ${enumerate(names.length > 0 ? names : input.configuredOrgs)}`;
}
