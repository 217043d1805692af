import { count, quantity } from '../../model/text/text.ts';
import type { ListedEntry, QueueStatus } from '../../model/webhooks/queue.ts';
import { name, type Page, type Phrase, type Tone } from '../page.ts';
import { duration } from '../words.ts';

/** The result of the command `queue`. */
export type QueueReport =
  | { readonly kind: 'status'; readonly status: QueueStatus }
  | { readonly kind: 'list'; readonly dead: boolean; readonly entries: readonly ListedEntry[] }
  /** `asked`: how many ids were given; undefined for all. */
  | { readonly kind: 'retry' | 'discard'; readonly asked: number | undefined; readonly done: number };

/** `queue status` prints its three numbers alone in JSON (CONTRACT §9). */
export function queuePage(report: QueueReport): Page {
  switch (report.kind) {
    case 'status':
      return statusPage(report.status);
    case 'list':
      return listPage(report.entries, report.dead);
    case 'retry':
    case 'discard':
      return donePage(report);
    default:
      return report satisfies never;
  }
}

function statusPage({ pending, dead, oldestSeconds }: QueueStatus): Page {
  const age =
    oldestSeconds === null
      ? ''
      : `, the oldest for ${oldestSeconds < 1 ? 'less than a second' : duration(oldestSeconds * 1_000)}`;
  const letters = count(dead, 'dead letter');
  const oldest = oldestSeconds === null ? '–' : duration(oldestSeconds * 1_000);
  return {
    heading: 'gh-permit-sync queue',
    title: [
      `${count(pending, 'entry', 'entries')} pending${age}; `,
      { text: letters, tone: dead > 0 ? 'alarm' : 'plain' },
    ],
    sections: [
      {
        kind: 'table',
        title: '',
        only: 'markdown',
        columns: ['Pending', 'Dead letters', 'Oldest'],
        rows: [{ cells: [quantity(pending), quantity(dead), oldest] }],
      },
    ],
    ...(pending === 0 && dead === 0 ? { isSilent: 'with --quiet' } : {}),
    document: { pending, dead, oldestSeconds },
  };
}

const TONE: { readonly [state in ListedEntry['state']]: Tone } = {
  dead: 'alarm',
  failed: 'caution',
  taken: 'plain',
  waiting: 'plain',
};

function listPage(entries: readonly ListedEntry[], dead: boolean): Page {
  const title = dead ? count(entries.length, 'dead letter') : count(entries.length, 'entry', 'entries');
  const isEmpty = entries.length === 0;
  return {
    heading: `gh-permit-sync queue: ${title}`,
    title: isEmpty ? (dead ? 'No dead letter.' : 'The queue is empty.') : '',
    sections: [
      {
        kind: 'table',
        title: '',
        columns: ['State', 'Id', 'Age', 'Attempts', 'Org', 'About', 'Event', 'Reason'],
        rows: entries.map((listed) => ({ cells: cellsOf(listed), tone: TONE[listed.state] })),
      },
    ],
    ...(isEmpty ? { isSilent: 'with --quiet' } : {}),
    document: { version: 1, command: 'queue', entries: entries.map(fieldsOf) },
  };
}

const cellsOf = ({ state, id, ageSeconds, attempts, entry, reason = '' }: ListedEntry): readonly Phrase[] => [
  state,
  [name(id)],
  describeAge(ageSeconds),
  String(attempts),
  [name(entry?.org ?? '?')],
  [name(personOf(entry))],
  [name(entry === undefined ? 'unreadable' : `${entry.event}.${entry.action}`)],
  reason,
];

/** `octocat`, `#583231` where no login is known, else the team, the repository, or everyone in the organization. */
function personOf(entry: ListedEntry['entry']): string {
  if (entry === undefined) return '?';
  if (entry.login !== undefined) return entry.login;
  if (entry.id !== undefined) return `#${entry.id}`;
  if (entry.team !== undefined) return `team #${entry.team}`;
  return entry.repository === undefined ? 'everyone' : `repository #${entry.repository}`;
}

/** "45s", "12m", "5h", "3d": one unit, rounded down. */
function describeAge(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Every entry has every key, so that scripts need not check for it. */
function fieldsOf({ id, state, ageSeconds, attempts, reason, entry }: ListedEntry) {
  return {
    id,
    state,
    ageSeconds,
    attempts,
    reason: reason ?? null,
    entry:
      entry === undefined
        ? null
        : {
            delivery: entry.delivery,
            event: entry.event,
            action: entry.action,
            org: entry.org,
            orgId: entry.orgId ?? null,
            login: entry.login ?? null,
            id: entry.id ?? null,
            team: entry.team ?? null,
            repository: entry.repository ?? null,
            at: entry.at,
          },
  };
}

/** "3 dead letters put back", and how many of the given ids were not found. */
function donePage({ kind, asked, done }: Extract<QueueReport, { readonly done: number }>): Page {
  const letters = asked === undefined || kind === 'retry';
  const what = letters ? count(done, 'dead letter') : count(done, 'entry', 'entries');
  const sentence = kind === 'retry' ? `${what} put back into the queue` : `${what} dropped`;
  const missing = asked === undefined ? 0 : asked - done;
  const none = kind === 'retry' ? 'no dead letter' : 'neither an entry nor a dead letter';
  return {
    heading: 'gh-permit-sync queue',
    title: missing > 0 ? `${sentence}; ${missing} of the ${count(asked ?? 0, 'id')} named ${none}` : sentence,
    sections: [],
    ...(done === 0 ? { isSilent: 'with --quiet' } : {}),
    document: { version: 1, command: 'queue', [kind === 'retry' ? 'retried' : 'discarded']: done },
  };
}
