import type { PersonErrorCode } from '../model/errors.ts';
import { globMatches } from '../model/glob.ts';
import { grantId } from '../model/grant.ts';
import { folded, type GitHubId, type OrgId, type OrgPins, type UserKey } from '../model/identity.ts';
import type { Mark } from '../model/mark.ts';
import type { CompleteListing } from '../model/member.ts';
import type { Missing } from '../model/missing.ts';
import type { Adoption, PersonPlan, Skipped } from '../model/plan.ts';
import type { Rule } from '../model/rule.ts';
import type { PermitUser } from '../model/user.ts';
import { type DesiredPerson, type DesiredState, desiredState } from './desired-state.ts';
import { type ManagedGrants, managedGrants } from './managed-grants.ts';
import { allOfOurs, type Ownership, sortOut } from './ownership.ts';
import { findAllRivals } from './rivals.ts';
import type { Governance, Planned, RemovalPermission } from './steps.ts';
import { userKeyFor } from './user-key.ts';

/** How members become users. */
export type UserSettings = {
  /** Template of the user key: holds `{login}` or `{id}`. */
  readonly key: string;
  /** `unassign` keeps the user of a person who left, with our mark and without our grants. */
  readonly onLeave: 'delete' | 'unassign';
  /** Which unmarked users under a member's key are taken over: none, those with managed grants only, or all. */
  readonly adopt: 'none' | 'plain' | 'all';
  /** Patterns of user keys that are never written. */
  readonly protect: readonly string[];
};

/** Everything a plan is made of. The same input gives the same plan, byte for byte. */
export type PlanInput = {
  /** Only complete listings: an incomplete one gives nothing and takes nothing. */
  readonly listings: readonly CompleteListing[];
  readonly users: readonly PermitUser[];
  readonly rules: readonly Rule[];
  /** The configured organizations, listed or not. */
  readonly orgs: readonly string[];
  /** Numeric ids that the config gives its organizations. */
  readonly orgPins?: OrgPins | undefined;
  readonly owner: string;
  /** The tenant of rules that name none; may hold `{org}`. */
  readonly tenant: string;
  /** Patterns `tenant/role` of grants that are governed though no rule gives them. */
  readonly manages: readonly string[];
  readonly userSettings: UserSettings;
  readonly mode: 'sync' | 'upsert-only';
  /** Narrows the plan to the people with these logins. */
  readonly logins?: readonly string[] | undefined;
  /** Narrows the plan to the people with these ids. */
  readonly ids?: ReadonlySet<GitHubId> | undefined;
  /** Organizations that the operator has given up: nobody is a member of them any more. */
  readonly retiredOrgs?: readonly OrgId[] | undefined;
  /** Unassign the grants of our scope on unmarked users, when they belong to at most this many. */
  readonly pruneUnmanaged?: number | undefined;
  /** What Permit does not have: grants that name it wait, and nobody is created for them alone. */
  readonly missing?: Missing | undefined;
  /** People whose losses a second lookup did not confirm: they keep what they have. */
  readonly unconfirmed?: ReadonlyMap<GitHubId, Unconfirmed> | undefined;
  /** People about whom a webhook says the opposite of what GitHub answers: they keep what they have for now. */
  readonly contradicted?: ReadonlySet<GitHubId> | undefined;
};

/**
 * Why a second lookup confirmed nothing. `unanswered`: GitHub gave no clear answer. `still listed`: it did not find the
 * person, whom a listing of the same run shows.
 */
export type Unconfirmed =
  | { readonly kind: 'unanswered'; readonly why: string }
  | { readonly kind: 'still listed' };

/** Why somebody keeps what nothing gives, or does not get what something gives. */
export type WhyKept = Exclude<RemovalPermission, 'allowed'> | 'protected' | 'withheld' | 'bad-mark';

/** What the steps of one planning share: facts drawn from the input, and the plan as far as it has come. */
export type Context = {
  readonly input: PlanInput;
  readonly desired: DesiredState;
  readonly ownership: Ownership;
  readonly managed: ManagedGrants;
  readonly governance: Governance;
  readonly taking: (mark: Pick<Mark, 'id' | 'orgs'>) => RemovalPermission;
  /** Whether the run is about this person, by its present login or one of the names given. */
  readonly selected: (id: GitHubId | undefined, names: readonly string[]) => boolean;
  readonly people: PersonPlan[];
  readonly skipped: Skipped[];
  readonly kept: { readonly id: GitHubId | undefined; readonly user: UserKey; readonly why: WhyKept }[];
  /** Keys that become free in this plan. */
  readonly freed: Set<UserKey>;
  /** Whether the config forbids to write this user. */
  readonly isProtected: (user: string) => boolean;
  /** The people whom the listings and the key template put under this key today. */
  readonly due: (key: string) => readonly DesiredPerson[];
};

