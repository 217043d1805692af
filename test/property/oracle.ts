import { grantId } from '../../src/model/grant.ts';
import type { LocatorPattern } from '../../src/model/locator.ts';
import type { CompleteListing } from '../../src/model/member.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { PermitUser } from '../../src/model/user.ts';
import type { PlanInput } from '../../src/plan/make-plan.ts';

/**
 * The rules once more, as slowly and plainly as they can be written down, and from nothing of the planner's: what
 * the properties hold a plan against.
 */

type Fact = { readonly org: string; readonly segments: readonly string[] };

/** A grant's id, and the first rule that gives it. */
export type Wanted = ReadonlyMap<string, number>;

const fact = (org: string, tail: string): Fact => ({
  org,
  segments: `github:${org}:${tail}`.toLowerCase().split(':'),
});

function factsOf({
  org,
  members,
  teams,
  collaborators = [],
}: CompleteListing): readonly (readonly [number, Fact])[] {
  const inside = new Set(members.map(({ id }) => id));
  return [
    ...members.flatMap(({ id, login, role }) => [
      [id, fact(org, `role:${role}`)] as const,
      [id, fact(org, `user:${login}`)] as const,
    ]),
    ...teams.flatMap(({ ref, members: team }) =>
      [...team]
        .filter(([id]) => inside.has(id))
        .map(([id, role]) => [id, fact(org, `team:${ref}:${role}`)] as const),
    ),
    ...collaborators.flatMap(({ id, login }) => [
      [id, fact(org, 'collaborator')] as const,
      [id, fact(org, `user:${login}`)] as const,
    ]),
  ];
}

function globs(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] !== '*') return pattern[0] === text[0] && globs(pattern.slice(1), text.slice(1));
  return Array.from({ length: text.length + 1 }, (_, skip) => skip).some((skip) =>
    globs(pattern.slice(1), text.slice(skip)),
  );
}

function matches(pattern: string, { segments }: Fact): boolean {
  const parts = pattern.toLowerCase().split(':');
  if (parts.at(-1) === '*') while (parts.length < segments.length) parts.push('*');
  return parts.length === segments.length && parts.every((part, i) => globs(part, segments[i] ?? ''));
}

function orgsWhereItHolds({ subject, also, unless }: Rule, facts: readonly Fact[]): readonly string[] {
  const some = ({ text }: LocatorPattern): boolean => facts.some((fact) => matches(text, fact));
  if (!also.every(some) || unless.some(some)) return [];
  return facts.filter((fact) => subject.some(({ text }) => matches(text, fact))).map(({ org }) => org);
}

const idOf = (rule: Rule, org: string, role: string): string =>
  grantId({
    tenant: rule.tenant.replaceAll('{org}', org),
    role,
    ...(rule.resource === undefined ? {} : { resource: rule.resource }),
  });

/** What each person should hold, by GitHub id. */
export function wantedGrants({ rules, listings }: PlanInput): ReadonlyMap<number | undefined, Wanted> {
  const people = new Map<number, Fact[]>();
  for (const [id, known] of listings.flatMap(factsOf)) people.set(id, [...(people.get(id) ?? []), known]);
  return new Map([...people].map(([id, facts]) => [id, grantsFor(facts, rules)]));
}

function grantsFor(facts: readonly Fact[], rules: readonly Rule[]): Wanted {
  const wanted = new Map<string, number>();
  rules.forEach((rule, rank) => {
    if (rule.effect === 'deny') return;
    for (const org of orgsWhereItHolds(rule, facts)) {
      for (const role of rule.roles) {
        const id = idOf(rule, org, role);
        if (!wanted.has(id)) wanted.set(id, rank);
      }
    }
  });
  for (const rule of rules.filter(({ effect }) => effect === 'deny')) {
    for (const org of orgsWhereItHolds(rule, facts)) {
      const tenant = rule.tenant.replaceAll('{org}', org);
      for (const id of wanted.keys()) {
        const [, inTenant = '', role = '', resource] = /^(.*?)\/(.*?)(?:@(.*))?$/.exec(id) ?? [];
        const named = rule.roles.some((pattern) => globs(pattern, role)) && globs(tenant, inTenant);
        if (named && (rule.resource === undefined || rule.resource === resource)) wanted.delete(id);
      }
    }
  }
  return wanted;
}

/** Which grants are governed, and the earliest allow behind each. */
export type Managed = { readonly has: (id: string) => boolean; readonly rankOf: (id: string) => number };

/** Those that an allow can give, that a deny names, or that `manages` matches. */
export function managedGrants({ rules, configuredOrgs, manages }: PlanInput): Managed {
  const ranks = new Map<string, number>();
  const name = (effect: Rule['effect'], rankOf: (index: number) => number): void =>
    rules.forEach((rule, index) => {
      if (rule.effect !== effect) return;
      for (const org of configuredOrgs) {
        for (const role of rule.roles) {
          // The tenant of a deny that names none is the default one.
          const id = idOf(rule, org, role).replace(/^\*\//, 'default/');
          if (!id.includes('*') && !ranks.has(id)) ranks.set(id, rankOf(index));
        }
      }
    });
  name('allow', (index) => index);
  name('deny', () => rules.length);
  const listed = (id: string): boolean =>
    manages.some((line) => {
      const [tenant = '', role = ''] = line.split('/');
      const [inTenant = '', rest = ''] = id.split(/\/(.*)/);
      return globs(tenant, inTenant) && globs(role, rest.replace(/@.*/, ''));
    });
  return {
    has: (id) => ranks.has(id) || listed(id),
    rankOf: (id) => ranks.get(id) ?? rules.length,
  };
}

/** Whether the config forbids to write the user. */
export const isProtected = ({ userSettings: { protect } }: PlanInput, key: string): boolean =>
  protect.some((pattern) => globs(pattern.toLowerCase(), key.toLowerCase()));

export const idsHeld = (user: PermitUser | undefined): readonly string[] =>
  (user?.grants ?? []).map(grantId).sort();
