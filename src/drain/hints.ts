import { compareText, folded, type GitHubId } from '../model/identity.ts';
import { getOrMake } from '../model/text/record.ts';
import type { QueueEntry, TakenEntry } from '../model/webhooks/queue.ts';
import { needsOf } from '../plan/needs.ts';
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
 * those were, so only a listing of everything shows who loses what.
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
  const people = new Map<GitHubId, Hint[]>();
  const logins = new Map<string, Hint[]>();
  const whole: Hint[] = [];
  const graph: Hint[] = [];
  const idle: Hint[] = [];
  const unreadable: TakenEntry[] = [];
  const strangers = new Set<string>();
  for (const one of taken) {
    if (one.entry === undefined) {
      unreadable.push(one);
      continue;
    }
    const hint: Hint = { ...one, entry: one.entry };
    const { id, login, org, event, action } = hint.entry;
    if (!configured.has(folded(org))) strangers.add(folded(org));
    if (id !== undefined) getOrMake(people, id, () => []).push(hint);
    else if (login !== undefined) getOrMake(logins, folded(login), () => []).push(hint);
    else if (!configured.has(folded(org))) idle.push(hint);
    else {
      const needs = needsOf(rules, org, repositories);
      const isMirrored = needs.repositories !== undefined;
      const mayMove = isMirrored && OF_TEAMS_ABOVE.has(action) && hint.entry.repository === undefined;
      const isOfNobody = OF_NOBODY.has(action) || (event === 'team' && needs.teams.length === 0 && !mayMove);
      if (event === 'repository') (isMirrored ? (OF_ALL_TEAMS.has(action) ? whole : graph) : idle).push(hint);
      else if (isOfNobody) (isMirrored ? graph : idle).push(hint);
      else whole.push(hint);
    }
  }
  return {
    people,
    logins,
    orgs: whole,
    graph,
    idle,
    unreadable,
    strangers: [...strangers].sort(compareText),
    lookOnly: false,
  };
}
