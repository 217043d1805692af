import type { OrgId } from '../../model/identity.ts';
import type { CompleteListing } from '../../model/member.ts';
import { ORG_TYPE, REPOSITORY_TYPE, TEAM_TYPE } from '../../model/repositories/access-model.ts';
import { linkLossId } from '../../model/repositories/facts.ts';
import type { PlanInput } from '../plan-input.ts';
import type { OwnedInstance } from './owned-instance.ts';

/**
 * Finds the instances on which grants stay as they are: what decides about them was not read, or GitHub did not confirm
 * that a repository or team is gone.
 * @returns undefined where there are none.
 */
export function keptInstances(
  { keptLinks }: Pick<PlanInput, 'keptLinks'>,
  mirrored: readonly CompleteListing[],
): ((instance: OwnedInstance, role: string) => boolean) | undefined {
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
  const isQuiet = orgs.size + withoutRoles.size + repositories.size === 0 && !keptLinks?.size;
  if (isQuiet) return undefined;
  const isStill = (kind: 'repository' | 'team', org: OrgId, id: number): boolean =>
    keptLinks?.has(linkLossId({ kind, org, id })) ?? false;
  return ({ type, id, org }, role) => {
    if (orgs.has(org)) return true;
    switch (type) {
      case ORG_TYPE:
        return withoutRoles.has(org) && role.startsWith('all_repo_');
      case TEAM_TYPE:
        return isStill('team', org, id);
      case REPOSITORY_TYPE:
        return repositories.has(id) || isStill('repository', org, id);
      default:
        return type satisfies never;
    }
  };
}
