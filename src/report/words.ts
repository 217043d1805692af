import { CHANGES, type Change, type ChangeKind, type Sign } from '../model/change.ts';
import type { Grant } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import type { Violation } from '../model/limits.ts';
import type { Adoption, Movement, PersonPlan } from '../model/plan.ts';
import { count, quantity } from '../model/text/text.ts';
import { name, type Span } from './page.ts';
import type { Cost } from './run-report.ts';

export function signOfMovement(movement: Movement): Sign {
  return movement === 'joining' ? '+' : movement === 'leaving' ? '-' : '~';
}

/** "create user", "assign". */
function verbOf(kind: ChangeKind): string {
  const { verb, noun } = CHANGES[kind];
  return noun === 'user' ? `${verb} user` : verb;
}

/** `member in default`, or `owner on repository:payments-api in default`. */
export function grantPhrase({ role, tenant, resource }: Grant): readonly (string | Span)[] {
  return [name(role), ...(resource === undefined ? [] : [' on ', name(resource)]), ' in ', name(tenant)];
}

/** `assign member in default`. The user is named only where it is not `user`: one end of a move. */
export function changePhrase(change: Change, user: UserKey): readonly (string | Span)[] {
  const elsewhere = change.user === user ? [] : [name(change.user)];
  if (!('grant' in change)) return [verbOf(change.kind), ...elsewhere.flatMap((one) => [' ', one])];
  const preposition = change.kind === 'assignRole' ? 'to' : 'from';
  return [
    `${verbOf(change.kind)} `,
    ...grantPhrase(change.grant),
    ...elsewhere.flatMap((one) => [` ${preposition} `, one]),
  ];
}

/** The login, and the user key if it differs. */
export function personPhrase({
  login,
  user,
}: Pick<PersonPlan, 'login' | 'user'>): readonly (string | Span)[] {
  if (login.toLowerCase() === user.toLowerCase()) return [{ ...name(user), strong: true }];
  return [
    { ...name(login), strong: true },
    { text: ' (', tone: 'faint' },
    { ...name(user), tone: 'faint' },
    { text: ')', tone: 'faint' },
  ];
}

/** "removals: 12 planned, 10 allowed". */
export function describeViolation({ limit, allowed, planned, earlier }: Violation): string {
  if (limit === 'floors') {
    return `floors: ${count(planned, 'holder')} would be left, at least ${quantity(allowed)} needed`;
  }
  if (limit === 'duplicates') {
    return `duplicates: ${count(planned, 'second user')} planned, ${quantity(allowed)} allowed`;
  }
  const before = earlier === undefined ? '' : ` (${quantity(earlier)} of them within the last 24 hours)`;
  return `${limit}: ${quantity(planned)} planned${before}, ${quantity(allowed)} allowed`;
}

/** "431 ms", "4.3 s", "2 min 5 s", "1 h 4 min". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** "6 requests to GitHub and 4 to Permit, 431 ms". */
export const costOf = ({ requests, durationMs }: Cost): string =>
  `${count(requests.github, 'request')} to GitHub and ${quantity(requests.permit)} to Permit, ${duration(durationMs)}`;

/** The first line of a message, without its final punctuation. */
export const firstLineOf = (message: string): string =>
  (message.split(/\r?\n/)[0] ?? '').replace(/[\s.:]+$/, '');

/** "12 can be adopted with --adopt plain, 3 need --adopt all". */
export function describeAdoptable({ plain, all }: { readonly [adoption in Adoption]: number }): string {
  const parts = [
    plain > 0 ? `${quantity(plain)} can be adopted with --adopt plain` : '',
    all > 0 ? `${quantity(all)} ${all === 1 ? 'needs' : 'need'} --adopt all` : '',
  ];
  return parts.filter(Boolean).join(', ');
}
