import { folded, type GitHubId } from '../model/identity.ts';
import type { PermitUser } from '../model/user.ts';
import { type Context, skip } from './context.ts';
import type { DesiredPerson } from './desired-state.ts';
import { mayBelongToUnlistedOrg } from './elsewhere.ts';
import type { ManagedUser, ReadUser } from './ownership.ts';
import { loginBehind, userKeyFor } from './user-key.ts';

/**
 * People who come back under another login than the one that their user stands under: somebody who was released, or
 * whose mark `adopt: all` mends. They get no second user: theirs is taken up, and moves like that of anybody who was
 * renamed.
 * @param settled gets those who can't be told from somebody else; they are skipped.
 * @returns their users as they will be marked, under the login that explains their present key.
 */
export function findReturning(context: Context, settled: Set<GitHubId>): ReadonlyMap<GitHubId, ManagedUser> {
  const { desired, input, ownership } = context;
  const returning = new Map<GitHubId, ManagedUser>();
  for (const [id, users] of ownership.former) {
    const person = desired.people.get(id);
    if (!person || person.grants.length === 0) continue;
    if ([ownership.managed, ownership.moving, ownership.duplicates].some((known) => known.has(id))) continue;
    const names = users.map(({ user }) => user.key);
    if (!context.selected(id, names) || standsAtHome(context, person, users)) continue;
    if (!users.some(({ user, reading }) => reading.kind === 'bad' || stoodHere(context, id, user.key)))
      continue;
    const [only, ...more] = users;
    const refusal = only && more.length === 0 ? whyNotHis(only, input.userSettings.adopt) : undefined;
    if (only && more.length === 0 && refusal === undefined) {
      if (mayBelongToUnlistedOrg(context, person, only.user)) {
        settled.add(id);
        context.kept.push({ id, user: only.user.key, why: 'out-of-scope' });
      } else returning.set(id, asManaged(context, person, only.user));
    } else {
      settled.add(id);
      refuse(context, person, users, refusal);
    }
  }
  return returning;
}

/**
 * Whether the template can have given somebody this key. An attribute `github_id` may as well be that of another
 * program, which keeps its users under addresses or ids of its own, and those are not ours to move.
 */
function stoodHere({ input }: Context, id: GitHubId, key: string): boolean {
  const login = loginBehind(input.userSettings.key, key, id);
  return login !== undefined && LOGIN.test(login);
}

/** What GitHub accepts as a login; people of an enterprise have `_` and its short code behind it. */
const LOGIN = /^[A-Za-z0-9](?:-?[A-Za-z0-9])*(?:_[A-Za-z0-9]+)?$/;

/** Whether one of them is under the key that is due: then it is taken up in its place. */
function standsAtHome({ input }: Context, person: DesiredPerson, users: readonly ReadUser[]): boolean {
  const key = userKeyFor(input.userSettings.key, person);
  return key === undefined || users.some(({ user }) => folded(user.key) === folded(key));
}

function whyNotHis({ user, reading }: ReadUser, adopt: 'none' | 'plain' | 'all'): string | undefined {
  if (reading.kind !== 'bad' || adopt === 'all') return undefined;
  return `the mark of the user ${user.key} is not valid: ${reading.flaw} (mend its attributes, or adopt it with --adopt all)`;
}

function refuse(
  context: Context,
  { id, login }: DesiredPerson,
  users: readonly ReadUser[],
  refusal: string | undefined,
): void {
  const keys = users.map(({ user }) => user.key).sort();
  const who = `${login} (GitHub id ${id}) is not synced`;
  if (refusal !== undefined) skip(context, id, keys[0] ?? login, 'BAD_MARK', `${who}: ${refusal}`);
  else {
    const several = `the users ${keys.join(', ')} all carry that id; delete the wrong ones`;
    skip(context, id, keys[0] ?? login, 'DUPLICATE_ID', `${who}: ${several}`);
  }
}

function asManaged({ input }: Context, { id, login }: DesiredPerson, user: PermitUser): ManagedUser {
  const { owner, userSettings } = input;
  const former = loginBehind(userSettings.key, user.key, id) ?? login;
  return { user, mark: { id, login: former, orgs: [], owner, origin: 'adopted' } };
}
