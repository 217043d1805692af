import type { Change } from '../model/change.ts';
import type { NoteCode } from '../model/errors.ts';
import { compareGrants } from '../model/grant.ts';
import { compareText, folded, type GitHubId } from '../model/identity.ts';
import type { MarkAttributes } from '../model/mark.ts';
import { countMissing } from '../model/missing.ts';
import type { ExistingUsers, Note, PersonPlan, Plan, Skipped } from '../model/plan.ts';
import { enumerate } from '../model/text.ts';
import { type Context, type PlanInput, prepare, skip, type WhyKept } from './context.ts';
import type { DesiredPerson } from './desired-state.ts';
import { countExisting, noteExisting } from './existing-users.ts';
import { holdersAfter } from './holders.ts';
import { newOrgNotes } from './impostors.ts';
import { skipInvalidMarks } from './invalid-marks.ts';
import { planLeavers } from './leavers.ts';
import { planMembers } from './members.ts';
import { allOfOurs, claimsToBeOurs, type Ownership, sortOut } from './ownership.ts';
import { planPruning } from './prune.ts';
import { reportUndecidedGrants } from './undecided-grants.ts';
import { findUnmanaged } from './unmanaged.ts';

export type { PlanInput } from './context.ts';

/** Compares what GitHub says with what Permit holds. Pure: no clock, no I/O, no mutation of its input. */
export function makePlan(input: PlanInput): Plan {
  const context = prepare(input);
  planLeavers(context);
  planMembers(context);
  skipInvalidMarks(context);
  reportUnanswered(context);
  reportUndecidedGrants(context);
  const unmanaged = findUnmanaged(context);
  const pruning = planPruningOf(context);

  const people = context.people.sort(comparePeople);
  const changes = people.flatMap((person) => person.changes);
  const managedBefore = countManaged(context.ownership);
  const existing = managedBefore === 0 ? existingOf(context) : undefined;
  return {
    people,
    skipped: context.skipped.sort(compareSkipped),
    notes: [
      ...notesOf(context),
      ...(managedBefore === 0 ? [] : noteExisting(context)),
      ...newOrgNotes(input.listings, input.orgPins ?? {}, context.ownership, writtenMarks(changes)),
    ],
    unmanaged,
    ...(pruning ? { pruning } : {}),
    ...(existing ? { existing } : {}),
    holders: holdersAfter(input.users, changes),
    waiting: waitingPeople(context)
      .flatMap(({ waiting }) => waiting.map(({ grant }) => grant))
      .sort(compareGrants),
    unsettled: unsettledOf(context),
    members: context.desired.people.size,
    managedBefore,
  };
}

/** Their entries in the queue need not wait for them; that of a contradicted person waits for itself. */
const KEPT_FOR_GOOD: ReadonlySet<WhyKept> = new Set(['protected', 'upsert-only', 'contradicted']);

/** A narrowed run would place the first mark, and so decide for everyone. */
function existingOf(context: Context): ExistingUsers | undefined {
  const { logins, ids, ...whole } = context.input;
  return logins || ids ? makePlan(whole).existing : countExisting(context);
}

/** Of whom this run can't say that they are as they should be, whatever becomes of its changes. */
function unsettledOf(context: Context): readonly GitHubId[] {
  const { kept, skipped, desired, input } = context;
  const open = new Set<GitHubId>();
  for (const { id, why } of kept) {
    if (id !== undefined && !KEPT_FOR_GOOD.has(why)) open.add(id);
  }
  for (const { id } of skipped) if (id !== undefined) open.add(id);
  for (const { id } of waitingPeople(context)) open.add(id);
  const doubtful =
    input.listings.length < input.orgs.length || input.listings.some(({ unread }) => unread.length > 0);
  if (doubtful) for (const { id, undecided } of desired.people.values()) if (undecided.size > 0) open.add(id);
  return [...open].sort((a, b) => a - b);
}

const writtenMarks = (changes: readonly Change[]): readonly MarkAttributes[] =>
  changes.flatMap((change) =>
    change.kind === 'createUser' ? [change.mark] : change.kind === 'updateUser' ? [change.to] : [],
  );

/** The people of this run who wait for something that Permit lacks. */
function waitingPeople({ desired, input, ownership, selected }: Context): readonly DesiredPerson[] {
  if (input.missing === undefined || countMissing(input.missing) === 0) return [];
  return [...desired.people.values()].filter(({ id, waiting }) => {
    const known = ownership.managed.get(id);
    return waiting.length > 0 && selected(id, known ? [known.mark.login, known.user.key] : []);
  });
}

/** In upsert-only nothing is taken from anybody. */
function planPruningOf(context: Context): Plan['pruning'] {
  const { pruneUnmanaged: allowed, mode } = context.input;
  if (allowed === undefined || mode === 'upsert-only') return undefined;
  return { allowed, users: planPruning(context) };
}

/** By user; the one who frees a key before the one who takes it. */
const comparePeople = (a: PersonPlan, b: PersonPlan): number =>
  compareText(a.user, b.user) || Number(deletes(b)) - Number(deletes(a)) || (a.id ?? 0) - (b.id ?? 0);

