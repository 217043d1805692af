/**
 * FNV-1a over the UTF-16 code units of a text, from 0 to 2^32 - 1: the same on every machine. It resists no attacker.
 * @param start another one gives an independent number.
 */
export function fnv1a(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
