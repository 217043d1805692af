import { type Grant, grantId, isSameGrant } from '../model/grant.ts';
import { compareText, type OrgId, type UserKey } from '../model/identity.ts';
import {
  type Mark,
  type MarkAttributes,
  markAttributesOf,
  markKeysThatDiffer,
  readMark,
  writeMark,
} from '../model/mark.ts';
import {
  type Change,
  compareChanges,
  type MoveCause,
  type Movement,
  type PersonPlan,
} from '../model/plan.ts';
import type { Attributes, PermitUser } from '../model/user.ts';
import type { DesiredPerson } from './desired-state.ts';
import type { ManagedGrants } from './managed-grants.ts';
import type { ManagedUser } from './ownership.ts';
import type { GivenGrant } from './statements.ts';

/** Whether something may be taken from a person, and if not, why the person keeps it. */
export type Taking = 'allowed' | 'out-of-scope' | 'unconfirmed' | 'upsert-only';

/** What the planning of every person goes by. */
export type Rules = {
  readonly owner: string;
  readonly managed: ManagedGrants;
  readonly onLeave: 'delete' | 'unassign';
  /** Whether an organization was listed completely in this run. */
  readonly covered: (org: OrgId) => boolean;
};

/** A person's plan, and what the person keeps although nothing gives it any more. */
export type Planned = { readonly plan: PersonPlan | undefined; readonly kept: boolean };

/** Somebody without a user: creates one with our mark, then the grants. */
export function join(person: DesiredPerson, key: UserKey, { owner }: Rules): PersonPlan {
  const mark: Mark = { id: person.id, login: person.login, orgs: person.orgs, owner, origin: 'created' };
  return finish(person, key, 'joining', [
    { kind: 'createUser', user: key, reason: reasonFor(person.grants), mark: writeMark(mark) },
    ...person.grants.map((given) => assign(key, given)),
  ]);
}

/**
 * Somebody whose user is there without our mark: one who was released and is back, or one who is adopted. The mark is
 * put on the user, and its managed grants are brought to what they should be.
 */
export function takeUp(person: DesiredPerson, user: PermitUser, rules: Rules, taking: Taking): Planned {
  const { id, login, orgs } = person;
  const mark: Mark = { id, login, orgs, owner: rules.owner, origin: 'adopted' };
  return settle(person, user, mark, surplusOf(person, user, rules, taking), rules);
}

/** Somebody who has a user of ours: its profile and managed grants are brought to what they should be. */
export function stay(
  person: DesiredPerson,
  { user, mark }: ManagedUser,
  rules: Rules,
  taking: Taking,
): Planned {
  const surplus = surplusOf(person, user, rules, taking);
  // A move of which the former user is gone is through but for this.
  const { move: _through, ...standing } = mark;
  return settle(
    person,
    user,
    { ...standing, login: person.login, orgs: orgsOf(person, mark, surplus, rules, taking) },
    surplus,
    rules,
  );
}

/** The organizations behind what a person will hold: what is not taken still rests on those that gave it. */
function orgsOf(
  person: DesiredPerson,
  mark: Mark,
  surplus: Surplus,
  { covered }: Rules,
  taking: Taking,
): readonly OrgId[] {
  const rests = taking !== 'allowed' || surplus.undecided;
  const behind = rests ? mark.orgs : mark.orgs.filter((org) => !covered(org));
  return [...new Set([...person.orgs, ...behind])].sort((a, b) => a - b);
}

/** Managed grants that nothing gives: those that are taken, and whether others stay. */
type Surplus = {
  readonly losses: readonly Grant[];
  readonly kept: boolean;
  /** Some of them hang on something unread. */
  readonly undecided: boolean;
};

function surplusOf(
  person: Pick<DesiredPerson, 'undecided'> & { readonly grants: readonly { readonly grant: Grant }[] },
  user: PermitUser,
  { managed }: Rules,
  taking: Taking,
): Surplus {
  const surplus = user.grants.filter(
    (held) => managed.has(held) && !person.grants.some(({ grant }) => isSameGrant(held, grant)),
  );
  const decided =
    person.undecided.size === 0 ? surplus : surplus.filter((grant) => !person.undecided.has(grantId(grant)));
  return {
    losses: taking === 'allowed' ? decided : [],
    kept: taking !== 'allowed' && decided.length > 0,
    undecided: decided.length < surplus.length,
  };
}

