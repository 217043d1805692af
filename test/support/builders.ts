import { type ProvenAbsence, provenAbsence } from '../../src/model/absence.ts';
import { type Grant, grantId } from '../../src/model/grant.ts';
import {
  type GitHubId,
  type OrgId,
  parseGitHubId,
  parseOrgId,
  parseUserKey,
  type UserKey,
} from '../../src/model/identity.ts';
import { type Locator, LocatorPattern } from '../../src/model/locator.ts';
import { MANAGED_BY_PREFIX, type Origin } from '../../src/model/mark.ts';
import type { ClearLookup, CompleteListing, Member, OrgRole } from '../../src/model/member.ts';
import type { Plan } from '../../src/model/plan.ts';
import { defaultRules, type Rule } from '../../src/model/rule.ts';
import type { Attributes, PermitUser, UserSettings } from '../../src/model/user.ts';
import { makePlan, type PlanInput } from '../../src/plan/make-plan.ts';

export const OWNER = 'default';

export function gitHubId(value: number): GitHubId {
  return proven(parseGitHubId(value), value);
}

export function orgId(value: number): OrgId {
  return proven(parseOrgId(value), value);
}

export function userKey(text: string): UserKey {
  return proven(parseUserKey(text), text);
}

function proven<T>(parsed: T | undefined, from: unknown): T {
  if (parsed === undefined) throw new Error(`a test gave ${JSON.stringify(from)}, which is not valid`);
  return parsed;
}

/** The organizations of the tests, by name; a mark and a listing of one org agree without saying so. */
export const ORG_IDS = { acme: orgId(100), labs: orgId(200), research: orgId(300) } as const;
export type OrgName = keyof typeof ORG_IDS;

/** `tenant/role`, or `tenant/role@type:key`. */
export function grant(text: string): Grant {
  const [, tenant, role, resource] = /^([^/]+)\/([^@]+)(?:@(.+))?$/.exec(text) ?? [];
  if (tenant === undefined || role === undefined) throw new Error(`a test gave the grant ${text}`);
  return { tenant, role, ...(resource === undefined ? {} : { resource }) };
}

export const member = (id: number, login: string, role: OrgRole = 'member'): Member => ({
  id: gitHubId(id),
  login,
  role,
});

export const listing = (org: OrgName, ...members: readonly Member[]): CompleteListing => ({
  kind: 'complete',
  org,
  id: ORG_IDS[org],
  members,
  teams: [],
  orgRoles: [],
  collaborators: undefined,
  unread: [],
});

/** Stands in for a proof made by the GitHub adapter. */
export const absent: ProvenAbsence = provenAbsence({ kind: 'answered otherwise', org: ORG_IDS.acme });

/** Losses that a second lookup did not confirm, of these people. */
export const stillListed = (...ids: readonly number[]): NonNullable<PlanInput['unconfirmed']> =>
  new Map(ids.map((id) => [gitHubId(id), { kind: 'still listed' }]));

/** @param roles by org: undefined in it is "proven to be no active member"; an org that is absent was not asked. */
export const lookup = (
  id: number,
  login: string | undefined,
  roles: { readonly [org in OrgName]?: OrgRole | undefined },
): ClearLookup => ({
  kind: 'clear',
  id: gitHubId(id),
  login,
  roles: new Map(Object.entries(roles).map(([org, role]) => [ORG_IDS[org as OrgName], role ?? absent])),
  teams: new Map(),
  collaborates: new Map(),
  orgRoles: new Map(),
});

export type MarkOptions = {
  readonly login?: string;
  readonly orgs?: readonly OrgName[];
  readonly owner?: string;
  readonly origin?: Origin;
};

/** A whole and valid mark, as Permit holds it. */
export const marked = (
  id: number,
  login: string,
  { orgs = ['acme'], owner = OWNER, origin = 'created' }: MarkOptions = {},
): Attributes => ({
  github_id: id,
  github_login: login,
  github_orgs: orgs.map((org) => ORG_IDS[org]),
  managed_by: MANAGED_BY_PREFIX + owner,
  managed_origin: origin,
});

export type UserOptions = { readonly grants?: readonly string[]; readonly attributes?: Attributes };

/** A user without a mark, unless `attributes` hold one. */
export const user = (key: string, { grants = [], attributes = {} }: UserOptions = {}): PermitUser => ({
  key: userKey(key),
  attributes,
  grants: grants.map(grant),
});

