import { SyncError } from '../model/errors.ts';
import { folded, type GitHubId } from '../model/identity.ts';
import type { ClearLookup, CompleteListing, IncompleteListing, OrgListing, Unread } from '../model/member.ts';
import type { GitHubAcquaintance, GitHubSource } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { applyLookups } from '../plan/apply-lookups.ts';
import type { Unconfirmed } from '../plan/context.ts';
import { needsOf } from '../plan/needs.ts';
import { allOfOurs, sortOut } from '../plan/ownership.ts';
import { findAllRivals, findRivals } from '../plan/rivals.ts';
import { loginBehind } from '../plan/user-key.ts';
import { believe, type ReconcileRequest } from '../sync/reconcile.ts';

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
  readonly unconfirmed: ReadonlyMap<GitHubId, Unconfirmed>;
};

export type Asking = {
  readonly request: ReconcileRequest;
  readonly users: readonly PermitUser[];
  readonly github: GitHubSource & GitHubAcquaintance;
  /** The names under which a person is known: by our marks, and by the entries. */
  readonly loginsOf: (id: GitHubId) => readonly string[];
};

/** Lists every organization. @throws SyncError when none could be. */
export async function listAll(
  people: ReadonlySet<GitHubId>,
  { request, users, github }: Omit<Asking, 'loginsOf'>,
): Promise<View> {
  const { listedOrgs, rules } = request;
  const listings = await Promise.all(listedOrgs.map((org) => github.listOrg(org, needsOf(rules, org))));
  const { complete, incomplete, unread } = believe(listings, users, request);
  const all = findAllRivals(people, complete, { ...request, users });
  return { kind: 'list', people: all, listings: complete, incomplete, unread, unconfirmed: new Map() };
}

/**
 * Looks up each of the people alone and by id, and whoever stands in their way.
 * @throws SyncError when no organization answered.
 */
export async function lookUpEach(
  people: ReadonlySet<GitHubId>,
  { request, users, github, loginsOf }: Asking,
): Promise<View> {
  const introduced = await introduceAll(request, github);
  const { complete, incomplete, unread } = believe(introduced, users, request);
  const lookups = new Map<GitHubId, ClearLookup>();
  const unconfirmed = new Map<GitHubId, Unconfirmed>();
  let open = people;
  let listings = complete;
  while (open.size > 0) {
    const asked = [...open].map((id) => ({ id, logins: loginsOf(id) }));
    for (const [id, lookup] of await github.lookUp(asked, complete)) {
      if (lookup.kind === 'clear') lookups.set(id, lookup);
      else unconfirmed.set(id, { kind: 'unanswered', why: lookup.why });
    }
    listings = applyLookups(complete, lookups);
    const known = new Set([...lookups.keys(), ...unconfirmed.keys()]);
    const rivals = findRivals(known, listings, { ...request, users });
    const claimants = await findClaimants(open, lookups, { request, users, github });
    open = new Set([...rivals, ...claimants].filter((id) => !known.has(id)));
  }
  const all = new Set([...lookups.keys(), ...unconfirmed.keys()]);
  return { kind: 'look', people: all, listings, incomplete, unread, unconfirmed };
}

/**
 * Whoever has the login today that the key of one of these people is made of: nothing can be said about a user that
 * stays under such a key without looking at who claims it.
 */
async function findClaimants(
  people: ReadonlySet<GitHubId>,
  lookups: ReadonlyMap<GitHubId, ClearLookup>,
  { request, users, github }: Omit<Asking, 'loginsOf'>,
): Promise<readonly GitHubId[]> {
  const [org = ''] = request.listedOrgs;
  const formerLogins = allOfOurs(sortOut(users, request.owner)).flatMap(({ user, mark }) => {
    const today = people.has(mark.id) ? lookups.get(mark.id)?.login : undefined;
    const behind = loginBehind(request.userSettings.key, user.key, mark.id);
    const isFormer = today !== undefined && behind !== undefined && folded(today) !== folded(behind);
    return isFormer ? [behind] : [];
  });
  const found = await Promise.all(
    formerLogins.map(async (login) => {
      try {
        return await github.findAccount(login, org);
      } catch (error) {
        // The next full run lists everyone, and so knows who claims the login.
        if (error instanceof SyncError && error.code === 'GITHUB_UNAVAILABLE') return undefined;
        throw error;
      }
    }),
  );
  return found.filter((id) => id !== undefined);
}

/** The lookups, before anything is known of Permit's users. */
export type LookedUp = {
  readonly listings: readonly CompleteListing[];
  /** @returns the view, once the users are known; undefined where there is more to ask about. */
  readonly believe: (users: readonly PermitUser[]) => View | undefined;
};

/**
 * The same for people whose users are read afterwards.
 * @returns undefined where an organization could not be asked, or somebody can only be asked about by a login that our
 *   marks hold: an entry's login is no proof of a name, since whoever reaches Redis can write one.
 */
export async function lookUpBeforeReadingUsers(
  people: ReadonlySet<GitHubId>,
  { request, github }: Pick<Asking, 'request' | 'github'>,
): Promise<LookedUp | undefined> {
  const introduced = await introduceAll(request, github);
  const complete = introduced.filter((listing) => listing.kind === 'complete');
  if (complete.length < introduced.length) return undefined;
  const asked = [...people].map((id) => ({ id, logins: undefined }));
  const lookups = new Map<GitHubId, ClearLookup>();
  for (const [id, lookup] of await github.lookUp(asked, complete)) {
    if (lookup.kind === 'unclear') return undefined;
    lookups.set(id, lookup);
  }
  const listings = applyLookups(complete, lookups);
  return {
    listings,
    believe: (users) => {
      const { incomplete, unread } = believe(complete, users, request);
      if (incomplete.length > 0 || findRivals(people, listings, { ...request, users }).size > 0)
        return undefined;
      return { kind: 'look', people, listings, incomplete, unread, unconfirmed: new Map() };
    },
  };
}

const introduceAll = (
  { listedOrgs, rules }: ReconcileRequest,
  github: GitHubAcquaintance,
): Promise<readonly OrgListing[]> =>
  Promise.all(listedOrgs.map((org) => github.introduceOrg(org, needsOf(rules, org))));
