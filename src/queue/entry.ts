import { parseGitHubId, parseOrgId } from '../model/identity.ts';
import { parseJson } from '../model/text/record.ts';
import {
  type EntryId,
  entryNumbers,
  LOGIN_PATTERN,
  MAX_ATTEMPTS,
  ORG_PATTERN,
  QUEUED_EVENTS,
  type QueueEntry,
  WORD_PATTERN,
} from '../model/webhooks/queue.ts';
import { listOf, wholeNumberIn } from './store.ts';

/**
 * The fields of an entry in the stream, in the order in which the scripts return them. Dead letters hold values in this
 * order: a new field goes last, so that those of older versions can still be read.
 */
export const FIELDS = [
  ...(['delivery', 'event', 'action', 'org', 'orgId', 'login', 'id', 'team', 'at'] as const),
  'repository',
] as const;

/** The scripts cut longer values, which makes them invalid. */
export const MAX_FIELD_LENGTH = 120;

/** Alternating names and values, as XADD expects them. An undefined value has no field. */
export function fieldsOf(entry: QueueEntry): readonly string[] {
  return FIELDS.flatMap((name) => {
    const value = entry[name];
    return value === undefined ? [] : [name, String(value).slice(0, MAX_FIELD_LENGTH)];
  });
}

/**
 * Anyone who can write to Redis can write an entry, so every field is checked.
 * @param values in the order of {@link FIELDS}; an absent one is "".
 * @returns undefined unless every field is what our receiver would have written.
 */
export function parseEntry(values: readonly unknown[]): QueueEntry | undefined {
  const text = (field: (typeof FIELDS)[number]): string => {
    const value = values[FIELDS.indexOf(field)];
    return typeof value === 'string' ? value : '';
  };
  const event = QUEUED_EVENTS.find((known) => known === text('event'));
  const orgId = optional(text('orgId'), (id) => parseOrgId(wholeNumberIn(id)));
  const login = optional(text('login'), (name) => (LOGIN_PATTERN.test(name) ? name : undefined));
  const id = optional(text('id'), (one) => parseGitHubId(wholeNumberIn(one)));
  const team = optional(text('team'), wholeNumberIn);
  const repository = optional(text('repository'), wholeNumberIn);
  const [delivery, action, org, at] = [text('delivery'), text('action'), text('org'), text('at')];
  const sound = DELIVERY.test(delivery) && WORD_PATTERN.test(action) && ORG_PATTERN.test(org) && isTime(at);
  if (!sound || event === undefined) return undefined;
  if (orgId === BAD || login === BAD || id === BAD) return undefined;
  if (team === BAD || repository === BAD) return undefined;
  return { delivery, event, action, org, orgId, login, id, team, repository, at };
}

const DELIVERY = /^[\x21-\x7e]{1,100}$/;

const isTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT[\d:.]{5,15}(?:Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));

const BAD = Symbol('not valid');

function optional<T>(text: string, parse: (text: string) => T | undefined): T | undefined | typeof BAD {
  return text === '' ? undefined : (parse(text) ?? BAD);
}

/** Parses what is kept about an entry that failed: `ATTEMPTS DUE_MS REASON`. */
export function parseRecord(text: string): {
  readonly attempts: number;
  readonly reason: string | undefined;
} {
  const [, attempts = '0', reason = ''] = /^(\d{1,6}) \d{1,16} (.*)$/s.exec(text) ?? [];
  return { attempts: Number(attempts), reason: reason === '' ? undefined : reason };
}

/** Parses a dead letter: a JSON array of attempts, reason, time of death and the fields of the entry. */
export function parseDead(text: string): {
  readonly entry: QueueEntry | undefined;
  readonly attempts: number;
  readonly reason: string | undefined;
} {
  const [attempts, reason, , ...fields] = listOf(parseJson(text));
  const counted = typeof attempts === 'string' && /^\d{1,6}$/.test(attempts);
  return {
    entry: parseEntry(fields),
    attempts: counted ? Number(attempts) : MAX_ATTEMPTS,
    reason: typeof reason === 'string' ? reason : undefined,
  };
}

/** The age of an entry in seconds. @param nowMs of Redis' clock, like the id. */
export function ageSeconds(id: EntryId, nowMs: number): number {
  const ms = Number(entryNumbers(id)[0] ?? 0n);
  return Number.isFinite(ms) && ms > 0 ? Math.max(0, Math.floor((nowMs - ms) / 1000)) : 0;
}
