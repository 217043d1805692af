import { compareText } from '../model/identity.ts';
import { usersOf } from '../model/plan.ts';
import { enumerate } from '../model/text.ts';
import { reportKept } from './claims.ts';
import { type Context, skip } from './context.ts';
import { claimsToBeOurs } from './ownership.ts';

/**
 * Users that claim to be ours and can't be told apart or trusted: left alone, and named in every run. So are bad marks
 * of other owners, which are theirs to mend.
 */
export function skipInvalidMarks(context: Context): void {
  const { duplicates, others, owner } = context.ownership;
  for (const [id, users] of duplicates) {
    if (
      !context.selected(
        id,
        users.flatMap(({ user, mark }) => [user.key, mark.login]),
      )
    )
      continue;
    const keys = users.map(({ user }) => user.key).sort(compareText);
    const message = `the users ${enumerate(keys)} all carry the GitHub id ${id} and are left alone; delete the wrong ones`;
    skip(context, id, keys[0] ?? '', 'DUPLICATE_ID', message);
    for (const one of users) reportKept(context, one, 'it is one of several users with that id');
  }
  // One that is in a person's way was named with that person; one that is mended is not left alone.
  const settled = new Set<string>([
    ...context.skipped.filter(({ code }) => code === 'BAD_MARK').map((one) => one.user),
    ...usersOf(context.people),
  ]);
  for (const { user, reading } of others) {
    if (reading.kind !== 'bad' || settled.has(user.key)) continue;
    if (!context.selected(undefined, [user.key])) continue;
    if (!claimsToBeOurs(user, owner)) {
      context.kept.push({ id: undefined, user: user.key, why: 'bad-mark' });
      continue;
    }
    const message = `the user ${user.key} is left alone: its mark is not valid (${reading.flaw}); mend its attributes`;
    skip(context, undefined, user.key, 'BAD_MARK', message);
  }
}
