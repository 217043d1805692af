import { SyncError } from '../model/errors.ts';
import type { GitHubId } from '../model/identity.ts';
import type { ClearLookup, CompleteListing, Lookup } from '../model/member.ts';
import type { Note, Plan } from '../model/plan.ts';
import type { GitHubAcquaintance, GitHubSource } from '../model/ports.ts';
import type { LastRun } from '../model/queue.ts';
import type { PermitUser } from '../model/user.ts';
import { makePlan, type PlanInput } from '../plan/make-plan.ts';
import { allOfOurs, knownLogins, sortOut } from '../plan/ownership.ts';
import { confirmLosses, type Replan } from '../sync/confirm-losses.ts';
import { lastRunOf } from '../sync/last-run.ts';
import { type ReconcileRequest, sizesOf } from '../sync/reconcile.ts';
import { tooEarlyToTake } from './contradictions.ts';
import { observeContradictions } from './find-contradictions.ts';
import type { Hint, Hints } from './hints.ts';
import { resolvePeople } from './people.ts';
import type { ConvergePorts } from './ports.ts';
import { canPlanFromTheseUsers, readFew, withPopulation } from './targeted-users.ts';
import { type Asking, listAll, lookUpBeforeReadingUsers, lookUpEach, type View } from './view.ts';
import { chooseView } from './view-choice.ts';

/** What a drain knows of its people, and the plan that follows. */
export type Seen = {
  readonly view: View;
  readonly users: readonly PermitUser[];
  readonly plan: Plan;
  readonly notes: readonly Note[];
  readonly idsByLogin: ReadonlyMap<string, readonly GitHubId[]>;
  readonly unknown: ReadonlySet<string>;
  /** The entries that say the opposite of what GitHub answers. */
  readonly contradictions: readonly Hint[];
};

/**
 * Asks GitHub and Permit as little as it takes: a few people about whom all is plain are looked at, and their users
 * read, one by one; else everybody's users are read, and the organizations are listed where that is cheaper.
 * @throws SyncError when nothing could be seen.
 */
export async function see(hints: Hints, request: ReconcileRequest, ports: ConvergePorts): Promise<Seen> {
  const lastRun = await ports.record.read();
  const github = remembering(ports.github);
  const few = lastRun && (await seeFew(hints, request, { ...ports, github }, lastRun));
  if (few) return few;

  const users = await ports.reader.readUsers();
  const { people, idsByLogin, unknown } = await resolvePeople(hints, { ...request, users }, github);
  const everybody = hints.orgs.length > 0;
  // Before the first mark is placed, it takes everyone to tell which users exist already.
  const isFirstRun = allOfOurs(sortOut(users, request.owner)).length === 0;
  if (isFirstRun && hints.lookOnly) await requireListing(lastRun, ports.record);
  const cheaper = () => chooseView(people.size, request.listedOrgs, request.rules, lastRun);
  const kind = everybody || isFirstRun ? 'list' : hints.lookOnly ? 'look' : cheaper();
  const loginsOf = namesOf(hints, knownLogins(users, request.owner));
  const view = await (kind === 'list' ? listAll : lookUpEach)(people, { request, users, github, loginsOf });
  const contradictions = await observeContradictions(view, hints, github);
  const narrowed = { ...request, contradicted: tooEarlyToTake(contradictions) };
  // Whom a change of a whole organization or team concerns is found by planning for everybody.
  const asking = { request: narrowed, users, loginsOf };
  const planned = await planFor(everybody ? undefined : view.people, view, asking, ports);
  if (view.kind === 'list') await remember(view, planned.plan, ports);
  return { view, users, ...planned, idsByLogin, unknown, contradictions };
}

/**
 * What the last run left was changed by others: nobody is managed any more. Once that is forgotten, the next drain counts
 * its listing. @throws SyncError `LOCKED` where it is forgotten already.
 */
async function requireListing(lastRun: LastRun | undefined, record: ConvergePorts['record']): Promise<void> {
  if (lastRun) return record.clear();
  throw new SyncError(
    'LOCKED',
    'no user in Permit carries our mark yet, so the organizations have to be listed, and webhooks cause that at most ' +
      'once in 5 minutes',
    'wait, or run gh-permit-sync reconcile',
  );
}

