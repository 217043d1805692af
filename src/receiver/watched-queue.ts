import { shareAnswer, within } from '../model/once.ts';
import type { QueueEntry, QueueProducer, QueueStatus } from '../model/webhooks/queue.ts';

/** The queue as the receiver uses it: an outage is an answer, not an error, and takes limited time. */
export type WatchedQueue = {
  readonly append: (entry: QueueEntry) => Promise<'queued' | 'full' | 'unavailable'>;
  readonly isReady: () => Promise<boolean>;
  /** Undefined while the queue is unavailable. */
  readonly status: () => Promise<QueueStatus | undefined>;
};

export type QueueBounds = {
  /** GitHub gives up after 10 s, so it should get its 503 before that. */
  readonly appendMs: number;
  readonly pingMs: number;
};

export const QUEUE_BOUNDS: QueueBounds = { appendMs: 8_000, pingMs: 2_000 };

/** @param changed called once when the queue becomes unavailable, with the reason, and once when it is back. */
export function watchQueue(
  queue: QueueProducer & { readonly status?: (() => Promise<QueueStatus>) | undefined },
  { appendMs, pingMs }: QueueBounds,
  changed: (state: { readonly kind: 'away'; readonly reason: unknown } | { readonly kind: 'back' }) => void,
): WatchedQueue {
  let away = false;
  const succeeded = (): void => {
    if (away) changed({ kind: 'back' });
    away = false;
  };
  const failed = (reason: unknown): void => {
    if (!away) changed({ kind: 'away', reason });
    away = true;
  };
  const ask = async <T>(question: () => Promise<T>): Promise<T | undefined> => {
    try {
      const answer = await inTime(pingMs, question());
      succeeded();
      return answer;
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
  // Concurrent calls ask Redis once.
  const ready = shareAnswer(async () => (await ask(() => queue.ping().then(() => true))) === true);
  const status = shareAnswer(async () => queue.status && (await ask(queue.status)));
  return {
    append: async (entry) => {
      try {
        const appended = await inTime(appendMs, queue.append(entry));
        succeeded();
        return appended;
      } catch (error) {
        failed(error);
        return 'unavailable';
      }
    },
    isReady: ready,
    status,
  };
}

/** An entry that arrives too late was answered with 503 and may be delivered again, which costs one more lookup. */
const inTime = <T>(ms: number, work: Promise<T>): Promise<T> =>
  within(ms, work, () => new Error(`the queue did not answer within ${ms / 1000} s`));

/**
 * A queue that accepts entries only once its binding was checked. Redis may be unavailable when the receiver starts, so
 * this can't be checked then.
 * @param bind throws if the queue belongs to another owner, or can't be reached. Called until it succeeds once.
 */
export function boundProducer(queue: QueueProducer, bind: () => Promise<void>): QueueProducer {
  let bound: Promise<void> | undefined;
  const prove = (): Promise<void> => {
    bound ??= bind().catch((error: unknown) => {
      bound = undefined;
      throw error;
    });
    return bound;
  };
  return {
    append: async (entry) => {
      await prove();
      return queue.append(entry);
    },
    ping: async () => {
      await prove();
      await queue.ping();
    },
  };
}
