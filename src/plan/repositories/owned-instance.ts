import { type OrgId, parseOrgId } from '../../model/identity.ts';
import { MANAGED_BY_PREFIX } from '../../model/mark.ts';
import {
  LEVELS,
  type Level,
  type ModelType,
  modelTypeOf,
  ORG_TYPE,
  parseInstanceName,
  REPOSITORY_TYPE,
  TEAM_TYPE,
} from '../../model/repositories/access-model.ts';
import type { Repository } from '../../model/repositories/facts.ts';
import type { PermitInstance } from '../../model/repositories/graph.ts';
import { isRecord } from '../../model/text/record.ts';
import type { Attributes, PermitUser } from '../../model/user.ts';

/** An instance that carries this config's mark, whole and valid. */
export type OwnedInstance = {
  readonly instance: PermitInstance;
  readonly type: ModelType;
  readonly id: number;
  /** The organization that it belongs to. */
  readonly org: OrgId;
  /** Its name when it was last written: `acme/payments-api`. */
  readonly title: string;
};

/**
 * The attributes that an instance is written with. The first four are the mark.
 * @param title as GitHub calls it, `acme/payments-api`.
 */
export const instanceAttributes = (
  owner: string,
  org: OrgId,
  id: number,
  title: string,
  repository?: Repository,
): Attributes => ({
  managed_by: MANAGED_BY_PREFIX + owner,
  github_id: id,
  github_org: org,
  github_name: title,
  ...(repository === undefined ? {} : { visibility: repository.visibility }),
});

/** @returns undefined for an instance that is not ours: without a mark, with a damaged one, or another owner's. */
export function ownedInstance(instance: PermitInstance, owner: string): OwnedInstance | undefined {
  const known = parseInstanceName(instance.name);
  const { managed_by: managedBy, github_id: id, github_org, github_name: title } = instance.attributes;
  const org = parseOrgId(github_org);
  if (known === undefined || managedBy !== MANAGED_BY_PREFIX + owner || id !== known.id) return undefined;
  if (org === undefined) return undefined;
  return { instance, ...known, org, title: typeof title === 'string' ? title : instance.name };
}

/** The name of an instance in reports. */
export const describeInstance = ({ type, title }: Pick<OwnedInstance, 'type' | 'title'>): string =>
  type === REPOSITORY_TYPE
    ? `the repository ${title}`
    : `${type === ORG_TYPE ? 'the organization' : 'the team'} ${title}`;

/** Why all repositories and teams of an organization are removed from Permit. */
export const describeNotMirrored = (org: string): string =>
  `the repositories of ${org} are no longer mirrored`;

/**
 * Whether anyone holds a role on an organization or a team, which only a mirror of repositories gives. After
 * `repositories:` was removed from the config, it shows that there is still something to take.
 */
export const anyoneHoldsMirroredRole = (users: readonly PermitUser[]): boolean =>
  users.some(({ grants }) =>
    grants.some((grant) => {
      const type = modelTypeOf(grant);
      return type === ORG_TYPE || type === TEAM_TYPE;
    }),
  );

/**
 * The organization roles that gave a level on all repositories when the instance was last written, by id: a list that
 * no longer has one of them proves nothing.
 */
export function rememberedRoles({ attributes }: PermitInstance): ReadonlyMap<number, Level> {
  const roles = isRecord(attributes.org_roles) ? attributes.org_roles : {};
  return new Map(
    Object.entries(roles).flatMap(([id, given]) => {
      const level = LEVELS.find((one) => one === given);
      return level !== undefined && /^[1-9]\d{0,15}$/.test(id) ? [[Number(id), level] as const] : [];
    }),
  );
}

/** The attributes that `rememberedRoles` reads. */
export const roleAttributes = (roles: ReadonlyMap<number, Level>): Attributes => ({
  org_roles: Object.fromEntries([...roles].sort(([a], [b]) => a - b)),
});
