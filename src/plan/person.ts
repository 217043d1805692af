import { type Change, compareChanges } from '../model/change.ts';
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
import type { Movement, PersonPlan } from '../model/plan.ts';
import { LEVELS, levelOf } from '../model/repositories/access-model.ts';
import type { Attributes, PermitUser } from '../model/user.ts';
import type { DesiredPerson } from './desired-state.ts';
import type { ManagedGrants } from './managed-grants.ts';
import type { ManagedUser } from './ownership.ts';
import { fieldsIn, type Profiles } from './profile.ts';
import type { GivenGrant } from './rules.ts';

/** Whether something may be taken from a person, and if not, why they keep it. */
export type RemovalPermission = 'allowed' | 'out-of-scope' | 'unconfirmed' | 'contradicted' | 'upsert-only';

/** The settings that every person's plan depends on. */
export type Governance = {
  readonly owner: string;
  readonly managed: ManagedGrants;
  readonly onLeave: 'delete' | 'unassign';
  /** Undefined if profiles are not filled. */
  readonly profiles: Profiles | undefined;
  /** Whether an organization was listed completely in this run. */
  readonly covered: (org: OrgId) => boolean;
};

/** A person's plan, and whether they keep something that no rule gives any more. */
export type PersonDecision = { readonly plan: PersonPlan | undefined; readonly kept: boolean };

/** For a person without a user: creates one with our mark, then the grants. */
export function join(person: DesiredPerson, key: UserKey, governance: Governance): PersonPlan {
  const { owner, profiles } = governance;
  const mark: Mark = { id: person.id, login: person.login, orgs: person.orgs, owner, origin: 'created' };
  const profile = profiles?.toWrite(person.id, undefined, 'created');
  const reason = reasonFor(person.grants);
  return finish(person, key, 'joining', [
    { kind: 'createUser', user: key, reason, mark: writeMark(mark), ...(profile ? { profile } : {}) },
    ...person.grants.map((given) => assign(key, given)),
  ]);
}

/** For a person whose user exists without our mark: released and back, or adopted. */
export function adopt(
  person: DesiredPerson,
  user: PermitUser,
  governance: Governance,
  permission: RemovalPermission,
): PersonDecision {
  const { id, login, orgs } = person;
  const mark: Mark = { id, login, orgs, owner: governance.owner, origin: 'adopted' };
  return comparePerson(person, user, mark, surplusOf(person, user, governance, permission), governance);
}

/** For a person with a managed user: brings its mark and managed grants to the desired state. */
export function stay(
  person: DesiredPerson,
  { user, mark }: ManagedUser,
  governance: Governance,
  permission: RemovalPermission,
): PersonDecision {
  const surplus = surplusOf(person, user, governance, permission);
  // The former user of a move is gone. Only the entry in the mark is left.
  const { move: _over, ...finished } = mark;
  return comparePerson(
    person,
    user,
    {
      ...finished,
      login: person.login,
      orgs: orgsBehindGrants(person, mark, surplus, governance, permission),
    },
    surplus,
    governance,
  );
}

function comparePerson(
  person: DesiredPerson,
  user: PermitUser,
  mark: Mark,
  { losses, kept }: Surplus,
  { managed, profiles }: Governance,
): PersonDecision {
  const held = user.grants.filter(managed.has);
  const gains = person.grants.filter(({ grant }) => !held.some((one) => isSameGrant(one, grant)));

  const from = markAttributesOf(user.attributes);
  const to = writeMark(mark);
  const changes: Change[] = [
    ...gains.map((given) => assign(user.key, given)),
    ...losses.map((grant) => unassign(user.key, grant, whyLost(grant, person, managed))),
  ];
  const profile = profiles?.toWrite(mark.id, user.profile, mark.origin);
  const reasons = [
    ...(markKeysThatDiffer(from, to).length > 0 ? [describeUpdate(from, to)] : []),
    ...(profile ? [`fills ${fieldsIn(profile).join(', ')}`] : []),
  ];
  if (reasons.length > 0) {
    const reason = reasons.join(', ');
    changes.push({ kind: 'updateUser', user: user.key, reason, from, to, ...(profile ? { profile } : {}) });
  }
  const plan = finish(person, user.key, movementOf(held, gains, losses, managed), changes);
  return { plan: expecting(plan, losses, person), kept };
}

