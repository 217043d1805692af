import { SyncError } from '../model/errors.ts';
import type { GitHubId } from '../model/identity.ts';
import type { ClearLookup, Lookup, OrgFacts } from '../model/member.ts';
import type { GitHubSource, PersonLookup } from '../model/ports.ts';
import { getOrMake } from '../model/text/record.ts';
import type { LastRun, RunRecord } from '../model/webhooks/queue.ts';
import { findAllRivals } from '../plan/keys/rivals.ts';
import { isFirstRun, knownLogins } from '../plan/ownership.ts';
import { anyoneHoldsMirroredRole } from '../plan/repositories/owned-instance.ts';
import {
  type ListedObservation,
  listOrgs,
  type Observation,
  observedOrgs,
  planFromLookups,
} from '../sync/observation.ts';
import type { ReconcileRequest } from '../sync/run.ts';
import { answersIn, findContradictions, findGraphContradictions, tooEarlyToTake } from './contradictions.ts';
import type { Hint, Hints } from './hints.ts';
import { listOrLookUp } from './list-or-look-up.ts';
import {
  type LookUpContext,
  lookUpBeforeReadingUsers,
  lookUpEach,
  type ResolvedPeople,
  resolvePeople,
} from './look-up-people.ts';
import { canPlanFromTheseUsers, readAhead, readUsersOf, type UsersReader } from './read-users.ts';
import type { LackingCollaborators } from './repository-scope.ts';

/** What a drain knows about the people of its entries. */
type DrainObservation = Pick<ResolvedPeople, 'idsByLogin'> & {
  readonly observation: Observation;
  /** The people of the entries and their rivals, in order of arrival. */
  readonly people: readonly GitHubId[];
  /** A person's known logins: from our marks and from the entries. */
  readonly loginsOf: (id: GitHubId) => readonly string[];
  /** The entries that GitHub's answers contradict. */
  readonly contradictions: readonly Hint[];
  /** Who was looked up because of a repository. Empty where everyone was listed. */
  readonly lacking: LackingCollaborators;
};

type ObservePorts = {
  readonly github: GitHubSource & PersonLookup;
  readonly reader: UsersReader;
  readonly record: Pick<RunRecord, 'read' | 'clear'>;
  readonly now: () => Date;
};

/**
 * Observes with as few requests as possible. In simple cases a few people are looked up and their users read one by
 * one. Otherwise all users are read, and the organizations are listed if that takes fewer requests.
 * @throws SyncError if nothing could be read.
 */
export async function observe(
  hints: Hints,
  request: ReconcileRequest,
  ports: ObservePorts,
): Promise<DrainObservation> {
  const lastRun = await ports.record.read();
  const github = withMemory(ports.github);
  const now = ports.now();
  const targeted = lastRun && (await observeTargeted(hints, request, { ...ports, github }, lastRun, now));
  if (targeted) return targeted;

  const { readGraph } = ports.reader;
  const users = await ports.reader.readUsers();
  const { people, idsByLogin } = await resolvePeople(hints, { ...request, users }, github);
  // Before the first mark is written, only a listing shows which people already have a user.
  const isFirst = isFirstRun(users, request.owner);
  if (isFirst && hints.lookOnly) await requireListing(lastRun, ports.record);
  const cheaper = () => listOrLookUp(people.size, request, lastRun);
  const way = hints.orgs.length > 0 || isFirst ? 'list' : hints.lookOnly ? 'look up' : cheaper();
  const isAboutEveryone = way === 'list' && hints.orgs.length + hints.graph.length > 0;
  const marked = knownLogins(users, request.owner);
  const loginsOf = (id: GitHubId): readonly string[] => [...marked(id), ...loginsIn(hints, id)];
  const observed =
    way === 'list'
      ? {
          ...(await listAll(people, isAboutEveryone, { now, request, users, github, readGraph })),
          lacking: NOBODY,
        }
      : await lookUpEach(people, { now, request, users, github, loginsOf, hints, readGraph }).then(
          ({ observation, lacking }) => ({
            observation: { ...observation, graphCounts: lastRun?.graph },
            people: observation.people,
            lacking,
          }),
        );
  const contradictions = await findContradictionsIn(observed.observation, hints, github);
  return {
    observation: { ...observed.observation, contradicted: tooEarlyToTake(contradictions) },
    ...{ people: [...observed.people], idsByLogin, loginsOf, contradictions },
    lacking: observed.lacking,
  };
}

const NOBODY: LackingCollaborators = new Map();

/** The logins in a person's entries. They may help to find someone, but prove nothing. */
const loginsIn = ({ people }: Hints, id: GitHubId): readonly string[] =>
  (people.get(id) ?? []).flatMap(({ entry }) => entry.login ?? []);

/** Lists every organization. @throws SyncError when none could be. */
async function listAll(
  people: ReadonlySet<GitHubId>,
  isAboutEveryone: boolean,
  { now, request, users, github, readGraph }: Omit<LookUpContext, 'loginsOf' | 'hints'>,
): Promise<{ readonly observation: ListedObservation; readonly people: ReadonlySet<GitHubId> }> {
  const isMirrored = request.repositories !== undefined || anyoneHoldsMirroredRole(users);
  const { observation } = await listOrgs(
    request,
    { github, now },
    async () => ({ users, graph: isMirrored ? await readGraph?.() : undefined }),
    isAboutEveryone ? 'everyone' : () => people,
  );
  const { listings, identities } = observation;
  const all = findAllRivals(people, listings, { ...request, users, identities });
  // Only a plan for everyone shows who is affected by a change of a whole organization or team.
  return { observation: { ...observation, people: isAboutEveryone ? 'everyone' : all }, people: all };
}

