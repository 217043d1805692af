import {
  type IdentityName,
  type IdentityReading,
  identitiesIn,
  KEY_PLACEHOLDER,
  type KeyPlaceholder,
  type MapRow,
} from '../../model/corporate-identity.ts';
import { folded, type GitHubId, parseUserKey, type UserKey } from '../../model/identity.ts';
import { groupBy } from '../../model/text/record.ts';
import type { UserSettings } from '../../model/user.ts';
import { userKeyFor } from './user-key.ts';

/**
 * The user key that is due to a person.
 * - `refused`: Permit would refuse it.
 * - `unknown`: the person has no clear identity. A managed person keeps the key, a new one waits.
 */
type DueKey =
  | { readonly kind: 'known'; readonly key: UserKey }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown'; readonly why: string };

type KeyedPerson = { readonly id: GitHubId; readonly login: string };

export type UserKeys = {
  readonly dueTo: (person: KeyedPerson) => DueKey;
  /** The same without the reason: undefined if no key is due. */
  readonly keyOf: (person: KeyedPerson) => UserKey | undefined;
  /** Whether the keys hold identities, so that a changed login moves nobody. */
  readonly areIdentities: boolean;
};

/** What the keys are made of. */
export type KeySource = {
  readonly userSettings: Pick<UserSettings, 'key' | 'map'>;
  readonly identities?: IdentityReading | undefined;
};

/**
 * The user keys of these people. An identity counts only if it is the person's alone: of two people with one, neither
 * gets the key.
 * @param people everyone to compare with.
 */
export function userKeys(source: KeySource, people: () => Iterable<KeyedPerson>): UserKeys {
  const { key: template } = source.userSettings;
  const areIdentities = identitiesIn(template).length > 0;
  const dueTo = areIdentities
    ? identityKeys(source, people)
    : (person: KeyedPerson) => plainKey(template, person);
  return {
    areIdentities,
    dueTo,
    keyOf: areIdentities
      ? (person) => {
          const due = dueTo(person);
          return due.kind === 'known' ? due.key : undefined;
        }
      : (person) => userKeyFor(template, person),
  };
}

type NamedIdentity = { readonly name: IdentityName; readonly value: string; readonly source: string };

/** What each identity in the template is for a person, and where it comes from. */
export function identitiesOf(
  { userSettings, identities }: KeySource,
  { id, login }: KeyedPerson,
): readonly NamedIdentity[] {
  const own = (identities?.identities ?? []).filter((one) => one.id === id);
  return identitiesIn(userSettings.key).flatMap((name): readonly NamedIdentity[] =>
    name === 'map'
      ? rowsOf(userSettings.map ?? [])({ id, login }).map((value) => ({ name, value, source: 'users.map' }))
      : own.flatMap(({ names, source }) => (names[name] ?? []).map((value) => ({ name, value, source }))),
  );
}

/** A person's rows. One of digits is about an id, even if someone has it as a login. */
function rowsOf(map: readonly MapRow[]): (person: KeyedPerson) => readonly string[] {
  const keys = new Map(map.map(({ person, key }) => [person, key]));
  return ({ id, login }) =>
    [keys.get(String(id)), /^\d+$/.test(login) ? undefined : keys.get(folded(login))].filter(
      (key) => key !== undefined,
    );
}

const plainKey = (template: string, person: KeyedPerson): DueKey => asKey(userKeyFor(template, person));

const asKey = (key: UserKey | undefined): DueKey =>
  key === undefined ? { kind: 'refused' } : { kind: 'known', key };

function identityKeys(
  { userSettings, identities }: KeySource,
  people: () => Iterable<KeyedPerson>,
): (person: KeyedPerson) => DueKey {
  const read = identityValues(userSettings.map ?? [], identities);
  const fill = (person: KeyedPerson): FilledTemplate => fillTemplate(userSettings.key, person, read);
  const holdersOf = holdersIndex(fill, () => [...people(), ...(identities?.identities ?? [])]);
  return (person) => {
    if (identities?.flaw !== undefined) return { kind: 'unknown', why: identities.flaw };
    const filled = fill(person);
    if ('why' in filled) return { kind: 'unknown', ...filled };
    const other = holdersOf(filled.text).find(({ id }) => id !== person.id);
    if (other === undefined) return asKey(parseUserKey(filled.text));
    return { kind: 'unknown', why: `${other.login} (GitHub id ${other.id}) has the same identity` };
  };
}

type FilledTemplate = { readonly text: string } | { readonly why: string };

/** Built on first use. GitHub may list a person several times. */
function holdersIndex(
  fill: (person: KeyedPerson) => FilledTemplate,
  people: () => readonly KeyedPerson[],
): (text: string) => readonly KeyedPerson[] {
  let index: ReadonlyMap<string, readonly KeyedPerson[]> | undefined;
  return (text) => {
    index ??= groupBy(people(), (person) => {
      const filled = fill(person);
      return 'text' in filled ? folded(filled.text) : undefined;
    });
    return index.get(folded(text)) ?? [];
  };
}

function fillTemplate(
  template: string,
  person: KeyedPerson,
  read: (name: IdentityName, person: KeyedPerson) => FilledTemplate,
): FilledTemplate {
  let why: string | undefined;
  const text = template.replace(KEY_PLACEHOLDER, (_, name: KeyPlaceholder) => {
    if (name === 'login' || name === 'id') return String(person[name]);
    const value = read(name, person);
    if ('text' in value) return value.text;
    why ??= value.why;
    return '';
  });
  return why === undefined ? { text } : { why };
}

const WORDS = {
  'saml.nameId': 'SAML NameID',
  'saml.email': 'SAML email',
  'scim.userName': 'SCIM userName',
  email: 'email of a verified domain',
} as const satisfies Record<Exclude<IdentityName, 'map'>, string>;

/** A person's value for each name, or why there is none or more than one. */
function identityValues(
  map: readonly MapRow[],
  reading: IdentityReading | undefined,
): (name: IdentityName, person: KeyedPerson) => FilledTemplate {
  const rows = rowsOf(map);
  const byId = groupBy(reading?.identities ?? [], ({ id }) => id);
  return (name, person) => {
    if (name === 'map') {
      const why = {
        none: 'users.map has no row for them',
        several: 'users.map names them by login and by id',
      };
      return only(rows(person), why);
    }
    const values = (byId.get(person.id) ?? []).flatMap(({ names }) => names[name] ?? []);
    const word = WORDS[name];
    return only(values, { none: `GitHub shows no ${word}`, several: `GitHub shows more than one ${word}` });
  };
}

function only(
  values: readonly string[],
  why: { readonly none: string; readonly several: string },
): FilledTemplate {
  const [first, ...others] = new Map(values.map((value) => [folded(value), value])).values();
  if (first === undefined) return { why: why.none };
  return others.length > 0 ? { why: why.several } : { text: first };
}
