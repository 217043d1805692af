import { compareText, folded, type GitHubId } from '../model/identity.ts';
import type { Rule } from '../model/rule.ts';
import type { QueueEntry, TakenEntry } from '../model/webhooks/queue.ts';
import { needsOf } from '../plan/needs.ts';

/** An entry that could be read. */
export type Hint = TakenEntry & { readonly entry: QueueEntry };

/** The entries of a drain, grouped by what they ask for. */
export type Hints = {
  readonly people: ReadonlyMap<GitHubId, readonly Hint[]>;
  /** By login in lower case, where an entry names no id. */
  readonly logins: ReadonlyMap<string, readonly Hint[]>;
  /** About a whole organization or team: only a listing shows who is affected. */
  readonly orgs: readonly Hint[];
  /** Entries without consequences: no rule depends on them. */
  readonly idle: readonly Hint[];
  readonly unreadable: readonly TakenEntry[];
  /** Organizations that entries name and that are not configured here; lower case, sorted. */
  readonly strangers: readonly string[];
  /** Whether the organizations may not be listed now. */
  readonly lookOnly: boolean;
};

/** Actions of `team` that change nobody's membership. */
const OF_NOBODY: ReadonlySet<string> = new Set(['added_to_repository', 'removed_from_repository']);

/** An entry only says whom to look up. GitHub's answer decides, whatever the action was. */
export function readHints(
  taken: readonly TakenEntry[],
  { configuredOrgs, rules }: { readonly configuredOrgs: readonly string[]; readonly rules: readonly Rule[] },
): Hints {
  const configured = new Set(configuredOrgs.map(folded));
  const people = new Map<GitHubId, Hint[]>();
  const logins = new Map<string, Hint[]>();
  const whole: Hint[] = [];
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
    if (id !== undefined) add(people, id, hint);
    else if (login !== undefined) add(logins, folded(login), hint);
    else if (!configured.has(folded(org))) idle.push(hint);
    else if (OF_NOBODY.has(action) || (event === 'team' && needsOf(rules, org).teams.length === 0))
      idle.push(hint);
    else whole.push(hint);
  }
  return {
    people,
    logins,
    orgs: whole,
    idle,
    unreadable,
    strangers: [...strangers].sort(compareText),
    lookOnly: false,
  };
}

function add<K>(map: Map<K, Hint[]>, key: K, hint: Hint): void {
  const known = map.get(key);
  if (known) known.push(hint);
  else map.set(key, [hint]);
}
