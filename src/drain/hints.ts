import { compareText, folded, type GitHubId } from '../model/identity.ts';
import type { OrgNeeds } from '../model/member.ts';
import { groupBy } from '../model/text/record.ts';
import type { QueueEntry, TakenEntry } from '../model/webhooks/queue.ts';
import { orgNeedsOf } from '../plan/needs.ts';
import type { ReconcileRequest } from '../sync/run.ts';

/** An entry that could be read. */
export type Hint = TakenEntry & { readonly entry: QueueEntry };

/** The entries of a drain, grouped by what has to be read for them. */
export type Hints = {
  readonly people: ReadonlyMap<GitHubId, readonly Hint[]>;
  /** By login in lower case, where an entry names no id. */
  readonly logins: ReadonlyMap<string, readonly Hint[]>;
  /** About a whole organization or team: only a listing shows who is affected. */
  readonly orgs: readonly Hint[];
  /** About a repository or a team's access to repositories. What they name is read alone. */
  readonly graph: readonly Hint[];
  /** Entries without consequences: no rule depends on them. */
  readonly idle: readonly Hint[];
  readonly unreadable: readonly TakenEntry[];
  /** Organizations that entries name and that are not configured here; lower case, sorted. */
  readonly strangers: readonly string[];
  /** Whether the organizations may not be listed now. */
  readonly lookOnly: boolean;
};

/** Whether there is nothing to look up or list. */
export const isEmpty = ({ people, logins, orgs, graph }: Hints): boolean =>
  people.size + logins.size + orgs.length + graph.length === 0;

/** Actions of `team` that change nobody's membership. */
const OF_NOBODY: ReadonlySet<string> = new Set(['added_to_repository', 'removed_from_repository']);

/**
 * Actions of `team` that may take a team, and everyone in it, out of the teams above it. The entry does not say which
 * those were, and neither does Permit, where teams are not linked with each other. A deleted team takes those below it
 * along, perhaps without entries of their own. So only a listing of everything shows who loses what.
 */
const OF_TEAMS_ABOVE: ReadonlySet<string> = new Set(['edited', 'deleted']);

/** After these, only a listing of everything shows who has access to the repository. */
const OF_ALL_TEAMS: ReadonlySet<string> = new Set(['unarchived', 'transferred']);

/** An entry only says whom to look up. GitHub's answer decides, not the entry's action. */
export function readHints(
  taken: readonly TakenEntry[],
  {
    configuredOrgs,
    rules,
    repositories,
  }: Pick<ReconcileRequest, 'configuredOrgs' | 'rules' | 'repositories'>,
): Hints {
  const configured = new Set(configuredOrgs.map(folded));
  const readable = taken.filter((one): one is Hint => one.entry !== undefined);
  const byLogin = ({ entry: { id, login } }: Hint): string | undefined =>
    id === undefined && login !== undefined ? folded(login) : undefined;
  const ofNoPerson = groupBy(readable, ({ entry }) => {
    if (entry.id !== undefined || entry.login !== undefined) return undefined;
    return configured.has(folded(entry.org))
      ? whatToRead(entry, orgNeedsOf(rules, entry.org, repositories))
      : 'idle';
  });
  const strangers = readable.map(({ entry }) => folded(entry.org)).filter((org) => !configured.has(org));
  return {
    people: groupBy(readable, ({ entry }) => entry.id),
    logins: groupBy(readable, byLogin),
    orgs: ofNoPerson.get('orgs') ?? [],
    graph: ofNoPerson.get('graph') ?? [],
    idle: ofNoPerson.get('idle') ?? [],
    unreadable: taken.filter(({ entry }) => entry === undefined),
    strangers: [...new Set(strangers)].sort(compareText),
    lookOnly: false,
  };
}

/** What has to be read for an entry that names no person. */
function whatToRead({ event, action, repository }: QueueEntry, needs: OrgNeeds): 'orgs' | 'graph' | 'idle' {
  const ofGraph = needs.repositories === undefined ? 'idle' : 'graph';
  if (event === 'repository') return ofGraph === 'graph' && OF_ALL_TEAMS.has(action) ? 'orgs' : ofGraph;
  if (OF_NOBODY.has(action)) return ofGraph;
  const mayMove = ofGraph === 'graph' && OF_TEAMS_ABOVE.has(action) && repository === undefined;
  return event === 'team' && needs.teams.length === 0 && !mayMove ? ofGraph : 'orgs';
}
