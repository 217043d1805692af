import { grantId } from '../model/grant.ts';
import { compareText, type GitHubId, type OrgId } from '../model/identity.ts';
import type { Locator, LocatorPattern } from '../model/locator.ts';
import type { CompleteListing, HeldOrgRole } from '../model/member.ts';
import { isWaitingFor, type Missing, NOTHING_MISSING } from '../model/missing.ts';
import type { RepositoryRole } from '../model/repositories/access-model.ts';
import type { RepositoryFacts } from '../model/repositories/facts.ts';
import { hasEnded, patternsOf, type Rule } from '../model/rule.ts';
import { getOrMake } from '../model/text/record.ts';
import {
  collaboratorLocators,
  mirroredTeamLocator,
  orgRoleLocator,
  repositoryLocator,
  roleLocator,
  teamLocator,
  userLocator,
} from './locators.ts';
import type { PlanInput } from './plan-input.ts';
import type { Mirror } from './repositories/mirror.ts';
import { absentFacts, restraining } from './restraints.ts';
import {
  compileRules,
  type Decide,
  type Facts,
  type GivenGrant,
  orgsBehind,
  type RuleOutcome,
} from './rules.ts';

/** One person on GitHub, and what they should hold in Permit by the rules. */
export type DesiredPerson = {
  readonly id: GitHubId;
  readonly login: string;
  /** Empty if no rule gives the person anything: such a person has no user. */
  readonly grants: readonly GivenGrant[];
  /** Ids of grants that depend on something that could not be read: neither given nor taken. */
  readonly undecided: ReadonlySet<string>;
  /** Grants that can't be made yet because Permit lacks what they name. */
  readonly waiting: readonly GivenGrant[];
  /** Grants that the person lacks only because a rule has ended, by id, each with that as the reason of its loss. */
  readonly ended: EndedGrants;
  /** The organizations behind the grants, those that wait included; ascending. */
  readonly orgs: readonly OrgId[];
};

type EndedGrants = ReadonlyMap<string, string>;

/** Whether no rule gives the person anything, not even a grant that has to wait. */
export const getsNothing = ({ grants, waiting }: DesiredPerson): boolean =>
  grants.length === 0 && waiting.length === 0;

/** What everyone should hold in Permit, as far as GitHub answered. */
export type DesiredState = {
  /** Everyone in the listed organizations, by numeric id. All organizations together make one desired state. */
  readonly people: ReadonlyMap<GitHubId, DesiredPerson>;
  /** What someone should hold who is in no listing. */
  readonly absent: (id: GitHubId, login: string) => DesiredPerson;
  /** Ids of the person's grants that a `deny` or an `unless` would prevent, if a list left the person out. */
  readonly restOnAbsence: (id: GitHubId, login: string) => ReadonlySet<string>;
};

/**
 * Computes everyone's grants over all organizations together.
 * @param orgs the configured organizations. Those without a listing could not be read, or were not asked for.
 * @param now rules that have ended by then apply to nobody.
 * @param unconfirmed for people without a clear answer from GitHub, grants that rest on an absence are undecided.
 */
export function desiredState(
  listings: readonly CompleteListing[],
  rules: readonly Rule[],
  orgs: readonly string[],
  now: Date,
  missing: Missing = NOTHING_MISSING,
  mirror?: Mirror,
  unconfirmed?: PlanInput['unconfirmed'],
): DesiredState {
  const decideByRules = compileRules(rules, (rule) => !hasEnded(rule, now));
  const decide = withoutMissing(mirror ? withMirrored(decideByRules, mirror) : decideByRules, missing);
  const endedOf = endedGrants(rules, now);
  const loginPatterns = rules.flatMap(patternsOf).filter((pattern) => pattern.canMatchKind('user'));
  const facts = gatherFacts(listings, rules, orgs, loginPatterns);
  const absentOf = absentFacts(listings, rules);
  const factsAtWorst = (id: GitHubId, login: string): Facts => {
    const theirs = facts.of(id, login);
    return { ...theirs, restraints: [...theirs.restraints, ...absentOf(id, login)] };
  };
  const people = new Map<GitHubId, DesiredPerson>();
  const personOf = (id: GitHubId, login: string): DesiredPerson => {
    const theirs =
      unconfirmed?.get(id)?.kind === 'unanswered' ? factsAtWorst(id, login) : facts.of(id, login);
    const decision = decide(theirs);
    const { given, orgs, waiting } = decision;
    const undecided = bothSets(decision.undecided, mirror?.undecidedOf(id));
    return { id, login, grants: given, undecided, waiting, ended: endedOf(theirs, decision), orgs };
  };
  for (const [id, login] of facts.logins) people.set(id, personOf(id, login));
  const restOnAbsence = (id: GitHubId, login: string): ReadonlySet<string> => {
    const certain = new Set(decide(factsAtWorst(id, login)).given.map(({ grant }) => grantId(grant)));
    const given = decide(facts.of(id, login)).given.map(({ grant }) => grantId(grant));
    return new Set(given.filter((one) => !certain.has(one)));
  };
  return { people, absent: personOf, restOnAbsence };
}

