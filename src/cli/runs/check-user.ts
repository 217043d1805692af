import { identitiesIn } from '../../model/corporate-identity.ts';
import { SyncError } from '../../model/errors.ts';
import { folded, type GitHubId, parseGitHubId, parseUserKey, type UserKey } from '../../model/identity.ts';
import { readMark } from '../../model/mark.ts';
import type { PermitReader } from '../../model/ports.ts';
import { enumerate } from '../../model/text/text.ts';
import type { PermitUser } from '../../model/user.ts';
import { userKeyFor } from '../../plan/keys/user-key.ts';
import type { Warning } from '../../report/run-report.ts';

export type CheckPorts = Pick<PermitReader, 'readUser' | 'readUsers'> & {
  /** Who has a login today; undefined where there is no GitHub credential. @throws SyncError without a clear answer */
  readonly findAccount: ((login: string) => Promise<GitHubId | undefined>) | undefined;
};

type CheckedUser = {
  readonly key: UserKey;
  /** Whether the user is this person's. @returns what the reader has to know. @throws SyncError where it is not */
  readonly verify: () => Promise<readonly Warning[]>;
};

/**
 * The user of the person who has a login. A login can be freed and claimed: a user that carries someone else's id
 * never answers for it. GitHub tells who has the login today; without a credential for it, the user's mark tells who
 * had it when the user was last synced, and a warning says so.
 * @throws SyncError `USAGE`: nobody, more than one, or someone else's user.
 */
export async function userOf(
  login: string,
  { template, owner }: { readonly template: string; readonly owner: string },
  ports: CheckPorts,
): Promise<CheckedUser> {
  // An identity is not asked for: the user's mark tells whose it is.
  const byId = template.includes('{id}') || identitiesIn(template).length > 0;
  if (!byId) {
    const key = keyOfLogin(template, login);
    return { key, verify: () => verify(key, login, ports) };
  }
  if (!ports.findAccount) {
    const key = await keyByMark(login, owner, ports);
    return { key, verify: async () => [notAsked(login)] };
  }
  const id = await ports.findAccount(login);
  if (id === undefined) throw nobody(login);
  const key = await keyById(login, id, { template, owner }, ports);
  return { key, verify: async () => [] };
}

/** A user that carries nobody's id is nobody else's: GitHub need not be asked. */
async function verify(
  key: UserKey,
  login: string,
  { readUser, findAccount }: CheckPorts,
): Promise<readonly Warning[]> {
  const user = await readUser(key);
  if (idOf(user) === undefined) return [];
  if (!findAccount) return [notAsked(login)];
  requireOwn(user, login, await findAccount(login));
  return [];
}

function keyOfLogin(template: string, login: string): UserKey {
  const key = parseUserKey(template.replaceAll('{login}', login));
  if (key !== undefined) return key;
  throw new SyncError('USAGE', `"${login}" can't be a user key in Permit`, 'give a login as GitHub shows it');
}

/** Whose user it is, by a mark of any owner or by what a released user keeps. */
function idOf(user: PermitUser | undefined): GitHubId | undefined {
  if (user === undefined) return undefined;
  const reading = readMark(user.attributes);
  return reading.kind === 'valid' ? reading.mark.id : parseGitHubId(user.attributes.github_id);
}

function requireOwn(user: PermitUser | undefined, login: string, today: GitHubId | undefined): void {
  const id = idOf(user);
  if (user === undefined || id === undefined || id === today) return;
  const now =
    today === undefined ? 'nobody on GitHub has that login' : `the login belongs to GitHub id ${today}`;
  throw new SyncError(
    'USAGE',
    `the user ${user.key} in Permit is GitHub id ${id}, while ${now} today: there is no answer for ${login}`,
    `"gh-permit-sync explain ${login}" shows who is meant; "gh-permit-sync reconcile" brings users under their new logins`,
  );
}

/** What a command about a person ends with where there is none. */
export const nobody = (login: string): SyncError =>
  new SyncError(
    'USAGE',
    `nobody on GitHub has the login ${login}`,
    'check the spelling; someone who was renamed has another login now',
  );

const notAsked = (login: string): Warning => ({
  code: 'GITHUB_NOT_ASKED',
  message: `GitHub was not asked who has the login ${login} today, since there is no credential for it: the answer is about whoever had it when the user was last synced (set GH_TOKEN to be sure)`,
});

/** Under the key that is due, or wherever the person's user still stands. */
async function keyById(
  login: string,
  id: GitHubId,
  { template, owner }: { readonly template: string; readonly owner: string },
  { readUser, readUsers }: CheckPorts,
): Promise<UserKey> {
  const due = userKeyFor(template, { login, id });
  const user = due === undefined ? undefined : await readUser(due);
  requireOwn(user, login, id);
  if (user) return user.key;
  const found = only(login, owner, await readUsers(), (mark) => mark.id === id);
  if (found ?? due) return (found ?? due) as UserKey;
  throw nobodyIn(login);
}

/** By the name in the mark, if need be among those of other owners. */
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
    'check the spelling; someone who has just joined or been renamed is there after `gh-permit-sync reconcile`',
  );

/** @returns undefined where there is none. @throws SyncError where there are several */
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
    `the users ${enumerate(keys)} all carry the login ${login}, so it is not clear which one is meant`,
    'bring the users up to date by `gh-permit-sync reconcile`, or delete the wrong one in Permit',
  );
}