export function prepare(given: PlanInput): Context {
  const desired = desiredState(given.listings, given.rules, given.orgs, given.missing);
  const input = withUnproven(given, desired);
  const listed = new Set<OrgId>([...input.listings.map(({ id }) => id), ...(input.retiredOrgs ?? [])]);
  const covered = (org: OrgId): boolean => listed.has(org);
  const managed = managedGrants(input);
  const ownership = sortOut(input.users, input.owner);
  return {
    input,
    desired,
    ownership,
    managed,
    governance: { owner: input.owner, managed, onLeave: input.userSettings.onLeave, covered },
    taking: ({ id, orgs }) => {
      if (input.mode === 'upsert-only') return 'upsert-only';
      if (!orgs.every(covered)) return 'out-of-scope';
      if (input.contradicted?.has(id)) return 'contradicted';
      return input.unconfirmed?.has(id) ? 'unconfirmed' : 'allowed';
    },
    selected: input.ids ? selectorOfIds(input.ids) : selector(input, desired, ownership),
    people: [],
    skipped: [],
    kept: [],
    freed: new Set(),
    isProtected: protection(input.userSettings.protect),
    due: dueIndex(input.userSettings.key, desired),
  };
}

/**
 * Of an empty list of collaborators nothing follows. Whoever holds something that hangs on it keeps everything; it is no
 * one else's trouble.
 */
function withUnproven(input: PlanInput, desired: DesiredState): PlanInput {
  const doubtful = input.listings.flatMap(({ org, unproven }) =>
    [...(unproven ?? [])].map((id) => ({ id, org })),
  );
  if (doubtful.length === 0) return input;
  const ours = allOfOurs(sortOut(input.users, input.owner));
  const unconfirmed = new Map(input.unconfirmed);
  for (const { id, org } of doubtful) {
    const isAtStake = ours.some(({ user, mark }) => {
      if (mark.id !== id) return false;
      const { undecided } = desired.people.get(id) ?? desired.absent(id, mark.login);
      return user.grants.some((grant) => undecided.has(grantId(grant)));
    });
    if (!isAtStake || unconfirmed.has(id)) continue;
    const why = `GitHub lists no outside collaborator of ${org} at all, and an empty list proves nothing`;
    unconfirmed.set(id, { kind: 'unanswered', why });
  }
  return { ...input, unconfirmed };
}

/** Only people who cannot be where they should ask for it: most runs never need the index. */
function dueIndex(template: string, { people }: DesiredState): Context['due'] {
  let index: Map<string, DesiredPerson[]> | undefined;
  const build = (): Map<string, DesiredPerson[]> => {
    const byKey = new Map<string, DesiredPerson[]>();
    for (const person of people.values()) {
      const key = userKeyFor(template, person);
      if (key === undefined) continue;
      const known = byKey.get(folded(key));
      if (known) known.push(person);
      else byKey.set(folded(key), [person]);
    }
    return byKey;
  };
  return (key) => {
    index ??= build();
    return index.get(folded(key)) ?? [];
  };
}

/** Keys compare without regard to case here, so that no spelling of a login slips past a pattern. */
function protection(patterns: readonly string[]): (user: string) => boolean {
  return (user) => patterns.some((pattern) => globMatches(pattern, user));
}

/**
 * A person whose name changed is also found by the former one, which the mark and the key keep. Whoever stands in the
 * way of a person who was named belongs to the run as well: neither can be brought to the desired state alone.
 */
function selector(input: PlanInput, desired: DesiredState, ownership: Ownership): Context['selected'] {
  if (!input.logins) return () => true;
  const wanted = new Set(input.logins.map(folded));
  const named = new Set<GitHubId>();
  for (const { id, login } of desired.people.values()) if (wanted.has(folded(login))) named.add(id);
  for (const { user, mark } of allOfOurs(ownership)) {
    if (wanted.has(folded(user.key)) || wanted.has(folded(mark.login))) named.add(mark.id);
  }
  const all = findAllRivals(named, input.listings, input);
  return (id, names) => names.some((name) => wanted.has(folded(name))) || (id !== undefined && all.has(id));
}

const selectorOfIds =
  (ids: ReadonlySet<GitHubId>): Context['selected'] =>
  (id) =>
    id !== undefined && ids.has(id);

/** Adds a person's plan, unless the user is protected, and remembers what the person keeps. */
export function add(
  context: Context,
  { id, user }: { readonly id: GitHubId; readonly user: UserKey },
  taking: RemovalPermission,
  planned: Planned,
): void {
  if (planned.kept && taking !== 'allowed') context.kept.push({ id, user, why: taking });
  if (planned.plan && planned.plan.changes.length > 0) {
    if (context.isProtected(user)) {
      context.kept.push({ id, user, why: 'protected' });
      return;
    }
    context.people.push(planned.plan);
    for (const change of planned.plan.changes)
      if (change.kind === 'deleteUser') context.freed.add(change.user);
  }
}

/** Leaves a person as it is, and says why. */
export function skip(
  context: Context,
  id: GitHubId | undefined,
  user: string,
  code: PersonErrorCode,
  message: string,
  adoption?: Adoption,
): void {
  context.skipped.push({ id, user, code, message, ...(adoption === undefined ? {} : { adoption }) });
}
