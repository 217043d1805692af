import type { IdentityReading } from '../model/corporate-identity.ts';
import { SyncError } from '../model/errors.ts';
import { folded, type GitHubId, isSameName } from '../model/identity.ts';
import type { ClearLookup, IncompleteListing, OrgWithoutMembers } from '../model/member.ts';
import type { GitHubSource, PersonLookup } from '../model/ports.ts';
import { defined } from '../model/text/record.ts';
import type { PermitUser } from '../model/user.ts';
import { applyLookups } from '../plan/apply-lookups.ts';
import { findByLogin, findRivals } from '../plan/keys/rivals.ts';
import { loginBehind } from '../plan/keys/user-key.ts';
import { orgNeedsOf } from '../plan/needs.ts';
import { allOfOurs, groupByOwner, type ManagedUser } from '../plan/ownership.ts';
import type { PlanInput, Unconfirmed } from '../plan/plan-input.ts';
import { anyoneHoldsMirroredRole } from '../plan/repositories/owned-instance.ts';
import { mergeIdentities, observeIdentities } from '../sync/identities/observe-identities.ts';
import { believe, type LookedUpObservation } from '../sync/observation.ts';
import type { ReconcileRequest } from '../sync/run.ts';
import type { Hint, Hints } from './hints.ts';
import type { UsersReader } from './read-users.ts';
import {
  findLackingCollaborators,
  type LackingCollaborators,
  openGraphPart,
  type ScopeByOrg,
  scopesOf,
} from './repository-scope.ts';

export type LookUpContext = {
  readonly now: Date;
  readonly request: ReconcileRequest;
  readonly users: readonly PermitUser[];
  readonly github: GitHubSource & PersonLookup;
  /** A person's known logins: from our marks and from the entries. */
  readonly loginsOf: (id: GitHubId) => readonly string[];
  readonly hints: Hints;
  readonly readGraph: UsersReader['readGraph'];
};

/**
 * Looks up each person by id, the direct collaborators who lack the role that the list of a repository shows, and all
 * their rivals.
 * @throws SyncError if no organization answered.
 */
export async function lookUpEach(
  people: ReadonlySet<GitHubId>,
  { now, request, users, github, loginsOf, hints, readGraph }: LookUpContext,
): Promise<{ readonly observation: LookedUpObservation; readonly lacking: LackingCollaborators }> {
  const orgsRead = await readOrgsWithoutMembers(request, github, scopesOf(hints));
  const { complete, incomplete, unread } = believe(orgsRead, users, request, now);
  const isMirrored = request.repositories !== undefined || anyoneHoldsMirroredRole(users);
  const ours = allOfOurs(groupByOwner(users, request.owner));
  const part =
    isMirrored && readGraph
      ? openGraphPart(readGraph, complete, { users, owner: request.owner }, ours, hints)
      : undefined;
  await part?.readScopes();
  const observer = observeIdentities(request, github);
  let identities: IdentityReading | undefined;
  const lookups = new Map<GitHubId, ClearLookup>();
  const unconfirmed = new Map<GitHubId, Unconfirmed>();
  const lacking: LackingCollaborators = part ? findLackingCollaborators(complete, ours) : new Map();
  // A repository that is gone may have been all that someone had.
  let open: ReadonlySet<GitHubId> = new Set([
    ...people,
    ...(part?.holdersOfGone() ?? []),
    ...[...lacking.values()].flat(),
  ]);
  let orgs: readonly OrgWithoutMembers[] = complete;
  while (open.size > 0) {
    await part?.readHeldBy(open);
    const asked = [...open].map((id) => ({
      id,
      logins: loginsOf(id),
      ...defined({ atStake: part?.atStake(id) }),
    }));
    for (const [id, lookup] of await github.lookUp(asked, complete)) {
      if (lookup.kind === 'clear') lookups.set(id, lookup);
      else unconfirmed.set(id, { kind: 'unanswered', why: lookup.why });
    }
    orgs = applyLookups(complete, lookups);
    const more = await observer.of(open, orgs, users);
    identities = more && mergeIdentities([identities, more]);
    const known = new Set([...lookups.keys(), ...unconfirmed.keys()]);
    const rivals = findRivals(known, orgs, { ...request, users, identities });
    const claimants = await findClaimants(open, lookups, ours, { request, github });
    open = new Set([...rivals, ...claimants].filter((id) => !known.has(id)));
  }
  const all = new Set([...lookups.keys(), ...unconfirmed.keys()]);
  const graph = part?.graph();
  return {
    observation: {
      kind: 'lookedUp',
      ...{ now, users, graph, people: all, orgs, identities, incomplete, unread, unconfirmed },
    },
    lacking,
  };
}

/**
 * Finds who has the former logins of these people today, if their user keys still hold them. A decision about such a
 * key needs a lookup of that person too.
 */
