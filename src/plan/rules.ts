import { type Grant, grantId } from '../model/grant.ts';
import { compareText, type OrgId } from '../model/identity.ts';
import type { Locator, LocatorPattern } from '../model/locator.ts';
import { grantsOf, patternsOf, type Rule, tenantFor } from '../model/rule.ts';
import { getOrMake } from '../model/text/record.ts';
import { compileKeyPattern } from './locators.ts';

/** A grant that the rules give a person. */
export type GivenGrant = {
  readonly grant: Grant;
  /** Indexes of the rules that give it, ascending: 0 is the strongest. */
  readonly ranks: readonly number[];
  /** The locators that the rules matched, sorted: the reason shown to the operator. */
  readonly because: readonly string[];
  /** The organizations that the grant depends on, ascending. */
  readonly orgs: readonly OrgId[];
};

/** What GitHub says about a person, and what could not be read. */
export type Facts = {
  readonly locators: readonly Locator[];
  /** Facts that may hold or not, because a team or the collaborators could not be read. */
  readonly doubts: readonly Locator[];
  /**
   * Facts that may hold in an organization that was not listed. They can only prevent a grant: such an organization
   * gives nothing, and its people lose nothing anyway.
   */
  readonly restraints: readonly Locator[];
};

/** What the rules say about one person. */
export type RuleOutcome = {
  readonly given: readonly GivenGrant[];
  /** The organizations behind what is given, ascending. */
  readonly orgs: readonly OrgId[];
  /** Ids of grants that depend on something that could not be read: neither given nor taken in this run. */
  readonly undecided: ReadonlySet<string>;
};

export type Decide = (facts: Facts) => RuleOutcome;

/** A rule and its place in the config: 0 is the strongest. */
type RankedRule = { readonly rank: number; readonly rule: Rule };

const matchesAny =
  (patterns: readonly LocatorPattern[]) =>
  (locator: Locator): boolean =>
    patterns.some((pattern) => pattern.matches(locator));

/**
 * Compiles the rules once for all people. Most people share the few facts that rules ask about, often the very list of
 * them, so each decision is made once and reused.
 * @param applies whether a rule counts. The others still count for the order.
 */
export function compileRules(rules: readonly Rule[], applies: (rule: Rule) => boolean = () => true): Decide {
  const ranked = rules.map((rule, rank) => ({ rank, rule })).filter(({ rule }) => applies(rule));
  const allows = ranked.filter(({ rule }) => rule.effect === 'allow');
  const denies = ranked.filter(({ rule }) => rule.effect === 'deny');

  const decideAnew = (facts: Facts): RuleOutcome => {
    const given = new Map<string, GivenGrant>();
    const possible = new Map<string, Grant>();
    for (const allow of allows) give(allow, facts, given, possible);
    for (const deny of denies) {
      if (given.size > 0 || possible.size > 0) take(deny, facts, given, possible);
    }
    for (const id of given.keys()) possible.delete(id);
    const grants = [...given.values()];
    return { given: grants, orgs: orgsBehind(grants), undecided: new Set(possible.keys()) };
  };

  const byText = new Map(rules.flatMap(patternsOf).map((pattern) => [pattern.text, pattern]));
  const askedFor = matchesAny([...byText.values()]);
  const known = new Map<string, RuleOutcome>();
  const byList = new WeakMap<readonly Locator[], RuleOutcome>();
  return ({ locators, doubts, restraints }) => {
    const isCertain = doubts.length === 0 && restraints.length === 0;
    const sameList = isCertain ? byList.get(locators) : undefined;
    if (sameList) return sameList;
    const facts: Facts = {
      locators: locators.filter(askedFor),
      doubts: doubts.filter(askedFor),
      restraints: restraints.filter(askedFor),
    };
    const key = [facts.locators, facts.doubts, facts.restraints].map(textsOf).join('\n');
    const decision = getOrMake(known, key, () => decideAnew(facts));
    if (isCertain) byList.set(locators, decision);
    return decision;
  };
}

/** The id distinguishes two organizations with one name. No name contains a null character. */
const textsOf = (locators: readonly Locator[]): string =>
  locators.map(({ text, orgId }) => `${orgId} ${text}`).join('\0');

/** The organizations behind these grants, ascending. */
export const orgsBehind = (grants: readonly GivenGrant[]): readonly OrgId[] =>
  distinct(grants.flatMap(({ orgs }) => orgs)).sort((a, b) => a - b);