/** Grants that a person loses because a rule ended. */
type Ending = Pick<DesiredPerson, 'ended'>;

/** Why a managed grant is taken from a person who still gets something. */
export const whyLost = (grant: Grant, { ended }: Ending, managed: ManagedGrants): string =>
  ended.get(grantId(grant)) ?? managed.whyLost(grant);

/** Marks the plan of a person whose losses are all due to ended rules. */
export const expecting = (plan: PersonPlan, losses: readonly Grant[], { ended }: Ending): PersonPlan =>
  losses.length > 0 && losses.every((grant) => ended.has(grantId(grant)))
    ? { ...plan, isExpected: true }
    : plan;

/**
 * For a person who no longer gets anything from the rules. A user that we created and nobody else uses is deleted. An
 * adopted user, or one with foreign grants, is released: our grants and our mark are removed, the rest stays. With
 * `onLeave: unassign` only our grants are removed.
 */
export function leave(
  { user, mark }: ManagedUser,
  governance: Governance,
  permission: RemovalPermission,
  reason: string,
  ending: Ending = { ended: new Map() },
): PersonDecision {
  const { managed } = governance;
  // Nobody keeps access to repositories that are no longer mirrored once they have left.
  const held = user.grants.filter((grant) => managed.has(grant) || managed.isAside(grant));
  const from = markAttributesOf(user.attributes);
  const movement: Movement = held.length > 0 ? 'leaving' : 'changed';
  const plan = (changes: readonly Change[]): PersonDecision => ({
    plan: expecting(finish(mark, user.key, movement, changes), held, ending),
    kept: false,
  });
  const unassigned = held.map((grant) =>
    unassign(user.key, grant, ending.ended.get(grantId(grant)) ?? reason),
  );
  if (governance.onLeave === 'unassign') {
    if (permission !== 'allowed') return { plan: undefined, kept: held.length > 0 };
    return plan([...unassigned, ...endMove(user, mark)]);
  }
  if (permission !== 'allowed') return { plan: undefined, kept: true };
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

/** Removes a finished move from the mark, where only its email is left. */
function endMove(user: PermitUser, { move, ...mark }: Mark): readonly Change[] {
  if (move === undefined) return [];
  const from = markAttributesOf(user.attributes);
  return [{ kind: 'updateUser', user: user.key, reason: MOVE_DONE, from, to: writeMark(mark) }];
}

/** The organizations behind the grants that a person will hold, or may be due: kept, waiting and undecided ones included. */
export function orgsBehindGrants(
  person: DesiredPerson,
  mark: Mark,
  surplus: Surplus,
  { covered }: Governance,
  permission: RemovalPermission,
): readonly OrgId[] {
  // It would say that no other organization is behind what the person keeps.
  if (mark.orgs.length === 0 && permission === 'out-of-scope') return mark.orgs;
  const rests = permission !== 'allowed' || surplus.undecided || person.undecided.size > 0;
  const behind = rests ? mark.orgs : mark.orgs.filter((org) => !covered(org));
  return [...new Set([...person.orgs, ...behind])].sort((a, b) => a - b);
}

/** Managed grants that no rule gives: those to take, and whether others stay. */
export type Surplus = {
  readonly losses: readonly Grant[];
  readonly kept: boolean;
  /** Whether some depend on something that could not be read, or stay until their replacement can be made. */
  readonly undecided: boolean;
};

export function surplusOf(
  person: Pick<DesiredPerson, 'undecided' | 'waiting'> & {
    readonly grants: readonly { readonly grant: Grant }[];
  },
  user: PermitUser,
  { managed }: Governance,
  permission: RemovalPermission,
): Surplus {
  const surplus = user.grants.filter(
    (held) => managed.has(held) && !person.grants.some(({ grant }) => isSameGrant(held, grant)),
  );
  const decided =
    person.undecided.size + person.waiting.length === 0
      ? surplus
      : surplus.filter(
          (grant) => !person.undecided.has(grantId(grant)) && !waitsForSuccessor(grant, person, managed),
        );
  return {
    losses: permission === 'allowed' ? decided : [],
    kept: permission !== 'allowed' && decided.length > 0,
    undecided: decided.length < surplus.length,
  };
}

/**
 * Whether a grant that no rule gives any more stays until its replacement can be made: Permit lacks what a grant from
 * the same rule or an earlier one needs, and the person would hold nothing else there. A grant that is replaced by a
 * weaker one is taken at once: a demotion does not wait.
 */
function waitsForSuccessor(
  lost: Grant,
  { grants, waiting }: Parameters<typeof surplusOf>[0],
  managed: ManagedGrants,
): boolean {
  const isThere = ({ grant }: { readonly grant: Grant }): boolean =>
    grant.tenant === lost.tenant && grant.resource === lost.resource;
  return waiting.some((due) => isThere(due) && replaces(due, lost, managed)) && !grants.some(isThere);
}

/** Whether a grant gives as much as the one that is lost. A role on a repository has a level rather than a rank. */
const replaces = ({ grant, ranks }: GivenGrant, lost: Grant, managed: ManagedGrants): boolean =>
  managed.isMirrored(lost)
    ? gives(grant) >= 0 && gives(grant) >= gives(lost)
    : ranks.some((rank) => rank <= managed.rankOf(lost));

function gives({ role }: Grant): number {
  const level = levelOf(role);
  return level === undefined ? -1 : LEVELS.indexOf(level);
}

export function movementOf(
  held: readonly Grant[],
  gains: readonly GivenGrant[],
  losses: readonly Grant[],
  managed: ManagedGrants,
): Movement {
  if (held.length === 0) return gains.length > 0 ? 'joining' : 'changed';
  if (losses.length === held.length && gains.length === 0) return 'leaving';
  // Access to repositories has no rank among the rules, and has its own limit.
  const ranked = (grants: readonly Grant[]): readonly number[] =>
    grants.filter((grant) => !managed.isMirrored(grant)).map(managed.rankOf);
  const strongestGain = Math.min(...gains.flatMap(({ ranks }) => ranks));
  const lost = ranked(losses);
  if (lost.length > 0) return strongestGain < Math.min(...lost) ? 'promoted' : 'demoted';
  return strongestGain < Math.min(...ranked(held)) ? 'promoted' : 'changed';
}

export function finish(
  person: { readonly id: PersonPlan['id']; readonly login: string },
  user: UserKey,
  movement: Movement,
  changes: readonly Change[],
): PersonPlan {
  return { id: person.id, login: person.login, user, movement, changes: changes.toSorted(compareChanges) };
}

/** Puts these changes before all others of a person. */
export function withChangesFirst(before: readonly Change[] | undefined, plan: PersonPlan): PersonPlan {
  if (before === undefined) return plan;
  return {
    ...plan,
    changes: [...before, ...plan.changes].toSorted(compareChanges),
    stages: [before, ...(plan.stages ?? [plan.changes])],
  };
}

const assign = (user: UserKey, given: GivenGrant): Change => ({
  kind: 'assignRole',
  user,
  reason: given.because.join(', '),
  grant: given.grant,
});

export const unassign = (user: UserKey, grant: Grant, reason: string): Change => ({
  kind: 'unassignRole',
  user,
  reason,
  grant,
});

const reasonFor = (grants: readonly GivenGrant[]): string =>
  [...new Set(grants.flatMap(({ because }) => because))].sort(compareText).join(', ');

export const MOVE_DONE = 'the move is done';

function describeUpdate(from: MarkAttributes, to: MarkAttributes): string {
  const before = readMark(from as Attributes);
  if (before.kind === 'none') return before.id === to.github_id ? 'back; taken up again' : 'adopted';
  if (before.kind === 'bad') return `adopted; its mark was not valid (${before.flaw})`;
  // The mark holds the email that waits for the move, which a reason must not show.
  if (before.mark.move !== undefined) return MOVE_DONE;
  return markKeysThatDiffer(from, to)
    .map((key) => `${key} ${JSON.stringify(from[key])} → ${JSON.stringify(to[key])}`)
    .join(', ');
}