const compareSkipped = (a: Skipped, b: Skipped): number =>
  compareText(a.user, b.user) || compareText(a.code, b.code) || (a.id ?? 0) - (b.id ?? 0);

const deletes = ({ changes }: PersonPlan): boolean => changes.some(({ kind }) => kind === 'deleteUser');

const countManaged = ({ managed, moving, duplicates }: Ownership): number =>
  [...duplicates.values()].reduce((sum, users) => sum + users.length, managed.size + 2 * moving.size);

const WHY_KEPT: readonly (readonly [WhyKept, NoteCode, string])[] = [
  [
    'out-of-scope',
    'KEPT_OUT_OF_SCOPE',
    'kept as they are, since an organization behind their grants was not listed completely in this run',
  ],
  [
    'unconfirmed',
    'KEPT_UNCONFIRMED',
    'kept, since a listing still shows them, though GitHub did not find them when asked about them alone; the next run decides',
  ],
  [
    'contradicted',
    'KEPT_UNCONFIRMED',
    'lose nothing yet, because GitHub answers the opposite of what its webhook said; they are looked up again',
  ],
  ['upsert-only', 'KEPT_UPSERT_ONLY', 'kept as they are, since the mode is upsert-only'],
  [
    'withheld',
    'KEPT_OUT_OF_SCOPE',
    'not given everything, since that hangs on an organization which was not listed completely in this run',
  ],
  ['protected', 'PROTECTED', 'not written, since users.protect names them'],
  [
    'bad-mark',
    'BAD_MARK',
    'left alone, since the mark is not valid; it names another owner, whose it is to mend',
  ],
];

/** People about whom GitHub gave no clear answer: nothing was taken from them, and nobody knows whether it should be. */
function reportUnanswered(context: Context): void {
  const { desired, input, ownership } = context;
  for (const [id, unconfirmed] of input.unconfirmed ?? []) {
    if (unconfirmed.kind !== 'unanswered') continue;
    const known = ownership.managed.get(id) ?? ownership.moving.get(id)?.to;
    const login = desired.people.get(id)?.login ?? known?.mark.login ?? String(id);
    const message = `${login} (GitHub id ${id}) keeps everything, since GitHub gave no clear answer about them: ${unconfirmed.why}`;
    skip(context, id, known?.user.key ?? login, 'LOOKUP_FAILED', message);
  }
}

function notesOf({ kept, input }: Context): readonly Note[] {
  const isTold = ({ id, why }: Context['kept'][number]): boolean =>
    why === 'unconfirmed' && id !== undefined && input.unconfirmed?.get(id)?.kind === 'unanswered';
  return WHY_KEPT.flatMap(([reason, code, why]) => {
    const found = kept.filter((one) => one.why === reason && !isTold(one));
    // The same key is kept from the one who had it and from the one who claims it.
    const users = [...new Set(found.map(({ user }) => user))];
    users.sort(compareText);
    return users.length === 0 ? [] : [{ code, users, message: `${enumerate(users)}: ${why}` }];
  });
}

/** The people whose losses, or whose new name, a second look has to confirm. */
export function losers(plan: Plan): readonly GitHubId[] {
  const people = plan.people.filter(hasToConfirm).flatMap((person) => {
    // Where a login was claimed, the loss rests on the name of the claimant too.
    const { claimant = person.otherwise?.person.claimant } = person;
    return [person.id, claimant].flatMap((id) => (id === undefined ? [] : [id]));
  });
  return [...new Set(people)];
}

/** An organization that leaves the mark can no longer keep anybody from taking what it gave. */
function losesProtection(change: Change): boolean {
  if (change.kind !== 'updateUser') return false;
  const { github_orgs: before } = change.from;
  const { github_orgs: after } = change.to;
  return Array.isArray(before) && before.some((org) => !Array.isArray(after) || !after.includes(org));
}

/** Whoever moves because the config changed loses nothing by it, and rests on no word of GitHub's. */
function hasToConfirm({ changes, move, movement, otherwise }: PersonPlan): boolean {
  if (otherwise) return true;
  if (changes.some((change) => change.kind === 'unassignRole' || losesProtection(change))) return true;
  if (!changes.some(({ kind }) => kind === 'deleteUser')) return false;
  return move?.cause !== 'template' || (movement !== 'moved' && movement !== 'joining');
}

/** The logins that name neither a member nor a user that claims to be ours: most likely a typing error. */
export function unknownLogins(input: PlanInput): readonly string[] {
  if (!input.logins) return [];
  const known = new Set<string>();
  for (const { members, collaborators = [] } of input.listings) {
    for (const { login } of [...members, ...collaborators]) known.add(folded(login));
  }
  const ownership = sortOut(input.users, input.owner);
  for (const { user, mark } of allOfOurs(ownership)) {
    known.add(folded(user.key)).add(folded(mark.login));
  }
  for (const { user } of ownership.others) if (claimsToBeOurs(user, input.owner)) known.add(folded(user.key));
  return input.logins.filter((login) => !known.has(folded(login)));
}
