import { compareText, type GitHubId, type OrgId } from '../identity.ts';
import type { GraphCounts, PerBudget } from '../limits.ts';
import type { OrgNeeds } from '../member.ts';
import type { FullRuns } from '../schedule.ts';

/** The webhook events that cause lookups (GitHub's documentation, "Webhook events and payloads"). */
export const QUEUED_EVENTS = ['organization', 'membership', 'team', 'member', 'repository'] as const;
export type QueuedEvent = (typeof QUEUED_EVENTS)[number];

export const isQueuedEvent = (event: string): event is QueuedEvent =>
  QUEUED_EVENTS.some((one) => one === event);

/**
 * The events that a webhook has to send. `member` concerns rules that need collaborators, and mirrored repositories;
 * `repository` concerns only these.
 */
export const requiredEvents = ({
  collaborators,
  repositories,
}: Pick<OrgNeeds, 'collaborators' | 'repositories'>): readonly QueuedEvent[] =>
  QUEUED_EVENTS.filter((event) => {
    if (event === 'member') return collaborators || repositories !== undefined;
    return event !== 'repository' || repositories !== undefined;
  });

/**
 * The actions that the receiver queues, because they may change someone's grants or a mirrored repository.
 * - `member_invited` is not among them: `member_added` follows when the invitation is accepted.
 * - `team.edited` may change the team's slug or its parent, and so who counts as a member of the parent.
 * - `team.added_to_repository`, `team.removed_from_repository`, and `team.edited` with a repository among its `changes`,
 *   change nobody's membership, but what a team may do with a repository.
 * - `member` is about the collaborators of a repository.
 * - `repository.edited` is not among them: it is about the description, topics, homepage or default branch, which give
 *   nobody access.
 */
export const HANDLED_ACTIONS: Readonly<Record<QueuedEvent, ReadonlySet<string>>> = {
  organization: new Set(['member_added', 'member_removed', 'renamed', 'deleted']),
  membership: new Set(['added', 'removed']),
  team: new Set(['created', 'deleted', 'edited', 'added_to_repository', 'removed_from_repository']),
  member: new Set(['added', 'removed', 'edited']),
  repository: new Set([
    ...['created', 'deleted', 'archived', 'unarchived'],
    ...['renamed', 'transferred', 'publicized', 'privatized'],
  ]),
};

/** Whether the receiver may queue it. True for these events if the action is not known. */
export const isHandled = (event: string, action: string | undefined): boolean =>
  isQueuedEvent(event) && (action === undefined || HANDLED_ACTIONS[event].has(action));

/** Events and actions are words like `member_added`. */
export const WORD_PATTERN = /^[a-z_]{1,50}$/;
/** GitHub's names have 39 characters at most, those of managed users some more and `_`. */
export const ORG_PATTERN = /^[A-Za-z0-9_-]{1,100}$/;
/** Bots have brackets: `renovate[bot]`. A dot could walk up the path of an address. */
export const LOGIN_PATTERN = /^[A-Za-z0-9_[\]-]{1,100}$/;

/**
 * A hint to look up a person, or a whole organization, team or repository if no person is named. It holds ids and names,
 * never a payload. Anyone who can write to Redis can add one, so it can cause a lookup but never decides anything.
 */
export type QueueEntry = {
  /** GitHub's GUID of the delivery; a redelivery keeps it. */
  readonly delivery: string;
  readonly event: QueuedEvent;
  readonly action: string;
  /** The organization's login at the time of the event. */
  readonly org: string;
  readonly orgId: OrgId | undefined;
  /** The person's login at the time of the event. Undefined if the event is not about one person. */
  readonly login: string | undefined;
  readonly id: GitHubId | undefined;
  /** Numeric id of the team. */
  readonly team: number | undefined;
  /** Numeric id of the repository, also where the event is about someone's access to it. */
  readonly repository: number | undefined;
  /** When the delivery arrived, ISO 8601. */
  readonly at: string;
};

/** Id of an entry in the stream, `milliseconds-sequence`; ascending in the order of arrival. */
export type EntryId = string;

const ENTRY_ID = /^\d{1,20}-\d{1,20}$/;

export const isEntryId = (text: string): text is EntryId => ENTRY_ID.test(text);

/** The two halves of an id: 64-bit numbers, too large for a `number`. Empty if it is not an id. */
export const entryNumbers = (id: EntryId): readonly bigint[] =>
  isEntryId(id) ? id.split('-').map(BigInt) : [];

/** In the order of arrival. */
export function compareIds(a: EntryId, b: EntryId): number {
  // Almost every pair: halves of the same lengths are in the order of their digits, and BigInts are slow.
  if (a.length === b.length && a.indexOf('-') === b.indexOf('-')) return compareText(a, b);
  const [aMs = 0n, aSeq = 0n] = entryNumbers(a);
  const [bMs = 0n, bSeq = 0n] = entryNumbers(b);
  return aMs === bMs ? Number(aSeq > bSeq) - Number(aSeq < bSeq) : aMs > bMs ? 1 : -1;
}

