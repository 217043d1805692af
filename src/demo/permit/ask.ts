import type { Answer, EmulatedRequest } from '../server.ts';
import type { TrackedMap } from '../tracked-map.ts';
import { ok } from './answers.ts';
import { readFlag, readPaging } from './shapes.ts';
import type { Tuples } from './tuples.ts';
import type { PermitInstance, PermitWorld, Users } from './world.ts';

/** Limits for one API key; `windowMs` is how long a "minute" lasts, and ten of them the time for bulk calls. */
export type PermitRateLimits = {
  readonly requestsPerMinute?: number;
  /** Everything but GET; they are among the requests. */
  readonly writesPerMinute?: number;
  /** They are among the writes. */
  readonly deletesPerMinute?: number;
  readonly bulkPer10Minutes?: number;
  /** `POST /v2/schema/*`; they are among the writes. */
  readonly schemaPostsPerMinute?: number;
  readonly windowMs?: number;
};

/** Behaviour that Permit's documentation leaves open or doesn't promise. Can be changed while the emulator runs. */
export type PermitSwitches = {
  /** A role that is already assigned: 409 (a bulk call creates nothing), or ignored and not counted. */
  duplicateAssign: 'conflict' | 'skip';
  /** A relationship tuple that already exists: 409 (a bulk call creates nothing), or ignored. */
  duplicateTuple: 'conflict' | 'skip';
  /** Users, instances or tuples in a bulk delete that do not exist; `notFound` deletes nothing. */
  bulkDeleteUnknown: 'ignore' | 'notFound';
  /** Assignments in a bulk unassign that do not exist; `notFound` removes nothing. */
  bulkUnassignUnknown: 'ignore' | 'notFound';
  /** Whether a PUT leaves a user the roles that it does not name. */
  putKeepsAssignments: boolean;
  /**
   * A role on a resource instance that does not exist: 404, or the instance is made when the tenant is given, as
   * Permit's OpenAPI description says of `RoleAssignmentCreate.resource_instance`.
   */
  missingInstance: 'refuse' | 'create';
  /**
   * What `search` finds among the detailed resource instances: whole keys or ids, parts of them (as the plain list
   * always does), or everything.
   */
  instanceSearch: 'key' | 'partial' | 'ignored';
  /**
   * Whether the key of an environment may read the keys of its project and of itself; Permit's documentation does not
   * say.
   */
  projectKeys: 'readable' | 'refused';
  /** Whether `GET …/users/{key}` shows roles on resource instances; Permit's documentation does not say. */
  singleUserInstanceRoles: boolean;
  /** The largest `per_page` of role assignments: refused beyond 1,000, refused beyond 100, or cut down to 100. */
  assignmentsPerPage: 1000 | 100 | 'cut to 100';
  /** Whether answers name each grant twice. */
  repeatGrants: boolean;
  /** A user, tenant or resource instance that already exists: 409, or 200 with the existing one. */
  duplicateCreate: 'conflict' | 'answer';
  /**
   * The order of users in a listing. `stable`: as they were made; `newest`: the other way round; `key`: by key.
   * `shuffled`: another one each time page 1 is asked for; `unstable`: another one with every request, so that pages
   * overlap and the sum never adds up.
   */
  userOrder: 'stable' | 'newest' | 'key' | 'shuffled' | 'unstable';
  /**
   * How long a write to users, their roles, resource instances and tuples stays hidden. `lists`: from every listing,
   * role assignments included; `reads`: from `GET` of one user or instance as well; `writes`: a user or an instance that
   * was made is unknown to role assignments and tuples, too.
   */
  lag: { readonly ms: number; readonly hides: 'lists' | 'reads' | 'writes' };
  /** `on`: the published ones. */
  rateLimits: 'off' | 'on' | PermitRateLimits;
  /** Whether a 429 says when to come again; it is not documented to. */
  retryAfter: boolean;
  /** Whether ReBAC is off in the environment: then grants on resource instances allow nothing. */
  rebacDisabled: boolean;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/** Everything a route of the emulated Permit knows about a request. */
export type Ask = {
  readonly request: EmulatedRequest;
  readonly world: PermitWorld;
  readonly switches: PermitSwitches;
  /** The users, the resource instances and the tuples as they were before the lag. */
  readonly laggingUsers: () => Users;
  readonly laggingInstances: () => TrackedMap<string, PermitInstance>;
  readonly laggingTuples: () => Tuples;
  /** How many orders of users there have been. */
  readonly orders: { count: number };
  /** The time of the request as Permit writes it. */
  readonly stamp: string;
};

export const FACTS = '/v2/facts/{project}/{environment}';
export const SCHEMA = '/v2/schema/{project}/{environment}';

/** The ids that every object carries. */
export const belonging = ({ organization, project, environment }: PermitWorld) => ({
  organization_id: organization.id,
  project_id: project.id,
  environment_id: environment.id,
});

/** A list as Permit pages it: bare, unless `include_total_count=true`. @param most the largest `per_page` */
export function list<T>(
  ask: Ask,
  items: readonly T[],
  show: (item: T) => unknown,
  most = 100,
  cut = most,
): Answer {
  const answer = counted(ask, items, show, most, cut);
  return readFlag(ask.request, 'include_total_count') ? ok(answer) : ok(answer.data);
}

/** One page, with the total numbers of items and pages. @param cut the maximum of `per_page` */
export function counted<T>(
  { request }: Ask,
  items: readonly T[],
  show: (item: T) => unknown,
  most = 100,
  cut = most,
) {
  const { page, perPage: asked } = readPaging(request, most);
  const perPage = Math.min(asked, cut);
  return {
    data: items.slice((page - 1) * perPage, page * perPage).map(show),
    total_count: items.length,
    page_count: Math.ceil(items.length / perPage),
  };
}

/** Of a map by key, the value with that key or, as Permit allows everywhere, that id. */
export function byIdent<V extends { readonly id: string }>(
  map: ReadonlyMap<string, V>,
  ident: string,
): V | undefined {
  return map.get(ident) ?? [...map.values()].find((one) => one.id === ident);
}
