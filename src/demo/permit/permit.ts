import { findRoute } from '../routes.ts';
import { type Answer, type EmulatedRequest, type Emulator, startServer } from '../server.ts';
import { TrackedMap } from '../tracked-map.ts';
import { ok, refusal } from './answers.ts';
import type { Ask, PermitSwitches } from './ask.ts';
import { assignmentRoutes } from './assignments.ts';
import { bulkRoutes } from './bulk.ts';
import { instanceRoutes } from './instances.ts';
import { watchLag } from './lag.ts';
import { pdpRoutes } from './pdp.ts';
import { projectRoutes } from './projects.ts';
import { permitRateLimits } from './rate-limits.ts';
import { resourceRoutes } from './resources.ts';
import { roleRoutes } from './roles.ts';
import { tenantRoutes } from './tenants.ts';
import { tupleRoutes } from './tuple-routes.ts';
import { Tuples } from './tuples.ts';
import { userRoutes } from './users.ts';
import { type PermitKeyScope, type PermitWorld, Users } from './world.ts';

export type { PermitRateLimits, PermitSwitches } from './ask.ts';
export { poison } from './poison.ts';
export * from './world.ts';

/** `world` and `switches` may be changed at any time. */
export type PermitEmulator = Emulator & { readonly world: PermitWorld; readonly switches: PermitSwitches };

/**
 * Permit's REST API on loopback, and its PDP beside it at the same address: users, role assignments, tenants,
 * resource instances, roles and resources of one environment (api.permit.io/v2/openapi.json). Strict where Permit
 * is; what its documentation leaves open is a switch.
 * @param port 0 takes any that is free
 */
export async function startPermitEmulator(
  world: PermitWorld,
  options: Partial<PermitSwitches> = {},
  port = 0,
): Promise<PermitEmulator> {
  const switches: PermitSwitches = {
    duplicateAssign: 'conflict',
    duplicateTuple: 'conflict',
    bulkDeleteUnknown: 'ignore',
    bulkUnassignUnknown: 'notFound',
    putKeepsAssignments: false,
    missingInstance: 'refuse',
    instanceSearch: 'key',
    projectKeys: 'readable',
    singleUserInstanceRoles: false,
    assignmentsPerPage: 1000,
    repeatGrants: false,
    duplicateCreate: 'conflict',
    userOrder: 'stable',
    lag: { ms: 0, hides: 'lists' },
    rebacDisabled: false,
    rateLimits: 'off',
    retryAfter: false,
    now: Date.now,
    ...options,
  };
  const limit = permitRateLimits(switches);
  const orders = { count: 0 };
  const lagging = {
    laggingUsers: watchLag(world.users, () => new Users(), switches),
    laggingInstances: watchLag(world.instances, () => new TrackedMap(), switches),
    laggingTuples: watchLag(world.tuples, () => new Tuples(), switches),
  };
  const find = findRoute<Ask>([
    ...userRoutes,
    ...assignmentRoutes,
    ...bulkRoutes,
    ...tenantRoutes,
    ...instanceRoutes,
    ...tupleRoutes,
    ...roleRoutes,
    ...resourceRoutes,
    ...projectRoutes,
    ...pdpRoutes,
  ]);

  function work(request: EmulatedRequest): Answer {
    const scope = world.apiKeys.get(apiKeyOf(request));
    if (request.method === 'GET' && request.path === '/v2/api-key/scope')
      return showScope(mustBeKnown(scope));
    const found = find(request.method, request.path);
    if (found.kind === 'unknown') return { status: 404, body: { detail: 'Not Found' } };
    if (found.kind === 'wrongMethod') return { status: 405, body: { detail: 'Method Not Allowed' } };
    const known = mustBeKnown(scope);
    const { project, environment } = found.params;
    if (project !== undefined && environment !== undefined) mustReach(world, known, project, environment);
    const stamp = new Date(switches.now()).toISOString().replace('Z', '+00:00');
    return found.route.work({ request, world, switches, orders, ...lagging, stamp }, found.params);
  }

  const emulator = await startServer(
    {
      // The PDP is another machine with limits of its own.
      admit: (request) =>
        request.path.startsWith('/v2/') ? limit(apiKeyOf(request), request.method, request.path) : undefined,
      work,
    },
    port,
  );
  return Object.assign(emulator, { world, switches });
}

const apiKeyOf = ({ headers }: EmulatedRequest): string =>
  /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';

function mustBeKnown(scope: PermitKeyScope | undefined): PermitKeyScope {
  if (scope === undefined) throw refusal(401, 'FORBIDDEN_ACCESS', 'Invalid token');
  return scope;
}

const showScope = ({ organization, project, environment }: PermitKeyScope): Answer =>
  ok({ organization_id: organization, project_id: project ?? null, environment_id: environment ?? null });

/** @throws Refused with 403 where the API key does not reach, with 404 for what does not exist */
function mustReach(world: PermitWorld, scope: PermitKeyScope, project: string, environment: string): void {
  const names = ({ id, key }: { id: string; key: string }) => [id, key];
  const isProject = names(world.project).includes(project);
  const isEnvironment = isProject && names(world.environment).includes(environment);
  const reachesProject = scope.project === undefined || (isProject && scope.project === world.project.id);
  const reaches =
    reachesProject &&
    (scope.environment === undefined || (isEnvironment && scope.environment === world.environment.id)) &&
    scope.organization === world.organization.id;
  if (!reaches) {
    throw refusal(403, 'FORBIDDEN_ACCESS', `the API key has no access to the environment '${environment}'`);
  }
  if (!isProject) throw refusal(404, 'NOT_FOUND', `could not find 'Project' '${project}'`);
  if (!isEnvironment) throw refusal(404, 'NOT_FOUND', `could not find 'Environment' '${environment}'`);
}