/** An entry that a drain has taken. `entry` is undefined if it can't be read. */
export type TakenEntry = {
  readonly id: EntryId;
  readonly entry: QueueEntry | undefined;
  /** Failures of its own so far. */
  readonly attempts: number;
  /**
   * The number of the next lookup of this entry: 1, or more if earlier lookups contradicted the entry. A lookup
   * before it is due has the number of the previous one.
   */
  readonly lookup: number;
};

/** What the receiver needs of the queue. Every call throws a SyncError `QUEUE_UNAVAILABLE` while Redis is down. */
export type QueueProducer = {
  /** @returns once Redis has it; `full` when the stream holds as many entries as it may. */
  readonly append: (entry: QueueEntry) => Promise<'queued' | 'full'>;
  readonly ping: () => Promise<void>;
};

/** After this many failed attempts an entry becomes a dead letter. */
export const MAX_ATTEMPTS = 10;

/**
 * GitHub's API can lag behind its own webhooks. An entry whose action contradicts the lookup is looked up again after
 * each of these waits; if the last lookup contradicts it too, the lookup is right and the entry is settled.
 */
export const LOOK_AGAIN_MS: readonly number[] = [10_000, 30_000, 180_000];

/** What a drain needs of the queue. Every call throws a SyncError `QUEUE_UNAVAILABLE` while Redis is down. */
export type QueueConsumer = {
  /**
   * Takes entries for this drain, the oldest first: entries that nobody has taken, released or failed entries that are
   * due, and entries of a dead drain (not renewed for 60 s).
   * @param most at most this many. @param upTo none that arrived after this entry.
   * @param retry `now` ignores the backoff of failed entries, as a one-shot drain does.
   */
  readonly take: (options: {
    readonly most: number;
    readonly upTo?: EntryId | undefined;
    readonly retry: 'now' | 'when due';
  }) => Promise<readonly TakenEntry[]>;
  /** Whether other drains hold entries for much too long, see `takeHeld`. */
  readonly isHeldTooLong: () => Promise<boolean>;
  /**
   * Takes entries that are older than 15 minutes from other drains, even if these still renew their claims. Otherwise
   * anyone with write access to Redis could hide entries by claiming them repeatedly. Only for a drain that holds the
   * lock: no other one is processing entries then.
   */
  readonly takeHeld: () => Promise<readonly TakenEntry[]>;
  /** Renews this drain's claim on these entries. */
  readonly keep: (ids: readonly EntryId[]) => Promise<void>;
  /** Removes entries whose people have converged. */
  readonly settle: (ids: readonly EntryId[]) => Promise<void>;
  /** Releases entries for the next drain without counting an attempt: an outage, a lock or a limit. */
  readonly release: (ids: readonly EntryId[]) => Promise<void>;
  /**
   * Like `release`, but a drain that keeps running takes them again only after a growing delay. Otherwise each new
   * event would cause lookups for all of them.
   */
  readonly putOff: (ids: readonly EntryId[]) => Promise<void>;
  /**
   * Leaves entries in the queue until they are due to be looked up again. No attempt is counted. An entry that another
   * drain holds stays with that drain.
   */
  readonly lookAgain: (
    contradicted: readonly { readonly id: EntryId; readonly lookup: number }[],
  ) => Promise<void>;
  /** Counts a failed attempt for each, and moves entries with `MAX_ATTEMPTS` to the dead letters. */
  readonly fail: (failures: readonly { readonly id: EntryId; readonly reason: string }[]) => Promise<void>;
  /** The last entry that has arrived. Undefined if there never was one. */
  readonly end: () => Promise<EntryId | undefined>;
  /** All entries up to this one, whichever drain has taken them, and all dead letters up to it. */
  readonly listUpTo: (
    upTo: EntryId,
  ) => Promise<{ readonly entries: readonly TakenEntry[]; readonly dead: readonly TakenEntry[] }>;
  /** Drops dead letters whose people have converged. Their ids are those that `listUpTo` gave. */
  readonly settleDead: (ids: readonly EntryId[]) => Promise<void>;
  /** Milliseconds until a failed or contradicted entry may be tried again; undefined when none waits. */
  readonly nextDueMs: () => Promise<number | undefined>;
};

/** One line of `queue list`. */
export type ListedEntry = TakenEntry & {
  readonly state: 'waiting' | 'taken' | 'failed' | 'dead';
  /** Why it failed the last time. */
  readonly reason: string | undefined;
  readonly ageSeconds: number;
};

export type QueueStatus = {
  /** Entries in the stream, taken or not. */
  readonly pending: number;
  readonly dead: number;
  /** Age of the oldest pending entry; null when there is none. */
  readonly oldestSeconds: number | null;
};

