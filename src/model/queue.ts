import type { GitHubId, OrgId } from './identity.ts';
import type { LimitName } from './limits.ts';
import type { FullRuns } from './schedule.ts';

/** The webhook events that say somebody should be looked at (GitHub's documentation, "Webhook events and payloads"). */
export const QUEUED_EVENTS = ['organization', 'membership', 'team', 'member'] as const;
export type QueuedEvent = (typeof QUEUED_EVENTS)[number];

export const isQueuedEvent = (event: string): event is QueuedEvent =>
  QUEUED_EVENTS.some((one) => one === event);

/**
 * The actions that the receiver queues, since somebody may have other grants after them.
 * - `member_invited` is no membership: `member_added` follows when the invitation is accepted.
 * - `team.edited` may give the team another parent, whose members its own then are, or another slug.
 * - `team.added_to_repository` and `team.removed_from_repository` change nobody's membership, and a drain passes them
 *   over; every action of `team` is queued, so that none has to be known here.
 * - `member` is about the collaborators of a repository.
 */
export const HANDLED_ACTIONS: Readonly<Record<QueuedEvent, ReadonlySet<string>>> = {
  organization: new Set(['member_added', 'member_removed', 'renamed', 'deleted']),
  membership: new Set(['added', 'removed']),
  team: new Set(['created', 'deleted', 'edited', 'added_to_repository', 'removed_from_repository']),
  member: new Set(['added', 'removed', 'edited']),
};

/** Whether the receiver may queue it; true where the action of such an event is not known. */
export const isHandled = (event: string, action: string | undefined): boolean =>
  isQueuedEvent(event) && (action === undefined || HANDLED_ACTIONS[event].has(action));

/** Events and actions are words like `member_added`. */
export const WORD_PATTERN = /^[a-z_]{1,50}$/;
/** GitHub's names have 39 characters at most, those of managed users some more and `_`. */
export const ORG_PATTERN = /^[A-Za-z0-9_-]{1,100}$/;
/** Bots have brackets: `renovate[bot]`. A dot could walk up the path of an address. */
export const LOGIN_PATTERN = /^[A-Za-z0-9_[\]-]{1,100}$/;

/**
 * A hint: "look at this person", or at a whole organization or team where no person is named. Holds ids only, never
 * a payload. Whoever reaches Redis can write one, so it can cause a look, and never decides anything.
 */
export type QueueEntry = {
  /** GitHub's GUID of the delivery; a redelivery keeps it. */
  readonly delivery: string;
  readonly event: QueuedEvent;
  readonly action: string;
  /** The organization's login at the time of the event. */
  readonly org: string;
  readonly orgId: OrgId | undefined;
  /** The person's login at the time of the event; undefined where the event is about no single person. */
  readonly login: string | undefined;
  readonly id: GitHubId | undefined;
  /** Numeric id of the team. */
  readonly team: number | undefined;
  /** When the delivery arrived, ISO 8601. */
  readonly at: string;
};

/** Id of an entry in the stream, `milliseconds-sequence`; ascending in the order of arrival. */
export type EntryId = string;

const ENTRY_ID = /^\d{1,20}-\d{1,20}$/;

export const isEntryId = (text: string): text is EntryId => ENTRY_ID.test(text);

/** The two halves of an id: 64-bit numbers, more than a number here can hold. Empty for what is no id. */
export const entryNumbers = (id: EntryId): readonly bigint[] =>
  isEntryId(id) ? id.split('-').map(BigInt) : [];

/** In the order of arrival. */
export function compareIds(a: EntryId, b: EntryId): number {
  const [aMs = 0n, aSeq = 0n] = entryNumbers(a);
  const [bMs = 0n, bSeq = 0n] = entryNumbers(b);
  return aMs === bMs ? Number(aSeq > bSeq) - Number(aSeq < bSeq) : aMs > bMs ? 1 : -1;
}

/** An entry that a drain has taken. `entry` is undefined for one that can't be read. */
export type Taken = {
  readonly id: EntryId;
  readonly entry: QueueEntry | undefined;
  /** Failures of its own so far. */
  readonly attempts: number;
  /**
   * Which lookup of this entry comes next: 1, and more where earlier ones said the opposite of what the entry says. A
   * lookup that comes before it is due repeats the number of the one before.
   */
  readonly lookup: number;
};

/** What the receiver needs of the queue. Every call throws a SyncError `QUEUE_UNAVAILABLE` while Redis is away. */
export type QueueProducer = {
  /** @returns once Redis has it; `full` when the stream holds as many entries as it may. */
  readonly append: (entry: QueueEntry) => Promise<'queued' | 'full'>;
  readonly ping: () => Promise<void>;
};

/** Failures of its own after which an entry goes to the dead letters. */
export const MOST_ATTEMPTS = 10;

/**
 * GitHub's API can lag behind its own webhooks. An entry whose action contradicts the lookup is looked up again after
 * each of these waits; if the last lookup contradicts it too, the lookup is right and the entry is settled.
 */
export const LOOK_AGAIN_MS: readonly number[] = [10_000, 30_000, 180_000];

