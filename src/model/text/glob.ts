import { folded } from '../identity.ts';

/**
 * Whether `pattern`, in which `*` stands for any run of characters, matches all of `text`, case aside unless told
 * otherwise. Written without a regular expression: patterns come from a file, and `*a*a*a*…` must not take
 * exponential time.
 */
export function globMatches(
  pattern: string,
  text: string,
  letters: 'any case' | 'exact case' = 'any case',
): boolean {
  const p = letters === 'any case' ? folded(pattern) : pattern;
  const t = letters === 'any case' ? folded(text) : text;
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < t.length; ) {
    if (p[at] === '*') {
      star = at++;
      resume = i;
    } else if (at < p.length && p[at] === t[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (p[at] === '*') at++;
  return at === p.length;
}
