import type { GitHubId, OrgId } from '../model/identity.ts';
import type { CompleteListing } from '../model/member.ts';
import { membershipLocators } from './locators.ts';
import type { GivenGrant, Locator, Mapping } from './statements.ts';

/** One person of GitHub, with what the statements say that the person should hold in Permit. */
export type DesiredPerson = {
  readonly id: GitHubId;
  readonly login: string;
  /** Empty for somebody to whom no statement gives anything: such a person has no user. */
  readonly grants: readonly GivenGrant[];
  /** The organizations behind the grants, ascending. */
  readonly orgs: readonly OrgId[];
};

/** Everybody in the listed organizations, by numeric id: all organizations together make one desired state. */
export type DesiredState = ReadonlyMap<GitHubId, DesiredPerson>;

/** Computes everyone's grants over all organizations together. */
export function desiredState(listings: readonly CompleteListing[], mapping: Mapping): DesiredState {
  const people = new Map<GitHubId, { login: string; locators: Locator[] }>();
  for (const { org, id: orgId, members } of listings) {
    for (const { id, login, role } of members) {
      const locators = membershipLocators(org, login, role).map((text) => ({ text, org, orgId }));
      const known = people.get(id);
      if (known) {
        known.login = login;
        known.locators.push(...locators);
      } else people.set(id, { login, locators });
    }
  }
  const desired = new Map<GitHubId, DesiredPerson>();
  for (const [id, { login, locators }] of people) {
    const grants = mapping(locators);
    const orgs = [...new Set(grants.flatMap((given) => given.orgs))].sort((a, b) => a - b);
    desired.set(id, { id, login, grants, orgs });
  }
  return desired;
}
