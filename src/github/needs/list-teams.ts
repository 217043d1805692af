import leven from 'leven';
import { HttpFailure, onHttpFailure } from '../../http/http-failure.ts';
import type { GitHubId } from '../../model/identity.ts';
import type { Team, TeamRef, TeamRole, Unread } from '../../model/member.ts';
import { globMatches } from '../../model/text/glob.ts';
import { parseSlugs, parseTeamMembers } from '../answers.ts';
import { type OrgClient, teamRoute } from '../membership.ts';
import { listAll } from '../pages.ts';

type ListedTeams = { readonly teams: readonly Team[]; readonly unread: readonly Unread[] };

/** Lists the teams that rules can need, with everyone in them. A team that can't be read is named in `unread`. */
export async function listTeams(place: OrgClient, refs: readonly TeamRef[]): Promise<ListedTeams> {
  if (refs.length === 0) return { teams: [], unread: [] };
  const named = refs.filter((ref) => !ref.includes('*'));
  const patterns = refs.filter((ref) => ref.includes('*'));
  const slugs = patterns.length === 0 ? undefined : await slugsOf(place);
  const matched = (slugs ?? []).filter(
    (slug) => !named.includes(slug) && patterns.some((pattern) => globMatches(pattern, slug)),
  );
  const read = await listEach(place, [
    ...named.map((ref) => ({ ref, asked: 'name' as const })),
    ...matched.map((ref) => ({ ref, asked: 'pattern' as const })),
  ]);
  const unseen: readonly Unread[] = slugs
    ? []
    : patterns.map((ref) => unread(ref, `the teams of ${place.org} could not be listed`));
  const teams = read.filter((one): one is Team => 'members' in one);
  const failed = read.filter((one): one is Unread => 'message' in one);
  return { teams, unread: [...failed, ...unseen] };
}

const unread = (ref: TeamRef, message: string): Unread => ({ what: { kind: 'team', ref }, message });

/** @returns undefined if the caller may not list teams, or the list is incomplete. */
const slugsOf = ({ client, org }: OrgClient): Promise<readonly string[] | undefined> =>
  listAll(client, '/orgs/{org}/teams', { org }, parseSlugs).catch(onHttpFailure(() => undefined));

/** The first team shows whether listings tell the roles. The others are read side by side. */
async function listEach(
  place: OrgClient,
  wanted: readonly WantedTeam[],
): Promise<readonly (Team | Unread)[]> {
  const [first, ...others] = wanted;
  if (!first) return [];
  const { team, tellsRoles } = await listTeam(place, first, true);
  const rest = await Promise.all(others.map((other) => listTeam(place, other, tellsRoles)));
  return [team, ...rest.map((read) => read.team)];
}

type WantedTeam = Pick<Team, 'ref' | 'asked'>;

/**
 * One pass where the listing tells the roles, which it does "when the feature is enabled for the organization".
 * Otherwise two role-filtered passes.
 */
async function listTeam(
  place: OrgClient,
  { ref, asked }: WantedTeam,
  mayTellRoles: boolean,
): Promise<{ readonly team: Team | Unread; readonly tellsRoles: boolean }> {
  const { route, parameters } = teamRoute(place, ref);
  const list = (filter: { readonly role?: TeamRole }) =>
    listAll(place.client, `${route}/members`, { ...parameters, ...filter }, parseTeamMembers);
  let tellsRoles = mayTellRoles;
  try {
    const everyone = mayTellRoles ? await list({}) : [];
    tellsRoles = mayTellRoles && (everyone ?? []).every(({ role }) => role !== undefined);
    const [maintainers, others] = tellsRoles
      ? [[], everyone]
      : await Promise.all([list({ role: 'maintainer' }), list({ role: 'member' })]);
    if (!maintainers || !others) {
      return { team: unread(ref, `the list of members of the team ${ref} did not come whole`), tellsRoles };
    }
    const members = new Map<GitHubId, TeamRole>();
    for (const { id } of maintainers) members.set(id, 'maintainer');
    // A person in both lists was changed meanwhile. The lesser role is certain.
    for (const { id, role } of others) members.set(id, (tellsRoles && role) || 'member');
    return { team: { ref, asked, members }, tellsRoles };
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    return { team: unread(ref, await explain(place, ref, error)), tellsRoles };
  }
}

async function explain(place: OrgClient, ref: TeamRef, failure: HttpFailure): Promise<string> {
  if (failure.status !== 404) return `the team ${ref} of ${place.org} could not be read (${failure.answer})`;
  const slugs = ref.startsWith('#') ? undefined : await slugsOf(place);
  const closest = slugs?.toSorted((a, b) => leven(a, ref) - leven(b, ref))[0];
  const hint = closest === undefined ? '' : `; the closest team is ${closest}`;
  return `there is no team ${ref} in ${place.org} that these credentials can see${hint}`;
}
