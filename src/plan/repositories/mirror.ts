import { type Grant, grantId } from '../../model/grant.ts';
import type { GitHubId, OrgId } from '../../model/identity.ts';
import type { Locator } from '../../model/locator.ts';
import { type CompleteListing, isMirrored } from '../../model/member.ts';
import {
  allRepositories,
  instanceOf,
  isModelRole,
  ORG_MEMBER,
  ORG_OWNER,
  ORG_TYPE,
  REPOSITORY_TYPE,
  TEAM_TYPE,
} from '../../model/repositories/access-model.ts';
import { tenantFor } from '../../model/rule.ts';
import { getOrMake } from '../../model/text/record.ts';
import { allOfOurs, groupByOwner } from '../ownership.ts';
import type { PlanInput } from '../plan-input.ts';
import type { GivenGrant } from '../rules.ts';
import { orgsNotMirrored, orgsToMirror, wantedInstances } from './desired-graph.ts';
import { keptInstances } from './kept.ts';
import {
  describeInstance,
  describeNotMirrored,
  type OwnedInstance,
  ownedInstance,
} from './owned-instance.ts';

/** How people's access to repositories becomes grants on instances (docs/REPOSITORIES.md). No rule is involved. */
export type Mirror = {
  /** What these facts give; a fact that says nothing about repositories gives nothing. */
  readonly givenBy: (locators: readonly Locator[]) => readonly GivenGrant[];
  /** Whether it is a role of the model on an instance of ours, in an organization that says whether it is due. */
  readonly governs: (grant: Grant) => boolean;
  /** Whether it is a role of the model on an instance of ours, in any organization. */
  readonly isOurs: (grant: Grant) => boolean;
  /** The reason for the loss of a grant that it governs. */
  readonly whyLost: (grant: Grant) => string;
  /** Grants that a person holds on something that was not read, or whose loss GitHub did not confirm. */
  readonly undecidedOf: (id: GitHubId) => ReadonlySet<string>;
};

/** @returns undefined if the graph was not read. */
export function mirrorOf(input: PlanInput): Mirror | undefined {
  const { repositories: settings, graph, listings, owner } = input;
  if (graph === undefined) return undefined;
  const mirrored = listings.filter(isMirrored);
  const notMirrored = new Map(orgsNotMirrored(input).map((one) => [one.id, one.org]));
  const orgs = new Set([...mirrored.map(({ id }) => id), ...notMirrored.keys()]);
  const known = new Map<string, OwnedInstance | undefined>();
  const ownedAs = (name: string): OwnedInstance | undefined => {
    if (known.has(name)) return known.get(name);
    const instance = graph.instances.get(name);
    const owned = instance && ownedInstance(instance, owner);
    known.set(name, owned);
    return owned;
  };
  const instanceBehind = ({ resource, role }: Grant): OwnedInstance | undefined => {
    const owned = resource === undefined ? undefined : ownedAs(resource);
    return owned && isModelRole(owned.type, role) ? owned : undefined;
  };
  const isCreated = createdInstances(input);
  const governs = (grant: Grant): boolean => {
    const owned = instanceBehind(grant);
    return owned !== undefined && orgs.has(owned.org) && owned.instance.tenant === grant.tenant;
  };
  return {
    givenBy: openGiver(mirrored, settings?.tenant ?? '', (name, tenant) => {
      const instance = graph.instances.get(name);
      if (instance === undefined) return isCreated(name);
      // Someone else's instance, or one in another tenant, is left alone: nothing is given on it.
      return ownedAs(name) !== undefined && instance.tenant === tenant;
    }),
    governs,
    isOurs: (grant) => instanceBehind(grant) !== undefined,
    whyLost: ({ resource = '', role }) => {
      const owned = ownedAs(resource);
      const org = owned && notMirrored.get(owned.org);
      if (org !== undefined) return describeNotMirrored(org);
      return `${owned === undefined ? resource : `${role} of ${describeInstance(owned)}`} no longer holds`;
    },
    undecidedOf: undecided(input, mirrored, ownedAs),
  };
}

/** A run that is narrowed to logins creates no instance, and a drain only those that its entries are about. */
function createdInstances(input: PlanInput): (name: string) => boolean {
  if (input.logins === undefined && input.ids === undefined) return () => true;
  const wanted = wantedInstances(orgsToMirror(input), input);
  return (name) => wanted.has(name);
}

const NOTHING: readonly GivenGrant[] = [];

