import type { Proven } from '../model/absence.ts';
import { folded, type GitHubId, type OrgId } from '../model/identity.ts';
import type {
  HeldOrgRole,
  ListedFact,
  Lookup,
  OrgFacts,
  OrgRole,
  PersonToLookUp,
  TeamRef,
  TeamRole,
} from '../model/member.ts';
import { openPhaseMemory, type PhaseMemory } from '../model/once.ts';
import type { GitHubSource, PersonLookup } from '../model/ports.ts';
import type { RepositoryRole } from '../model/repositories/access-model.ts';
import { parseAccount } from './answers.ts';
import type { CredentialKind } from './explain-failure.ts';
import type { ClientOf, GitHubClient } from './github-client.ts';
import { lookUpTeams, proveInTeam } from './look-up-teams.ts';
import { membershipOf, notFound } from './membership.ts';
import { listOutsideCollaborators } from './needs/list-collaborators.ts';
import { listHolders } from './needs/list-org-roles.ts';
import type { ProofPhase } from './repositories/confirm-links.ts';
import { type ConfiguredOrg, type Elsewhere, openElsewhere } from './repositories/elsewhere.ts';
import {
  type FoundRoles,
  findRepositoryRoles,
  proveRepositoryRole,
} from './repositories/look-up-repositories.ts';
import {
  type AskedOrg,
  anotherOrg,
  answeredOtherwise,
  type FactAnswer,
  hidden,
  orgClientOf,
  prove,
  readOwners,
  Unclear,
  whyUnclear,
  witnessOfOrg,
} from './witnesses.ts';

type LookupPhase = ProofPhase & { readonly orgs: readonly AskedOrg[] };

type LoginsById = ReadonlyMap<GitHubId, string>;
type RoleHolders = readonly [HeldOrgRole, LoginsById];

type FoundInOrg = {
  readonly org: AskedOrg;
  readonly role: FactAnswer<OrgRole>;
  readonly teams: ReadonlyMap<TeamRef, FactAnswer<TeamRole>>;
  /** Undefined if collaborators were not asked for. */
  readonly collaborates: FactAnswer<true> | undefined;
  readonly orgRoles: ReadonlyMap<HeldOrgRole, FactAnswer<true>>;
  readonly repositories: FoundRoles['roles'];
};

type FoundPerson = {
  readonly id: GitHubId;
  readonly login: string | undefined;
  readonly orgs: readonly FoundInOrg[];
};

export function openLookUps(
  clientOf: ClientOf,
  credentials: CredentialKind,
  configured: readonly ConfiguredOrg[],
): Pick<GitHubSource, 'lookUp'> & Pick<PersonLookup, 'beginLookUp'> {
  /** Looks people up one by one, then proves all absences together (CONTRACT §6.2). */
  const lookUpWith =
    (memory: PhaseMemory): GitHubSource['lookUp'] =>
    async (people, listings) => {
      const org = listings[0]?.org ?? '';
      /** A failed lookup affects only that person. */
      const orUnclear = async <T>(id: GitHubId, ask: () => Promise<T>): Promise<T | Lookup> => {
        try {
          return await ask();
        } catch (error) {
          return { kind: 'unclear', id, why: whyUnclear(error, org, credentials) };
        }
      };
      const phase = openPhase(clientOf, listings, openElsewhere(listings, configured, clientOf), memory);
      const found = await Promise.all(
        people.map((asked) => orUnclear(asked.id, async () => findPerson(asked, await phase))),
      );
      // Only now: a witness that answered before a 404 arrived does not support that 404.
      const proven = found.map((one) =>
        'kind' in one ? one : orUnclear(one.id, async () => provePerson(one, await phase)),
      );
      return new Map((await Promise.all(proven)).map((lookup) => [lookup.id, lookup]));
    };
  return {
    lookUp: (people, listings) => lookUpWith(openPhaseMemory())(people, listings),
    beginLookUp: (people, orgs) => {
      const memory = openPhaseMemory();
      const isLoss = people.some(({ isLeaving }) => isLeaving);
      for (const org of orgs) {
        const begin = async (): Promise<void> => {
          const client = await clientOf(org);
          const place = { client, org, memory };
          const accounts = org === orgs[0] ? people.map(({ id }) => readLogin(id, place)) : [];
          const logins = people.flatMap(({ login }) => login ?? []);
          const memberships = logins.map((login) => readMembership(login, place));
          const owners = isLoss ? [readOwners(client, org, memory)] : [];
          await Promise.all([...accounts, ...memberships, ...owners]);
        };
        // A failure counts only if the lookup asks the same.
        begin().catch(() => undefined);
      }
      return lookUpWith(memory);
    },
  };
}

