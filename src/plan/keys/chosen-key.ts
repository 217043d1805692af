import { SyncError } from '../../model/errors.ts';
import { compareText, folded, isSameName } from '../../model/identity.ts';
import type { Mark } from '../../model/mark.ts';
import type { PersonPlan, Plan } from '../../model/plan.ts';
import { enumerate } from '../../model/text/text.ts';
import type { PermitUser } from '../../model/user.ts';
import { groupByOwner, type ManagedUser } from '../ownership.ts';
import type { PlanInput } from '../plan-input.ts';
import { isTemporaryKey, userKeyFor } from './user-key.ts';

/**
 * A default template never moves anyone (CONTRACT §5): a config file that was not found, or a changed default, must not
 * give everyone a new key.
 * @throws SyncError `USER_KEY_CHANGED` if `users.key` is not set, and most users have keys from another template or the
 *   plan would move someone to the default one.
 */
export function requireChosenKey(
  plan: Pick<Plan, 'people'>,
  users: readonly PermitUser[],
  {
    owner,
    userSettings,
    userKeyChosen,
  }: Pick<PlanInput, 'owner' | 'userSettings'> & { userKeyChosen: boolean },
): void {
  if (userKeyChosen) return;
  const { managed, moving } = groupByOwner(users, owner);
  // An unfinished move shows the template by its new key. A temporary key shows nothing.
  const marked = [...managed.values(), ...[...moving.values()].map(({ to }) => to)];
  const standing = marked.filter(({ user }) => !isTemporaryKey(user.key));
  const elsewhere = standing.filter((one) => !standsUnder(userSettings.key, one));
  const most = elsewhere.length > 0 && isMost(elsewhere, standing);
  if (most || plan.people.some(isMovedByTemplate))
    throw keyChanged(userSettings.key, standing, elsewhere, most);
}

/** Users without grants count only if nobody has any: `onLeave: unassign` keeps users that never get a new key. */
function isMost(part: readonly ManagedUser[], whole: readonly ManagedUser[]): boolean {
  const holding = (users: readonly ManagedUser[]): number =>
    users.filter(({ user }) => user.grants.length > 0).length;
  const of = holding(whole);
  return of > 0 ? 2 * holding(part) > of : 2 * part.length > whole.length;
}

/** Whether the plan begins a move because of the template. Finishing an earlier move does not count. */
const isMovedByTemplate = ({ move, changes }: PersonPlan): boolean =>
  move?.cause === 'template' && changes.some(({ kind }) => kind === 'createUser');

function standsUnder(template: string, { user, mark }: ManagedUser): boolean {
  const key = userKeyFor(template, mark);
  return key !== undefined && isSameName(key, user.key);
}

function keyChanged(
  template: string,
  standing: readonly ManagedUser[],
  elsewhere: readonly ManagedUser[],
  most: boolean,
): SyncError {
  const names = enumerate(elsewhere.map(({ user }) => user.key).sort(compareText), 3);
  const fitting = commonTemplate(elsewhere);
  const stay =
    fitting === undefined || !most
      ? []
      : [`to keep the users where they are, set users.key: "${fitting}" (or --user-key '${fitting}')`];
  return new SyncError(
    'USER_KEY_CHANGED',
    `users.key is not set, and ${elsewhere.length} of ${standing.length} managed users have keys that its default ` +
      `"${template}" does not give them: ${names}; nothing was written`,
    [
      ...stay,
      `to give everyone the key of the default, set users.key: "${template}"; these moves count against the limit moves`,
    ].join('\n'),
  );
}

/** The template that explains the most keys. People who were renamed may still have a key with a former login. */
function commonTemplate(users: readonly ManagedUser[]): string | undefined {
  const votes = new Map<string, number>();
  for (const { user, mark } of users) {
    for (const template of templatesBehind(user.key, mark)) {
      votes.set(template, (votes.get(template) ?? 0) + 1);
    }
  }
  const [first] = [...votes].sort(([a, m], [b, n]) => n - m || a.length - b.length || compareText(a, b));
  return first?.[0];
}

/** Every template that gives this person this key, with each placeholder at most once. */
function templatesBehind(key: string, { login, id }: Pick<Mark, 'login' | 'id'>): readonly string[] {
  const withId = [key, ...replacements(key, String(id), '{id}')];
  return withId
    .flatMap((text) => [text, ...replacements(text, login, '{login}')])
    .filter(
      (template) => /\{(?:login|id)\}/.test(template) && userKeyFor(template, { login, id }) !== undefined,
    );
}

/** The text with one occurrence of `part` replaced, for each occurrence. */
function replacements(text: string, part: string, placeholder: string): readonly string[] {
  const found: string[] = [];
  for (
    let at = folded(text).indexOf(folded(part));
    at >= 0;
    at = folded(text).indexOf(folded(part), at + 1)
  ) {
    found.push(text.slice(0, at) + placeholder + text.slice(at + part.length));
  }
  return found;
}
