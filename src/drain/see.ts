import type { GitHubId } from '../model/identity.ts';
import type { CompleteListing } from '../model/member.ts';
import type { Note, Plan } from '../model/plan.ts';
import type { GitHubAcquaintance, GitHubSource } from '../model/ports.ts';
import type { LastRun } from '../model/queue.ts';
import type { PermitUser } from '../model/user.ts';
import { makePlan } from '../plan/make-plan.ts';
import { confirmLosses } from '../reconcile/confirm-losses.ts';
import { type ReconcileRequest, sizesOf } from '../reconcile/reconcile.ts';
import { isEnough, readFew, withPopulation } from './few.ts';
import type { Hints } from './hints.ts';
import { lastRunOf } from './last-run.ts';
import { whoIsMeant } from './people.ts';
import type { ConvergePorts } from './ports.ts';
import { listAll, lookAtEach, lookWithout, type View } from './view.ts';
import { chooseView } from './view-choice.ts';

/** What a drain knows of its people, and the plan that follows. */
export type Seen = {
  readonly view: View;
  readonly users: readonly PermitUser[];
  readonly plan: Plan;
  readonly notes: readonly Note[];
  readonly namesakes: ReadonlyMap<string, readonly GitHubId[]>;
  readonly unknown: ReadonlySet<string>;
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
  const { people, namesakes, unknown } = await whoIsMeant(hints, { ...request, users }, github);
  const everybody = hints.orgs.length > 0;
  const kind = everybody ? 'list' : chooseView(people.size, request.listedOrgs, request.statements, lastRun);
  const view = await (kind === 'list' ? listAll : lookAtEach)(people, { request, users, github });
  // Whom a change of a whole organization or team concerns is found by planning for everybody.
  const planned = await planFor(everybody ? undefined : view.people, view, users, request, ports);
  if (view.kind === 'list') await remember(view, planned.plan, ports);
  return { view, users, ...planned, namesakes, unknown };
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
  if (chooseView(people.size, request.listedOrgs, request.statements, lastRun) === 'list') return undefined;
  const looked = await lookWithout(people, { request, github });
  if (!looked) return undefined;
  const users = await readFew(hints, looked.listings, request.userRules.key, reader);
  const view = looked.believe(users);
  if (!view) return undefined;
  const narrow = planNarrowly(people, view.listings, view.unanswered, users, request);
  if (!isEnough(narrow, users, people, view.listings, request)) return undefined;
  const plan = await withPopulation(narrow, lastRun, reader);
  return { view, users, plan, notes: [], namesakes: new Map(), unknown: new Set() };
}

/** A page of Permit's users. */
const USERS_PER_PAGE = 100;

/** A look that was asked for once in this drain is not asked for again. */
function remembering(github: ConvergePorts['github']): GitHubSource & GitHubAcquaintance {
  const introduced = new Map<string, ReturnType<GitHubAcquaintance['introduceOrg']>>();
  const looks = new Map<string, ReturnType<GitHubSource['look']>>();
  const once = <T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> => {
    const answer = known.get(key) ?? ask();
    known.set(key, answer);
    return answer;
  };
  return {
    ...github,
    introduceOrg: (org, needs) => once(introduced, org, () => github.introduceOrg(org, needs)),
    // The same people seen through other listings is another question.
    look: (id, listings) =>
      once(looks, `${id} ${listings.map((listing) => listing.id).join(' ')}`, () =>
        github.look(id, listings),
      ),
  };
}

const planNarrowly = (
  only: ReadonlySet<GitHubId> | undefined,
  listings: readonly CompleteListing[],
  unconfirmed: ReadonlySet<GitHubId>,
  users: readonly PermitUser[],
  request: ReconcileRequest,
): Plan => makePlan({ ...request, listings, users, unconfirmed, ids: only, pruneUnmanaged: undefined });

/** @param only undefined for everybody. */
async function planFor(
  only: ReadonlySet<GitHubId> | undefined,
  { kind, listings, unanswered }: View,
  users: readonly PermitUser[],
  request: ReconcileRequest,
  { github, announce }: ConvergePorts,
): Promise<{ readonly plan: Plan; readonly notes: readonly Note[] }> {
  const replan = (from: readonly CompleteListing[], unconfirmed: ReadonlySet<GitHubId>): Plan =>
    planNarrowly(only, from, unconfirmed, users, request);
  const plan = replan(listings, unanswered);
  // Everybody who was looked at was asked about alone and by id already.
  if (kind === 'look') return { plan, notes: [] };
  announce('look');
  return confirmLosses(plan, listings, github, replan);
}

/** A listing tells the sizes, by which later drains weigh looks against listings. */
async function remember(
  { listings, incomplete }: View,
  plan: Plan,
  { record, now }: ConvergePorts,
): Promise<void> {
  if (incomplete.length === 0) await record.write(lastRunOf(sizesOf(listings), plan, [], now()));
}
