import type { Proven } from '../model/absence.ts';
import type { OrgFacts, OrgRole, PersonToLookUp, TeamRef, TeamRole } from '../model/member.ts';
import type { PhaseMemory } from '../model/once.ts';
import { isNotFound, teamAddress, teamMembershipOf } from './membership.ts';
import { proveTeamGone } from './repositories/confirm-links.ts';
import {
  type AskedOrg,
  answeredOtherwise,
  type FactAnswer,
  orgClientOf,
  prove,
  witnessOfTeam,
} from './witnesses.ts';

/**
 * Asks about the teams that can matter: those that a rule names, those in which the person was listed, and those in
 * which something is at stake. Not being in one of the others takes nothing away.
 */
export async function lookUpTeams(
  { id, atStake }: PersonToLookUp,
  membership: { readonly login: string } | 'not found',
  role: FactAnswer<OrgRole>,
  { listing, client }: AskedOrg,
): Promise<ReadonlyMap<TeamRef, FactAnswer<TeamRole>>> {
  const listed = listing.teams.filter((team) => team.asked === 'name' || team.members.has(id));
  const stakes = atStake?.get(listing.id)?.teams ?? [];
  const asked = [...new Set([...listed.map(({ ref }) => ref), ...stakes])];
  const place = orgClientOf({ listing, client });
  const find = async (ref: TeamRef): Promise<FactAnswer<TeamRole>> => {
    if (membership === 'not found' || typeof role === 'object') return 'not found';
    const answer = await teamMembershipOf(place, addressOf(ref, listing), membership.login);
    return answer === 'not found' ? answer : (answer.role ?? answeredOtherwise({ listing, client }));
  };
  return new Map(await Promise.all(asked.map(async (ref) => [ref, await find(ref)] as const)));
}

/** A team whose repositories are mirrored may be gone itself, which proves as much. */
export async function proveInTeam(
  found: FactAnswer<TeamRole>,
  ref: TeamRef,
  org: AskedOrg,
  memory: PhaseMemory,
): Promise<Proven<TeamRole>> {
  const address = addressOf(ref, org.listing);
  const isNamed = org.listing.teams.some((team) => team.ref === ref && team.asked === 'name');
  return prove(found, org, () => witnessOfTeam(org, address, memory)).catch(async (error: unknown) => {
    if (isNamed || !ref.startsWith('#') || !isNotFound(error)) throw error;
    const gone = await proveTeamGone(org, Number(ref.slice(1)), memory);
    if (gone === 'listed') throw error;
    return gone;
  });
}

/** How GitHub is asked about a team. */
function addressOf(ref: TeamRef, { repositories }: OrgFacts): TeamRef {
  const mirrored = ref.startsWith('#') ? repositories?.teams.get(Number(ref.slice(1))) : undefined;
  return mirrored ? teamAddress(mirrored) : ref;
}
