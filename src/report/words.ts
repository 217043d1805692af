import { CHANGES, type Change, type ChangeKind } from '../model/change.ts';
import type { Grant } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import type { Violation } from '../model/limits.ts';
import type { Adoption, Movement, PersonPlan } from '../model/plan.ts';

export type Sign = (typeof CHANGES)[ChangeKind]['sign'];

export function signOfMovement(movement: Movement): Sign {
  return movement === 'joining' ? '+' : movement === 'leaving' ? '-' : '~';
}

/** "create user", "assign". */
export function verbOf(kind: ChangeKind): string {
  const { verb, noun } = CHANGES[kind];
  return noun === 'user' ? `${verb} user` : verb;
}

/** `member in default`, or `owner on repository:payments-api in default`; `name` dresses each key. */
export function describeGrant(grant: Grant, name: (key: string) => string = (key) => key): string {
  const on = grant.resource === undefined ? '' : ` on ${name(grant.resource)}`;
  return `${name(grant.role)}${on} in ${name(grant.tenant)}`;
}

/** `assign member in default`. The user is named only where it is not `user`: one end of a move. */
export function describeChange(change: Change, user: UserKey): string {
  const elsewhere = change.user === user ? '' : change.user;
  if (!('grant' in change)) return [verbOf(change.kind), elsewhere].filter(Boolean).join(' ');
  const preposition = change.kind === 'assignRole' ? 'to' : 'from';
  const grant = `${verbOf(change.kind)} ${describeGrant(change.grant)}`;
  return elsewhere === '' ? grant : `${grant} ${preposition} ${elsewhere}`;
}

/** The login, and the user key beside it where that is another. */
export function namesOf({ login, user }: Pick<PersonPlan, 'login' | 'user'>): readonly string[] {
  return login.toLowerCase() === user.toLowerCase() ? [user] : [login, user];
}

/** What a limit counts, and where it stands. */
export function describeViolation({ limit, allowed, planned, earlier }: Violation): string {
  if (limit === 'floors') {
    return `floors: ${amount(planned, 'holder')} would be left, at least ${quantity(allowed)} needed`;
  }
  if (limit === 'duplicates') {
    return `duplicates: ${amount(planned, 'second user')} planned, ${quantity(allowed)} allowed`;
  }
  const before = earlier === undefined ? '' : ` (${quantity(earlier)} of them within the last 24 hours)`;
  return `${limit}: ${quantity(planned)} planned${before}, ${quantity(allowed)} allowed`;
}

const grouped = new Intl.NumberFormat('en-US');

/** "12,345", the same on every machine. */
export const quantity = (n: number): string => grouped.format(n);

/** "1 user", "12,345 users". */
export function amount(n: number, singular: string, plural = `${singular}s`): string {
  return `${quantity(n)} ${n === 1 ? singular : plural}`;
}

/** "431 ms", "4.3 s", "2 min 5 s", "1 h 4 min". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** "12 can be adopted with --adopt plain, 3 need --adopt all". */
export function describeAdoptable({ plain, all }: { readonly [adoption in Adoption]: number }): string {
  const parts = [
    plain > 0 ? `${quantity(plain)} can be adopted with --adopt plain` : '',
    all > 0 ? `${quantity(all)} ${all === 1 ? 'needs' : 'need'} --adopt all` : '',
  ];
  return parts.filter(Boolean).join(', ');
}
