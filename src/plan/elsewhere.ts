import { isSameGrant } from '../model/grant.ts';
import type { PermitUser } from '../model/user.ts';
import type { Context } from './context.ts';
import type { DesiredPerson } from './desired-state.ts';

/**
 * Whether a user without our mark holds something that an organization may have given which was not listed: nobody
 * knows which, so the user is not taken up before all of them are.
 */
export function mayBelongToUnlistedOrg(
  { input, managed }: Pick<Context, 'input' | 'managed'>,
  person: DesiredPerson,
  { grants }: PermitUser,
): boolean {
  if (input.listings.length >= input.orgs.length) return false;
  return grants.some(
    (held) => managed.has(held) && !person.grants.some(({ grant }) => isSameGrant(held, grant)),
  );
}
