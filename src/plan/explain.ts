import { identitiesIn } from '../model/corporate-identity.ts';
import { type GitHubId, isSameName, parseGitHubId } from '../model/identity.ts';
import { compileForm, type Locator, type LocatorPattern } from '../model/locator.ts';
import { readMark } from '../model/mark.ts';
import { accountsIn } from '../model/member.ts';
import type { Note, Plan } from '../model/plan.ts';
import { grantsOf, hasEnded, type Rule } from '../model/rule.ts';
import type { PermitUser } from '../model/user.ts';
import type { Explanation, Trace, UserOwnership } from '../model/views/explanation.ts';
import { type DesiredPerson, desiredState, gatherFacts } from './desired-state.ts';
import { identitiesOf, userKeys } from './keys/due-key.ts';
import { makePlan } from './make-plan.ts';
import { managedGrants } from './managed-grants.ts';
import { isOurs } from './ownership.ts';
import type { PlanInput } from './plan-input.ts';
import { mirrorOf } from './repositories/mirror.ts';
import { deniedBy, type Facts, holdingOf } from './rules.ts';

/**
 * Explains the grants of one person. Pure, with the same steps as a run.
 * @param today the id that has the login, if GitHub was asked about it; undefined if nobody has it.
 */
export function explain(input: PlanInput, login: string, today?: GitHubId): Explanation {
  const person = identify(input, login, today);
  const facts = factsOf(input, person);
  const { grants = [], undecided = [] } = desiredOf(input, person) ?? {};
  const user = userOf(input, person);
  const occupant = occupantOf(user, person.id);
  const managed = managedGrants(input, mirrorOf(input));
  const identity = identityOf(input, person);
  return {
    login: person.login,
    id: person.id,
    known: facts.locators.length > 0,
    identity,
    locators: facts.locators.map(({ text }) => text),
    traces: tracesOf(input, facts),
    wanted: grants.map(({ grant, because }) => ({ grant, because })),
    undecided: [...undecided].sort(),
    user:
      user?.key ??
      (person.id === undefined ? undefined : keysIn(input).keyOf({ login: person.login, id: person.id })),
    standing: ownershipOf(user, input.owner, person.id),
    occupant,
    held: (occupant === undefined ? (user?.grants ?? []) : []).map((grant) => ({
      grant,
      managed: managed.has(grant),
    })),
    drift: withReason(driftOf(input, login, person), identity?.why),
  };
}

function identityOf(input: PlanInput, { id, login }: ExplainedPerson): Explanation['identity'] {
  if (id === undefined || identitiesIn(input.userSettings.key).length === 0) return undefined;
  const due = keysIn(input).dueTo({ id, login });
  return { values: identitiesOf(input, { id, login }), why: due.kind === 'unknown' ? due.why : undefined };
}

/** A former login also selects the people who had it and their rivals, who are left out here. */
function driftOf(input: PlanInput, login: string, { id }: ExplainedPerson): Plan {
  const plan = makePlan({ ...input, logins: [login] });
  if (id === undefined) return plan;
  return {
    ...plan,
    people: plan.people.filter((one) => one.id === id),
    skipped: plan.skipped.filter((one) => one.id === undefined || one.id === id),
  };
}

/** A run's note covers everyone without an identity, and sends its reader here for the reason. */
function withReason(plan: Plan, why: string | undefined): Plan {
  if (why === undefined) return plan;
  const notes = plan.notes.map((note): Note => {
    const { code, users } = note;
    if (code !== 'NO_IDENTITY' || users.length === 0) return note;
    const message = `${users.join(', ')}: keeps its key, since no identity is clearly theirs: ${why}`;
    return { ...note, message };
  });
  return { ...plan, notes };
}

type ExplainedPerson = Pick<Explanation, 'id' | 'login'>;

/** Finds the person by today's login. If nobody has it, by a former login in a mark. */
function identify({ listings, users, owner }: PlanInput, login: string, today?: GitHubId): ExplainedPerson {
  const accounts = accountsIn(listings);
  const listed = accounts.find((account) => isSameName(account.login, login));
  if (listed) return listed;
  if (today !== undefined) {
    return { id: today, login: accounts.find(({ id }) => id === today)?.login ?? login };
  }
  for (const { key, attributes } of users) {
    const reading = readMark(attributes);
    if (!isOurs(reading, owner)) continue;
    if (!isSameName(key, login) && !isSameName(reading.mark.login, login)) continue;
    const { id } = reading.mark;
    return { id, login: accounts.find((account) => account.id === id)?.login ?? reading.mark.login };
  }
  return { login, id: undefined };
}