async function openPhase(
  clientOf: ClientOf,
  listings: readonly OrgFacts[],
  elsewhere: Elsewhere,
  memory: PhaseMemory,
): Promise<LookupPhase> {
  if (listings.length === 0) throw new Unclear('no organization could be asked');
  const orgs = await Promise.all(
    listings.map(async (listing) => ({ client: await clientOf(listing.org), listing })),
  );
  return { orgs, memory, elsewhere };
}

/** GitHub has no lookup for one holder, so the lists are read again, once for each phase. Logins by id. */
const readHolders = (org: AskedOrg, { memory }: LookupPhase): Promise<readonly RoleHolders[]> =>
  memory(`holders of roles of ${org.listing.id}`, () =>
    Promise.all(
      (org.listing.orgRoles ?? []).map(
        async (role) => [role, await listHolders(orgClientOf(org), role)] as const,
      ),
    ),
  );

/** Nor for one collaborator. */
const readCollaborators = (org: AskedOrg, { memory }: LookupPhase): Promise<LoginsById> =>
  memory(`collaborators of ${org.listing.id}`, async () => {
    const { collaborators, unread } = await listOutsideCollaborators(orgClientOf(org));
    if (collaborators === undefined) throw new Unclear(unread.map(({ message }) => message).join('; '));
    return new Map(collaborators.map((one) => [one.id, one.login]));
  });

async function findPerson(asked: PersonToLookUp, phase: LookupPhase): Promise<FoundPerson> {
  const { id, logins } = asked;
  const login = await todaysLogin(id, phase);
  const names = login === undefined ? logins && distinct(logins) : [login];
  if (names === undefined)
    throw new Unclear('GitHub shows no account of that id, and no login of it is known yet');
  const orgs: FoundInOrg[] = [];
  let seen = login;
  for (const org of phase.orgs) {
    const membership = await findMembership(id, names, login !== undefined, org, phase);
    if (membership !== 'not found') seen ??= membership.login;
    const role = membership === 'not found' ? membership : (membership.role ?? answeredOtherwise(org));
    const teams = await lookUpTeams(asked, membership, role, org);
    const collaborates = org.listing.collaborators && (await findCollaboration(id, role, org, phase));
    // The list also names people whose accounts GitHub hides.
    if (collaborates === true) seen ??= (await readCollaborators(org, phase)).get(id);
    const orgRoles = await findOrgRoles(id, role, org, phase);
    const { roles: repositories, ...direct } = await findRepositoryRoles(asked, seen, org, phase.memory);
    seen ??= direct.login;
    orgs.push({ org, role, teams, collaborates, orgRoles, repositories });
  }
  return { id, login: seen, orgs };
}

async function provePerson({ id, login, orgs }: FoundPerson, phase: LookupPhase): Promise<Lookup> {
  const roles = new Map<OrgId, Proven<OrgRole>>();
  const teams = new Map<OrgId, ReadonlyMap<TeamRef, Proven<TeamRole>>>();
  const collaborates = new Map<OrgId, ListedFact>();
  const orgRoles = new Map<OrgId, ReadonlyMap<number, ListedFact>>();
  const repositories = new Map<OrgId, ReadonlyMap<number, Proven<RepositoryRole> | 'unproven'>>();
  for (const found of orgs) {
    const { id: org } = found.org.listing;
    const role = await prove(found.role, found.org, () => witnessOfOrg(found.org, phase.memory));
    roles.set(org, role);
    const inTeams = [...found.teams].map(async ([ref, one]) => {
      // Only members are in a team.
      if (typeof role === 'object') return [ref, role] as const;
      return [ref, await proveInTeam(one, ref, found.org, phase.memory)] as const;
    });
    teams.set(org, new Map(await Promise.all(inTeams)));
    // The same holds for organization roles.
    const held = [...found.orgRoles].map(async ([one, fact]) => {
      if (typeof role === 'object') return [one.id, role] as const;
      const holders = (await readHolders(found.org, phase)).find(([listed]) => listed === one)?.[1];
      return [one.id, await proveByList(fact, found.org, holders ?? new Map())] as const;
    });
    orgRoles.set(org, new Map(await Promise.all(held)));
    const direct = [...found.repositories].map(
      async ([one, fact]) => [one, await proveRepositoryRole(fact, one, found.org, phase)] as const,
    );
    repositories.set(org, new Map(await Promise.all(direct)));
    if (found.collaborates === undefined) continue;
    const listed = await readCollaborators(found.org, phase);
    collaborates.set(org, await proveByList(found.collaborates, found.org, listed));
  }
  return { kind: 'clear', id, login, roles, teams, collaborates, orgRoles, repositories };
}