/** @param isFree whether a grant can be given on an instance. */
function openGiver(
  mirrored: readonly CompleteListing[],
  tenant: string,
  isFree: (name: string, tenant: string) => boolean,
): Mirror['givenBy'] {
  const byOrg = new Map(
    mirrored.filter(({ repositories }) => repositories).map((listing) => [listing.id, listing]),
  );
  const instanceAndRole = ({ kind, names, orgId }: Locator): readonly [string, string] | undefined => {
    const listing = orgId === undefined ? undefined : byOrg.get(orgId);
    if (listing === undefined || orgId === undefined) return undefined;
    const [first = '', second = ''] = names;
    switch (kind) {
      case 'role':
        return [instanceOf(ORG_TYPE, orgId), first === 'admin' ? ORG_OWNER : ORG_MEMBER];
      case 'team':
        return first.startsWith('#') && isTeam(listing, Number(first.slice(1)))
          ? [instanceOf(TEAM_TYPE, Number(first.slice(1))), second]
          : undefined;
      case 'org-role': {
        const base = listing.orgRoles?.find(({ name }) => name.toLowerCase() === first)?.base;
        return base && [instanceOf(ORG_TYPE, orgId), allRepositories(base)];
      }
      case 'repository':
        return [instanceOf(REPOSITORY_TYPE, Number(first)), second];
      case 'user':
      case 'collaborator':
        return undefined;
      default:
        return kind satisfies never;
    }
  };
  const grantOfLocator = (locator: Locator): GivenGrant | undefined => {
    const [resource, role] = instanceAndRole(locator) ?? [];
    if (resource === undefined || role === undefined || locator.orgId === undefined) return undefined;
    const grant: Grant = { tenant: tenantFor(tenant, locator.org), role, resource };
    if (!isFree(resource, grant.tenant)) return undefined;
    return { grant, ranks: [], because: [readableText(locator, byOrg)], orgs: [locator.orgId] };
  };
  const made = new Map<Locator, GivenGrant | undefined>();
  const byList = new WeakMap<readonly Locator[], readonly GivenGrant[]>();
  return (locators) => {
    const before = byList.get(locators);
    if (before) return before;
    const given = new Map<string, GivenGrant>();
    for (const locator of locators) {
      const one = getOrMake(made, locator, () => grantOfLocator(locator));
      if (one === undefined) continue;
      const id = grantId(one.grant);
      const twin = given.get(id);
      // Two organization roles may give the same level.
      given.set(id, twin ? { ...twin, because: [...twin.because, ...one.because].sort() } : one);
    }
    const grants = given.size === 0 ? NOTHING : [...given.values()];
    byList.set(locators, grants);
    return grants;
  };
}

/** The fact as a rule would write it, with the name of a team where that is known. */
function readableText(
  { kind, text, names, org, orgId }: Locator,
  listings: ReadonlyMap<OrgId, CompleteListing>,
): string {
  const [ref = '', role = ''] = names;
  if (kind !== 'team' || orgId === undefined) return text;
  const slug = listings.get(orgId)?.repositories?.teams.get(Number(ref.slice(1)))?.slug;
  return slug === undefined ? text : `github:${org}:team:${slug}:${role}`;
}

/** A drain reads few teams. A lookup that found someone in another team proves that this team exists. */
const isTeam = ({ repositories }: CompleteListing, id: number): boolean =>
  repositories?.only !== undefined || repositories?.teams.has(id) === true;

const NONE: ReadonlySet<string> = new Set();

/** By instance, the people about whom an empty list of direct collaborators proved nothing. */
const unprovenRoles = (mirrored: readonly CompleteListing[]): ReadonlyMap<string, ReadonlySet<GitHubId>> =>
  new Map(
    mirrored.flatMap(({ repositories }) =>
      [...(repositories?.unproven ?? [])].map(
        ([id, people]) => [instanceOf(REPOSITORY_TYPE, id), people] as const,
      ),
    ),
  );

/** Only existing grants can be undecided: what was not read gives nothing. */
function undecided(
  input: PlanInput,
  mirrored: readonly CompleteListing[],
  ownedAs: (name: string) => OwnedInstance | undefined,
): Mirror['undecidedOf'] {
  const isKept = keptInstances(input, mirrored);
  const unproven = unprovenRoles(mirrored);
  if (isKept === undefined && unproven.size === 0) return () => NONE;
  const held = new Map<GitHubId, Set<string>>();
  for (const { user, mark } of allOfOurs(groupByOwner(input.users, input.owner))) {
    for (const grant of user.grants) {
      const owned = grant.resource === undefined ? undefined : ownedAs(grant.resource);
      if (owned === undefined) continue;
      const isUnproven = unproven.get(owned.instance.name)?.has(mark.id) === true;
      if (!isUnproven && isKept?.(owned, grant.role) !== true) continue;
      getOrMake(held, mark.id, () => new Set()).add(grantId(grant));
    }
  }
  return (id) => held.get(id) ?? NONE;
}
