/** The answers of one phase, by question. Each question is asked once; what failed stays failed. */
export type PhaseMemory = <T>(question: string, ask: () => Promise<T>) => Promise<T>;

export function openPhaseMemory(): PhaseMemory {
  const known = new Map<string, Promise<unknown>>();
  return <T>(question: string, ask: () => Promise<T>): Promise<T> => {
    const answer = (known.get(question) as Promise<T> | undefined) ?? ask();
    known.set(question, answer);
    return answer;
  };
}

/**
 * Calls `ask` once for each key and shares the promise. Saves a GitHub App from finding its installation and requesting
 * a token again for each request.
 */
export function once<K, V>(ask: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const known = new Map<K, Promise<V>>();
  return (key) => {
    const answer = known.get(key) ?? ask(key);
    known.set(key, answer);
    return answer;
  };
}
