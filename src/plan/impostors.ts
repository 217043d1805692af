import { folded, type OrgId } from '../model/identity.ts';
import type { CompleteListing, IncompleteListing } from '../model/member.ts';
import { enumerate } from '../model/text.ts';
import type { PermitUser } from '../model/user.ts';
import { allOfOurs, sortOut } from './ownership.ts';

/** Listings that are believed, and those that may be somebody else's organization under a name that was freed. */
export type Believed = {
  readonly complete: readonly CompleteListing[];
  readonly impostors: readonly IncompleteListing[];
};

/**
 * A name of an organization can be freed and registered by somebody else. One whose id no mark knows is believed only
 * as long as the marks know no id that is left over: neither listed, nor retired by the operator. Where a configured
 * organization was not listed, the id may be its own; that is known when all of them are listed in one run.
 * @param orgs the configured organizations, listed or not.
 */
export function findImpostors(
  listings: readonly CompleteListing[],
  users: readonly PermitUser[],
  {
    owner,
    orgs,
    retired,
  }: { readonly owner: string; readonly orgs: readonly string[]; readonly retired: readonly OrgId[] },
): Believed {
  const known = new Set(allOfOurs(sortOut(users, owner)).flatMap(({ mark }) => mark.orgs));
  const listed = new Set(listings.map(({ id }) => id));
  const leftOver = [...known].filter((id) => !listed.has(id) && !retired.includes(id)).sort((a, b) => a - b);
  // One that was not listed may be what the id belongs to, or not: nobody knows, so nothing is given on a guess.
  if (leftOver.length === 0) return { complete: listings, impostors: [] };
  const unlisted = orgs.filter((org) => !listings.some((listing) => folded(listing.org) === folded(org)));
  const isNew = ({ id }: CompleteListing): boolean => !known.has(id);
  return {
    complete: listings.filter((listing) => !isNew(listing)),
    impostors: listings.filter(isNew).map(({ org, id }) => suspicion(org, id, leftOver, unlisted)),
  };
}

function suspicion(
  org: string,
  id: OrgId,
  leftOver: readonly OrgId[],
  unlisted: readonly string[],
): IncompleteListing {
  const ids = enumerate(leftOver.map(String));
  if (unlisted.length > 0) {
    const others = enumerate(unlisted);
    return {
      kind: 'incomplete',
      org,
      code: 'GITHUB_INCOMPLETE',
      message:
        `${org} has the id ${id}, which no user here knows, while users know the organization ${ids}, which was not ` +
        `listed in this run: whether that is ${others}, or ${org} under a name that was freed, can't be told`,
      hint: `run once over all organizations, ${others} too: then ${org} is believed`,
    };
  }
  return {
    kind: 'incomplete',
    org,
    code: 'GITHUB_INCOMPLETE',
    message:
      `${org} has the id ${id}, which no user here knows, while users know the organization ${ids}, which is none of ` +
      'the configured ones: its name may have been freed and registered by somebody else',
    hint: `if ${org} is yours, and ${ids} is given up for good, run once with --retire-org ${leftOver.join(' ')}`,
  };
}