const NOTHING: Facts = { locators: [], doubts: [], restraints: [] };

function factsOf({ listings, rules, configuredOrgs }: PlanInput, { id, login }: ExplainedPerson): Facts {
  return id === undefined ? NOTHING : gatherFacts(listings, rules, configuredOrgs).of(id, login);
}

function desiredOf(input: PlanInput, { id, login }: ExplainedPerson): DesiredPerson | undefined {
  if (id === undefined) return undefined;
  const { listings, rules, configuredOrgs, now } = input;
  const desired = desiredState(listings, rules, configuredOrgs, now, undefined, mirrorOf(input));
  return desired.people.get(id) ?? desired.absent(id, login);
}

const keysIn = (input: PlanInput) => userKeys(input, () => accountsIn(input.listings));

function userOf(input: PlanInput, { id, login }: ExplainedPerson): PermitUser | undefined {
  const { users, owner } = input;
  const ours = users.find(({ attributes }) => {
    const reading = readMark(attributes);
    return isOurs(reading, owner) && reading.mark.id === id;
  });
  if (ours || id === undefined) return ours;
  const key = keysIn(input).keyOf({ login, id });
  return users.find((user) => key !== undefined && isSameName(user.key, key));
}

/** The id in the user's mark or attributes, if it is not this person's. */
function occupantOf(user: PermitUser | undefined, id: GitHubId | undefined): GitHubId | undefined {
  if (user === undefined) return undefined;
  const reading = readMark(user.attributes);
  const carried = reading.kind === 'valid' ? reading.mark.id : parseGitHubId(user.attributes.github_id);
  return carried === id ? undefined : carried;
}

function ownershipOf(user: PermitUser | undefined, owner: string, id: GitHubId | undefined): UserOwnership {
  if (!user) return 'none';
  if (occupantOf(user, id) !== undefined) return 'another person';
  const reading = readMark(user.attributes);
  if (reading.kind === 'none') return 'unmarked';
  if (reading.kind === 'bad') return 'bad mark';
  return reading.mark.owner === owner ? 'ours' : 'another owner';
}

function tracesOf({ rules, now }: PlanInput, facts: Facts): readonly Trace[] {
  const holdings = rules.map((rule) => holdingOf(rule, hasEnded(rule, now) ? NOTHING : facts));
  return rules.map((rule, index): Trace => {
    const { certain = [], possible = [] } = holdings[index] ?? {};
    const subjects = certain.length > 0 ? certain : possible;
    const wouldApply = hasEnded(rule, now) && holdingOf(rule, facts).certain.length > 0;
    return {
      number: index + 1,
      rule,
      holds: certain.length > 0 ? 'yes' : possible.length > 0 ? 'undecided' : 'no',
      by: subjects.map(({ text }) => text),
      nearly:
        subjects.length > 0 ? undefined : wouldApply ? `it ended on ${rule.until}` : whyNot(rule, facts),
      deniedBy: rule.effect === 'deny' ? [] : deniersOf(rule, certain, rules, holdings),
    };
  });
}

function deniersOf(
  denied: Rule,
  subjects: readonly Locator[],
  rules: readonly Rule[],
  holdings: readonly { readonly certain: readonly Locator[] }[],
): readonly number[] {
  const grants = subjects.flatMap(({ org }) => grantsOf(denied, org));
  return rules.flatMap((rule, index) => {
    const by = holdings[index]?.certain ?? [];
    if (rule.effect !== 'deny' || by.length === 0) return [];
    return grants.some(deniedBy(rule, by)) ? [index + 1] : [];
  });
}

/** Why a rule does not apply, although its subject matches or misses the person only by its last segment. */
function whyNot({ subject, also, unless }: Rule, { locators }: Facts): string | undefined {
  const matching = (pattern: LocatorPattern): readonly Locator[] =>
    locators.filter((locator) => pattern.matches(locator));
  if (subject.some((pattern) => matching(pattern).length > 0)) {
    const missing = also.find((pattern) => matching(pattern).length === 0);
    if (missing !== undefined) return `also needs ${missing.text}`;
    const excluding = unless.flatMap(matching)[0];
    return excluding && `not for ${excluding.text}`;
  }
  for (const pattern of subject) {
    // A rule for another login is about another person, not a near miss.
    const forms = pattern.forms.filter(({ kind }) => kind === 'role' || kind === 'team');
    const wider = forms.map((form) => compileForm({ ...form, names: [...form.names.slice(0, -1), '*'] }));
    const near = locators.find((locator) => wider.some((matches) => matches(locator)));
    if (near) return `is ${near.text}, not ${pattern.text}`;
  }
  return undefined;
}