/** What a drain needs of the queue. Every call throws a SyncError `QUEUE_UNAVAILABLE` while Redis is away. */
export type QueueConsumer = {
  /**
   * Takes entries for this drain: those nobody has taken, those that were released or have failed and may be tried
   * again by now, and those of a drain that died (not touched for 60 s). The oldest first.
   * @param most at most this many. @param upTo none that arrived after this entry.
   * @param retry `now` takes failed entries whatever their backoff says, as a one-shot drain does.
   */
  readonly take: (options: {
    readonly most: number;
    readonly upTo?: EntryId | undefined;
    readonly retry: 'now' | 'when due';
  }) => Promise<readonly Taken[]>;
  /** Says that this drain lives and still works on these. */
  readonly keep: (ids: readonly EntryId[]) => Promise<void>;
  /** Takes entries off the stream for good: their people have converged. */
  readonly settle: (ids: readonly EntryId[]) => Promise<void>;
  /** Gives entries back for the next drain without counting an attempt: an outage, a lock or a limit. */
  readonly release: (ids: readonly EntryId[]) => Promise<void>;
  /**
   * As `release`, but a drain that keeps running takes them again only after a delay, which grows each time: else every
   * new event would have all of them looked up again.
   */
  readonly putOff: (ids: readonly EntryId[]) => Promise<void>;
  /**
   * Leaves entries in the queue until they are due to be looked up again. No attempt is counted. An entry that another
   * drain holds stays with that drain.
   */
  readonly lookAgain: (
    contradicted: readonly { readonly id: EntryId; readonly lookup: number }[],
  ) => Promise<void>;
  /** Counts a failure of their own, and puts those with `MOST_ATTEMPTS` of them to the dead letters. */
  readonly fail: (failures: readonly { readonly id: EntryId; readonly reason: string }[]) => Promise<void>;
  /** The last entry that has arrived; undefined when there never was one. */
  readonly end: () => Promise<EntryId | undefined>;
  /** Everything that waits up to this entry, whoever has taken it, and every dead letter of those times. */
  readonly waiting: (
    upTo: EntryId,
  ) => Promise<{ readonly entries: readonly Taken[]; readonly dead: readonly Taken[] }>;
  /** Drops dead letters whose people have converged. Their ids are those that `waiting` gave. */
  readonly settleDead: (ids: readonly EntryId[]) => Promise<void>;
  /** Milliseconds until a failed or contradicted entry may be tried again; undefined when none waits. */
  readonly nextDueMs: () => Promise<number | undefined>;
};

/** One line of `queue list`. */
export type ListedEntry = Taken & {
  readonly state: 'waiting' | 'taken' | 'failed' | 'dead';
  /** Why it failed the last time. */
  readonly reason: string | undefined;
  readonly ageSeconds: number;
};

export type QueueStatus = {
  /** Entries in the stream, whoever has taken them. */
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
  /** Drops entries or dead letters for good. @returns how many. */
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

/** Something in Redis that no run of ours wrote, and that a run has ignored or repaired. */
export type Tampering = { readonly code: 'BUDGET_FORGED' | 'LOCK_FORGED'; readonly message: string };

/** Whom a run takes something from or moves. A person counts once in 24 hours, however often it is tried. */
export type Spending = { readonly [name in LimitName]: readonly GitHubId[] };

/** What was reserved within the last 24 hours by all runs on this queue. */
export type Budget = {
  /** The people who count already. */
  readonly spent: () => Promise<{ readonly [name in LimitName]: ReadonlySet<GitHubId> }>;
  /**
   * Reserves before writing, in one step for all runs: either everybody, or nobody when one of the limits would be
   * crossed. @param allowed how many may count within 24 hours.
   */
  readonly reserve: (
    people: Spending,
    allowed: { readonly [name in LimitName]: number },
  ) => Promise<'reserved' | 'over budget'>;
};

/** How often hints make organizations be listed, by all drains on this queue. */
export type ListingBudget = {
  /**
   * Asks to list all of these now.
   * @param bound `unbounded` counts the listing and always allows it.
   * @returns 0 where they may be listed, else the milliseconds until they may.
   */
  readonly take: (orgs: readonly string[], bound: 'bounded' | 'unbounded') => Promise<number>;
};

/**
 * What the last full run saw: for a drain to weigh looks against listings, and to tell what a percentage of everybody
 * is without reading everybody.
 */
export type LastRun = {
  readonly at: string;
  /** By organization, in lower case. */
  readonly members: Readonly<Record<string, number>>;
  /** Users that carry our mark. */
  readonly managed: number;
  /** Whether every one of them was one person's alone. */
  readonly plain: boolean;
};

/** Which team, by its numeric id, stood behind each slug when a run first saw it. */
export type TeamMemory = {
  /** @returns `damaged` where what is remembered is no id. @throws SyncError `QUEUE_UNAVAILABLE` */
  readonly read: (org: OrgId, slugs: readonly string[]) => Promise<ReadonlyMap<string, number | 'damaged'>>;
  readonly write: (org: OrgId, ids: ReadonlyMap<string, number>) => Promise<void>;
};

export type RunRecord = {
  readonly read: () => Promise<LastRun | undefined>;
  readonly write: (run: LastRun) => Promise<void>;
  /** Before anybody is moved: a run that dies meanwhile leaves people with two users, whom only a listing finds. */
  readonly clear: () => Promise<void>;
  /** A full run that no limit refused has ended now. */
  readonly noteFullRun: () => Promise<void>;
  readonly fullRuns: () => Promise<FullRuns>;
};

/** What one run did to the queue, in entries. `waiting` are still in it when the run ends; dead letters are not counted. */
export type QueueCounts = { readonly settled: number; readonly failed: number; readonly waiting: number };

/** What all runs of one owner in one Permit environment share. */
export type SharedState = {
  readonly lock: Lock & Pick<Lease, 'assertHeld'>;
  readonly budget: Budget;
  readonly listingBudget: ListingBudget;
  readonly record: RunRecord;
  readonly teams: TeamMemory;
  /**
   * Checks that this state belongs to the environment and owner of this run. `record` claims it if nobody has yet.
   * @throws SyncError `CONFIG_INVALID`
   */
  readonly bind: (environment: string | undefined, mode: 'record' | 'check') => Promise<void>;
};
