import leven from 'leven';
import { HttpFailure, onHttpFailure } from '../../http/http-failure.ts';
import { type GitHubId, isSameName } from '../../model/identity.ts';
import type { Team, TeamRef, TeamRole, Unread } from '../../model/member.ts';
import { globMatches } from '../../model/text/glob.ts';
import { parseTeamMembers, parseTeams, type TeamName } from '../answers.ts';
import { mirroredTeam, type OrgClient, teamAddress, teamRoute } from '../membership.ts';
import { listAll } from '../pages.ts';
import { findMaintainers } from '../repositories/find-maintainers.ts';

/** What a mirror of the repositories needs. */
type MirroredTeams = {
  /** All teams of the organization. */
  readonly teams: readonly TeamName[];
  /** The owners of the organization. */
  readonly owners: ReadonlySet<GitHubId>;
};

/**
 * Lists the teams that rules can need, and those whose repositories are mirrored, with everyone in them. A team that
 * can't be read is named in `unread`.
 * @param mirrored undefined if repositories are not mirrored.
 */
export async function listTeams(
  place: OrgClient,
  refs: readonly TeamRef[],
  mirrored?: MirroredTeams,
): Promise<{ readonly teams: readonly Team[]; readonly unread: readonly Unread[] }> {
  const named = refs.filter((ref) => !ref.includes('*'));
  const patterns = refs.filter((ref) => ref.includes('*'));
  const known = mirrored?.teams.map(({ slug }) => slug);
  const slugs = patterns.length === 0 ? undefined : (known ?? (await slugsOf(place)));
  const matched = (slugs ?? []).filter(
    (slug) => !named.includes(slug) && patterns.some((pattern) => globMatches(pattern, slug)),
  );
  const wanted: readonly WantedTeam[] = [
    ...named.map((ref) => ({ ref, asked: 'name' as const })),
    ...matched.map((ref) => ({ ref, asked: 'pattern' as const })),
    ...(mirrored?.teams ?? [])
      .map((team) => ({ ref: mirroredTeam(team), asked: 'mirror' as const, team }))
      .filter(({ ref }) => !named.includes(ref)),
  ];
  const read = await listEach(place, wanted, mirrored?.owners ?? new Set());
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
  listAll(client, '/orgs/{org}/teams', { org }, parseTeams)
    .then((teams) => teams?.map(({ slug }) => slug))
    .catch(onHttpFailure(() => undefined));

/** After this many empty teams, the others are read without knowing whether listings show roles. */
const MAX_EMPTY_TEAMS = 5;

/** The first team with members shows whether listings include roles. The others are read in parallel. */
async function listEach(
  place: OrgClient,
  wanted: readonly WantedTeam[],
  owners: ReadonlySet<GitHubId>,
): Promise<readonly (Team | Unread)[]> {
  const first: (Team | Unread)[] = [];
  let tellsRoles = true;
  for (const one of wanted.slice(0, MAX_EMPTY_TEAMS)) {
    const read = await listTeam(place, one, true);
    first.push(read.team);
    tellsRoles = read.tellsRoles;
    if (!('members' in read.team) || read.team.members.size > 0) break;
  }
  const others = wanted.slice(first.length);
  const isMirrored = others.some(({ team }) => team !== undefined);
  const maintainers = isMirrored && !tellsRoles ? await findMaintainers(place) : new Map<number, never>();
  const rest = await Promise.all(
    others.map((other) => {
      const known = maintainers.get(other.team?.id ?? 0);
      return listTeam(place, other, tellsRoles, known && new Set([...known, ...owners]));
    }),
  );
  return [...first, ...rest.map((read) => read.team)];
}

/** `team`: of one whose repositories are mirrored. */
type WantedTeam = Pick<Team, 'ref' | 'asked'> & { readonly team?: TeamName };

/**
 * One pass where the listing tells the roles, which it does "when the feature is enabled for the organization", or the
 * maintainers are known. Otherwise two role-filtered passes.
 */
async function listTeam(
  place: OrgClient,
  { ref, asked, team }: WantedTeam,
  mayTellRoles: boolean,
  known?: ReadonlySet<GitHubId>,
): Promise<{ readonly team: Team | Unread; readonly tellsRoles: boolean }> {
  const { route, parameters } = teamRoute(place, team ? teamAddress(team) : ref);
  const list = (filter: { readonly role?: TeamRole }) =>
    listAll(place.client, `${route}/members`, { ...parameters, ...filter }, parseTeamMembers);
  let tellsRoles = mayTellRoles;
  try {
    const everyone = mayTellRoles || known ? await list({}) : [];
    tellsRoles = mayTellRoles && (everyone ?? []).every(({ role }) => role !== undefined);
    const [maintainers, others] =
      tellsRoles || known
        ? [[], everyone]
        : await Promise.all([list({ role: 'maintainer' }), list({ role: 'member' })]);
    if (!maintainers || !others) {
      return { team: unread(ref, `the list of members of the team ${ref} did not come whole`), tellsRoles };
    }
    const members = new Map<GitHubId, TeamRole>();
    for (const { id } of maintainers) members.set(id, 'maintainer');
    // A person in both lists was changed meanwhile. The lesser role is certain.
    for (const { id, role } of others) {
      members.set(id, known ? (known.has(id) ? 'maintainer' : 'member') : (tellsRoles && role) || 'member');
    }
    return { team: { ref, asked, members }, tellsRoles };
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    return { team: unread(ref, await explain(place, ref, error)), tellsRoles };
  }
}

async function explain(place: OrgClient, ref: TeamRef, failure: HttpFailure): Promise<string> {
  if (failure.status !== 404) return `the team ${ref} of ${place.org} could not be read (${failure.answer})`;
  const slugs = ref.startsWith('#') ? undefined : await slugsOf(place);
  if (slugs?.some((slug) => isSameName(slug, ref))) {
    return `${place.org} lists the team ${ref}, but its members can't be read (${failure.answer})`;
  }
  const closest = slugs?.toSorted((a, b) => leven(a, ref) - leven(b, ref))[0];
  const hint = closest === undefined ? '' : `; the closest team is ${closest}`;
  return `there is no team ${ref} in ${place.org} that these credentials can see${hint}`;
}