/** What the command `queue` needs. */
export type QueueAdmin = {
  readonly status: () => Promise<QueueStatus>;
  readonly list: () => Promise<readonly ListedEntry[]>;
  /** Puts dead letters back at the end of the stream, without attempts. @returns how many. */
  readonly retry: (ids: readonly EntryId[] | 'all') => Promise<number>;
  /** Permanently drops entries or dead letters. @returns how many. */
  readonly discard: (ids: readonly EntryId[] | 'all dead') => Promise<number>;
};

/** The lock as a run holds it. */
export type Lease = {
  /**
   * Called before each write. @throws SyncError `LOCKED` when this run cannot prove that it still holds the lock:
   * another run may hold it by now.
   */
  readonly assertHeld: () => Promise<void>;
  readonly release: () => Promise<void>;
};

export type Lock = {
  /**
   * Waits for the lock. @throws SyncError `LOCKED` when it was not free within `waitMs`, or the signal's reason.
   */
  readonly acquire: (waitMs: number, signal: AbortSignal) => Promise<Lease>;
};

/**
 * The people that a run takes something from or moves, the repositories that it removes and the links that it takes, by
 * their ids. Each counts once in 24 hours, however often it is tried.
 */
export type Spending = PerBudget<readonly number[]>;

/** What was reserved within the last 24 hours by all runs on this queue. */
export type Budget = {
  /** The people who count already. */
  readonly spent: () => Promise<PerBudget<ReadonlySet<number>>>;
  /**
   * Reserves before writing, atomically for all runs: everyone, or nobody if a limit would be crossed.
   * @param allowed how many may count within 24 hours.
   */
  readonly reserve: (people: Spending, allowed: PerBudget<number>) => Promise<'reserved' | 'over budget'>;
};

/** Limits how often hints cause listings, over all drains on this queue. */
export type ListingBudget = {
  /**
   * Asks to list all of these now.
   * @param bound `unbounded` counts the listing and always allows it.
   * @returns 0 where they may be listed, else the milliseconds until they may.
   */
  readonly take: (orgs: readonly string[], bound: 'bounded' | 'unbounded') => Promise<number>;
};

/**
 * What the last full run saw. A drain uses it to choose between lookups and listings, and to apply percentages without
 * reading all users.
 */
export type LastRun = {
  readonly at: string;
  /** By organization, in lower case. */
  readonly members: Readonly<Record<string, number>>;
  /** Users that carry our mark. */
  readonly managed: number;
  /** Whether no two of these users belong to the same person. */
  readonly plain: boolean;
  /** Repositories and links of ours; undefined if none are mirrored. */
  readonly graph?: GraphCounts | undefined;
};

/** The id of the team that each slug named when a run first saw it. */
export type TeamMemory = {
  /** @returns `damaged` if the remembered value is not an id. @throws SyncError `QUEUE_UNAVAILABLE` */
  readonly read: (org: OrgId, slugs: readonly string[]) => Promise<ReadonlyMap<string, number | 'damaged'>>;
  readonly write: (org: OrgId, ids: ReadonlyMap<string, number>) => Promise<void>;
};

/** Up to when the audit log of each organization was read, in milliseconds since the epoch. */
export type AuditCursor = {
  /** @returns undefined if nothing, or nothing usable, is remembered. @throws SyncError `QUEUE_UNAVAILABLE` */
  readonly read: (org: string) => Promise<number | undefined>;
  readonly write: (org: string, untilMs: number) => Promise<void>;
};

export type RunRecord = {
  readonly read: () => Promise<LastRun | undefined>;
  readonly write: (run: LastRun) => Promise<void>;
  /**
   * Called before anyone moves: a run that is killed meanwhile leaves people with two users, which only a listing
   * finds.
   */
  readonly clear: () => Promise<void>;
  /** A full run that no limit refused has ended now. */
  readonly noteFullRun: () => Promise<void>;
  readonly fullRuns: () => Promise<FullRuns>;
};

/**
 * What one run did to the queue, in entries. `waiting` are still in it when the run ends; dead letters are not
 * counted.
 */
export type QueueCounts = { readonly settled: number; readonly failed: number; readonly waiting: number };

/** What all runs of one owner in one Permit environment share. */
export type SharedState = {
  readonly lock: Lock & Pick<Lease, 'assertHeld'>;
  readonly budget: Budget;
  readonly listingBudget: ListingBudget;
  readonly record: RunRecord;
  readonly teams: TeamMemory;
  readonly auditCursor: AuditCursor;
  /**
   * Checks that this state belongs to the environment and owner of this run. `record` claims it if nobody has yet.
   * @throws SyncError `CONFIG_INVALID`
   */
  readonly bind: (environment: string | undefined, mode: 'record' | 'check') => Promise<void>;
};