const distinct = (logins: readonly string[]): readonly string[] => [
  ...new Map(logins.map((login) => [login.toLowerCase(), login])).values(),
];

/**
 * GitHub shows a managed user only to clients of that user's organizations, so each client is asked.
 * @returns undefined if all of them answer 404, which proves nothing yet.
 */
async function todaysLogin(id: GitHubId, { orgs, memory }: LookupPhase): Promise<string | undefined> {
  for (const [i, { client, listing }] of orgs.entries()) {
    if (orgs.findIndex((org) => org.client === client) < i) continue;
    const login = await readLogin(id, { client, org: listing.org, memory });
    if (login !== undefined) return login;
  }
  return undefined;
}

type AskedPlace = { readonly client: GitHubClient; readonly org: string; readonly memory: PhaseMemory };

/** @returns undefined for GitHub's own 404. */
const readLogin = (id: GitHubId, { client, org, memory }: AskedPlace): Promise<string | undefined> =>
  memory(`account ${id} for ${org}`, async () => {
    const asked = client.get('/user/{account_id}', { account_id: id }, (answer) => {
      const account = parseAccount(answer);
      return account?.id === id ? account : undefined;
    });
    const found = await asked.catch(notFound);
    return found === 'not found' ? undefined : found.body.login;
  });

const readMembership = (
  login: string,
  { client, org, memory }: AskedPlace,
): ReturnType<typeof membershipOf> =>
  memory(`membership of ${folded(login)} in ${org}`, () => membershipOf(client, org, login));

/**
 * @param names the person's possible logins. All are asked about.
 * @param isToday whether GitHub just said that this is the person's login. If not, a login that belongs to someone else
 *   is one that the person no longer has.
 * @throws Unclear if GitHub answered for another organization.
 */
async function findMembership(
  id: GitHubId,
  names: readonly string[],
  isToday: boolean,
  { client, listing }: AskedOrg,
  { memory }: LookupPhase,
): Promise<{ readonly login: string; readonly role: OrgRole | undefined } | 'not found'> {
  for (const name of names) {
    const answer = await readMembership(name, { client, org: listing.org, memory });
    if (answer === 'hidden') throw new Unclear(hidden(listing.org));
    if (answer === 'not found') continue;
    if (answer.org !== listing.id) throw new Unclear(anotherOrg(listing.org, answer.org));
    if (answer.user.id === id) return { login: answer.user.login, role: answer.role };
    if (isToday) throw new Unclear(`the login ${name} changed hands while GitHub was asked about it`);
  }
  return 'not found';
}

/** Only members hold organization roles. */
async function findOrgRoles(
  id: GitHubId,
  role: FactAnswer<OrgRole>,
  org: AskedOrg,
  phase: LookupPhase,
): Promise<FoundInOrg['orgRoles']> {
  const isMember = role === 'admin' || role === 'member';
  const lists = isMember
    ? await readHolders(org, phase)
    : (org.listing.orgRoles ?? []).map((one) => [one, undefined] as const);
  return new Map(lists.map(([one, holders]) => [one, holders?.has(id) ? true : 'not found']));
}

/** A member is never an outside collaborator. */
async function findCollaboration(
  id: GitHubId,
  role: FactAnswer<OrgRole>,
  org: AskedOrg,
  phase: LookupPhase,
): Promise<FactAnswer<true>> {
  if ((await readCollaborators(org, phase)).has(id)) return true;
  return role === 'admin' || role === 'member' ? answeredOtherwise(org) : 'not found';
}

/** A list that shows someone else is its own witness. An empty one proves nothing. */
async function proveByList(found: FactAnswer<true>, org: AskedOrg, listed: LoginsById): Promise<ListedFact> {
  const [witness] = listed.values();
  if (found === 'not found' && witness === undefined) return 'unproven';
  return prove(found, org, async () => witness ?? '');
}
