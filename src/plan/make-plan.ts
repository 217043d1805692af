import type { Change } from '../model/change.ts';
import { compareGrants, grantId } from '../model/grant.ts';
import { compareText, folded, type GitHubId } from '../model/identity.ts';
import type { MarkAttributes } from '../model/mark.ts';
import { accountsIn } from '../model/member.ts';
import { countMissing } from '../model/missing.ts';
import type { ExistingUsers, Note, PersonPlan, Plan, Skipped } from '../model/plan.ts';
import { hasEnded } from '../model/rule.ts';
import { type Basis, prepare } from './basis.ts';
import { type Decision, type KeepReason, keysFreedBy, together } from './decision.ts';
import type { DesiredPerson } from './desired-state.ts';
import { newOrgNotes } from './impostors.ts';
import { holdersAfter } from './judge.ts';
import { countExisting, noteExisting, noteUnmatchedEmails } from './keys/existing-users.ts';
import { identityNotes } from './keys/identity-notes.ts';
import { decideMoves } from './keys/moves.ts';
import { decideLeavers } from './leavers.ts';
import { decideLeftAlone, notesOf } from './left-alone.ts';
import { decideMembers } from './members.ts';
import { allOfOurs, claimsToBeOurs, groupByOwner, namesOf } from './ownership.ts';
import type { PlanInput } from './plan-input.ts';
import { renamedNotes } from './repositories/desired-graph.ts';
import { diffGraph } from './repositories/diff-graph.ts';
import { decidePruning, findUnmanaged } from './unmanaged.ts';

export type { PlanInput } from './plan-input.ts';

/** Compares what GitHub says with what Permit holds. Pure: no clock, no I/O, no mutation of its input. */
export function makePlan(input: PlanInput): Plan {
  const basis = prepare(input);
  const leaving = decideLeavers(basis);
  const moving = decideMoves(basis, new Set(keysFreedBy(leaving)));
  const members = decideMembers(basis, moving, new Set(keysFreedBy(together([leaving, moving]))));
  const people = together([leaving, moving, members]);
  const leftAlone = decideLeftAlone(basis, people);
  const pruning = mayPrune(input) ? decidePruning(basis, people.people) : undefined;
  const decided = together([people, leftAlone, ...(pruning ? [pruning] : [])]);
  return planOf(basis, decided, findUnmanaged(basis, decided.people), pruning);
}

/** With `upsert-only` nothing is taken from anyone. */
const mayPrune = ({ pruneUnmanaged, mode }: PlanInput): boolean =>
  pruneUnmanaged !== undefined && mode !== 'upsert-only';

function planOf(
  basis: Basis,
  decided: Decision,
  unmanaged: Plan['unmanaged'],
  pruning: Decision | undefined,
): Plan {
  const { input, ownership } = basis;
  const managedBefore = allOfOurs(ownership).length;
  const isFirstRun = managedBefore === 0;
  const sorted = decided.people.toSorted(comparePeople);
  const people = isFirstRun ? sorted : sorted.map(withDoubts(basis));
  const changes = people.flatMap((person) => person.changes);
  const repositories = diffGraph(input);
  const existing = isFirstRun ? existingOf(basis, people) : undefined;
  return {
    people,
    ...(repositories ? { graph: repositories.graph } : {}),
    skipped: [...decided.skipped, ...(repositories?.skipped ?? [])].sort(compareSkipped),
    notes: [
      ...notesOf(decided.kept, basis),
      ...(repositories?.notes ?? []),
      ...(input.ids ? [] : renamedNotes(input)),
      ...identityNotes(basis),
      ...(isFirstRun ? noteUnmatchedEmails(basis, people) : noteExisting(basis, people)),
      ...(input.ids ? [] : endedNotes(input)),
      ...newOrgNotes(input.listings, input.orgPins ?? {}, ownership, writtenMarks(changes)),
    ],
    unmanaged,
    ...(pruning ? { pruning: { allowed: input.pruneUnmanaged ?? 0, users: pruning.people.length } } : {}),
    ...(existing ? { existing } : {}),
    holders: holdersAfter(input.users, changes),
    waiting: waitingPeople(basis)
      .flatMap(({ waiting }) => waiting.map(({ grant }) => grant))
      .sort(compareGrants),
    unsettled: unsettledOf(basis, decided),
    members: basis.desired.people.size,
    managedBefore,
  };
}

/** Marks the people who gain what only a list allows. In a first run nobody was denied anything before. */
function withDoubts({ desired, ownership }: Basis): (person: PersonPlan) => PersonPlan {
  return (person) => {
    const { id, login, changes } = person;
    if (id === undefined) return person;
    const held = new Set(ownership.managed.get(id)?.user.grants.map(grantId));
    const gained = changes
      .flatMap((one) => (one.kind === 'assignRole' ? grantId(one.grant) : []))
      .filter((one) => !held.has(one));
    if (gained.length === 0) return person;
    const open = desired.restOnAbsence(id, login);
    return gained.some((one) => open.has(one)) ? { ...person, restsOnAbsence: true } : person;
  };
}

/** Reasons that let an entry leave the queue. For a contradicted person the drain itself keeps the entry. */
const KEPT_FOR_GOOD: ReadonlySet<KeepReason> = new Set([
  ...(['protected', 'upsert-only', 'contradicted', 'no-identity'] as const),
]);

