import { teamRoles } from '../teams.ts';
import type { GitHubOrg } from '../world.ts';
import { type GitHubRepository, highestRole } from './repository-world.ts';

/** A person's role, and its source: the organization, a team, or the repository itself. */
type Granted = { readonly role: string; readonly source: PermissionGranter };

/** The union of GraphQL. */
type PermissionGranter =
  | { readonly __typename: 'Organization'; readonly login: string }
  | { readonly __typename: 'Team'; readonly slug: string }
  | { readonly __typename: 'Repository'; readonly name: string };

/**
 * Who may do what in a repository, as GitHub counts it: the highest role over base permission, teams, direct access,
 * organization roles and ownership. Visibility and archiving change nothing here, as in GitHub's own lists.
 * @returns role names by the person's id, in ascending order.
 */
export function effectiveAccess(org: GitHubOrg, repository: GitHubRepository): ReadonlyMap<number, string> {
  return new Map(
    [...grantsIn(org, repository)]
      .sort(([a], [b]) => a - b)
      .flatMap(([id, grants]) => {
        const role = highestRole(
          org.repositories,
          grants.map((one) => one.role),
        );
        return role === undefined ? [] : [[id, role] as const];
      }),
  );
}

/** Everyone's ways to a repository, by the person's id. */
export function grantsIn(
  org: GitHubOrg,
  repository: GitHubRepository,
): ReadonlyMap<number, readonly Granted[]> {
  const granted = new Map<number, Granted[]>();
  const grant = (id: number, role: string, source: Granted['source']): void => {
    granted.set(id, [...(granted.get(id) ?? []), { role, source }]);
  };
  const { base } = org.repositories;
  const ofOrg = { __typename: 'Organization', login: org.login } as const;
  const ofRepository = { __typename: 'Repository', name: repository.name } as const;
  for (const [id, { role, state }] of org.members) {
    if (state !== 'active' || role === 'billing_manager') continue;
    if (role === 'admin') grant(id, 'admin', ofOrg);
    if (base !== 'none') grant(id, base, ofOrg);
  }
  for (const team of org.teams.values()) {
    const role = teamAccess(org, team.id, repository);
    if (role === undefined) continue;
    for (const { id } of teamRoles(org, team).all) grant(id, role, { __typename: 'Team', slug: team.slug });
  }
  for (const [id, role] of repository.collaborators) grant(id, role, ofRepository);
  for (const { base: level, users, teams } of org.roles.values()) {
    if (level === undefined) continue;
    const through = [...teams].flatMap((id) => org.teams.get(id) ?? []);
    const holders = new Set([
      ...users,
      ...through.flatMap((team) => teamRoles(org, team).all.map(({ id }) => id)),
    ]);
    for (const id of holders) if (org.members.get(id)?.state === 'active') grant(id, level, ofOrg);
  }
  return granted;
}

/** The highest of a team's own role in a repository and of those of the teams above it. */
export function teamAccess(org: GitHubOrg, teamId: number, { teams }: GitHubRepository): string | undefined {
  const roles: string[] = [];
  for (let team = org.teams.get(teamId); team; team = org.teams.get(team.parent ?? 0)) {
    roles.push(...[teams.get(team.id)].filter((role) => role !== undefined));
  }
  return highestRole(org.repositories, roles);
}