/** @returns undefined unless a few users are all that it takes, and fewer requests than everybody's. */
async function seeFew(
  hints: Hints,
  request: ReconcileRequest,
  { github, reader }: Pick<ConvergePorts, 'github' | 'reader'>,
  lastRun: LastRun,
): Promise<Seen | undefined> {
  const people = new Set(hints.people.keys());
  const pages = Math.ceil(lastRun.managed / USERS_PER_PAGE);
  if (!lastRun.plain || hints.orgs.length + hints.logins.size > 0 || people.size >= pages) return undefined;
  if (!hints.lookOnly && chooseView(people.size, request.listedOrgs, request.rules, lastRun) === 'list')
    return undefined;
  const looked = await lookUpBeforeReadingUsers(people, { request, github });
  if (!looked) return undefined;
  const users = await readFew(hints, looked.listings, request.userSettings.key, reader);
  const view = looked.believe(users);
  if (!view) return undefined;
  const contradictions = await observeContradictions(view, hints, github);
  const narrowed = { ...request, contradicted: tooEarlyToTake(contradictions) };
  const narrow = planNarrowly(people, view.listings, view.unconfirmed, users, narrowed);
  if (!canPlanFromTheseUsers(narrow, users, people, view.listings, request)) return undefined;
  const plan = await withPopulation(narrow, lastRun, reader);
  return { view, users, plan, notes: [], idsByLogin: new Map(), unknown: new Set(), contradictions };
}

/** A page of Permit's users. */
const USERS_PER_PAGE = 100;

/** A clear answer that was had once in this drain is not asked for again. */
function remembering(github: ConvergePorts['github']): GitHubSource & GitHubAcquaintance {
  const introduced = new Map<string, ReturnType<GitHubAcquaintance['introduceOrg']>>();
  const known = new Map<string, ClearLookup>();
  return {
    ...github,
    introduceOrg: (org, needs) => {
      const answer = introduced.get(org) ?? github.introduceOrg(org, needs);
      introduced.set(org, answer);
      return answer;
    },
    lookUp: async (people, listings) => {
      // The same people seen through other listings is another question.
      const through = listings.map(({ id }) => id).join(' ');
      const before = people.flatMap(({ id }) => known.get(`${id} ${through}`) ?? []);
      const answered = new Set(before.map(({ id }) => id));
      const open = people.filter(({ id }) => !answered.has(id));
      const now = open.length === 0 ? new Map<GitHubId, Lookup>() : await github.lookUp(open, listings);
      for (const [id, lookup] of now) if (lookup.kind === 'clear') known.set(`${id} ${through}`, lookup);
      return new Map([...before.map((lookup) => [lookup.id, lookup] as const), ...now]);
    },
  };
}

/** The names that our marks hold, and those of the entries: the latter may find somebody, and prove nothing. */
const namesOf =
  ({ people }: Hints, marked: (id: GitHubId) => readonly string[]): ((id: GitHubId) => readonly string[]) =>
  (id) => [...marked(id), ...(people.get(id) ?? []).flatMap(({ entry }) => entry.login ?? [])];

const planNarrowly = (
  only: ReadonlySet<GitHubId> | undefined,
  listings: readonly CompleteListing[],
  unconfirmed: PlanInput['unconfirmed'],
  users: readonly PermitUser[],
  request: ReconcileRequest,
): Plan => makePlan({ ...request, listings, users, unconfirmed, ids: only, pruneUnmanaged: undefined });

/** @param only undefined for everybody. */
async function planFor(
  only: ReadonlySet<GitHubId> | undefined,
  { kind, listings, unconfirmed }: View,
  { users, request, loginsOf }: Pick<Asking, 'users' | 'request' | 'loginsOf'>,
  { github, announce }: ConvergePorts,
): Promise<{ readonly plan: Plan; readonly notes: readonly Note[] }> {
  const replan: Replan = (from, without) => planNarrowly(only, from, without, users, request);
  const plan = replan(listings, new Map(unconfirmed));
  // Everybody who was looked up was asked about alone and by id already.
  if (kind === 'look') return { plan, notes: [] };
  announce('look');
  return confirmLosses(plan, listings, github, replan, loginsOf);
}

/** A listing tells the sizes, by which later drains weigh looks against listings. */
async function remember(
  { listings, incomplete }: View,
  plan: Plan,
  { record, now }: ConvergePorts,
): Promise<void> {
  if (incomplete.length === 0) await record.write(lastRunOf(sizesOf(listings), plan, [], now()));
}