/** Whether a rule applies to a person, and by which locators of its subject. */
export type Holding = {
  /** Locators by which it certainly applies. */
  readonly certain: readonly Locator[];
  /** Locators by which it may apply, depending on something that could not be read. */
  readonly possible: readonly Locator[];
  /** The organizations behind `also`. */
  readonly behind: readonly OrgId[];
};

const NOT_HELD: Holding = { certain: [], possible: [], behind: [] };

/** Has three answers, yes, no and perhaps, because something may not have been read. */
export function holdingOf(rule: Rule, { locators, doubts, restraints }: Facts): Holding {
  // An organization that was not listed gives nothing, but a deny about it may apply.
  const open = rule.effect === 'deny' ? [...doubts, ...restraints] : doubts;
  const subjects = locators.filter(matchesAny(rule.subject));
  const doubtful = open.filter(matchesAny(rule.subject));
  if (subjects.length === 0 && doubtful.length === 0) return NOT_HELD;
  const isExcluded = matchesAny(rule.unless);
  if (locators.some(isExcluded)) return NOT_HELD;
  let certain = !doubts.some(isExcluded) && !restraints.some(isExcluded);
  const behind: OrgId[] = [];
  for (const pattern of rule.also) {
    const matched = locators.filter((locator) => pattern.matches(locator));
    if (matched.length === 0 && !open.some((locator) => pattern.matches(locator))) return NOT_HELD;
    if (matched.length === 0) certain = false;
    behind.push(...matched.flatMap(({ orgId }) => orgId ?? []));
  }
  return certain
    ? { certain: subjects, possible: doubtful, behind }
    : { certain: [], possible: [...subjects, ...doubtful], behind };
}

function give(
  allow: RankedRule,
  facts: Facts,
  given: Map<string, GivenGrant>,
  possible: Map<string, Grant>,
): void {
  const { certain, possible: doubtful, behind } = holdingOf(allow.rule, facts);
  for (const subject of certain) {
    for (const grant of grantsOf(allow.rule, subject.org)) {
      const id = grantId(grant);
      const before = given.get(id);
      const org = subject.orgId === undefined ? [] : [subject.orgId];
      given.set(id, {
        grant,
        ranks: distinct([...(before?.ranks ?? []), allow.rank]),
        because: distinct([...(before?.because ?? []), subject.text]).sort(compareText),
        orgs: distinct([...(before?.orgs ?? []), ...org, ...behind]).sort((a, b) => a - b),
      });
    }
  }
  for (const subject of doubtful) {
    for (const grant of grantsOf(allow.rule, subject.org)) possible.set(grantId(grant), grant);
  }
}

/** Deny wins, over certain and over possible grants. A deny that may apply makes a certain grant possible only. */
function take(
  deny: RankedRule,
  facts: Facts,
  given: Map<string, GivenGrant>,
  possible: Map<string, Grant>,
): void {
  const { certain, possible: doubtful } = holdingOf(deny.rule, facts);
  if (certain.length > 0) {
    const denied = deniedBy(deny.rule, certain);
    for (const [id, { grant }] of given) if (denied(grant)) given.delete(id);
    for (const [id, grant] of possible) if (denied(grant)) possible.delete(id);
  }
  if (doubtful.length > 0) {
    const denied = deniedBy(deny.rule, doubtful);
    for (const [id, { grant }] of given) {
      if (!denied(grant)) continue;
      given.delete(id);
      possible.set(id, grant);
    }
  }
}

/** Whether a `deny` that applies by these locators takes a grant. A tenant grant is not a grant on an instance. */
export function deniedBy(rule: Rule, subjects: readonly Locator[]): (grant: Grant) => boolean {
  const matchesRole = rule.roles.map(compileKeyPattern);
  const matchesTenant = distinct(subjects.map(({ org }) => tenantFor(rule.tenant, org))).map(
    compileKeyPattern,
  );
  const matchesResource = rule.resource === undefined ? undefined : compileKeyPattern(rule.resource);
  return (grant) =>
    (!matchesResource || (grant.resource !== undefined && matchesResource(grant.resource))) &&
    matchesRole.some((matches) => matches(grant.role)) &&
    matchesTenant.some((matches) => matches(grant.tenant));
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];
