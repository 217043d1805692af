import { type OrgId, parseOrgId } from '../../model/identity.ts';
import {
  LEVELS,
  type Level,
  type RepositoryRole,
  repositoryRole,
} from '../../model/repositories/access-model.ts';
import type { Repository } from '../../model/repositories/facts.ts';
import type { CustomRole, EffectiveAccess } from '../../model/repositories/ports.ts';
import { isInteger, isRecord, parseEach } from '../../model/text/record.ts';
import { printable } from '../../model/text/text.ts';
import { parseAccount } from '../answers.ts';
import type { Parser } from '../github-client.ts';

/** Parses what GitHub says about repositories. An answer that is not as documented counts as no answer. */

export type ListedRepository = Repository & {
  /** The organization or person it belongs to. */
  readonly owner: OrgId;
  /** Undefined for a person. */
  readonly ownerName: string | undefined;
  readonly isArchived: boolean;
  /** Internal ones too: only a credential with access sees it. */
  readonly isPrivate: boolean;
};

/** An item of a list of repositories, or one alone. */
export const parseRepository: Parser<ListedRepository> = (body) => {
  if (!isRecord(body) || !isRecord(body.owner)) return undefined;
  const { id, name, archived, private: isPrivate, visibility } = body;
  const owner = parseOrgId(body.owner.id);
  const { login, type } = body.owner;
  if (!isInteger(id) || typeof name !== 'string' || name === '' || owner === undefined) return undefined;
  if (typeof archived !== 'boolean' || typeof isPrivate !== 'boolean') return undefined;
  // Older servers show no visibility.
  const seen = typeof visibility === 'string' ? visibility : isPrivate ? 'private' : 'public';
  const ownerName = type === 'User' ? undefined : String(login ?? owner);
  return { id, name, visibility: seen, owner, ownerName, isArchived: archived, isPrivate };
};

export const parseRepositories: Parser<readonly ListedRepository[]> = (body) =>
  parseEach(body, parseRepository);

/** GitHub's own roles: a list names them as roles or as permissions. */
const OWN_ROLES: ReadonlyMap<unknown, Level> = new Map([
  ['pull', 'read'],
  ['push', 'write'],
  ...LEVELS.map((level) => [level, level] as const),
]);

/** What a permission is called, in the order of `LEVELS`. */
const PERMISSIONS = ['pull', 'triage', 'push', 'maintain', 'admin'];

/**
 * The role in an answer that holds `role_name` and `permissions`. The level of a custom role is the highest permission
 * that is set. @returns undefined if neither tells a level.
 */
export function roleOf({
  role_name: name,
  permissions,
}: Readonly<Record<string, unknown>>): RepositoryRole | undefined {
  const own = OWN_ROLES.get(name);
  if (own !== undefined) return repositoryRole(own);
  if (!isRecord(permissions)) return undefined;
  const level = LEVELS.findLast((_, index) => permissions[PERMISSIONS[index] ?? ''] === true);
  if (level === undefined) return undefined;
  return repositoryRole(level, typeof name === 'string' && name !== '' ? name : undefined);
}

/** A team's role on one repository. */
type TeamAccess = { readonly id: number; readonly role: RepositoryRole };

/** `GET …/teams/{team}/repos/{owner}/{repo}` with the media type for repositories, or an item of a team's list. */
export const parseTeamAccess: Parser<TeamAccess> = (body) => {
  if (!isRecord(body) || !isInteger(body.id)) return undefined;
  const role = roleOf(body);
  return role === undefined ? undefined : { id: body.id, role };
};

export const parseTeamAccesses: Parser<readonly TeamAccess[]> = (body) => parseEach(body, parseTeamAccess);

/** `GET …/collaborators` */
export const parseCollaborators: Parser<readonly EffectiveAccess[]> = (body) =>
  parseEach(body, (item) => {
    const account = parseAccount(item);
    const role = isRecord(item) ? roleOf(item) : undefined;
    return account && role !== undefined ? { id: account.id, login: account.login, role } : undefined;
  });

/** `GET …/collaborators/{login}/permission`: whose, and the highest level by any way. */
export const parsePermission: Parser<Pick<EffectiveAccess, 'id'> & { readonly level: Level | 'none' }> = (
  body,
) => {
  if (!isRecord(body) || !isRecord(body.user)) return undefined;
  const account = parseAccount(body.user);
  if (account === undefined) return undefined;
  if (body.permission === 'none') return { id: account.id, level: 'none' };
  const { permissions } = body.user;
  const shown = isRecord(permissions)
    ? LEVELS.findLast((_, index) => permissions[PERMISSIONS[index] ?? ''] === true)
    : undefined;
  // `permission` shows triage as read and maintain as write, so the name of the role comes first.
  const level = OWN_ROLES.get(body.role_name) ?? shown;
  return level && { id: account.id, level };
};

/** `GET …/custom-repository-roles`. Fewer roles than GitHub counts are not an answer. */
export const parseCustomRoles: Parser<readonly CustomRole[]> = (body) => {
  if (!isRecord(body)) return undefined;
  const roles = parseEach(body.custom_roles, (role) => {
    if (!isRecord(role) || typeof role.name !== 'string' || role.name === '') return undefined;
    const level = OWN_ROLES.get(role.base_role);
    return level && { name: printable(role.name), level };
  });
  const isWhole = roles && !(typeof body.total_count === 'number' && body.total_count > roles.length);
  return isWhole ? roles : undefined;
};
