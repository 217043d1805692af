import type { PersonErrorCode } from './errors.ts';
import { compareGrants, type Grant, grantOf } from './grant.ts';
import { compareText, type UserKey } from './identity.ts';
import { type MarkAttributes, plainMark } from './mark.ts';
import { isRecord } from './text/record.ts';
import type { Profile } from './user.ts';

/** What each kind of change holds in addition to its user and reason. */
type ChangeFields = {
  /** `from` is set for a move: the user whose profile and other attributes are copied. */
  readonly createUser: { readonly mark: MarkAttributes; readonly from?: UserKey; readonly profile?: Profile };
  /** `profile` holds the fields that are written together with the mark. */
  readonly updateUser: {
    readonly from: MarkAttributes;
    readonly to: MarkAttributes;
    readonly profile?: Profile;
  };
  /** `last` is the mark at planning time: a user whose mark has changed since is not deleted. */
  readonly deleteUser: { readonly last: MarkAttributes };
  readonly assignRole: { readonly grant: Grant };
  readonly unassignRole: { readonly grant: Grant };
};

export type ChangeKind = keyof ChangeFields;
export type ChangeOf<Kind extends ChangeKind> = {
  [K in Kind]: { readonly kind: K; readonly user: UserKey; readonly reason: string } & ChangeFields[K];
}[Kind];

/** One idempotent step towards the desired state. `reason` is shown to the operator. */
export type Change = ChangeOf<ChangeKind>;
export type GrantChange = Extract<Change, { grant: Grant }>;

/** Kinds that Permit accepts in bulk; it updates attributes one user at a time. */
export type BulkKind = Exclude<ChangeKind, 'updateUser'>;

/** Whether a change adds, changes or removes something in Permit. */
export type Sign = '+' | '~' | '-';

type ChangeTraits<K extends ChangeKind> = {
  /** What the change does to the data in Permit. */
  readonly sign: Sign;
  /** Words for the reports: "create", "created", "user". */
  readonly verb: string;
  readonly done: string;
  readonly noun: 'user' | 'role';
  /** Position among the changes of one user in a plan. */
  readonly rank: number;
  /** A copy that is safe to keep in a file: no attribute but our mark, no email. */
  readonly plain: (fields: ChangeFields[K]) => ChangeFields[K];
  /** Reads the fields from a saved plan. Undefined if they are not those of this kind. */
  readonly read: (fields: JsonFields) => ChangeFields[K] | undefined;
} & (K extends BulkKind
  ? {
      /** How many fit in one bulk request (Permit's documentation, "Bulk operations"). */
      readonly perCall: number;
    }
  : unknown);

type JsonFields = Readonly<Record<string, unknown>>;

const USERS_PER_CALL = 3000;
const GRANTS_PER_CALL = 2000;

/**
 * Everything that is known about each kind of change. A new kind is a row here and an endpoint in the Permit writer.
 */
export const CHANGES: { readonly [K in ChangeKind]: ChangeTraits<K> } = {
  createUser: {
    sign: '+',
    verb: 'create',
    done: 'created',
    noun: 'user',
    rank: 1,
    perCall: USERS_PER_CALL,
    plain: ({ mark, from, profile }) => ({
      ...(from === undefined ? {} : { from }),
      mark: plainMark(mark),
      ...plainProfile(profile),
    }),
    read: ({ mark, from, profile }) =>
      isMark(mark)
        ? { mark, ...(typeof from === 'string' ? { from: from as UserKey } : {}), ...readProfile(profile) }
        : undefined,
  },
  updateUser: {
    sign: '~',
    verb: 'update',
    done: 'updated',
    noun: 'user',
    rank: 2,
    plain: ({ from, to, profile }) => ({
      from: plainMark(from),
      to: plainMark(to),
      ...plainProfile(profile),
    }),
    read: ({ from, to, profile }) =>
      isMark(from) && isMark(to) ? { from, to, ...readProfile(profile) } : undefined,
  },
  deleteUser: {
    sign: '-',
    verb: 'delete',
    done: 'deleted',
    noun: 'user',
    rank: 0,
    perCall: USERS_PER_CALL,
    plain: ({ last }) => ({ last: plainMark(last) }),
    read: ({ last }) => (isMark(last) ? { last } : undefined),
  },
  assignRole: {
    sign: '+',
    verb: 'assign',
    done: 'assigned',
    noun: 'role',
    rank: 3,
    perCall: GRANTS_PER_CALL,
    plain: plainGrant,
    read: readGrant,
  },
  unassignRole: {
    sign: '-',
    verb: 'unassign',
    done: 'unassigned',
    noun: 'role',
    rank: 4,
    perCall: GRANTS_PER_CALL,
    plain: plainGrant,
    read: readGrant,
  },
};

