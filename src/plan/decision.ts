import type { Change } from '../model/change.ts';
import type { PersonErrorCode } from '../model/errors.ts';
import type { GitHubId, UserKey } from '../model/identity.ts';
import type { Adoption, PersonPlan, Skipped } from '../model/plan.ts';
import type { PersonDecision, RemovalPermission } from './person.ts';

/** Why a user keeps what no rule gives, or does not get what a rule gives. */
export type KeepReason =
  | Exclude<RemovalPermission, 'allowed'>
  | 'protected'
  | 'withheld'
  | 'no-identity'
  | 'bad-mark';

export type Kept = {
  readonly id: GitHubId | undefined;
  readonly user: UserKey;
  readonly why: KeepReason;
};

/** What one step of planning decides: changes for people, and who is left unchanged and why. */
export type Decision = {
  readonly people: readonly PersonPlan[];
  readonly skipped: readonly Skipped[];
  readonly kept: readonly Kept[];
};

export const NO_DECISION: Decision = { people: [], skipped: [], kept: [] };

export function together(decisions: readonly Decision[]): Decision {
  const people: PersonPlan[] = [];
  const skipped: Skipped[] = [];
  const kept: Kept[] = [];
  for (const decision of decisions) {
    for (const one of decision.people) people.push(one);
    for (const one of decision.skipped) skipped.push(one);
    for (const one of decision.kept) kept.push(one);
  }
  return { people, skipped, kept };
}

export const change = (person: PersonPlan): Decision => ({ ...NO_DECISION, people: [person] });

/** Leaves a user unchanged, with a note. The exit code stays the same. */
export const keep = (id: GitHubId | undefined, user: UserKey, why: KeepReason): Decision => ({
  ...NO_DECISION,
  kept: [{ id, user, why }],
});

/** Leaves a person unchanged, with an error code. */
export const skip = (
  id: GitHubId | undefined,
  user: string,
  code: PersonErrorCode,
  message: string,
  adoption?: Adoption,
): Decision => ({
  ...NO_DECISION,
  skipped: [{ id, user, code, message, ...(adoption === undefined ? {} : { adoption }) }],
});

/** A person's changes, unless `users.protect` forbids writing the user, and a note about what they keep. */
export function decide(
  { isProtected }: { readonly isProtected: (user: string) => boolean },
  { id, user }: { readonly id: GitHubId; readonly user: UserKey },
  permission: RemovalPermission,
  { plan, kept }: PersonDecision,
): Decision {
  const hasChanges = plan !== undefined && plan.changes.length > 0;
  return together([
    kept && permission !== 'allowed' ? keep(id, user, permission) : NO_DECISION,
    hasChanges ? (isProtected(user) ? keep(id, user, 'protected') : change(plan)) : NO_DECISION,
  ]);
}

/** The user keys that become free once these decisions are applied. */
export const keysFreedBy = ({ people }: Pick<Decision, 'people'>): readonly UserKey[] =>
  people.flatMap(({ changes }) => deletedUsers(changes));

export const deletedUsers = (changes: readonly Change[]): readonly UserKey[] =>
  changes.flatMap(({ kind, user }) => (kind === 'deleteUser' ? [user] : []));
