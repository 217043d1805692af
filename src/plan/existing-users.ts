import type { GitHubId } from '../model/identity.ts';
import type { Adoption, ExistingUsers, Note, PersonPlan } from '../model/plan.ts';
import { enumerate } from '../model/text.ts';
import type { PermitUser } from '../model/user.ts';
import type { Context } from './context.ts';
import { isUnclaimed } from './ownership.ts';
import { userKeyFor } from './user-key.ts';

/** How other programs, Auth0 among them, and configs of ours usually name people who come from GitHub. */
const USUAL_TEMPLATES = ['{login}', 'github|{id}', '{id}'] as const;

type Existing = { readonly user: PermitUser; readonly template: string | undefined };

/**
 * Counts the people for whom the plan creates a user although an unmarked user is theirs, by its key or by the
 * `github_id` among its attributes.
 * @returns undefined where there is nobody.
 */
export function countExisting(context: Context): ExistingUsers | undefined {
  const found = [...withExisting(context)].map(({ existing }) => existing);
  if (found.length === 0) return undefined;
  const [first] = USUAL_TEMPLATES.map((template) => ({
    template,
    users: found.flatMap((users) => users.filter((one) => one.template === template)),
  })).sort((a, b) => b.users.length - a.users.length);
  if (first === undefined || first.users.length === 0) return { people: found.length, adoptable: undefined };
  const needing = (adoption: Adoption): number =>
    first.users.filter(({ user }) => adoptionOf(context, user) === adoption).length;
  const adoptable = { template: first.template, plain: needing('plain'), all: needing('all') };
  return { people: found.length, adoptable };
}

/** The same in a run that is not the first: a note, and the run goes on. */
export function noteExisting(context: Context): readonly Note[] {
  const found = [...withExisting(context)];
  if (found.length === 0) return [];
  const pairs = found.map(({ person, existing }) => `${person.user} beside ${existing[0]?.user.key}`);
  const what =
    found.length === 1 ? 'a new user beside an unmanaged user' : 'new users beside unmanaged users';
  return [
    {
      code: 'EXISTING_USER',
      users: found.map(({ person }) => person.user),
      message:
        `${enumerate(pairs)}: ${what} that may belong to the same person; if so, ` +
        'move what the unmanaged user holds to the new one, and delete the unmanaged user in Permit',
    },
  ];
}

/** Which `--adopt` takes over a user without our mark. */
export const adoptionOf = ({ managed }: Pick<Context, 'managed'>, user: PermitUser): Adoption =>
  isUnclaimed(user) && user.grants.every(managed.has) ? 'plain' : 'all';

function* withExisting(
  context: Context,
): Iterable<{ readonly person: PersonPlan; readonly existing: readonly Existing[] }> {
  for (const person of context.people) {
    const { id, login, changes } = person;
    const created = changes.some((change) => change.kind === 'createUser' && change.from === undefined);
    if (id === undefined || !created) continue;
    const existing = existingUsersOf(context, { id, login });
    if (existing.length > 0) yield { person, existing };
  }
}

function existingUsersOf(
  { ownership }: Context,
  person: { readonly id: GitHubId; readonly login: string },
): readonly Existing[] {
  const found = new Map<string, Existing>();
  for (const template of USUAL_TEMPLATES) {
    const key = userKeyFor(template, person);
    for (const { user, reading } of key === undefined ? [] : ownership.underKey(key)) {
      // Another id means another person: somebody who had this login before.
      const isOther = reading.kind !== 'none' || (reading.id !== undefined && reading.id !== person.id);
      if (!isOther && !found.has(user.key)) found.set(user.key, { user, template });
    }
  }
  for (const { user, reading } of ownership.former.get(person.id) ?? []) {
    if (reading.kind === 'none' && !found.has(user.key)) found.set(user.key, { user, template: undefined });
  }
  return [...found.values()];
}
