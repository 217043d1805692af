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
