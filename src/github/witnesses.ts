import { HttpFailure } from '../http/http-failure.ts';
import { type Proven, type ProvenAbsence, provenAbsence } from '../model/absence.ts';
import type { Account, OrgFacts, TeamRef } from '../model/member.ts';
import type { PhaseMemory } from '../model/once.ts';
import { parseAccounts } from './answers.ts';
import { type CredentialKind, explainFailure } from './explain-failure.ts';
import type { GitHubClient } from './github-client.ts';
import { membershipOf, type OrgClient, readOrganization, requireTeam } from './membership.ts';

/** How many owners, or repositories of one kind, to try in turn, in case one has just gone. */
export const MAX_WITNESSES = 3;

/** An organization to ask about: its client, and what was listed of it. */
export type AskedOrg = { readonly client: GitHubClient; readonly listing: OrgFacts };

export const orgClientOf = ({ client, listing: { org, id } }: AskedOrg): OrgClient => ({ client, org, id });

/**
 * GitHub has to answer 200 about a witness before a 404 about anyone else means anything: for a member, an owner's
 * membership, under the same numeric id. Asked once for each phase.
 * @throws HttpFailure; Unclear where there is no witness.
 */
export const witnessOfOrg = (org: AskedOrg, memory: PhaseMemory): Promise<string> =>
  memory(`witness of ${org.listing.id}`, () => findWitness(org, memory));

/** The same for someone in a team: the team itself. @throws HttpFailure where it does not answer. */
export const witnessOfTeam = (org: AskedOrg, ref: TeamRef, memory: PhaseMemory): Promise<string> =>
  memory(`team ${org.listing.id} ${ref}`, () => requireTeam(orgClientOf(org), ref).then(() => ref));

/** Possible witnesses. They may be read before a 404: only a membership is a proof, and it is read afterwards. */
export const readOwners = (
  client: GitHubClient,
  org: string,
  memory: PhaseMemory,
): Promise<readonly Account[]> =>
  memory(`owners of ${org}`, async () => {
    const owners = { org, role: 'admin', per_page: 100 };
    return (await client.get('/orgs/{org}/members', owners, parseAccounts)).body;
  });

/**
 * Two requests: the organization and an owner's membership. If no owner is known: the first page of owners and a
 * membership, which also holds the organization's id.
 */
async function findWitness({ client, listing }: AskedOrg, memory: PhaseMemory): Promise<string> {
  const { org, id } = listing;
  const listed = listing.members.filter(({ role }) => role === 'admin');
  const isListed = listed.length > 0;
  if (isListed) {
    const now = await readOrganization(client, org);
    if (now.id !== id) throw new Unclear(anotherOrg(org, now.id));
  }
  const owners: readonly Pick<Account, 'id' | 'login'>[] = isListed
    ? listed
    : await readOwners(client, org, memory);
  for (const owner of owners.slice(0, MAX_WITNESSES)) {
    // Never a remembered answer: it has to come after the 404.
    const answer = await membershipOf(client, org, owner.login);
    if (answer === 'hidden') throw new Unclear(hidden(org));
    if (answer === 'not found') continue;
    if (answer.org !== id) throw new Unclear(anotherOrg(org, answer.org));
    if (answer.user.id === owner.id && answer.role !== undefined) return owner.login;
  }
  throw new Unclear(`GitHub finds no owner of ${org} either, so a 404 about a member proves nothing`);
}

/** Why a question has no clear answer. Only `lookUp` and `confirmLinkLosses` see it. */
export class Unclear extends Error {}

/** @throws SyncError where the credentials themselves are refused, or the run was stopped. */
export function whyUnclear(error: unknown, org: string, credentials: CredentialKind): string {
  if (error instanceof Unclear) return error.message;
  if (!(error instanceof HttpFailure)) throw error;
  explainFailure(error, org, credentials);
  return `GitHub answered ${error.status ?? 'nothing usable'} to ${error.request}: ${error.reply}`;
}

export const hidden = (org: string): string => `the credentials may not read memberships of ${org}`;

export const anotherOrg = (org: string, id: number): string =>
  `the name ${org} answers for another organization, with the id ${id}`;

/** A fact as GitHub answered it. `not found` still has to be proven. */
export type FactAnswer<Fact> = Proven<Fact> | 'not found';

export const answeredOtherwise = ({ listing }: AskedOrg): ProvenAbsence =>
  provenAbsence({ kind: 'answered otherwise', org: listing.id });

/** @param witnessOf throws if there is no witness. */
export async function prove<Fact>(
  found: FactAnswer<Fact>,
  { listing }: AskedOrg,
  witnessOf: () => Promise<string>,
): Promise<Proven<Fact>> {
  if (found !== 'not found') return found;
  return provenAbsence({ kind: 'not found beside a witness', org: listing.id, witness: await witnessOf() });
}
