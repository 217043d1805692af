import type { GitHubId } from '../model/identity.ts';
import type { CompleteListing, IncompleteListing, Look, Unread } from '../model/member.ts';
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
  const { listedOrgs, statements } = request;
  const introduced = await Promise.all(
    listedOrgs.map((org) => github.introduceOrg(org, needsOf(statements, org))),
  );
  const { complete, incomplete, unread } = believe(introduced, users, request);
  const looks = new Map<GitHubId, Look>();
  const unanswered = new Set<GitHubId>();
  let open = people;
  let listings = complete;
  while (open.size > 0) {
    const answers = await Promise.all(
      [...open].map(async (id) => ({ id, look: await github.look(id, complete) })),
    );
    for (const { id, look } of answers) {
      if (look) looks.set(id, look);
      else unanswered.add(id);
    }
    listings = amend(complete, looks);
    const known = new Set([...looks.keys(), ...unanswered]);
    open = findRivals(known, listings, { ...request, users });
  }
  const all = new Set([...looks.keys(), ...unanswered]);
  return { kind: 'look', people: all, listings, incomplete, unread, unanswered };
}
