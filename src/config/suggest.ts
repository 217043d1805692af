import leven from 'leven';

/**
 * The candidate that somebody probably meant: at most a third of the letters differ, case aside.
 * @returns undefined where none is near; of equally near ones the first.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  // Names of ours are short; what is far longer is no typing error, and measuring it would be slow.
  if (word.length > 100) return undefined;
  const distances = candidates.map((candidate) => leven(word.toLowerCase(), candidate.toLowerCase()));
  const least = Math.min(...distances);
  return least <= Math.max(1, Math.floor(word.length / 3)) ? candidates[distances.indexOf(least)] : undefined;
}

/** `did you mean "sync"?`, or where nothing is near, what there is to choose from. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = closest(word, candidates);
  if (near !== undefined) return `did you mean "${near}"?`;
  return candidates.length === 0 ? '' : `expected ${alternatives(candidates)}`;
}

const alternatives = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
