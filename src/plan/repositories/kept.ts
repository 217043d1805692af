import { isSameName, type OrgId } from '../../model/identity.ts';
import { type CompleteListing, isMirrored } from '../../model/member.ts';
import { ORG_TYPE, REPOSITORY_TYPE, TEAM_TYPE } from '../../model/repositories/access-model.ts';
import { linkLossId } from '../../model/repositories/facts.ts';
import type { PlanInput } from '../plan-input.ts';
import type { OwnedInstance } from './owned-instance.ts';

/**
 * Finds the instances on which grants stay as they are: what decides about them was not read, or GitHub did not confirm
 * that a repository or team is gone.
 * @returns undefined if there are none.
 */
export function keptInstances(
  input: Pick<PlanInput, 'keptLinks' | 'listings' | 'configuredOrgs'>,
  mirrored: readonly CompleteListing[],
): ((instance: OwnedInstance, role: string) => boolean) | undefined {
  const { keptLinks } = input;
  const orgs = new Set<OrgId>();
  const withoutRoles = new Set<OrgId>();
  const repositories = new Set<number>();
  for (const { id: org, unread, orgRoles } of mirrored) {
    if (orgRoles === undefined) withoutRoles.add(org);
    for (const { what } of unread) {
      if (what.kind === 'repositories') orgs.add(org);
      if (what.kind === 'direct-collaborators') repositories.add(what.id);
      if (what.kind === 'org-role') withoutRoles.add(org);
    }
  }
  for (const { loss } of keptLinks?.values() ?? []) if (loss.kind === 'org-role') withoutRoles.add(loss.org);
  const isNarrow = input.listings.length < input.configuredOrgs.length;
  const isQuiet = !isNarrow && orgs.size + withoutRoles.size + repositories.size === 0 && !keptLinks?.size;
  if (isQuiet) return undefined;
  const isStill = (kind: 'repository' | 'team', org: OrgId, id: number): boolean =>
    keptLinks?.has(linkLossId({ kind, org, id })) ?? false;
  return (instance, role) => {
    const { type, id, org } = instance;
    if (orgs.has(org)) return true;
    switch (type) {
      case ORG_TYPE:
        return withoutRoles.has(org) && role.startsWith('all_repo_');
      case TEAM_TYPE:
        return isStill('team', org, id) || mayBeOfUnreadOrg(instance, input);
      case REPOSITORY_TYPE:
        return repositories.has(id) || isStill('repository', org, id);
      default:
        return type satisfies never;
    }
  };
}

/**
 * Whether it is an enterprise team (`ent:`) that its organization no longer has, and another organization may have: one
 * that was not read. Other teams never change their organization.
 */
export function mayBeOfUnreadOrg(
  { type, title, id, org }: OwnedInstance,
  { listings, configuredOrgs }: Pick<PlanInput, 'listings' | 'configuredOrgs'>,
): boolean {
  if (type !== TEAM_TYPE || !title.includes('/ent:')) return false;
  const facts = listings.find((listing) => listing.id === org)?.repositories;
  if (facts === undefined || facts.only !== undefined || facts.teams.has(id)) return false;
  return configuredOrgs.some((name) => {
    const listing = listings.find((one) => isSameName(one.org, name));
    return listing === undefined || (isMirrored(listing) && listing.repositories === undefined);
  });
}
