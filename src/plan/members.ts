import { isSameGrant } from '../model/grant.ts';
import { isSameName, parseGitHubId, type UserKey } from '../model/identity.ts';
import { type Basis, isContested, mayBelongToUnlistedOrg } from './basis.ts';
import { change, type Decision, decide, keep, NO_DECISION, skip, together } from './decision.ts';
import type { DesiredPerson } from './desired-state.ts';
import { stayInPlace } from './keys/claims.ts';
import { adoptionOf } from './keys/existing-users.ts';
import type { MoveDecision } from './keys/moves.ts';
import {
  claimsToBeOurs,
  isOurs,
  isReleased,
  isUnclaimed,
  type ManagedUser,
  namesOf,
  type ReadUser,
} from './ownership.ts';
import { adopt, join, stay } from './person.ts';

/**
 * Decides about everyone who gets something from the rules and does not move.
 * @param settled people who are already decided.
 * @param freed keys that other decisions of this plan free.
 */
export function decideMembers(
  basis: Basis,
  { settled }: Pick<MoveDecision, 'settled'>,
  freed: ReadonlySet<UserKey>,
): Decision {
  const decisions: Decision[] = [];
  for (const person of basis.desired.people.values()) {
    if (person.grants.length === 0 || settled.has(person.id) || needsNothing(basis, person)) continue;
    decisions.push(decideMember(basis, person, freed));
  }
  return together(decisions);
}

/** Fast path: almost everyone is already in sync, under the key that is due. */
function needsNothing(basis: Basis, person: DesiredPerson): boolean {
  const { ownership, keys } = basis;
  const holder = ownership.managed.get(person.id);
  if (holder === undefined || !isInSync(basis, person, holder)) return false;
  const key = keys.keyOf(person);
  return key !== undefined && isSameName(key, holder.user.key);
}

function decideMember(basis: Basis, person: DesiredPerson, freed: ReadonlySet<UserKey>): Decision {
  const { ownership } = basis;
  const holder = ownership.managed.get(person.id);
  if (!basis.isSelected(person.id, namesOf(holder)) || ownership.duplicates.has(person.id))
    return NO_DECISION;
  const due = basis.keys.dueTo(person);
  switch (due.kind) {
    case 'refused':
      return refuseKey(basis, person, holder);
    case 'unknown':
      return holder
        ? keepWithoutIdentity(basis, person, holder)
        : skip(person.id, person.login, 'NO_IDENTITY', `${who(person)}: ${due.why}`);
    case 'known':
      return holder
        ? decideKnown(basis, person, due.key, holder)
        : decideNewcomer(basis, person, due.key, freed);
    default:
      return due satisfies never;
  }
}

/**
 * They keep their key, and everything else reaches the desired state. If no list is complete, one note covers everyone.
 */
function keepWithoutIdentity(basis: Basis, person: DesiredPerson, holder: ManagedUser): Decision {
  const { key } = holder.user;
  return together([
    basis.input.identities?.flaw === undefined ? keep(person.id, key, 'no-identity') : NO_DECISION,
    decideKnown(basis, person, key, holder),
  ]);
}

/** People who already have a user keep it, and lose what no rule gives any more. */
function refuseKey(basis: Basis, person: DesiredPerson, holder: ManagedUser | undefined): Decision {
  const why = 'Permit accepts no such user key';
  return holder
    ? stayInPlace(basis, person, holder, { code: 'PERMIT_REFUSED', why })
    : skip(person.id, person.login, 'PERMIT_REFUSED', `${who(person)}: ${why}`);
}

const who = ({ login, id }: DesiredPerson): string => `${login} (GitHub id ${id}) is not synced`;

function decideKnown(basis: Basis, person: DesiredPerson, key: UserKey, holder: ManagedUser): Decision {
  const { user, mark } = holder;
  // People who should have another key are decided by `decideMoves`.
  if (!isSameName(user.key, key) || isInSync(basis, person, holder)) return NO_DECISION;
  const permission = basis.permissionFor(mark);
  const planned = stay(person, holder, basis.governance, permission);
  return decide(basis, { id: person.id, user: user.key }, permission, planned);
}

function isInSync(
  { profiles }: Basis,
  { login, orgs, grants, undecided }: DesiredPerson,
  { user, mark }: ManagedUser,
): boolean {
  return (
    profiles?.toWrite(mark.id, user.profile, mark.origin) === undefined &&
    mark.login === login &&
    mark.move === undefined &&
    undecided.size === 0 &&
    mark.orgs.length === orgs.length &&
    mark.orgs.every((org, index) => org === orgs[index]) &&
    user.grants.length === grants.length &&
    user.grants.every((held) => grants.some(({ grant }) => isSameGrant(held, grant)))
  );
}