function settle(
  person: DesiredPerson,
  user: PermitUser,
  mark: Mark,
  { losses, kept }: Surplus,
  { managed }: Rules,
): Planned {
  const held = user.grants.filter(managed.has);
  const gains = person.grants.filter(({ grant }) => !held.some((one) => isSameGrant(one, grant)));

  const from = markAttributesOf(user.attributes);
  const to = writeMark(mark);
  const changes: Change[] = [
    ...gains.map((given) => assign(user.key, given)),
    ...losses.map((grant) => unassign(user.key, grant, `${managed.sourceOf(grant)} no longer holds`)),
  ];
  if (markKeysThatDiffer(from, to).length > 0) {
    changes.push({ kind: 'updateUser', user: user.key, reason: describeUpdate(from, to), from, to });
  }
  return { plan: finish(person, user.key, movementOf(held, gains, losses, managed), changes), kept };
}

const WHY_MOVED = {
  rename: 'renamed on GitHub',
  template: 'users.key was changed',
  return: 'back under another name',
} as const satisfies Record<MoveCause, string>;

/** From where to where a person moves; `to` stands already where an earlier run was cut off. */
export type Route = {
  readonly from: ManagedUser;
  readonly to: ManagedUser | undefined;
  readonly key: UserKey;
  readonly cause: MoveCause;
};

/**
 * Somebody whose user key is another one now. Keys never change in Permit, so the profile, the attributes and every
 * grant, foreign ones too, go to a new user, and the former one goes away. Until that is done the new user carries
 * `managed_move`, by which the next run resumes a move that was cut off.
 */
export function move(
  person: DesiredPerson,
  { from, to, key, cause }: Route,
  rules: Rules,
  taking: Taking,
): Planned {
  const { managed } = rules;
  const surplus = surplusOf(person, from.user, rules, taking);
  const carried = from.user.grants.filter(
    (grant) => !surplus.losses.some((lost) => isSameGrant(lost, grant)),
  );
  const moved = `moved from ${from.user.key}`;
  const target = [
    ...person.grants.map((given) => ({ grant: given.grant, reason: given.because.join(', ') })),
    ...carried
      .filter((grant) => !person.grants.some((given) => isSameGrant(given.grant, grant)))
      .map((grant) => ({ grant, reason: moved })),
  ];
  const standing = to?.user.grants ?? [];
  const surplusThere = to ? surplusOf({ ...person, grants: target }, to.user, rules, taking) : NO_SURPLUS;
  const { move: _former, ...mark }: Mark = {
    ...from.mark,
    login: person.login,
    orgs: orgsOf(person, from.mark, together(surplus, surplusThere), rules, taking),
  };
  // Renamed again before the move before this one was through: its email waits in the mark still.
  const email = from.user.profile?.email ?? from.mark.move?.email ?? null;
  const under: Mark = { ...mark, move: { from: from.user.key, email } };
  const begun = to ? markAttributesOf(to.user.attributes) : writeMark(under);
  const why = `${WHY_MOVED[cause]}, ${moved}`;
  const changes: Change[] = [
    ...(to
      ? []
      : [{ kind: 'createUser', user: key, reason: why, mark: begun, from: from.user.key } as const]),
    ...target
      .filter(({ grant }) => !standing.some((held) => isSameGrant(held, grant)))
      .map(({ grant, reason }) => ({ kind: 'assignRole', user: key, reason, grant }) as const),
    ...surplusThere.losses.map((held) => unassign(key, held, `${managed.sourceOf(held)} no longer holds`)),
    {
      kind: 'deleteUser',
      user: from.user.key,
      reason: `moved to ${key}`,
      last: markAttributesOf(from.user.attributes),
    },
    { kind: 'updateUser', user: key, reason: MOVE_DONE, from: begun, to: writeMark(mark) },
  ];
  // What stands on either of the two is the person's, and what goes from both is a loss.
  const held = distinct([...from.user.grants, ...standing]).filter(managed.has);
  const gains = person.grants.filter(({ grant }) => !held.some((one) => isSameGrant(one, grant)));
  const losses = distinct([...surplus.losses, ...surplusThere.losses]);
  const movement = movementOf(held, gains, losses, managed);
  return {
    plan: {
      ...finish(person, key, movement === 'changed' ? 'moved' : movement, changes),
      move: { from: from.user.key, cause },
    },
    kept: surplus.kept || surplusThere.kept,
  };
}

const NO_SURPLUS: Surplus = { losses: [], kept: false, undecided: false };

