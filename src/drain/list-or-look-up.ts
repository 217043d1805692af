import { folded } from '../model/identity.ts';
import type { Rule } from '../model/rule.ts';
import type { LastRun } from '../model/webhooks/queue.ts';
import { needsOf } from '../plan/needs.ts';

/** People on one page of a listing (GitHub's `per_page`). */
const PER_PAGE = 100;

/**
 * Which takes fewer requests: looking up each person, or listing the organizations.
 * @param people how many would be looked up.
 * @param lastRun holds the sizes of the organizations. Without it they are listed, which records the sizes.
 */
export function listOrLookUp(
  people: number,
  orgs: readonly string[],
  rules: readonly Rule[],
  lastRun: LastRun | undefined,
): 'look up' | 'list' {
  if (lastRun === undefined) return 'list';
  let looking = people;
  let listing = 0;
  for (const org of orgs) {
    const { teams, collaborators, orgRoles } = needsOf(rules, org);
    const name = folded(org);
    const members = Object.hasOwn(lastRun.members, name) ? lastRun.members[name] : undefined;
    // Only a list of the teams shows which of them a pattern matches.
    if (members === undefined || teams.some((ref) => ref.includes('*'))) return 'list';
    // Listed in both cases, since GitHub has no lookup for one person.
    const repeated = (collaborators ? 1 : 0) + (orgRoles.length === 0 ? 0 : 1 + orgRoles.length);
    looking += 1 + teams.length + repeated + people * (1 + teams.length);
    listing += 3 + Math.max(1, Math.ceil(members / PER_PAGE)) + 2 * teams.length + repeated;
  }
  return looking <= listing ? 'look up' : 'list';
}