/**
 * Redis said that users are managed, and Permit shows none: someone changed what the last run left. Once that is
 * forgotten, the next drain counts its listing. @throws SyncError `LOCKED` where it is forgotten already.
 */
async function requireListing(lastRun: LastRun | undefined, record: ObservePorts['record']): Promise<void> {
  if (lastRun) return record.clear();
  throw new SyncError(
    'LOCKED',
    'no user in Permit carries our mark yet, so the organizations have to be listed, and webhooks cause that at most ' +
      'once in 5 minutes',
    'wait, or run gh-permit-sync reconcile',
  );
}

/** @returns undefined unless a few users are enough and take fewer requests than reading all users. */
async function observeTargeted(
  hints: Hints,
  request: ReconcileRequest,
  { github, reader }: Pick<ObservePorts, 'github' | 'reader'>,
  lastRun: LastRun,
  now: Date,
): Promise<DrainObservation | undefined> {
  // What people hold on repositories and teams shows what a lookup has to ask, so users are read first.
  if (request.repositories !== undefined) return undefined;
  const people = new Set(hints.people.keys());
  const pages = Math.ceil(lastRun.managed / USERS_PER_PAGE);
  if (!lastRun.plain || hints.orgs.length + hints.logins.size > 0 || people.size >= pages) return undefined;
  const isListingCheaper = () => listOrLookUp(people.size, request, lastRun) === 'list';
  if (!hints.lookOnly && isListingCheaper()) return undefined;
  // Permit also holds users who joined since, and users that are not ours.
  void readAhead(hints, request, reader, lastRun.managed + USERS_PER_PAGE / 2);
  const lookedUp = await lookUpBeforeReadingUsers(hints, { now, request, github }, (answers) =>
    readUsersOf(hints, answers, request.userSettings, reader),
  );
  if (!lookedUp) return undefined;
  const contradictions = await findContradictionsIn(lookedUp, hints, github);
  const observation = { ...lookedUp, contradicted: tooEarlyToTake(contradictions), population: lastRun };
  const draft = planFromLookups(observation, request, undefined);
  if (!canPlanFromTheseUsers(draft, lookedUp, request)) return undefined;
  return {
    observation,
    ...{ people: [...people], idsByLogin: new Map(), contradictions },
    lacking: NOBODY,
    loginsOf: (id) => loginsIn(hints, id),
  };
}

/** A page of Permit's users. */
const USERS_PER_PAGE = 100;

/** Remembers clear answers for the rest of a drain. */
function withMemory(github: ObservePorts['github']): ObservePorts['github'] {
  const orgsRead = new Map<string, ReturnType<PersonLookup['readOrgWithoutMembers']>>();
  const known = new Map<string, ClearLookup>();
  const remembering =
    (lookUp: GitHubSource['lookUp']): GitHubSource['lookUp'] =>
    async (people, orgs) => {
      // An answer holds only for the organizations that were asked.
      const asked = orgs.map(({ id }) => id).join(' ');
      const before = people.flatMap(({ id }) => known.get(`${id} ${asked}`) ?? []);
      const answered = new Set(before.map(({ id }) => id));
      const open = people.filter(({ id }) => !answered.has(id));
      const now = open.length === 0 ? new Map<GitHubId, Lookup>() : await lookUp(open, orgs);
      for (const [id, lookup] of now) if (lookup.kind === 'clear') known.set(`${id} ${asked}`, lookup);
      return new Map([...before.map((lookup) => [lookup.id, lookup] as const), ...now]);
    };
  return {
    ...github,
    readOrgWithoutMembers: (org, needs) =>
      getOrMake(orgsRead, org, () => github.readOrgWithoutMembers(org, needs)),
    lookUp: remembering(github.lookUp),
    beginLookUp: (people, orgs) => remembering(github.beginLookUp(people, orgs)),
  };
}

/**
 * Finds the entries that GitHub's answers contradict. Entries name teams by id and rules by slug, so GitHub is asked
 * for the ids if an entry needs them.
 */
async function findContradictionsIn(
  observation: Observation,
  hints: Hints,
  github: Pick<PersonLookup, 'readOrgWithoutMembers'>,
): Promise<readonly Hint[]> {
  const isAnswered = (id: GitHubId): boolean =>
    observation.kind === 'listed' || (observation.people.has(id) && !observation.unconfirmed.has(id));
  const isAboutTeams = [...hints.people.values()].flat().some(({ entry }) => entry.event === 'membership');
  const orgs = observedOrgs(observation);
  const numbered = isAboutTeams ? await Promise.all(orgs.map((org) => numberTeams(org, github))) : orgs;
  return [
    ...findContradictions(hints, answersIn(numbered, isAnswered)),
    ...findGraphContradictions(hints, orgs, observation.graph),
  ];
}

async function numberTeams(
  org: OrgFacts,
  github: Pick<PersonLookup, 'readOrgWithoutMembers'>,
): Promise<OrgFacts> {
  // A pattern can match any number of teams, and each would cost a request.
  const slugs = org.teams.filter(
    ({ ref, id, asked }) => id === undefined && asked === 'name' && !ref.startsWith('#'),
  );
  if (slugs.length === 0) return org;
  const refs = slugs.map(({ ref }) => ref);
  const numbered = await github.readOrgWithoutMembers(org.org, {
    teams: refs,
    collaborators: false,
    orgRoles: [],
  });
  const teams = numbered.kind === 'without-members' ? numbered.teams : [];
  const ids = new Map(teams.map(({ ref, id }) => [ref, id]));
  return { ...org, teams: org.teams.map((team) => ({ ...team, id: team.id ?? ids.get(team.ref) })) };
}