const together = (a: Surplus, b: Surplus): Surplus => ({
  losses: [...a.losses, ...b.losses],
  kept: a.kept || b.kept,
  undecided: a.undecided || b.undecided,
});

const distinct = (grants: readonly Grant[]): readonly Grant[] => [
  ...new Map(grants.map((grant) => [grantId(grant), grant])).values(),
];

/**
 * Somebody to whom nothing gives anything any more. What we created and nobody else uses is deleted; an adopted
 * user, or one with foreign grants, is released: our grants and our mark go, the rest stays. With
 * `onLeave: unassign` only our grants go.
 */
export function leave({ user, mark }: ManagedUser, rules: Rules, taking: Taking, reason: string): Planned {
  const held = user.grants.filter(rules.managed.has);
  const from = markAttributesOf(user.attributes);
  const movement: Movement = held.length > 0 ? 'leaving' : 'changed';
  const plan = (changes: readonly Change[]): Planned => ({
    plan: finish(mark, user.key, movement, changes),
    kept: false,
  });
  const unassigned = held.map((grant) => unassign(user.key, grant, reason));
  if (rules.onLeave === 'unassign') {
    if (taking !== 'allowed') return { plan: undefined, kept: held.length > 0 };
    return plan([...unassigned, ...endMove(user, mark)]);
  }
  if (taking !== 'allowed') return { plan: undefined, kept: true };
  const foreign = held.length < user.grants.length;
  if (mark.origin === 'created' && !foreign) {
    return plan([{ kind: 'deleteUser', user: user.key, reason, last: from }]);
  }
  const why = foreign ? 'it holds grants that are not ours' : 'it was adopted';
  return plan([
    ...unassigned,
    {
      kind: 'updateUser',
      user: user.key,
      reason: `${reason}; released, since ${why}`,
      from,
      // Kept, so that the person is known again on return.
      to: { github_id: mark.id },
    },
  ]);
}

/** A move of which the former user is gone already is through but for the email that waits in the mark. */
function endMove(user: PermitUser, { move, ...mark }: Mark): readonly Change[] {
  if (move === undefined) return [];
  const from = markAttributesOf(user.attributes);
  return [{ kind: 'updateUser', user: user.key, reason: MOVE_DONE, from, to: writeMark(mark) }];
}

function movementOf(
  held: readonly Grant[],
  gains: readonly GivenGrant[],
  losses: readonly Grant[],
  managed: ManagedGrants,
): Movement {
  if (held.length === 0) return gains.length > 0 ? 'joining' : 'changed';
  const strongestGain = Math.min(...gains.map(({ rank }) => rank));
  const strongest = (grants: readonly Grant[]): number => Math.min(...grants.map(managed.rankOf));
  if (losses.length === held.length && gains.length === 0) return 'leaving';
  if (losses.length > 0) return strongestGain < strongest(losses) ? 'promoted' : 'demoted';
  return gains.length > 0 && strongestGain < strongest(held) ? 'promoted' : 'changed';
}

function finish(
  person: { readonly id: PersonPlan['id']; readonly login: string },
  user: UserKey,
  movement: Movement,
  changes: readonly Change[],
): PersonPlan {
  return { id: person.id, login: person.login, user, movement, changes: changes.toSorted(compareChanges) };
}

const assign = (user: UserKey, given: GivenGrant): Change => ({
  kind: 'assignRole',
  user,
  reason: given.because.join(', '),
  grant: given.grant,
});

const unassign = (user: UserKey, grant: Grant, reason: string): Change => ({
  kind: 'unassignRole',
  user,
  reason,
  grant,
});

const reasonFor = (grants: readonly GivenGrant[]): string =>
  [...new Set(grants.flatMap(({ because }) => because))].sort(compareText).join(', ');

const MOVE_DONE = 'the move is done';

function describeUpdate(from: MarkAttributes, to: MarkAttributes): string {
  const before = readMark(from as Attributes);
  if (before.kind === 'none') return before.id === to.github_id ? 'back; taken up again' : 'adopted';
  if (before.kind === 'bad') return `adopted; its mark was not valid (${before.flaw})`;
  // The email that waits in it is nobody's business here.
  if (before.mark.move !== undefined) return MOVE_DONE;
  return markKeysThatDiffer(from, to)
    .map((key) => `${key} ${JSON.stringify(from[key])} → ${JSON.stringify(to[key])}`)
    .join(', ');
}
