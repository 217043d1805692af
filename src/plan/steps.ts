import { type Change, compareChanges } from '../model/change.ts';
import { type Grant, grantId, isSameGrant } from '../model/grant.ts';
import { compareText, type OrgId, type UserKey } from '../model/identity.ts';
import { type Mark, type MarkAttributes, markKeysThatDiffer, readMark } from '../model/mark.ts';
import type { Movement, PersonPlan } from '../model/plan.ts';
import type { Attributes, PermitUser } from '../model/user.ts';
import type { DesiredPerson } from './desired-state.ts';
import type { ManagedGrants } from './managed-grants.ts';
import type { GivenGrant } from './rules.ts';

/** Whether something may be taken from a person, and if not, why the person keeps it. */
export type RemovalPermission = 'allowed' | 'out-of-scope' | 'unconfirmed' | 'contradicted' | 'upsert-only';

/** What the planning of every person goes by. */
export type Governance = {
  readonly owner: string;
  readonly managed: ManagedGrants;
  readonly onLeave: 'delete' | 'unassign';
  /** Whether an organization was listed completely in this run. */
  readonly covered: (org: OrgId) => boolean;
};

/** A person's plan, and what the person keeps although nothing gives it any more. */
export type Planned = { readonly plan: PersonPlan | undefined; readonly kept: boolean };

/** The organizations behind what a person will hold: what is not taken still rests on those that gave it. */
export function orgsOf(
  person: DesiredPerson,
  mark: Mark,
  surplus: Surplus,
  { covered }: Governance,
  taking: RemovalPermission,
): readonly OrgId[] {
  const rests = taking !== 'allowed' || surplus.undecided;
  const behind = rests ? mark.orgs : mark.orgs.filter((org) => !covered(org));
  return [...new Set([...person.orgs, ...behind])].sort((a, b) => a - b);
}

/** Managed grants that nothing gives: those that are taken, and whether others stay. */
export type Surplus = {
  readonly losses: readonly Grant[];
  readonly kept: boolean;
  /** Some of them hang on something unread, or wait for what replaces them. */
  readonly undecided: boolean;
};

export function surplusOf(
  person: Pick<DesiredPerson, 'undecided' | 'waiting'> & {
    readonly grants: readonly { readonly grant: Grant }[];
  },
  user: PermitUser,
  { managed }: Governance,
  taking: RemovalPermission,
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
    losses: taking === 'allowed' ? decided : [],
    kept: taking !== 'allowed' && decided.length > 0,
    undecided: decided.length < surplus.length,
  };
}

/**
 * Whether a grant that nothing gives any more stays until what replaces it can be made: something from the same rule or
 * an earlier one is due in its place, Permit lacks it, and nothing else would be left there. What is replaced by less
 * goes at once: a demotion waits for nobody.
 */
function waitsForSuccessor(
  lost: Grant,
  { grants, waiting }: Parameters<typeof surplusOf>[0],
  managed: ManagedGrants,
): boolean {
  const isThere = ({ grant }: { readonly grant: Grant }): boolean =>
    grant.tenant === lost.tenant && grant.resource === lost.resource;
  return waiting.some((due) => isThere(due) && due.rank <= managed.rankOf(lost)) && !grants.some(isThere);
}

export function movementOf(
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

export function finish(
  person: { readonly id: PersonPlan['id']; readonly login: string },
  user: UserKey,
  movement: Movement,
  changes: readonly Change[],
): PersonPlan {
  return { id: person.id, login: person.login, user, movement, changes: changes.toSorted(compareChanges) };
}

/** Puts these changes before everything else that is done for a person. */
export function after(before: readonly Change[] | undefined, plan: PersonPlan): PersonPlan {
  if (before === undefined) return plan;
  return {
    ...plan,
    changes: [...before, ...plan.changes].toSorted(compareChanges),
    stages: [before, ...(plan.stages ?? [plan.changes])],
  };
}

export const distinctGrants = (grants: readonly Grant[]): readonly Grant[] => [
  ...new Map(grants.map((grant) => [grantId(grant), grant])).values(),
];

export const assign = (user: UserKey, given: GivenGrant): Change => ({
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

export const reasonFor = (grants: readonly GivenGrant[]): string =>
  [...new Set(grants.flatMap(({ because }) => because))].sort(compareText).join(', ');

export const MOVE_DONE = 'the move is done';

export function describeUpdate(from: MarkAttributes, to: MarkAttributes): string {
  const before = readMark(from as Attributes);
  if (before.kind === 'none') return before.id === to.github_id ? 'back; taken up again' : 'adopted';
  if (before.kind === 'bad') return `adopted; its mark was not valid (${before.flaw})`;
  // The email that waits in it is nobody's business here.
  if (before.mark.move !== undefined) return MOVE_DONE;
  return markKeysThatDiffer(from, to)
    .map((key) => `${key} ${JSON.stringify(from[key])} → ${JSON.stringify(to[key])}`)
    .join(', ');
}
