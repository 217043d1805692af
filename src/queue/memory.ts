/** Of a Redis whose maxmemory is 0 there is no bound. */
export type Memory = {
  readonly usedBytes: number;
  readonly maxBytes: number;
  /** So full that what a drain needs might find no room. */
  readonly isNearlyFull: boolean;
};

/** From this share of maxmemory on no delivery is queued. */
const NEARLY_FULL = 0.98;

/** Whoever may not ask for INFO is told nothing. */
export const CHECK_MEMORY = `
local info = redis.pcall('INFO', 'memory')
return type(info) == 'string' and info or ''
`;

/** @returns undefined where Redis does not tell. */
export function memoryOf(info: unknown): Memory | undefined {
  const text = typeof info === 'string' ? info : '';
  const [used, max] = ['used_memory', 'maxmemory'].map((name) =>
    Number(new RegExp(`^${name}:(\\d+)\\r?$`, 'm').exec(text)?.[1] ?? Number.NaN),
  );
  if (used === undefined || max === undefined || Number.isNaN(used + max)) return undefined;
  // One that may drop something else makes room by itself.
  const isBounded = max > 0 && /^maxmemory_policy:noeviction\r?$/m.test(text);
  return { usedBytes: used, maxBytes: max, isNearlyFull: isBounded && used >= NEARLY_FULL * max };
}
