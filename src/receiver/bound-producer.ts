import type { QueueProducer } from '../model/webhooks/queue.ts';

/**
 * A queue that nothing enters before it is known to be ours: Redis may be away when the receiver starts, so that it
 * can't be known by then.
 * @param bind throws where the queue is somebody else's, or can't be asked. It is asked until it once succeeds.
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
