import { type Grant, grantId } from '../model/grant.ts';
import { compareText, type OrgId } from '../model/identity.ts';
import type { Statement } from '../model/statement.ts';
import { compileKeyPattern, compilePattern, type LocatorPattern } from './locators.ts';

/** A locator of a person, with the organization that it speaks of. */
export type Locator = { readonly text: string; readonly org: string; readonly orgId: OrgId };

/** A grant that the statements give a person. */
export type GivenGrant = {
  readonly grant: Grant;
  /** Index of the earliest statement that gives it: 0 is the strongest. */
  readonly rank: number;
  /** The locators that the statements matched, sorted: the reason shown to the operator. */
  readonly because: readonly string[];
  /** The organizations without whose word the grant would not be given, ascending. */
  readonly orgs: readonly OrgId[];
};

/** What the statements give to the person that has these locators; sorted by nothing, one entry per grant. */
export type Mapping = (locators: readonly Locator[]) => readonly GivenGrant[];

type Compiled = {
  readonly rank: number;
  readonly statement: Statement;
  readonly subject: LocatorPattern;
  readonly also: readonly LocatorPattern[];
  readonly unless: LocatorPattern | undefined;
};

const anyOf = (patterns: readonly string[]): LocatorPattern => {
  const compiled = patterns.map(compilePattern);
  return (locator) => compiled.some((matches) => matches(locator));
};

/** `{org}` stands for the organization that the matching locator names. */
export const tenantFor = (tenant: string, org: string): string => tenant.replaceAll('{org}', org);

/** Compiles the statements once, so that every person costs only the matching. */
export function compileMapping(statements: readonly Statement[]): Mapping {
  const compiled = statements.map(
    (statement, rank): Compiled => ({
      rank,
      statement,
      subject: anyOf(statement.subject),
      also: statement.also.map(compilePattern),
      unless: statement.unless.length === 0 ? undefined : anyOf(statement.unless),
    }),
  );
  const allows = compiled.filter(({ statement }) => statement.effect === 'allow');
  const denies = compiled.filter(({ statement }) => statement.effect === 'deny');

  return (locators) => {
    const given = new Map<string, GivenGrant>();
    for (const allow of allows) give(allow, locators, given);
    if (given.size > 0) for (const deny of denies) take(deny, locators, given);
    return [...given.values()];
  };
}

/** The subject's locators where the whole statement holds, and the organizations behind its `also`. */
function holdsFor(
  compiled: Compiled,
  locators: readonly Locator[],
): { readonly subjects: readonly Locator[]; readonly behind: readonly OrgId[] } | undefined {
  const subjects = locators.filter(({ text }) => compiled.subject(text));
  if (subjects.length === 0) return undefined;
  const behind: OrgId[] = [];
  for (const matches of compiled.also) {
    const matched = locators.filter(({ text }) => matches(text));
    if (matched.length === 0) return undefined;
    behind.push(...matched.map(({ orgId }) => orgId));
  }
  if (compiled.unless && locators.some(({ text }) => compiled.unless?.(text))) return undefined;
  return { subjects, behind };
}

function give(allow: Compiled, locators: readonly Locator[], given: Map<string, GivenGrant>): void {
  const held = holdsFor(allow, locators);
  if (!held) return;
  const { statement } = allow;
  for (const subject of held.subjects) {
    for (const role of statement.roles) {
      const tenant = tenantFor(statement.tenant, subject.org);
      const grant: Grant = {
        tenant,
        role,
        ...(statement.resource === undefined ? {} : { resource: statement.resource }),
      };
      const id = grantId(grant);
      const before = given.get(id);
      given.set(id, {
        grant,
        rank: before?.rank ?? allow.rank,
        because: distinct([...(before?.because ?? []), subject.text]).sort(compareText),
        orgs: distinct([...(before?.orgs ?? []), subject.orgId, ...held.behind]).sort((a, b) => a - b),
      });
    }
  }
}

function take(deny: Compiled, locators: readonly Locator[], given: Map<string, GivenGrant>): void {
  const held = holdsFor(deny, locators);
  if (!held) return;
  const { statement } = deny;
  const matchesRole = statement.roles.map(compileKeyPattern);
  const tenants = distinct(held.subjects.map(({ org }) => tenantFor(statement.tenant, org)));
  const matchesTenant = tenants.map(compileKeyPattern);
  for (const [id, { grant }] of given) {
    const denied =
      (statement.resource === undefined || statement.resource === grant.resource) &&
      matchesRole.some((matches) => matches(grant.role)) &&
      matchesTenant.some((matches) => matches(grant.tenant));
    if (denied) given.delete(id);
  }
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];