/** Adds what the mirror of repositories gives. Where a rule gives the same, it is the rule's. */
function withMirrored(decide: Decide, mirror: Mirror): Decide {
  const combined = new WeakMap<RuleOutcome, WeakMap<readonly GivenGrant[], RuleOutcome>>();
  return (facts) => {
    const decision = decide(facts);
    const mirrored = mirror.givenBy(facts.locators);
    const possible = facts.doubts.length === 0 ? [] : mirror.givenBy(facts.doubts);
    if (mirrored.length + possible.length === 0) return decision;
    const combine = (): RuleOutcome => {
      const byRules = new Set(decision.given.map(({ grant }) => grantId(grant)));
      const given = [...decision.given, ...mirrored.filter(({ grant }) => !byRules.has(grantId(grant)))];
      const certain = new Set(given.map(({ grant }) => grantId(grant)));
      const open = possible.map(({ grant }) => grantId(grant)).filter((id) => !certain.has(id));
      const undecided = [...decision.undecided].filter((id) => !certain.has(id));
      return { given, orgs: orgsBehind(given), undecided: new Set([...undecided, ...open]) };
    };
    if (possible.length > 0) return combine();
    const known = getOrMake(combined, decision, () => new WeakMap<readonly GivenGrant[], RuleOutcome>());
    return getOrMake(known, mirrored, combine);
  };
}

const bothSets = (a: ReadonlySet<string>, b: ReadonlySet<string> | undefined): ReadonlySet<string> =>
  b === undefined || b.size === 0 ? a : new Set([...a, ...b]);

type DecisionToday = RuleOutcome & Pick<DesiredPerson, 'waiting'>;

const NOTHING_ENDED: EndedGrants = new Map();

/** Finds what a person would still be given if no `allow` had ended. */
function endedGrants(
  rules: readonly Rule[],
  now: Date,
): (facts: Facts, decision: DecisionToday) => EndedGrants {
  if (!rules.some((rule) => rule.effect === 'allow' && hasEnded(rule, now))) return () => NOTHING_ENDED;
  const decideAsBefore = compileRules(rules, (rule) => rule.effect === 'allow' || !hasEnded(rule, now));
  return (facts, { given, waiting, undecided }) => {
    const still = new Set([...[...given, ...waiting].map(({ grant }) => grantId(grant)), ...undecided]);
    const ended = decideAsBefore(facts).given.map(({ grant, because, ranks: [rank = 0] }) => {
      const why = `the rule for ${because.join(', ')} ended on ${rules[rank]?.until ?? ''}`;
      return [grantId(grant), why] as const;
    });
    return new Map(ended.filter(([id]) => !still.has(id)));
  };
}

/** Separates grants that wait for something that Permit lacks. */
function withoutMissing(decide: Decide, missing: Missing): (facts: Facts) => DecisionToday {
  const waits = isWaitingFor(missing);
  const separate = (decision: RuleOutcome): DecisionToday => {
    const waiting = decision.given.filter(({ grant }) => waits(grant));
    if (waiting.length === 0) return { ...decision, waiting };
    const given = decision.given.filter(({ grant }) => !waits(grant));
    return { ...decision, given, waiting };
  };
  const known = new Map<RuleOutcome, DecisionToday>();
  return (facts) => {
    const decision = decide(facts);
    return getOrMake(known, decision, () => separate(decision));
  };
}

type FactsByPerson = {
  readonly logins: ReadonlyMap<GitHubId, string>;
  readonly of: (id: GitHubId, login: string) => Facts;
};

/**
 * Collects the facts of each person. What could not be read becomes a doubt.
 * @param loginPatterns members get a locator with their login only where one of these matches it; without them, always.
 */
export function gatherFacts(
  listings: readonly CompleteListing[],
  rules: readonly Rule[],
  orgs: readonly string[],
  loginPatterns?: readonly LocatorPattern[],
): FactsByPerson {
  const logins = new Map<GitHubId, string>();
  const locators = new Map<GitHubId, readonly Locator[]>();
  const extend = openLists();
  const add = (id: GitHubId, locator: Locator): void => {
    locators.set(id, extend(locators.get(id) ?? NONE, locator));
  };
  const isNamed = (locator: Locator): boolean =>
    loginPatterns?.some((pattern) => pattern.matches(locator)) ?? true;
  // A person renamed between two listings has two logins. The choice must not depend on the order of the listings.
  const name = (id: GitHubId, login: string): void => {
    const known = logins.get(id);
    if (known === undefined || compareText(login, known) > 0) logins.set(id, login);
  };
  for (const listing of listings) {
    // All members with the same role share one locator, and one list of it.
    const roles = { admin: roleLocator(listing, 'admin'), member: roleLocator(listing, 'member') };
    for (const { id, login, role } of listing.members) {
      name(id, login);
      add(id, roles[role]);
      if (loginPatterns?.length === 0) continue;
      const own = userLocator(listing, login);
      if (isNamed(own)) add(id, own);
    }
    for (const { id, login } of listing.collaborators ?? []) {
      name(id, login);
      for (const locator of collaboratorLocators(listing, login)) add(id, locator);
    }
  }
  addTeamsAndRoles(listings, add);
  for (const { id, login, locator } of directCollaborators(listings)) {
    name(id, login);
    add(id, locator);
  }

  const doubtsOf = doubtful(listings);
  const restraintsOf = restraining(listings, rules, orgs);
  return {
    logins,
    of: (id, login) => ({
      locators: locators.get(id) ?? [],
      doubts: doubtsOf(id, login),
      restraints: restraintsOf(login),
    }),
  };
}

