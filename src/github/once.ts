/**
 * Asks once for each key, whoever asks again meanwhile or later: a GitHub App looks up an installation, and asks for a
 * token, in each organization.
 */
export function once<K, V>(ask: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const known = new Map<K, Promise<V>>();
  return (key) => {
    const answer = known.get(key) ?? ask(key);
    known.set(key, answer);
    return answer;
  };
}
