/** Redis' memory. A `maxBytes` of 0 means no limit. */
export type Memory = {
  readonly usedBytes: number;
  readonly maxBytes: number;
  /** So full that a drain might find no room for what it writes. */
  readonly isNearlyFull: boolean;
};

/** Above this share of maxmemory no delivery is queued. */
const NEARLY_FULL = 0.98;

/** Returns '' to a user who may not run INFO. */
export const CHECK_MEMORY = `
local info = redis.pcall('INFO', 'memory')
return type(info) == 'string' and info or ''
`;

/** @returns undefined if Redis does not say. */
export function memoryOf(info: unknown): Memory | undefined {
  const text = typeof info === 'string' ? info : '';
  const [used, max] = ['used_memory', 'maxmemory'].map((name) =>
    Number(new RegExp(`^${name}:(\\d+)\\r?$`, 'm').exec(text)?.[1] ?? Number.NaN),
  );
  if (used === undefined || max === undefined || Number.isNaN(used + max)) return undefined;
  // Under any other policy Redis evicts keys to make room.
  const isBounded = max > 0 && /^maxmemory_policy:noeviction\r?$/m.test(text);
  return { usedBytes: used, maxBytes: max, isNearlyFull: isBounded && used >= NEARLY_FULL * max };
}
