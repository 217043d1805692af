import { type GitHubId, type OrgId, parseGitHubId, parseOrgId, type UserKey } from './identity.ts';
import { canonicalJson } from './text/canonical-json.ts';
import { isRecord, parseEach } from './text/record.ts';
import type { Attributes, Json } from './user.ts';

/** Every `managed_by` that this program writes begins with this; the owner's name follows. */
export const MANAGED_BY_PREFIX = 'gh-permit-sync:';

/** The attributes that we write (CONTRACT §5). Every other attribute belongs to someone else. */
export const MARK_KEYS = [
  'github_id',
  'github_login',
  'github_orgs',
  'managed_by',
  'managed_origin',
  'managed_move',
] as const;
type MarkKey = (typeof MARK_KEYS)[number];

/** Our attributes as they are, or as they should be. A missing key is removed. Comparable as JSON. */
export type MarkAttributes = { readonly [key in MarkKey]?: Json };

/** We may delete a user that we created. One that we adopted is only released. */
export type Origin = 'created' | 'adopted';

/**
 * A move that is under way, on the user that the person moves to. `email` waits here, since Permit allows an email
 * on one user only and the former user still has it.
 */
type Move = { readonly from: UserKey; readonly email: string | null };

/** Who a managed user is, read from its attributes. `orgs` are the organizations behind its grants, ascending. */
export type Mark = {
  readonly id: GitHubId;
  readonly login: string;
  readonly orgs: readonly OrgId[];
  readonly owner: string;
  readonly origin: Origin;
  readonly move?: Move;
};

/**
 * What a user's attributes say about its ownership.
 * - `none`: no `managed_by` of ours. `id` is a `github_id` that a released user keeps.
 * - `bad`: `managed_by` is ours while the rest is not valid; such a user is never written.
 */
export type MarkReading =
  | { readonly kind: 'none'; readonly id: GitHubId | undefined }
  | { readonly kind: 'valid'; readonly mark: Mark }
  | { readonly kind: 'bad'; readonly flaw: string };

/** Reads the mark. It counts only if every part is valid. */
export function readMark(attributes: Attributes): MarkReading {
  const managedBy = attributes.managed_by;
  if (typeof managedBy !== 'string' || !managedBy.startsWith(MANAGED_BY_PREFIX)) {
    return { kind: 'none', id: parseGitHubId(attributes.github_id) };
  }
  const owner = managedBy.slice(MANAGED_BY_PREFIX.length);
  if (owner === '') return { kind: 'bad', flaw: 'managed_by names no owner' };
  const id = parseGitHubId(attributes.github_id);
  if (id === undefined) return { kind: 'bad', flaw: 'github_id is not a positive integer' };
  const login = attributes.github_login;
  if (typeof login !== 'string' || login === '') return { kind: 'bad', flaw: 'github_login is not text' };
  const orgs = parseEach(attributes.github_orgs, parseOrgId)?.toSorted((a, b) => a - b);
  if (orgs === undefined) return { kind: 'bad', flaw: 'github_orgs is not a list of numeric ids' };
  const origin = attributes.managed_origin;
  if (origin !== 'created' && origin !== 'adopted') {
    return { kind: 'bad', flaw: 'managed_origin is neither created nor adopted' };
  }
  if (attributes.managed_move === undefined)
    return { kind: 'valid', mark: { id, login, orgs, owner, origin } };
  const move = readMove(attributes.managed_move);
  if (move === undefined) return { kind: 'bad', flaw: 'managed_move names no user key and email' };
  return { kind: 'valid', mark: { id, login, orgs, owner, origin, move } };
}

function readMove(value: Json): Move | undefined {
  if (value === null || typeof value !== 'object' || !('from' in value)) return undefined;
  const { from, email = null } = value;
  // The key exists, so Permit accepted it, whatever its pattern was then.
  if (typeof from !== 'string' || from === '' || (email !== null && typeof email !== 'string'))
    return undefined;
  return { from: from as UserKey, email };
}

/** The attributes that carry a mark, in a fixed order. */
export function writeMark(mark: Mark): MarkAttributes {
  return {
    github_id: mark.id,
    github_login: mark.login,
    github_orgs: [...mark.orgs],
    managed_by: MANAGED_BY_PREFIX + mark.owner,
    managed_origin: mark.origin,
    ...(mark.move === undefined ? {} : { managed_move: { from: mark.move.from, email: mark.move.email } }),
  };
}

/** The part of a user's attributes that is ours, valid or not. */
export function markAttributesOf(attributes: Attributes): MarkAttributes {
  const ours: { [key in MarkKey]?: Json } = {};
  for (const key of MARK_KEYS) {
    const value = attributes[key];
    if (value !== undefined) ours[key] = value;
  }
  return ours;
}

/**
 * Permit replaces `attributes` as a whole, so ours are merged with everyone else's here.
 * @returns the other attributes unchanged, and ours as in `to`.
 */
export function mergeMark(attributes: Attributes, to: MarkAttributes): Attributes {
  const foreign = Object.entries(attributes).filter(
    ([key]) => !(MARK_KEYS as readonly string[]).includes(key),
  );
  // Assigning would lose an attribute that is called __proto__.
  return Object.fromEntries([...foreign, ...Object.entries(to)]);
}

/**
 * Our attributes in a fixed order, without the email that waits in a move: it is the person's, and files never hold
 * it.
 */
export function plainMark(mark: MarkAttributes): MarkAttributes {
  const plain: { [key in MarkKey]?: Json } = {};
  for (const key of MARK_KEYS) {
    const value = mark[key];
    if (value !== undefined) plain[key] = key === 'managed_move' ? withoutEmail(value) : value;
  }
  return plain;
}

const withoutEmail = (move: Json): Json =>
  isRecord(move) && typeof move.from === 'string' ? { from: move.from } : {};

/** Which of our attributes differ. */
export function markKeysThatDiffer(a: MarkAttributes, b: MarkAttributes): readonly MarkKey[] {
  return MARK_KEYS.filter((key) => !isSameJson(a[key], b[key]));
}

/** Fast path: almost always both are the same text, number or list of numbers. */
export function isSameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, i) => one === b[i])) {
    return true;
  }
  if (a === undefined || b === undefined) return false;
  // Permit may give the keys of an object back in another order.
  return canonicalJson(a) === canonicalJson(b);
}
