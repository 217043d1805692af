import { compareText, folded } from '../model/identity.ts';
import type { MirroredRepository } from '../model/repositories/verification.ts';
import { fnv1a } from '../model/text/hash.ts';

/**
 * The named repositories, each once, sorted by name. A name is "payments-api" or "acme/payments-api", in any case.
 * @returns names that match none as `unknown`.
 */
export function namedRepositories(
  all: readonly MirroredRepository[],
  names: readonly string[],
): { readonly found: readonly MirroredRepository[]; readonly unknown: readonly string[] } {
  const fits = ({ org, name }: MirroredRepository, wanted: string): boolean =>
    [name, `${org}/${name}`].some((one) => folded(one) === folded(wanted));
  return {
    found: sorted(all.filter((one) => names.some((wanted) => fits(one, wanted)))),
    unknown: names.filter((wanted) => !all.some((one) => fits(one, wanted))),
  };
}

/**
 * A random sample, sorted by name. The same seed draws the same repositories, regardless of their order and names; a
 * new repository can displace at most one.
 */
export function sampleRepositories(
  all: readonly MirroredRepository[],
  size: number,
  seed: string,
): readonly MirroredRepository[] {
  const drawn = all
    .map((one) => ({ one, rank: seededRank(`${seed} ${one.id}`) }))
    .sort((a, b) => a.rank - b.rank || a.one.id - b.one.id);
  return sorted(drawn.slice(0, size).map(({ one }) => one));
}

export const sorted = (repositories: readonly MirroredRepository[]): readonly MirroredRepository[] =>
  repositories.toSorted((a, b) => compareText(a.org, b.org) || compareText(a.name, b.name));

/** A hash with a last mixing step: spread evenly, and the same on every machine. */
function seededRank(text: string): number {
  let h = fnv1a(text);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}
