/**
 * JSON in which equal values give equal bytes: keys sorted, nothing undefined, sets and maps as sorted lists. For
 * hashing and comparing, not for reading.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value)) ?? 'null';
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return sorted(value.toJSON());
  if (Array.isArray(value)) return value.map(sorted);
  if (value instanceof Set || value instanceof Map) return [...value].map(canonicalJson).sort();
  const names = Object.keys(value).sort();
  // Assigning would lose a key that is called __proto__.
  return Object.fromEntries(names.map((name) => [name, sorted((value as Record<string, unknown>)[name])]));
}
