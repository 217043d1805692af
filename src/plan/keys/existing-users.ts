import type { GitHubId } from '../../model/identity.ts';
import type { Adoption, ExistingUsers, Note, PersonPlan } from '../../model/plan.ts';
import { enumerate } from '../../model/text/text.ts';
import type { PermitUser } from '../../model/user.ts';
import type { Basis } from '../basis.ts';
import { isUnclaimed } from '../ownership.ts';
import { userKeyFor } from './user-key.ts';

/** Usual user keys for people from GitHub, in other programs such as Auth0 and in our own configs. */
const USUAL_TEMPLATES = ['{login}', 'github|{id}', '{id}'] as const;

type Existing = { readonly user: PermitUser; readonly template: string | undefined };

/**
 * Counts the people for whom the plan creates a second user: an unmarked one seems to be theirs, by its key or by its
 * attribute `github_id`.
 * @returns undefined if there are none.
 */
export function countExisting(basis: Basis, people: readonly PersonPlan[]): ExistingUsers | undefined {
  const found = [...withExisting(basis, people)].map(({ existing }) => existing);
  if (found.length === 0) return undefined;
  const [first] = USUAL_TEMPLATES.map((template) => ({
    template,
    users: found.flatMap((users) => users.filter((one) => one.template === template)),
  })).sort((a, b) => b.users.length - a.users.length);
  if (first === undefined || first.users.length === 0) return { people: found.length, adoptable: undefined };
  const needing = (adoption: Adoption): number =>
    first.users.filter(({ user }) => adoptionOf(basis, user) === adoption).length;
  const adoptable = { template: first.template, plain: needing('plain'), all: needing('all') };
  return { people: found.length, adoptable };
}

/** Later runs only warn about such people. */
export function noteExisting(basis: Basis, people: readonly PersonPlan[]): readonly Note[] {
  const found = [...withExisting(basis, people)];
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

/** Which `--adopt` would adopt a user without our mark. */
export const adoptionOf = ({ managed }: Pick<Basis, 'managed'>, user: PermitUser): Adoption =>
  isUnclaimed(user) && user.grants.every(managed.has) ? 'plain' : 'all';

function* withExisting(
  basis: Basis,
  people: readonly PersonPlan[],
): Iterable<{ readonly person: PersonPlan; readonly existing: readonly Existing[] }> {
  for (const person of people) {
    const { id, login, changes } = person;
    const created = changes.some((change) => change.kind === 'createUser' && change.from === undefined);
    if (id === undefined || !created) continue;
    const existing = existingUsersOf(basis, { id, login });
    if (existing.length > 0) yield { person, existing };
  }
}

function existingUsersOf(
  { ownership }: Basis,
  person: { readonly id: GitHubId; readonly login: string },
): readonly Existing[] {
  const found = new Map<string, Existing>();
  for (const template of USUAL_TEMPLATES) {
    const key = userKeyFor(template, person);
    for (const { user, reading } of key === undefined ? [] : ownership.underKey(key)) {
      // Another id belongs to another person, who had this login before.
      const isOther = reading.kind !== 'none' || (reading.id !== undefined && reading.id !== person.id);
      if (!isOther && !found.has(user.key)) found.set(user.key, { user, template });
    }
  }
  for (const { user, reading } of ownership.former.get(person.id) ?? []) {
    if (reading.kind === 'none' && !found.has(user.key)) found.set(user.key, { user, template: undefined });
  }
  return [...found.values()];
}