/** A user that carries our mark. `attributes` are further ones. */
export const ours = (
  id: number,
  key: string,
  { grants, attributes, ...options }: UserOptions & MarkOptions = {},
): PermitUser =>
  user(key, {
    ...(grants === undefined ? {} : { grants }),
    attributes: { ...attributes, ...marked(id, options.login ?? key, options) },
  });

type RuleOptions = {
  readonly tenant?: string;
  readonly resource?: string;
  readonly also?: readonly string[];
  readonly unless?: readonly string[];
  readonly until?: string;
};

export const patterns = (texts: string | readonly string[]): readonly LocatorPattern[] =>
  [texts].flat().map((text) => new LocatorPattern(text));

const rule =
  (effect: Rule['effect']) =>
  (
    subject: string | readonly string[],
    roles: string | readonly string[],
    { tenant = 'default', resource, also = [], unless = [], until }: RuleOptions = {},
  ): Rule => ({
    effect,
    subject: patterns(subject),
    also: patterns(also),
    unless: patterns(unless),
    roles: [roles].flat(),
    tenant,
    ...(resource === undefined ? {} : { resource }),
    ...(until === undefined ? {} : { until }),
  });

export const allow = rule('allow');
export const deny = rule('deny');

/** A locator of no particular organization. */
export function locatorFrom(text: string): Locator {
  const [, org = '', kind = '', ...rest] = text.split(':');
  const names = text.toLowerCase().split(':').slice(3);
  // Only the slug of an enterprise team holds a colon.
  if (kind === 'team' && rest.length === 3) names.splice(0, 2, names.slice(0, 2).join(':'));
  return { text, kind: kind as Locator['kind'], names, org, orgId: undefined };
}

/** How members become users, by default. */
export const userSettings = (settings: Partial<UserSettings> = {}): UserSettings => ({
  key: '{login}',
  onLeave: 'delete',
  adopt: 'none',
  protect: [],
  ...settings,
});

/** The default rules in the tenant `default`, over the organizations that are listed. */
export const planInput = (options: Partial<PlanInput> = {}): PlanInput => ({
  listings: [],
  users: [],
  now: new Date('2026-11-27T12:00:00Z'),
  rules: defaultRules('default'),
  configuredOrgs: options.listings?.map(({ org }) => org) ?? ['acme'],
  owner: OWNER,
  tenant: 'default',
  manages: [],
  userSettings: userSettings(),
  mode: 'sync',
  ...options,
});

export const planFor = (options: Partial<PlanInput>): Plan => makePlan(planInput(options));

/**
 * A plan in a few words, a line for each person: `ann demoted: +default/member -default/admin`. A user is
 * `created`, `deleted`, `released` (its mark goes), or `marked` with the attributes that change.
 */
export function outline(plan: Plan): readonly string[] {
  return plan.people.map(({ user: key, movement, move, changes }) => {
    const words = changes.map((change) => {
      switch (change.kind) {
        case 'createUser':
          return change.from === undefined ? 'created' : `created from ${change.from}`;
        case 'deleteUser':
          return move ? `${change.user} deleted${change.user < key ? ',' : ''}` : 'deleted';
        case 'assignRole':
          return `+${grantId(change.grant)}`;
        case 'unassignRole':
          return `-${grantId(change.grant)}`;
        case 'updateUser': {
          if (change.to.managed_by === undefined) return 'released';
          const keys = Object.entries(change.to)
            .filter(
              ([name, value]) =>
                JSON.stringify(value) !== JSON.stringify(change.from[name as keyof typeof change.from]),
            )
            .map(([name]) => name);
          return `marked(${keys.join(' ')})`;
        }
        default:
          return change satisfies never;
      }
    });
    return `${key} ${movement}: ${words.join(' ')}`;
  });
}

/** Who was left alone, and why: `KEY_TAKEN bob`. */
export const skips = (plan: Plan): readonly string[] =>
  plan.skipped.map(({ code, user: who }) => `${code} ${who}`);

/** Who was kept, and why: `KEPT_UNCONFIRMED ann bob`. */
export const keeps = (plan: Plan): readonly string[] =>
  plan.notes.map(({ code, users }) => `${code} ${users.join(' ')}`);
