import type { GitHubId } from '../model/identity.ts';
import type { CompleteListing, IncompleteListing, Look, OrgListing, Unread } from '../model/member.ts';
import type { GitHubAcquaintance, GitHubSource } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { amend } from '../plan/amend.ts';
import { needsOf } from '../plan/needs.ts';
import { findRivals } from '../plan/rivals.ts';
import { believe, type ReconcileRequest } from '../reconcile/reconcile.ts';

/** What GitHub said about the people of a drain. */
export type View = {
  readonly kind: 'look' | 'list';
  /** The people themselves, and whoever stands in their way. */
  readonly people: ReadonlySet<GitHubId>;
  /** Of a `look`, they hold for these people alone. */
  readonly listings: readonly CompleteListing[];
  readonly incomplete: readonly IncompleteListing[];
  readonly unread: readonly Unread[];
  /** People about whom GitHub gave no clear answer. */
  readonly unanswered: ReadonlySet<GitHubId>;
};

type Asking = {
  readonly request: ReconcileRequest;
  readonly users: readonly PermitUser[];
  readonly github: GitHubSource & GitHubAcquaintance;
};

/** Lists every organization. @throws SyncError when none could be. */
export async function listAll(
  people: ReadonlySet<GitHubId>,
  { request, users, github }: Asking,
): Promise<View> {
  const { listedOrgs, statements } = request;
  const listings = await Promise.all(listedOrgs.map((org) => github.listOrg(org, needsOf(statements, org))));
  const { complete, incomplete, unread } = believe(listings, users, request);
  let all = people;
  for (;;) {
    const more = findRivals(all, complete, { ...request, users });
    if (more.size === 0) break;
    all = new Set([...all, ...more]);
  }
  return { kind: 'list', people: all, listings: complete, incomplete, unread, unanswered: new Set() };
}

/**
 * Looks at each of the people alone and by id, and at whoever stands in their way.
 * @throws SyncError when no organization answered.
 */
export async function lookAtEach(
  people: ReadonlySet<GitHubId>,
  { request, users, github }: Asking,
): Promise<View> {
  const introduced = await introduceAll(request, github);
  const { complete, incomplete, unread } = believe(introduced, users, request);
  const looks = new Map<GitHubId, Look>();
  const unanswered = new Set<GitHubId>();
  let open = people;
  let listings = complete;
  while (open.size > 0) {
    await lookAt(open, complete, github, looks, unanswered);
    listings = amend(complete, looks);
    open = findRivals(new Set([...looks.keys(), ...unanswered]), listings, { ...request, users });
  }
  const all = new Set([...looks.keys(), ...unanswered]);
  return { kind: 'look', people: all, listings, incomplete, unread, unanswered };
}

/** The looks, before anything is known of Permit's users. */
export type Looked = {
  readonly listings: readonly CompleteListing[];
  /** @returns the view, once the users are known; undefined where there is more to ask about. */
  readonly believe: (users: readonly PermitUser[]) => View | undefined;
};

/**
 * The same for people whose users are read afterwards.
 * @returns undefined where an organization could not be asked.
 */
export async function lookWithout(
  people: ReadonlySet<GitHubId>,
  { request, github }: Omit<Asking, 'users'>,
): Promise<Looked | undefined> {
  const introduced = await introduceAll(request, github);
  const complete = introduced.filter((listing) => listing.kind === 'complete');
  if (complete.length < introduced.length) return undefined;
  const looks = new Map<GitHubId, Look>();
  const unanswered = new Set<GitHubId>();
  await lookAt(people, complete, github, looks, unanswered);
  const listings = amend(complete, looks);
  return {
    listings,
    believe: (users) => {
      const { incomplete, unread } = believe(complete, users, request);
      if (incomplete.length > 0 || findRivals(people, listings, { ...request, users }).size > 0)
        return undefined;
      return { kind: 'look', people, listings, incomplete, unread, unanswered };
    },
  };
}

const introduceAll = (
  { listedOrgs, statements }: ReconcileRequest,
  github: GitHubAcquaintance,
): Promise<readonly OrgListing[]> =>
  Promise.all(listedOrgs.map((org) => github.introduceOrg(org, needsOf(statements, org))));

async function lookAt(
  people: ReadonlySet<GitHubId>,
  listings: readonly CompleteListing[],
  github: Pick<GitHubSource, 'look'>,
  looks: Map<GitHubId, Look>,
  unanswered: Set<GitHubId>,
): Promise<void> {
  const answers = await Promise.all(
    [...people].map(async (id) => ({ id, look: await github.look(id, listings) })),
  );
  for (const { id, look } of answers) {
    if (look) looks.set(id, look);
    else unanswered.add(id);
  }
}
