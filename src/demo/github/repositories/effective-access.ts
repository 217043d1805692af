import { teamRoles } from '../teams.ts';
import type { GitHubOrg } from '../world.ts';
import { type GitHubRepository, highestRole } from './repository-world.ts';

/**
 * Who may do what in a repository, as GitHub counts it: the highest role over base permission, teams, direct access,
 * organization roles and ownership. Visibility and archiving change nothing here, as in GitHub's own lists.
 * @returns role names by the person's id, in ascending order.
 */
export function effectiveAccess(org: GitHubOrg, repository: GitHubRepository): ReadonlyMap<number, string> {
  const granted = new Map<number, string[]>();
  const grant = (id: number, role: string): void => {
    granted.set(id, [...(granted.get(id) ?? []), role]);
  };
  const { base } = org.repositories;
  for (const [id, { role, state }] of org.members) {
    if (state !== 'active' || role === 'billing_manager') continue;
    if (role === 'admin') grant(id, 'admin');
    if (base !== 'none') grant(id, base);
  }
  for (const team of org.teams.values()) {
    const role = teamAccess(org, team.id, repository);
    if (role === undefined) continue;
    for (const { id } of teamRoles(org, team).all) grant(id, role);
  }
  for (const [id, role] of repository.collaborators) grant(id, role);
  for (const { base: level, users, teams } of org.roles.values()) {
    if (level === undefined) continue;
    const through = [...teams].flatMap((id) => org.teams.get(id) ?? []);
    const holders = new Set([
      ...users,
      ...through.flatMap((team) => teamRoles(org, team).all.map(({ id }) => id)),
    ]);
    for (const id of holders) if (org.members.get(id)?.state === 'active') grant(id, level);
  }
  return new Map(
    [...granted]
      .sort(([a], [b]) => a - b)
      .flatMap(([id, roles]) => {
        const role = highestRole(org.repositories, roles);
        return role === undefined ? [] : [[id, role] as const];
      }),
  );
}

/** The highest of a team's own role in a repository and of those of the teams above it. */
export function teamAccess(org: GitHubOrg, teamId: number, { teams }: GitHubRepository): string | undefined {
  const roles: string[] = [];
  for (let team = org.teams.get(teamId); team; team = org.teams.get(team.parent ?? 0)) {
    roles.push(...[teams.get(team.id)].filter((role) => role !== undefined));
  }
  return highestRole(org.repositories, roles);
}
