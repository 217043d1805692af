import { type GitHubId, isSameName } from '../../model/identity.ts';
import type { PermitUser } from '../../model/user.ts';
import { type Basis, mayBelongToUnlistedOrg } from '../basis.ts';
import { type Decision, keep, skip, together } from '../decision.ts';
import type { DesiredPerson } from '../desired-state.ts';
import type { ManagedUser, ReadUser } from '../ownership.ts';
import { loginBehind } from './user-key.ts';

/** People who come back under another login than the one in their user's key. */
type ReturningPeople = Decision & {
  /** Their users with the marks they will get, under the login that explains their present key. */
  readonly users: ReadonlyMap<GitHubId, ManagedUser>;
  /** The other people, who are already decided: skipped or kept. */
  readonly settled: readonly GitHubId[];
};

/**
 * Finds people who are back under another login, and whose user was released or has a bad mark that `adopt: all`
 * repairs. They get no second user: their own is adopted and moves as after a rename.
 */
export function findReturning(basis: Basis): ReturningPeople {
  const { desired, input, ownership } = basis;
  const returning = new Map<GitHubId, ManagedUser>();
  const settled = new Map<GitHubId, Decision>();
  for (const [id, users] of ownership.former) {
    const person = desired.people.get(id);
    if (!person || person.grants.length === 0) continue;
    if ([ownership.managed, ownership.moving, ownership.duplicates].some((known) => known.has(id))) continue;
    const names = users.map(({ user }) => user.key);
    if (!basis.isSelected(id, names) || isUnderDueKey(basis, person, users)) continue;
    if (!users.some(({ user, reading }) => reading.kind === 'bad' || mayHaveGiven(basis, id, user.key)))
      continue;
    const [only, ...more] = users;
    const refusal = only && more.length === 0 ? whyNotAdopted(only, input.userSettings.adopt) : undefined;
    if (!only || more.length > 0 || refusal !== undefined) settled.set(id, refuse(person, users, refusal));
    else if (mayBelongToUnlistedOrg(basis, person, only.user)) {
      settled.set(id, keep(id, only.user.key, 'out-of-scope'));
    } else returning.set(id, asManaged(basis, person, only.user));
  }
  return { ...together([...settled.values()]), users: returning, settled: [...settled.keys()] };
}

/**
 * Whether the template can have given a person this key. Another program may also use the attribute `github_id`, with
 * email addresses or its own ids as keys. Such users are never moved.
 */
function mayHaveGiven({ input }: Basis, id: GitHubId, key: string): boolean {
  const login = loginBehind(input.userSettings.key, key, id);
  return login !== undefined && LOGIN.test(login);
}

/** What GitHub accepts as a login. Enterprise managed users have `_` and a short code at the end. */
const LOGIN = /^[A-Za-z0-9](?:-?[A-Za-z0-9])*(?:_[A-Za-z0-9]+)?$/;

/** Whether one of the users already has the right key. Then it is adopted without a move. */
function isUnderDueKey({ keys }: Basis, person: DesiredPerson, users: readonly ReadUser[]): boolean {
  const key = keys.keyOf(person);
  return key === undefined || users.some(({ user }) => isSameName(user.key, key));
}

function whyNotAdopted({ user, reading }: ReadUser, adopt: 'none' | 'plain' | 'all'): string | undefined {
  if (reading.kind !== 'bad' || adopt === 'all') return undefined;
  return `the mark of the user ${user.key} is not valid: ${reading.flaw} (fix its attributes, or adopt it with --adopt all)`;
}

function refuse(
  { id, login }: DesiredPerson,
  users: readonly ReadUser[],
  refusal: string | undefined,
): Decision {
  const keys = users.map(({ user }) => user.key).sort();
  const who = `${login} (GitHub id ${id}) is not synced`;
  if (refusal !== undefined) return skip(id, keys[0] ?? login, 'BAD_MARK', `${who}: ${refusal}`);
  const several = `the users ${keys.join(', ')} all carry that id; delete the wrong ones`;
  return skip(id, keys[0] ?? login, 'DUPLICATE_ID', `${who}: ${several}`);
}

function asManaged({ input }: Basis, { id, login }: DesiredPerson, user: PermitUser): ManagedUser {
  const { owner, userSettings } = input;
  const former = loginBehind(userSettings.key, user.key, id) ?? login;
  return { user, mark: { id, login: former, orgs: [], owner, origin: 'adopted' } };
}
