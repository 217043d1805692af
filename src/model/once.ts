import { getOrMake } from './text/record.ts';

/** The answers of one phase, by question. Each question is asked once. */
export type PhaseMemory = <T>(question: string, ask: () => Promise<T>) => Promise<T>;

/** @param failures `kept`: what failed stays failed. `forgotten`: it is asked again when its answer is needed. */
export function openPhaseMemory(failures: 'kept' | 'forgotten' = 'kept'): PhaseMemory {
  const known = new Map<string, Promise<unknown>>();
  return <T>(question: string, ask: () => Promise<T>): Promise<T> => {
    const before = known.get(question) as Promise<T> | undefined;
    if (before) return before;
    const answer = ask();
    known.set(question, answer);
    if (failures === 'forgotten') answer.catch(() => known.delete(question));
    return answer;
  };
}

/**
 * Calls `ask` once for each key and shares the promise. Saves a GitHub App from finding its installation and requesting
 * a token again for each request.
 */
export function once<K, V>(ask: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const known = new Map<K, Promise<V>>();
  return (key) => getOrMake(known, key, () => ask(key));
}

/** Callers that ask while an answer is under way share it. */
export function shareAnswer<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | undefined;
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

/** Waits for work that can't be stopped: its later result goes unnoticed. @throws `late()` after `ms`. */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