function decideNewcomer(
  basis: Basis,
  person: DesiredPerson,
  key: UserKey,
  freed: ReadonlySet<UserKey>,
): Decision {
  if (basis.isProtected(key)) return keep(person.id, key, 'protected');
  if (isContested(basis, key)) {
    const message = `${who(person)}: GitHub named two people so during this run; run again`;
    return skip(person.id, key, 'KEY_TAKEN', message);
  }
  const [occupant, ...more] = basis.ownership.underKey(key).filter(({ user }) => !freed.has(user.key));
  if (!occupant) return change(join(person, key, basis.governance));
  const refusal = more.length > 0 ? undefined : whyNotAdopted(basis, person, occupant);
  if (more.length > 0 || refusal !== undefined) return refuseOccupied(basis, person, occupant, refusal);
  const { user } = occupant;
  if (mayBelongToUnlistedOrg(basis, person, user)) return keep(person.id, user.key, 'out-of-scope');
  const permission = basis.permissionFor({ id: person.id, orgs: [] });
  const planned = adopt(person, user, basis.governance, permission);
  return decide(basis, { id: person.id, user: user.key }, permission, planned);
}

/**
 * Why a user under a member's key without our mark may not be adopted. Released users whose person is back may be,
 * and so may those that `adopt` allows.
 * @returns what the operator has to do; undefined if the user may be adopted.
 */
function whyNotAdopted(
  { input, managed, ownership }: Basis,
  person: DesiredPerson,
  { user, reading }: ReadUser,
): string | undefined {
  const { adopt: mode } = input.userSettings;
  if (reading.kind === 'bad') {
    if (!claimsToBeOurs(user, ownership.owner)) return 'its mark names another owner';
    const id = parseGitHubId(user.attributes.github_id);
    if (id !== undefined && id !== person.id) return `its mark names the GitHub id ${id}`;
    return mode === 'all' ? undefined : 'fix its attributes, or adopt it with --adopt all';
  }
  if (reading.kind === 'valid') return 'it is managed already';
  if (reading.id !== undefined && reading.id !== person.id) {
    return `it belongs to the GitHub id ${reading.id}`;
  }
  // A released user keeps the id alone.
  if (isReleased(user, reading)) return undefined;
  if (!isUnclaimed(user) && mode !== 'all') {
    const tool = JSON.stringify(user.attributes.managed_by);
    return `it is managed by ${tool}; adopt it with --adopt all, if it is this person and no longer that tool's`;
  }
  switch (mode) {
    case 'all':
      return undefined;
    case 'plain':
      return user.grants.every(managed.has)
        ? undefined
        : 'it holds grants beyond the managed ones; adopt it with --adopt all, if it is this person';
    case 'none':
      return `if it is this person, adopt it with --adopt ${adoptionOf({ managed }, user)}; if not, rename or delete it`;
    default:
      return mode satisfies never;
  }
}

/** The key is taken, possibly by a service or another person, so the member is skipped. */
function refuseOccupied(
  basis: Basis,
  person: DesiredPerson,
  { user, reading }: ReadUser,
  remedy?: string,
): Decision {
  const refuse = (code: 'KEY_TAKEN' | 'FOREIGN_OWNER' | 'BAD_MARK', why: string): Decision =>
    skip(person.id, user.key, code, `${who(person)}: ${why}`);
  const toDo = remedy ?? 'several users stand under this name';
  switch (reading.kind) {
    case 'none': {
      const isTheirs = remedy !== undefined && (reading.id === undefined || reading.id === person.id);
      const adoption = isTheirs ? adoptionOf(basis, user) : undefined;
      const why = `Permit has a user ${user.key} that is not ours (${toDo})`;
      return skip(person.id, user.key, 'KEY_TAKEN', `${who(person)}: ${why}`, adoption);
    }
    case 'bad':
      return refuse('BAD_MARK', `the mark of the user ${user.key} is not valid: ${reading.flaw} (${toDo})`);
    case 'valid': {
      if (!isOurs(reading, basis.input.owner)) {
        return refuse('FOREIGN_OWNER', `the user ${user.key} is managed by ${reading.mark.owner}`);
      }
      return refuse('KEY_TAKEN', `the user ${user.key} already belongs to GitHub id ${reading.mark.id}`);
    }
    default:
      return reading satisfies never;
  }
}
