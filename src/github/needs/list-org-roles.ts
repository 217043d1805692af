import { onHttpFailure } from '../../http/http-failure.ts';
import type { GitHubId } from '../../model/identity.ts';
import type { HeldOrgRole, Unread } from '../../model/member.ts';
import { LEVELS } from '../../model/repositories/access-model.ts';
import { globMatches } from '../../model/text/glob.ts';
import { isInteger, isRecord, parseEach } from '../../model/text/record.ts';
import { enumerate, printable } from '../../model/text/text.ts';
import { parseAccounts } from '../answers.ts';
import type { GitHubClient, Parser } from '../github-client.ts';
import type { OrgClient } from '../membership.ts';
import { listWhole } from '../pages.ts';

/** An organization role that exists: predefined, custom, or from the enterprise. */
type OrgRoleName = Pick<HeldOrgRole, 'id' | 'name' | 'base'>;

/** Which organization roles are needed. */
type OrgRoleNeeds = {
  /** Names and patterns of names that rules can need, in lower case. */
  readonly names: readonly string[];
  /** Whether all roles that give a level on every repository are needed too. */
  readonly withBase: boolean;
};

/**
 * Lists the organization roles that are needed, with everyone who holds them. A role is read completely or named in
 * `unread`. Requests: the roles, which GitHub does not page, and the pages of each one's holders.
 */
export async function listOrgRoles(
  place: OrgClient,
  needs: OrgRoleNeeds,
): Promise<{ readonly orgRoles: readonly HeldOrgRole[]; readonly unread: readonly Unread[] }> {
  const { found, unread } = await findOrgRoles(place, needs);
  const read = await Promise.all(
    found.map((role) =>
      listHolders(place, role).then(
        (holders): HeldOrgRole => ({ ...role, holders: new Set(holders.keys()) }),
        onHttpFailure(({ answer }) =>
          unreadRole(
            role.name,
            `the holders of the organization role ${role.name} of ${place.org} could not be read (${answer})`,
          ),
        ),
      ),
    ),
  );
  return {
    orgRoles: read.filter((one): one is HeldOrgRole => 'holders' in one),
    unread: [...unread, ...read.filter((one): one is Unread => 'message' in one)],
  };
}

/** Finds the organization roles that are needed, without their holders. */
export async function findOrgRoles(
  { client, org }: OrgClient,
  { names, withBase }: OrgRoleNeeds,
): Promise<{ readonly found: readonly OrgRoleName[]; readonly unread: readonly Unread[] }> {
  if (names.length === 0 && !withBase) return { found: [], unread: [] };
  return readOrgRoles(client, org).then(
    (roles) => ({
      found: roles.filter(
        ({ name, base }) =>
          (withBase && base !== undefined) || names.some((pattern) => globMatches(pattern, name)),
      ),
      unread: names
        .filter((pattern) => !pattern.includes('*') && !roles.some(({ name }) => globMatches(pattern, name)))
        .map((name) =>
          unreadRole(
            name,
            `${org} has no organization role ${name}; it has ${roles.length === 0 ? 'none' : enumerate(roles.map((one) => one.name))}`,
          ),
        ),
    }),
    onHttpFailure(({ status, answer }) => {
      const why =
        status === 404
          ? `GitHub shows no organization roles of ${org} (${answer}): its plan or server has none, or the credential may not read them`
          : `the organization roles of ${org} could not be read (${answer})`;
      const unseen = withBase ? [...names, '*'] : names;
      return { found: [], unread: [...new Set(unseen)].map((name) => unreadRole(name, why)) };
    }),
  );
}

const unreadRole = (name: string, message: string): Unread => ({ what: { kind: 'org-role', name }, message });

/** All organization roles that exist in an organization. @throws HttpFailure */
export const readOrgRoles = async (client: GitHubClient, org: string): Promise<readonly OrgRoleName[]> =>
  (await client.get('/orgs/{org}/organization-roles', { org }, parseOrgRoles)).body;

/** The level that one role gives on all repositories; undefined for none. @throws HttpFailure */
export const readOrgRoleLevel = async (
  client: GitHubClient,
  org: string,
  id: number,
): Promise<OrgRoleName['base']> => {
  const parse: Parser<OrgRoleName> = (body) => {
    const role = parseOrgRole(body);
    return role?.id === id ? role : undefined;
  };
  return (await client.get('/orgs/{org}/organization-roles/{role_id}', { org, role_id: id }, parse)).body
    .base;
};

/** Everyone who holds a role, directly or through a team: login by id. @throws HttpFailure */
export async function listHolders(
  { client, org }: OrgClient,
  { id }: OrgRoleName,
): Promise<ReadonlyMap<GitHubId, string>> {
  const route = '/orgs/{org}/organization-roles/{role_id}/users';
  const holders = await listWhole(client, route, { org, role_id: id }, parseAccounts);
  return new Map(holders.map((one) => [one.id, one.login]));
}

const parseOrgRole: Parser<OrgRoleName> = (role) =>
  isRecord(role) && isInteger(role.id) && typeof role.name === 'string' && role.name !== ''
    ? {
        id: role.id,
        name: printable(role.name),
        base: LEVELS.find((level) => level === role.base_role),
      }
    : undefined;

/** `{ total_count, roles }`. Fewer roles than GitHub counts are not an answer. */
const parseOrgRoles: Parser<readonly OrgRoleName[]> = (body) => {
  if (!isRecord(body)) return undefined;
  const roles = parseEach(body.roles, parseOrgRole);
  const isWhole = roles && !(typeof body.total_count === 'number' && body.total_count > roles.length);
  return isWhole ? roles : undefined;
};
