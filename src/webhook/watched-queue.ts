import type { QueueEntry, QueueInlet } from '../model/queue.ts';

/** The queue as the receiver lives with it: being away is an answer, not an error, and takes bounded time. */
export type WatchedQueue = {
  readonly append: (entry: QueueEntry) => Promise<'queued' | 'full' | 'unavailable'>;
  readonly isReady: () => Promise<boolean>;
};

export type QueueBounds = {
  /** GitHub gives up after 10 s: before that it shall read 503, and not count on an answer that never came. */
  readonly appendMs: number;
  readonly pingMs: number;
};

export const QUEUE_BOUNDS: QueueBounds = { appendMs: 8_000, pingMs: 2_000 };

/** @param changed told once when the queue goes away, with the reason, and once when it is back. */
export function watchQueue(
  queue: QueueInlet,
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
  let asking: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    try {
      await within(pingMs, queue.ping());
      succeeded();
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  };
  return {
    append: async (entry) => {
      try {
        const appended = await within(appendMs, queue.append(entry));
        succeeded();
        return appended;
      } catch (error) {
        failed(error);
        return 'unavailable';
      }
    },
    // However many ask at once, Redis is asked once.
    isReady: () => {
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}

/** An entry that arrives after its time was answered with 503 and may be delivered again: it means one look more. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the queue did not answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