/** A narrowed run that writes the first mark decides for everyone, so everyone is counted. */
function existingOf(basis: Basis, people: readonly PersonPlan[]): ExistingUsers | undefined {
  const { logins, ids, ...whole } = basis.input;
  return logins || ids ? makePlan(whole).existing : countExisting(basis, people);
}

/** People whose state this run cannot verify, ascending. */
function unsettledOf(basis: Basis, { kept, skipped }: Decision): readonly GitHubId[] {
  const { desired, input } = basis;
  const open = new Set([
    ...kept.filter(({ why }) => !KEPT_FOR_GOOD.has(why)).flatMap(({ id }) => id ?? []),
    ...skipped.flatMap(({ id }) => id ?? []),
    ...waitingPeople(basis).map(({ id }) => id),
  ]);
  const doubtful =
    input.listings.length < input.configuredOrgs.length ||
    input.listings.some(({ unread }) => unread.length > 0);
  if (doubtful) for (const { id, undecided } of desired.people.values()) if (undecided.size > 0) open.add(id);
  return [...open].sort((a, b) => a - b);
}

const writtenMarks = (changes: readonly Change[]): readonly MarkAttributes[] =>
  changes.flatMap((change) =>
    change.kind === 'createUser' ? [change.mark] : change.kind === 'updateUser' ? [change.to] : [],
  );

/** Rules that are over. A drain of a few people leaves them out. */
const endedNotes = ({ rules, now }: PlanInput): readonly Note[] =>
  rules.flatMap((rule, index) => {
    if (!hasEnded(rule, now)) return [];
    const subject = rule.subject.map(({ text }) => text).join(', ');
    const message = `rule ${index + 1} (${subject}) ended on ${rule.until} and applies to nobody; remove it`;
    return [{ code: 'RULE_ENDED', users: [], message } as const];
  });

/** The people of this run whose grants wait for something that Permit lacks. */
function waitingPeople({ desired, input, ownership, isSelected }: Basis): readonly DesiredPerson[] {
  if (input.missing === undefined || countMissing(input.missing) === 0) return [];
  return [...desired.people.values()].filter(
    ({ id, waiting }) => waiting.length > 0 && isSelected(id, namesOf(ownership.managed.get(id))),
  );
}

/** By user key. A person who frees a key comes before the one who takes it. */
const comparePeople = (a: PersonPlan, b: PersonPlan): number =>
  compareText(a.user, b.user) || Number(deletes(b)) - Number(deletes(a)) || (a.id ?? 0) - (b.id ?? 0);

const compareSkipped = (a: Skipped, b: Skipped): number =>
  compareText(a.user, b.user) || compareText(a.code, b.code) || (a.id ?? 0) - (b.id ?? 0);

const deletes = ({ changes }: PersonPlan): boolean => changes.some(({ kind }) => kind === 'deleteUser');

/** The people whose losses, or whose new name, a second lookup has to confirm. */
export function losers(plan: Plan): readonly GitHubId[] {
  const gone = new Set(plan.graph?.gone);
  const people = plan.people
    .filter((person) => hasToConfirm(person, gone))
    .flatMap((person) => {
      // If a login was claimed, the loss depends on the claimant's name too.
      const { claimant = person.otherwise?.person.claimant } = person;
      return [person.id, claimant].flatMap((id) => id ?? []);
    });
  return [...new Set(people)];
}

/** The people whose gains a second lookup has to confirm. */
export const gainers = ({ people }: Plan): readonly GitHubId[] =>
  people.flatMap(({ id, restsOnAbsence }) => (restsOnAbsence && id !== undefined ? id : []));

/** Whether an organization is removed from a mark: later runs may then take its grants without reading it. */
function losesProtection(change: Change): boolean {
  if (change.kind !== 'updateUser') return false;
  const { github_orgs: before } = change.from;
  const { github_orgs: after } = change.to;
  return Array.isArray(before) && before.some((org) => !Array.isArray(after) || !after.includes(org));
}

/**
 * A move because of a changed template or identity takes nothing, and no lookup could tell more, so it needs none.
 * @param gone instances that are removed once GitHub confirms that they are gone: nobody holds anything on them then.
 */
function hasToConfirm(
  { changes, move, movement, otherwise }: PersonPlan,
  gone: ReadonlySet<string>,
): boolean {
  if (otherwise) return true;
  const isLoss = (change: Change): boolean =>
    (change.kind === 'unassignRole' && !gone.has(change.grant.resource ?? '')) || losesProtection(change);
  if (changes.some(isLoss)) return true;
  if (!changes.some(({ kind }) => kind === 'deleteUser')) return false;
  const isPlain = move?.cause === 'template' || move?.cause === 'identity';
  return !isPlain || (movement !== 'moved' && movement !== 'joining');
}

/** Logins that name neither a member nor a user of ours: most likely typos. */
export function unknownLogins(input: PlanInput): readonly string[] {
  if (!input.logins) return [];
  const known = new Set<string>();
  for (const { login } of accountsIn(input.listings)) known.add(folded(login));
  const ownership = groupByOwner(input.users, input.owner);
  for (const { user, mark } of allOfOurs(ownership)) {
    known.add(folded(user.key)).add(folded(mark.login));
  }
  for (const { user } of ownership.others) if (claimsToBeOurs(user, input.owner)) known.add(folded(user.key));
  return input.logins.filter((login) => !known.has(folded(login)));
}
