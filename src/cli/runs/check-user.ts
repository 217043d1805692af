import { identitiesIn } from '../../model/corporate-identity.ts';
import { SyncError } from '../../model/errors.ts';
import { folded, type GitHubId, parseGitHubId, parseUserKey, type UserKey } from '../../model/identity.ts';
import { readMark } from '../../model/mark.ts';
import type { PermitReader } from '../../model/ports.ts';
import type { Warning } from '../../model/problem.ts';
import { enumerate } from '../../model/text/text.ts';
import type { PermitUser } from '../../model/user.ts';
import { userKeyFor } from '../../plan/keys/user-key.ts';

export type CheckPorts = Pick<PermitReader, 'readUser' | 'readUsers'> & {
  /** Who has a login today. Undefined without a GitHub credential. @throws SyncError without a clear answer */
  readonly findAccount: ((login: string) => Promise<GitHubId | undefined>) | undefined;
};

type CheckedUser = {
  readonly key: UserKey;
  /** Checks that the user belongs to this person. @returns warnings. @throws SyncError if it does not */
  readonly verify: () => Promise<readonly Warning[]>;
};

/**
 * Finds the user of the person who has a login. Someone else may have claimed it, so the answer never comes from a user
 * with another person's id. GitHub says who has the login today. Without a credential, the user's mark says who had it
 * when the user was last synced, and a warning says so.
 * @throws SyncError `USAGE` if no user fits, if several do, or if the one that fits is another person's.
 */
export async function userOf(
  login: string,
  { template, owner }: { readonly template: string; readonly owner: string },
  ports: CheckPorts,
): Promise<CheckedUser> {
  // Identities are not read: the user's mark says whose it is.
  const byId = template.includes('{id}') || identitiesIn(template).length > 0;
  if (!byId) return userUnderLogin(keyOfLogin(template, login), login, owner, ports);
  if (!ports.findAccount) {
    const key = await keyByMark(login, owner, ports);
    return { key, verify: async () => [notAsked(login)] };
  }
  const id = await ports.findAccount(login);
  if (id === undefined) throw nobody(login);
  const key = await keyById(login, id, { template, owner }, ports);
  return { key, verify: async () => [] };
}

/**
 * Where user keys are logins. A user with an id belongs to that person. One without may be anyone's, while the person's
 * own user still has a former login.
 */
async function userUnderLogin(
  key: UserKey,
  login: string,
  owner: string,
  { readUser, readUsers, findAccount }: CheckPorts,
): Promise<CheckedUser> {
  if (!findAccount) {
    const verify = async () => (idOf(await readUser(key)) === undefined ? [] : [notAsked(login)]);
    return { key, verify };
  }
  const [user, today] = await Promise.all([readUser(key), findAccount(login)]);
  requireOwn(user, login, today);
  const isOwn = today === undefined || idOf(user) === today;
  const own = isOwn ? key : only(login, owner, await readUsers(), (mark) => mark.id === today);
  return { key: own ?? key, verify: async () => [] };
}

function keyOfLogin(template: string, login: string): UserKey {
  const key = parseUserKey(template.replaceAll('{login}', login));
  if (key !== undefined) return key;
  throw new SyncError('USAGE', `"${login}" can't be a user key in Permit`, 'give a login as GitHub shows it');
}

/** Whose user it is, by the mark of any owner or by the id that a released user keeps. */
function idOf(user: PermitUser | undefined): GitHubId | undefined {
  if (user === undefined) return undefined;
  const reading = readMark(user.attributes);
  return reading.kind === 'valid' ? reading.mark.id : parseGitHubId(user.attributes.github_id);
}

function requireOwn(user: PermitUser | undefined, login: string, today: GitHubId | undefined): void {
  const id = idOf(user);
  if (user === undefined || id === undefined || id === today) return;
  const now =
    today === undefined ? 'nobody on GitHub has this login' : `the login belongs to GitHub id ${today}`;
  throw new SyncError(
    'USAGE',
    `the user ${user.key} in Permit belongs to GitHub id ${id}, but today ${now}: there is no answer for ${login}`,
    `"gh-permit-sync explain ${login}" shows both people; "gh-permit-sync reconcile" moves users to their new logins`,
  );
}

/** The error of a command about a person who does not exist. */
export const nobody = (login: string): SyncError =>
  new SyncError(
    'USAGE',
    `nobody on GitHub has the login ${login}`,
    'check the spelling; a renamed person has another login now',
  );

const notAsked = (login: string): Warning => ({
  code: 'GITHUB_NOT_ASKED',
  message: `GitHub was not asked who has the login ${login} today, since there is no credential: the answer is about the person who had it when the user was last synced (set GH_TOKEN to be sure)`,
});

/** The person's user under the key that it should have, or under the key that it still has. */
async function keyById(
  login: string,
  id: GitHubId,
  { template, owner }: { readonly template: string; readonly owner: string },
  { readUser, readUsers }: CheckPorts,
): Promise<UserKey> {
  const due = userKeyFor(template, { login, id });
  const user = due === undefined ? undefined : await readUser(due);
  requireOwn(user, login, id);
  if (user && idOf(user) === id) return user.key;
  const found = only(login, owner, await readUsers(), (mark) => mark.id === id);
  if (found ?? due) return (found ?? due) as UserKey;
  throw nobodyIn(login);
}

/** The user with this login in its mark, if necessary one of another owner. */
async function keyByMark(
  login: string,
  owner: string,
  { readUsers }: Pick<CheckPorts, 'readUsers'>,
): Promise<UserKey> {
  const found = only(login, owner, await readUsers(), (mark) => folded(mark.login) === folded(login));
  if (found !== undefined) return found;
  throw nobodyIn(login);
}

const nobodyIn = (login: string): SyncError =>
  new SyncError(
    'USAGE',
    `no user in Permit belongs to the login ${login}`,
    'check the spelling; run `gh-permit-sync reconcile` if the person has just joined or was renamed',
  );

/** @returns undefined if there is none. @throws SyncError if there are several */
function only(
  login: string,
  owner: string,
  users: readonly PermitUser[],
  isMeant: (mark: { readonly id: GitHubId; readonly login: string }) => boolean,
): UserKey | undefined {
  const found = users.flatMap(({ key, attributes }) => {
    const reading = readMark(attributes);
    return reading.kind === 'valid' && isMeant(reading.mark) ? [{ key, owner: reading.mark.owner }] : [];
  });
  const ours = found.filter((one) => one.owner === owner);
  const [one, ...others] = ours.length > 0 ? ours : found;
  if (one === undefined || others.length === 0) return one?.key;
  const keys = [one, ...others].map(({ key }) => key);
  throw new SyncError(
    'USAGE',
    `the users ${enumerate(keys)} all have the login ${login} in their marks`,
    'update them with `gh-permit-sync reconcile`, or delete the wrong one in Permit',
  );
}
