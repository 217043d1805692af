import type { Attributes } from '../user.ts';

/** `relation` links `subject` to `object`, both "type:key". */
export type Tuple = { readonly subject: string; readonly relation: string; readonly object: string };

export const tupleId = ({ subject, relation, object }: Tuple): string => `${subject} ${relation} ${object}`;

/** The two instances that a tuple links: a tuple between the same two, with another relation, replaces it. */
export const endsOf = ({ subject, object }: Pick<Tuple, 'subject' | 'object'>): string =>
  `${subject} ${object}`;

/** A resource instance as Permit holds it. */
export type PermitInstance = {
  /** "type:key". */
  readonly name: string;
  readonly tenant: string;
  readonly attributes: Attributes;
};

/** What Permit holds of the model (docs/REPOSITORIES.md), ours and others'. */
export type PermitGraph = {
  /** Every instance of the model's resource types, by name. */
  readonly instances: ReadonlyMap<string, PermitInstance>;
  /** Every tuple whose object is a repository. */
  readonly tuples: readonly Tuple[];
  /** Every other tuple of these instances, whatever is at its other end. Undefined if they were not asked for. */
  readonly uses?: { readonly of: ReadonlySet<string>; readonly tuples: readonly Tuple[] } | undefined;
  /** What `policy` has created: roles as `type#role`, relations of `repository`. */
  readonly model: { readonly roles: ReadonlySet<string>; readonly relations: ReadonlySet<string> };
};

/** Which part of the graph to read. The model is always read completely. */
export type GraphScope = {
  /** Names of instances. Those that do not exist are left out. */
  readonly instances: readonly string[] | 'all';
  /** Instances whose tuples are read. An organization has one for each of its repositories. */
  readonly tuplesOf: readonly string[] | 'all';
  /** Instances whose `uses` are read: Permit deletes them with the instance. */
  readonly usesOf?: readonly string[];
};

/** The attributes of an instance that are ours (docs/REPOSITORIES.md); all others belong to someone else. */
export const INSTANCE_ATTRIBUTES: ReadonlySet<string> = new Set([
  'managed_by',
  'github_id',
  'github_org',
  'github_name',
  'visibility',
  'org_roles',
]);
