import { folded } from '../model/identity.ts';
import type { LastRun } from '../model/queue.ts';
import type { Rule } from '../model/rule.ts';
import { needsOf } from '../plan/needs.ts';

/** A page of a listing holds so many people (GitHub's `per_page`). */
const PER_PAGE = 100;

/**
 * Whether to ask about each person alone, or to list the organizations: whichever takes fewer requests.
 * @param people how many would be looked at.
 * @param lastRun what is known of the sizes; without it they are listed, which makes them known.
 */
export function chooseView(
  people: number,
  orgs: readonly string[],
  rules: readonly Rule[],
  lastRun: LastRun | undefined,
): 'look' | 'list' {
  if (lastRun === undefined) return 'list';
  let looking = people;
  let listing = 0;
  for (const org of orgs) {
    const { teams, collaborators } = needsOf(rules, org);
    const name = folded(org);
    const members = Object.hasOwn(lastRun.members, name) ? lastRun.members[name] : undefined;
    // Which teams a pattern matches, only their list tells.
    if (members === undefined || teams.some((ref) => ref.includes('*'))) return 'list';
    const repeated = collaborators ? 1 : 0;
    looking += 1 + teams.length + repeated + people * (1 + teams.length);
    listing += 3 + Math.max(1, Math.ceil(members / PER_PAGE)) + 2 * teams.length + repeated;
  }
  return looking <= listing ? 'look' : 'list';
}