async function findClaimants(
  people: ReadonlySet<GitHubId>,
  lookups: ReadonlyMap<GitHubId, ClearLookup>,
  ours: readonly ManagedUser[],
  { request, github }: Pick<LookUpContext, 'request' | 'github'>,
): Promise<readonly GitHubId[]> {
  const [org = ''] = request.listedOrgs;
  const formerLogins = ours.flatMap(({ user, mark }) => {
    const today = people.has(mark.id) ? lookups.get(mark.id)?.login : undefined;
    const behind = loginBehind(request.userSettings.key, user.key, mark.id);
    const isFormer = today !== undefined && behind !== undefined && !isSameName(today, behind);
    return isFormer ? [behind] : [];
  });
  const found = await Promise.all(formerLogins.map((login) => findAccount(login, org, github)));
  // The next full run lists everyone, and so finds the claimants that GitHub did not answer about.
  return found.filter((id) => typeof id === 'number');
}

/** Who has a login today. A login that GitHub fails on must not block the others. */
async function findAccount(
  login: string,
  org: string,
  github: Pick<PersonLookup, 'findAccount'>,
): Promise<GitHubId | 'unanswered' | undefined> {
  try {
    return await github.findAccount(login, org);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'GITHUB_UNAVAILABLE') return 'unanswered';
    throw error;
  }
}

/**
 * Looks up people before their users are read.
 * @param readUsers reads the users of people about whom GitHub has answered.
 * @returns undefined if an organization could not be asked, if more people have to be looked up, or if a lookup needs a
 *   login from our marks. The login of an entry is not enough: anyone who can write to Redis can write one.
 */
export async function lookUpBeforeReadingUsers(
  hints: Hints,
  { now, request, github }: Pick<LookUpContext, 'now' | 'request' | 'github'>,
  readUsers: (answers: Pick<LookedUpObservation, 'orgs' | 'identities'>) => Promise<readonly PermitUser[]>,
): Promise<LookedUpObservation | undefined> {
  const people = new Set(hints.people.keys());
  const lookUp = github.beginLookUp([...hints.people].map(likelyAnswer), request.listedOrgs);
  const orgsRead = await readOrgsWithoutMembers(request, github);
  const complete = orgsRead.filter((org) => org.kind === 'without-members');
  if (complete.length < orgsRead.length) return undefined;
  const asked = [...people].map((id) => ({ id, logins: undefined }));
  const lookups = new Map<GitHubId, ClearLookup>();
  for (const [id, lookup] of await lookUp(asked, complete)) {
    if (lookup.kind === 'unclear') return undefined;
    lookups.set(id, lookup);
  }
  const orgs = applyLookups(complete, lookups);
  const identities = await observeIdentities(request, github).of(people, orgs, []);
  const users = await readUsers({ orgs, identities });
  const { incomplete, unread } = believe(complete, users, request, now);
  const rivals = findRivals(people, orgs, { ...request, users, identities });
  if (incomplete.length > 0 || rivals.size > 0) return undefined;
  const unconfirmed = new Map();
  return { kind: 'lookedUp', now, users, people, orgs, identities, incomplete, unread, unconfirmed };
}

/** What a person's newest entry suggests. */
function likelyAnswer([id, hints]: readonly [GitHubId, readonly Hint[]]): Parameters<
  PersonLookup['beginLookUp']
>[0][number] {
  const newest = hints.at(-1)?.entry;
  const isLeaving = newest?.event === 'organization' && newest.action === 'member_removed';
  return { id, login: newest?.login, isLeaving };
}

function readOrgsWithoutMembers(
  { listedOrgs, rules, repositories }: ReconcileRequest,
  github: PersonLookup,
  scopeOf?: ScopeByOrg,
): Promise<readonly (OrgWithoutMembers | IncompleteListing)[]> {
  return Promise.all(
    listedOrgs.map((org) => {
      const needs = orgNeedsOf(rules, org, scopeOf && repositories);
      const part = needs.repositories && { repositories: { ...needs.repositories, only: scopeOf?.(org) } };
      return github.readOrgWithoutMembers(org, { ...needs, ...part });
    }),
  );
}

/** The people of the entries. */
export type ResolvedPeople = {
  readonly people: ReadonlySet<GitHubId>;
  /**
   * By login in lower case: the person who has it now, and people whose user still has it. Without logins about which
   * GitHub did not answer.
   */
  readonly idsByLogin: ReadonlyMap<string, readonly GitHubId[]>;
};

/** Resolves logins: GitHub shows who has one now, and our marks who had it. */
export async function resolvePeople(
  { people, logins }: Hints,
  { users, owner, configuredOrgs }: Pick<PlanInput, 'users' | 'owner' | 'configuredOrgs'>,
  github: Pick<PersonLookup, 'findAccount'>,
): Promise<ResolvedPeople> {
  const known = findByLogin(new Set([...logins.keys()].map(folded)), { users, owner });
  const [asking = ''] = configuredOrgs;
  const idsByLogin = new Map<string, readonly GitHubId[]>();
  await Promise.all(
    [...logins.keys()].map(async (login) => {
      const now = await findAccount(login, asking, github);
      const ids = [...(known.get(login) ?? []), ...(typeof now === 'number' ? [now] : [])];
      if (now !== 'unanswered') idsByLogin.set(login, [...new Set(ids)]);
    }),
  );
  return { people: new Set([...people.keys(), ...[...idsByLogin.values()].flat()]), idsByLogin };
}
