import { folded, isSameName, type OrgId, type OrgPins } from '../model/identity.ts';
import type { MarkAttributes } from '../model/mark.ts';
import {
  type CompleteListing,
  type IncompleteListing,
  incompleteOrg,
  type OrgFacts,
} from '../model/member.ts';
import type { Note } from '../model/plan.ts';
import { enumerate } from '../model/text/text.ts';
import type { PermitUser } from '../model/user.ts';
import { allOfOurs, groupByOwner, type Ownership } from './ownership.ts';
import type { PlanInput } from './plan-input.ts';

/**
 * The name of an organization can be freed and registered by someone else. If the config pins an id, only that id is
 * trusted. Otherwise an id that a mark or a pin already holds is trusted. An unknown id is trusted only if every id in
 * marks and pins is accounted for: listed, pinned, or retired by the operator. An id that is left over may belong to a
 * configured organization that was not listed; a run that lists all of them shows it.
 */
export function findImpostors<L extends OrgFacts>(
  listings: readonly L[],
  users: readonly PermitUser[],
  {
    owner,
    configuredOrgs,
    orgPins: pins = {},
    retiredOrgs: retired = [],
  }: Pick<PlanInput, 'owner' | 'configuredOrgs' | 'orgPins' | 'retiredOrgs'>,
): { readonly complete: readonly L[]; readonly impostors: readonly IncompleteListing[] } {
  const contradicting = listings.filter((listing) => contradictsPin(listing, pins));
  const contradicted = contradicting.map(({ org }) => pinOf(org, pins));
  const listed = new Set(listings.map(({ id }) => id));
  const pinned = new Set(Object.values(pins));
  const known = new Set<OrgId>([...orgsInMarks(groupByOwner(users, owner)), ...pinned]);
  const accounted = (id: OrgId): boolean =>
    listed.has(id) || retired.includes(id) || (pinned.has(id) && !contradicted.includes(id));
  const leftOver = [...known].filter((id) => !accounted(id)).sort((a, b) => a - b);
  // The id may belong to an organization that was not listed, or not. Nothing is given on a guess.
  const isDoubtful = (listing: L): boolean =>
    !contradicting.includes(listing) && leftOver.length > 0 && !known.has(listing.id);
  const unlisted = configuredOrgs.filter(
    (org) => pinOf(org, pins) === undefined && !listings.some((listing) => isSameName(listing.org, org)),
  );
  return {
    complete: listings.filter((listing) => !contradicting.includes(listing) && !isDoubtful(listing)),
    impostors: [
      ...contradicting.map((listing) => contradiction(listing, pins)),
      ...listings.filter(isDoubtful).map(({ org, id }) => suspicion(org, id, leftOver, unlisted)),
    ],
  };
}

const pinOf = (org: string, pins: OrgPins): OrgId | undefined =>
  Object.hasOwn(pins, folded(org)) ? pins[folded(org)] : undefined;

const contradictsPin = ({ org, id }: OrgFacts, pins: OrgPins): boolean =>
  pinOf(org, pins) !== undefined && pinOf(org, pins) !== id;

function orgsInMarks(ours: Ownership): ReadonlySet<OrgId> {
  const found = new Set<OrgId>();
  for (const { mark } of allOfOurs(ours)) for (const org of mark.orgs) found.add(org);
  return found;
}

const contradiction = ({ org, id }: OrgFacts, pins: OrgPins): IncompleteListing =>
  incompleteOrg(
    org,
    `GitHub says that ${org} has the id ${id}, and the config pins ${pinOf(org, pins)}: the name may have been freed ` +
      'and registered by someone else',
    `if the organization with the id ${id} is yours, correct the id of ${org} in github.orgs`,
  );

/**
 * Notes about new organizations: no mark holds their id although there are marks, and no pin confirms it. Each gets one
 * note, in the run that writes the first marks with its id.
 * @param ours the marked users before the run. @param written the marks that the plan writes.
 */
export function newOrgNotes(
  listings: readonly CompleteListing[],
  pins: OrgPins,
  ours: Ownership,
  written: readonly MarkAttributes[],
): readonly Note[] {
  const behind = new Set(written.flatMap(orgsIn));
  const unpinned = listings.filter(({ org, id }) => pinOf(org, pins) === undefined && behind.has(id));
  if (unpinned.length === 0) return [];
  const known = orgsInMarks(ours);
  if (known.size === 0) return [];
  return unpinned
    .filter(({ id }) => !known.has(id))
    .toSorted((a, b) => a.id - b.id)
    .map(({ org, id }) => ({
      code: 'NEW_ORG',
      users: [],
      message:
        `${org} (id ${id}) is new: no user here comes from it yet; if it is yours, pin its id in github.orgs: ` +
        `{ name: ${org}, id: ${id} }`,
    }));
}

const orgsIn = ({ github_orgs: orgs }: MarkAttributes): readonly unknown[] =>
  Array.isArray(orgs) ? orgs : [];

function suspicion(
  org: string,
  id: OrgId,
  leftOver: readonly OrgId[],
  unlisted: readonly string[],
): IncompleteListing {
  const ids = enumerate(leftOver.map(String));
  if (unlisted.length > 0) {
    const others = enumerate(unlisted);
    return incompleteOrg(
      org,
      `${org} has the id ${id}, which no user here knows, while users know the organization ${ids}, which was not ` +
        `listed in this run: whether that is ${others}, or ${org} under a name that was freed, can't be told`,
      `run once over all organizations, ${others} too: then ${org} is believed`,
    );
  }
  return incompleteOrg(
    org,
    `${org} has the id ${id}, which no user here knows, while users know the organization ${ids}, which is none of ` +
      'the configured ones: its name may have been freed and registered by someone else',
    `if ${org} is yours, and ${ids} should no longer be managed, run once with --retire-org ${leftOver.join(' ')}`,
  );
}
