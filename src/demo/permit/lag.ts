import type { TrackedMap } from '../tracked-map.ts';
import type { PermitSwitches } from './ask.ts';

/**
 * Watches a map from now on. @returns the map as it was before the lag; the same map if there is no lag.
 * @param empty makes a map of the same kind.
 */
export function watchLag<K, V, M extends TrackedMap<K, V>>(
  map: M & TrackedMap<K, V>,
  empty: () => M,
  switches: PermitSwitches,
): () => M {
  const changes: { readonly at: number; readonly key: K; readonly before: V | undefined }[] = [];
  map.onChange = (key, before) => {
    if (switches.lag.ms > 0) changes.push({ at: switches.now(), key, before });
  };
  return () => {
    const until = switches.now() - switches.lag.ms;
    while (changes[0] && changes[0].at <= until) changes.shift();
    if (changes.length === 0) return map;
    const lagging = empty();
    for (const [key, value] of map) lagging.set(key, value);
    for (const { key, before } of changes.toReversed()) {
      if (before === undefined) lagging.delete(key);
      else lagging.set(key, before);
    }
    return lagging;
  };
}
