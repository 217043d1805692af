import { SyncError } from '../model/errors.ts';
import type { IncompleteListing, OrgFacts, OrgNeeds, TeamRef, Unread } from '../model/member.ts';
import type { GitHubSource, PersonLookup, TeamIdentifier } from '../model/ports.ts';
import type { TeamMemory } from '../model/webhooks/queue.ts';

type TeamWatch = {
  readonly memory: TeamMemory;
  /** Slugs, in lower case, for which a changed team is accepted. */
  readonly accepted: readonly string[];
  /** False in a dry run, which remembers nothing. */
  readonly remembers: boolean;
};

/**
 * GitHub for runs that remember the team id behind each slug a rule names: any member may create a team under a slug
 * that a rename has freed. A team whose id has changed counts as unread, so that its grants freeze.
 */
export function watchTeams<G extends GitHubSource & PersonLookup>(
  github: G & TeamIdentifier,
  watch: TeamWatch,
): G {
  const watched = async <L extends OrgFacts>(
    org: string,
    needs: OrgNeeds,
    list: (org: string, needs: OrgNeeds) => Promise<L | IncompleteListing>,
  ): Promise<L | IncompleteListing> => {
    const slugs = needs.teams.filter((ref) => !ref.startsWith('#') && !ref.includes('*'));
    if (slugs.length === 0) return list(org, needs);
    const [listing, ids] = await Promise.all([list(org, needs), github.identifyTeams(org, slugs)]);
    return isIncomplete(listing) ? listing : withoutChanged(listing, slugs, ids, watch);
  };
  return {
    ...github,
    listOrg: (org, needs) => watched(org, needs, github.listOrg),
    readOrgWithoutMembers: (org, needs) => watched(org, needs, github.readOrgWithoutMembers),
  };
}

const isIncomplete = (listing: OrgFacts | IncompleteListing): listing is IncompleteListing =>
  'kind' in listing && listing.kind === 'incomplete';

async function withoutChanged<L extends OrgFacts>(
  listing: L,
  slugs: readonly TeamRef[],
  ids: ReadonlyMap<TeamRef, number>,
  { memory, accepted, remembers }: TeamWatch,
): Promise<L> {
  const { org, teams } = listing;
  const remembered = await memory.read(listing.id, slugs);
  const frozen: Unread[] = [];
  const learnt = new Map<string, number>();
  for (const { ref } of teams.filter(({ ref }) => slugs.includes(ref))) {
    const id = ids.get(ref);
    const before = remembered.get(ref);
    if (id === undefined) {
      const message = `GitHub did not say which team ${ref} of ${org} is (its numeric id could not be read)`;
      frozen.push({ what: { kind: 'team', ref }, message });
    } else if (before === undefined || (before !== id && accepted.includes(ref))) learnt.set(ref, id);
    else if (before !== id) frozen.push(changed(org, ref, before, id));
  }
  // A full Redis remembers nothing new; the next run tries again.
  if (remembers) await memory.write(listing.id, learnt).catch(ignoreOutage);
  if (frozen.length === 0) return listing;
  const names = new Set(frozen.map(({ what }) => (what.kind === 'team' ? what.ref : '')));
  return {
    ...listing,
    teams: teams.filter(({ ref }) => !names.has(ref)),
    unread: [...listing.unread, ...frozen],
  };
}

function changed(org: string, ref: TeamRef, before: number | 'damaged', id: number): Unread {
  const message =
    before === 'damaged'
      ? `what Redis remembers of the team ${ref} of ${org} is not a team id; GitHub says that the id is ${id} now`
      : `the slug ${ref} in ${org} now names another team than before: its id was ${before} and is ${id} now`;
  const hint =
    `the grants that depend on it are left as they are: if this is the team you mean, name it by its id ` +
    `(team:#${id}), or run once with --accept-team ${ref}`;
  return { what: { kind: 'team', ref }, message, changed: { hint } };
}

function ignoreOutage(error: unknown): void {
  if (!(error instanceof SyncError)) throw error;
}