/** A team or an organization role counts only for people who are also in the organization's listing. */
function addTeamsAndRoles(
  listings: readonly CompleteListing[],
  add: (id: GitHubId, locator: Locator) => void,
): void {
  for (const listing of listings) {
    const { teams, orgRoles = [] } = listing;
    if (teams.length + orgRoles.length === 0) continue;
    const members = new Set(listing.members.map(({ id }) => id));
    for (const { ref, id = 0, asked, members: team } of teams) {
      const slug = asked === 'mirror' ? listing.repositories?.teams.get(id)?.slug : ref;
      const roles = {
        maintainer: mirroredTeamLocator(listing, { ref, slug }, 'maintainer'),
        member: mirroredTeamLocator(listing, { ref, slug }, 'member'),
      };
      for (const [id, role] of team) if (members.has(id)) add(id, roles[role]);
    }
    for (const { name, holders } of orgRoles) {
      const held = orgRoleLocator(listing, name);
      for (const id of holders) if (members.has(id)) add(id, held);
    }
  }
}

/** Everyone who was given access to a mirrored repository alone. Those with the same role share one locator. */
function* directCollaborators(
  listings: readonly CompleteListing[],
): Generator<{ readonly id: GitHubId; readonly login: string; readonly locator: Locator }> {
  for (const listing of listings) {
    const { only, repositories, leftOut, collaborators } = listing.repositories ?? NO_REPOSITORIES;
    for (const [repository, people] of collaborators) {
      // Where a part was read, a lookup may tell of a repository beyond it.
      const beyond =
        only && !leftOut.has(repository) ? { id: repository, name: `#${repository}` } : undefined;
      const known = repositories.get(repository) ?? beyond;
      if (known === undefined || people === 'unread') continue;
      const locators = new Map<RepositoryRole, Locator>();
      for (const [id, { login, role }] of people) {
        const locator = getOrMake(locators, role, () => repositoryLocator(listing, known, role));
        yield { id, login, locator };
      }
    }
  }
}

const NO_REPOSITORIES: Pick<RepositoryFacts, 'only' | 'repositories' | 'leftOut' | 'collaborators'> = {
  repositories: new Map(),
  leftOut: new Map(),
  collaborators: new Map(),
};

const NONE: readonly Locator[] = [];

/**
 * Makes lists of locators longer by one. Equal lists are one object, unless a login is in them, which nobody shares.
 */
function openLists(): (list: readonly Locator[], locator: Locator) => readonly Locator[] {
  const longer = new Map<readonly Locator[], Map<Locator, readonly Locator[]>>([[NONE, new Map()]]);
  return (list, locator) => {
    const isShared = locator.kind !== 'user' && locator.kind !== 'collaborator';
    const known = isShared ? longer.get(list) : undefined;
    if (known === undefined) return [...list, locator];
    return getOrMake(known, locator, () => {
      const made = [...list, locator];
      longer.set(made, new Map());
      return made;
    });
  };
}

/**
 * Facts that may hold or not: an unread team or organization role for the organization's members, an unread list of
 * collaborators for everyone else, and for one person what a list did not prove.
 */
function doubtful(listings: readonly CompleteListing[]): (id: GitHubId, login: string) => readonly Locator[] {
  const unread = listings
    .filter(({ unread, unproven, orgRoles }) => unread.length > 0 || unproven || orgRoles?.some(isUnproven))
    .map((listing) => ({ listing, members: new Set(listing.members.map(({ id }) => id)) }));
  if (unread.length === 0) return () => NONE;
  return (id, login) =>
    unread.flatMap(({ listing, members }) => [
      ...(listing.unproven?.has(id) && !members.has(id) ? collaboratorLocators(listing, login) : NONE),
      ...(listing.orgRoles ?? []).flatMap(({ name, unproven }) =>
        unproven?.has(id) && members.has(id) ? [orgRoleLocator(listing, name)] : NONE,
      ),
      ...listing.unread.flatMap(({ what }): readonly Locator[] => {
        if (what.kind === 'collaborators')
          return members.has(id) ? NONE : collaboratorLocators(listing, login);
        if (!members.has(id)) return NONE;
        if (what.kind === 'org-role') return [orgRoleLocator(listing, what.name)];
        if (what.kind !== 'team') return NONE;
        return [teamLocator(listing, what.ref, 'maintainer'), teamLocator(listing, what.ref, 'member')];
      }),
    ]);
}

const isUnproven = ({ unproven }: HeldOrgRole): boolean => unproven !== undefined && unproven.size > 0;
