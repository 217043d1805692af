import { orgOf } from '../../src/demo/github/github.ts';
import { grantText, type PermitUser } from '../../src/demo/permit/permit.ts';
import type { Pair } from './adapters.ts';

/** What one person holds, by the GitHub id of the mark, or by the key if there is none. */
type Holding = { readonly grants: ReadonlySet<string>; readonly attributes: ReadonlySet<string> };

const whoIs = ({ attributes, key }: PermitUser): string => String(attributes?.github_id ?? key);

const OURS = /^(github_|managed_)/;
const foreignAttributes = (user: PermitUser): readonly string[] =>
  Object.entries(user.attributes ?? {})
    .filter(([name]) => !OURS.test(name))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);

/** A person may stand under two keys while a move is under way: what either holds, the person holds. */
function holdings({ permit }: Pair): ReadonlyMap<string, Holding> {
  const held = new Map<string, Holding>();
  for (const user of permit.world.users.values()) {
    const { grants, attributes } = held.get(whoIs(user)) ?? { grants: new Set(), attributes: new Set() };
    held.set(whoIs(user), {
      grants: new Set([...grants, ...user.grants.map(grantText)]),
      attributes: new Set([...attributes, ...foreignAttributes(user)]),
    });
  }
  return held;
}

/** What GitHub gives to whom: the id to the one grant. */
const given = ({ github }: Pair): ReadonlyMap<string, string> =>
  new Map(
    [...orgOf(github.world, 'acme').members]
      .filter(([, { state }]) => state === 'active')
      .map(([id, { role }]) => [String(id), `default/${role}`]),
  );

const MANAGED = new Set(['default/admin', 'default/member']);
const marked = ({ permit }: Pair): ReadonlySet<string> =>
  new Set(
    [...permit.world.users.values()]
      .filter(({ attributes }) => attributes?.managed_by)
      .map((user) => whoIs(user)),
  );

/**
 * Remembers who holds what, and watches that nobody is worse off than both GitHub and that memory allow.
 * @returns tells, at any later moment, the people who lost something wrongly: who are members and had a grant, and
 * have none at all or not the one that they had and are to have; and whoever lost what is not ours to take.
 */
export function watchLosses(pair: Pair): () => readonly string[] {
  const before = holdings(pair);
  const ours = marked(pair);
  return () => {
    const now = holdings(pair);
    const wanted = given(pair);
    return [...before]
      .filter(([who, had]) => {
        const has = now.get(who) ?? { grants: new Set(), attributes: new Set() };
        const grant = wanted.get(who);
        const isMember = grant !== undefined;
        const losesGrant = [...had.grants].some(
          (one) => !has.grants.has(one) && (!ours.has(who) || !MANAGED.has(one) || one === grant),
        );
        const losesAll = isMember && had.grants.size > 0 && has.grants.size === 0;
        // A leaver's user may be deleted with everything, unless others gave it something.
        const keepsUser = isMember || !ours.has(who) || [...had.grants].some((one) => !MANAGED.has(one));
        const losesAttribute = keepsUser && [...had.attributes].some((one) => !has.attributes.has(one));
        return losesGrant || losesAll || losesAttribute;
      })
      .map(([who]) => who);
  };
}

/**
 * Remembers who carries our mark, so that people who lose it are still checked.
 * @returns tells, at any later moment, those of them who hold more than GitHub gives them, or who still stand there
 * with our mark without being members.
 */
export function watchExcess(pair: Pair): () => readonly string[] {
  const before = marked(pair);
  return () => {
    const wanted = given(pair);
    const now = marked(pair);
    const ours = new Set([...before, ...now]);
    return [...holdings(pair)]
      .filter(([who, { grants }]) => {
        const grant = wanted.get(who);
        const holdsMore = [...grants].some((one) => MANAGED.has(one) && one !== grant);
        return ours.has(who) && (holdsMore || (grant === undefined && now.has(who)));
      })
      .map(([who]) => who);
  };
}
