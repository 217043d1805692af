import { SyncError } from '../model/errors.ts';
import { folded, parseUserKey, type UserKey } from '../model/identity.ts';
import { readMark } from '../model/mark.ts';
import { enumerate } from '../model/text.ts';
import type { PermitUser } from '../model/user.ts';

/**
 * The person's user key: made of the login where the template needs nothing else; else that of the user whose mark
 * names the login, if need be among those of other owners.
 * @param template holds `{login}` or `{id}`.
 * @throws SyncError `USAGE`: nobody, or more than one.
 */
export async function userKeyOf(
  login: string,
  template: string,
  owner: string,
  readUsers: () => Promise<readonly PermitUser[]>,
): Promise<UserKey> {
  if (!template.includes('{id}')) {
    const key = parseUserKey(template.replaceAll('{login}', login));
    if (key !== undefined) return key;
    throw new SyncError(
      'USAGE',
      `"${login}" can be no user key in Permit`,
      'give a login as it stands on GitHub',
    );
  }
  const found = (await readUsers()).flatMap((user) => {
    const reading = readMark(user.attributes);
    const named = reading.kind === 'valid' && folded(reading.mark.login) === folded(login);
    return named ? [{ key: user.key, owner: reading.mark.owner }] : [];
  });
  const ours = found.filter((one) => one.owner === owner);
  const [only, ...others] = ours.length > 0 ? ours : found;
  if (only !== undefined && others.length === 0) return only.key;
  if (only !== undefined) {
    const keys = [only, ...others].map(({ key }) => key);
    throw new SyncError(
      'USAGE',
      `the login ${login} stands on the users ${enumerate(keys)}, so that it is not clear who is meant`,
      'bring the users up to date by `gh-permit-sync reconcile`, or delete the wrong one in Permit',
    );
  }
  throw new SyncError(
    'USAGE',
    `no user in Permit belongs to the login ${login}`,
    'check the spelling; whoever joined or was renamed only now is there after `gh-permit-sync reconcile`',
  );
}
