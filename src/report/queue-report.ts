import type { Listed, QueueStatus } from '../model/queue.ts';
import { amount } from './words.ts';

/** What the command `queue` has to say. */
export type QueueReport =
  | { readonly kind: 'status'; readonly status: QueueStatus }
  | { readonly kind: 'list'; readonly dead: boolean; readonly entries: readonly Listed[] }
  /** `asked`: how many were named; undefined where all were meant. */
  | { readonly kind: 'retry' | 'discard'; readonly asked: number | undefined; readonly done: number };

/** "3 dead letters put back", and how many of those that were named there are not. */
export function describeDone({ kind, asked, done }: Extract<QueueReport, { readonly done: number }>): string {
  const sentence =
    kind === 'retry'
      ? `${amount(done, 'dead letter')} put back into the queue`
      : `${amount(done, asked === undefined ? 'dead letter' : 'entry', asked === undefined ? 'dead letters' : 'entries')} dropped`;
  const missing = asked === undefined ? 0 : asked - done;
  const what = kind === 'retry' ? 'no dead letter' : 'neither an entry nor a dead letter';
  return missing > 0 ? `${sentence}; ${missing} of the ${amount(asked ?? 0, 'id')} named ${what}` : sentence;
}

/** `octocat`, `#583231` where no login is known, `everybody` of a team or of the organization. */
export function personOf({ entry }: Listed): string {
  if (entry === undefined) return '?';
  if (entry.login !== undefined) return entry.login;
  if (entry.id !== undefined) return `#${entry.id}`;
  return entry.team === undefined ? 'everybody' : `team #${entry.team}`;
}

export const orgOf = ({ entry }: Listed): string => entry?.org ?? '?';

/** `organization.member_added`. */
export const eventOf = ({ entry }: Listed): string =>
  entry === undefined ? 'unreadable' : `${entry.event}.${entry.action}`;

/** "45s", "12m", "5h", "3d": one unit, rounded down. */
export function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
