import { identitiesIn } from '../../model/corporate-identity.ts';
import { folded, type GitHubId } from '../../model/identity.ts';
import type { Adoption, ExistingUsers, Note, PersonPlan } from '../../model/plan.ts';
import { groupBy } from '../../model/text/record.ts';
import { count, enumerate } from '../../model/text/text.ts';
import type { PermitUser } from '../../model/user.ts';
import type { Basis } from '../basis.ts';
import { isUnclaimed, type ReadUser } from '../ownership.ts';
import { userKeys } from './due-key.ts';

/** Usual user keys for people from GitHub, in other programs such as Auth0 and in our own configs, and identities. */
const USUAL_TEMPLATES = [
  ...['{login}', 'github|{id}', '{id}'],
  ...['{saml.nameId}', '{saml.email}', '{scim.userName}', '{email}'],
] as const;

type UnmarkedUser = { readonly user: PermitUser; readonly template: string | undefined };

/**
 * Counts the people for whom the plan creates a second user: an unmarked one seems to be theirs, by its key, its
 * email or its attribute `github_id`.
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

/**
 * A first run that reads no emails from GitHub can't tell whether users with an email are members. It says so where it
 * creates users, since each may be a second one.
 */
export function noteUnmatchedEmails(basis: Basis, people: readonly PersonPlan[]): readonly Note[] {
  const { input, desired, ownership } = basis;
  if (input.ids || input.identities || identitiesIn(input.userSettings.key).length > 0) return [];
  const created = people.filter(({ changes }) => changes.some(({ kind }) => kind === 'createUser')).length;
  const withEmail = ownership.others.filter(
    ({ user, reading }) =>
      reading.kind === 'none' && reading.id === undefined && (user.key.includes('@') || user.profile?.email),
  );
  if (created === 0 || withEmail.length === 0) return [];
  const find = finderOf(basis);
  const matched = new Set(
    [...desired.people.values()].flatMap((person) => find(person).map(({ user }) => user)),
  );
  const users = withEmail.flatMap(({ user }) => (matched.has(user) ? [] : [user.key])).sort();
  if (users.length === 0) return [];
  const message =
    `Permit has ${count(users.length, 'user')} with an email, which this run can't match with members; if they belong to ` +
    `members, ${created === 1 ? 'the new user' : `some of the ${created} new users`} of this plan would be second ones; ` +
    'to match them, set users.profile to [email], or users.key to an identity such as {email}';
  return [{ code: 'EXISTING_USER', users, message }];
}

/** Which `--adopt` would adopt a user without our mark. */
export const adoptionOf = ({ managed }: Pick<Basis, 'managed'>, user: PermitUser): Adoption =>
  isUnclaimed(user) && user.grants.every(managed.has) ? 'plain' : 'all';

function* withExisting(
  basis: Basis,
  people: readonly PersonPlan[],
): Iterable<{ readonly person: PersonPlan; readonly existing: readonly UnmarkedUser[] }> {
  let find: ReturnType<typeof finderOf> | undefined;
  if (basis.ownership.others.length === 0) return;
  for (const person of people) {
    const { id, login, changes } = person;
    const created = changes.some((change) => change.kind === 'createUser' && change.from === undefined);
    if (id === undefined || !created) continue;
    find ??= finderOf(basis);
    const existing = find({ id, login });
    if (existing.length > 0) yield { person, existing };
  }
}

/** @returns finds the users without our mark that seem to be a person's. */
function finderOf({ desired, input, ownership }: Basis) {
  const { identities } = input;
  const keys = USUAL_TEMPLATES.map((template) => {
    const source = { userSettings: { key: template }, identities };
    return { template, keyOf: userKeys(source, () => desired.people.values()).keyOf };
  });
  const byEmail = groupBy(ownership.others, ({ user }) => user.profile?.email?.toLowerCase());
  const emails = groupBy(identities?.identities ?? [], ({ id }) => id);
  return (person: { readonly id: GitHubId; readonly login: string }): readonly UnmarkedUser[] => {
    const found = new Map<string, UnmarkedUser>();
    // Another id belongs to another person, who had this login or email before.
    const isTheirs = ({ reading }: ReadUser): boolean =>
      reading.kind === 'none' && (reading.id === undefined || reading.id === person.id);
    const add = (users: readonly ReadUser[], template: string | undefined): void => {
      for (const one of users) {
        const { user } = one;
        if (isTheirs(one) && !found.has(user.key)) found.set(user.key, { user, template });
      }
    };
    for (const { template, keyOf } of keys) {
      const key = keyOf(person);
      if (key !== undefined) add(ownership.underKey(key), template);
    }
    for (const { names } of emails.get(person.id) ?? []) {
      for (const name of Object.values(names).flat()) add(byEmail.get(folded(name)) ?? [], undefined);
    }
    add(ownership.former.get(person.id) ?? [], undefined);
    return [...found.values()];
  };
}