export const CHANGE_KINDS = Object.keys(CHANGES) as readonly ChangeKind[];

function plainGrant({ grant }: { readonly grant: Grant }): { readonly grant: Grant } {
  return { grant: grantOf(grant.tenant, grant.role, grant.resource) };
}

function readGrant({ tenant, role, resource }: JsonFields): { readonly grant: Grant } | undefined {
  if (typeof tenant !== 'string' || typeof role !== 'string') return undefined;
  return { grant: grantOf(tenant, role, typeof resource === 'string' ? resource : undefined) };
}

/** Saved plans are only compared, so any object is enough: `plain` drops what is not part of a mark. */
const isMark = (value: unknown): value is MarkAttributes => isRecord(value);

/** Only which fields are written: their values are the person's, and files never hold them. */
const plainProfile = (profile: Profile | undefined): { readonly profile?: Profile } =>
  profile === undefined
    ? {}
    : { profile: Object.fromEntries(Object.keys(profile).map((field) => [field, '***'])) };

const readProfile = (profile: unknown): { readonly profile?: Profile } =>
  isRecord(profile) ? { profile } : {};

/** A copy without any attribute but our mark and without an email: what a file may hold. */
export function plainChange<K extends ChangeKind>(change: ChangeOf<K>): ChangeOf<K> {
  const { kind, user, reason } = change;
  return { kind, user, ...CHANGES[kind].plain(change), reason } as ChangeOf<K>;
}

/** By user, then kind, then grant. */
export function compareChanges(a: Change, b: Change): number {
  return (
    compareText(a.user, b.user) ||
    CHANGES[a.kind].rank - CHANGES[b.kind].rank ||
    ('grant' in a && 'grant' in b ? compareGrants(a.grant, b.grant) : 0)
  );
}

/**
 * How a change ended. `planned`: this is a dry run. `skipped`: it was not tried. `stood`: it was in effect before the
 * run, which a lagging listing did not show.
 */
export type Outcome =
  | { readonly kind: 'planned' }
  | { readonly kind: 'applied'; readonly stood?: true }
  | { readonly kind: 'skipped'; readonly why: string }
  | { readonly kind: 'failed'; readonly code: PersonErrorCode; readonly message: string };

/** A change and how it ended. */
export type Result<C = Change> = { readonly change: C; readonly outcome: Outcome };

/** Finds the result of a change. Fast for changes in the order of the results, which is almost always the case. */
export function resultFinder(results: readonly Result[]): (change: Change) => Result | undefined {
  let next = 0;
  let byChange: ReadonlyMap<Change, Result> | undefined;
  return (change) => {
    const result = results[next];
    if (result?.change === change) {
      next += 1;
      return result;
    }
    byChange ??= new Map(results.map((one) => [one.change, one]));
    return byChange.get(change);
  };
}

/** Whether a change is in effect, judged by what Permit holds now. `failed`: it can no longer be made. */
export type ChangeState =
  | { readonly kind: 'done' }
  | { readonly kind: 'open' }
  | { readonly kind: 'failed'; readonly code: PersonErrorCode; readonly message: string };
