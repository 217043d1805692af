import { type Route, routesFor } from '../routes.ts';
import { ok } from './answers.ts';
import type { Ask } from './ask.ts';
import { dictionary, listOf, may, must, readBody, type Shape, shaped, text } from './shapes.ts';
import { type PermitGrant, type PermitRole, type PermitWorld, splitInstance } from './world.ts';

type CheckBody = {
  readonly user: { readonly key: string };
  readonly action: string;
  readonly resource: { readonly type: string; readonly tenant?: string | null; readonly key?: string | null };
};

const RESOURCE = shaped({
  type: must(text),
  tenant: may(text),
  key: may(text),
  attributes: may(dictionary),
  context: may(dictionary),
});
const QUESTION: Shape = {
  action: must(text),
  resource: must(RESOURCE),
  context: may(dictionary),
  sdk: may(text),
};
const CHECK = shaped({
  ...QUESTION,
  user: must(
    shaped({
      key: must(text),
      email: may(text),
      firstName: may(text),
      lastName: may(text),
      attributes: may(dictionary),
    }),
  ),
});

const on = routesFor<Ask>();

/** The policy decision point. It lags behind the API by seconds in Permit, and not at all here. */
export const pdpRoutes: readonly Route<Ask>[] = [
  on('POST', '/allowed', (ask) => ok(decide(ask, readBody<CheckBody>(ask.request, CHECK)))),
  on('POST', '/allowed/bulk', (ask) => {
    const checks = readBody<CheckBody[]>(ask.request, listOf(CHECK));
    return ok({ allow: checks.map((check) => decide(ask, check)) });
  }),
  on('POST', '/authorized_users', (ask) => {
    const { action, resource } = readBody<Omit<CheckBody, 'user'>>(ask.request, shaped(QUESTION));
    const { tenant, allows } = allowing(ask, action, resource);
    const users = [...ask.world.users.values()].map(
      ({ key, grants }) =>
        [
          key,
          grants.filter(allows).map(({ role, resource: held = `__tenant:${tenant}` }) => ({
            user: key,
            tenant,
            resource: held,
            role,
          })),
        ] as const,
    );
    return ok({
      resource: instanceOf(resource) ?? resource.type,
      tenant,
      users: Object.fromEntries(users.filter(([, assignments]) => assignments.length > 0)),
    });
  }),
];

function decide(ask: Ask, check: CheckBody) {
  const { allows } = allowing(ask, check.action, check.resource);
  const allow = (ask.world.users.get(check.user.key)?.grants ?? []).some(allows);
  return { allow, query: check, result: allow };
}

const instanceOf = ({ type, key }: CheckBody['resource']): string | undefined =>
  key == null ? undefined : `${type}:${key}`;

/**
 * Which grants allow an action. A role in the tenant allows it on every instance in it, a role on an instance on that
 * one only, whether it is assigned or derived. No tenant allows nothing; `default` is used where none is
 * named.
 */
function allowing({ world, switches }: Ask, action: string, resource: CheckBody['resource']) {
  const instance = instanceOf(resource);
  const tenant = resource.tenant ?? world.instances.get(instance ?? '')?.tenant ?? 'default';
  const permission = `${resource.type}:${action}`;
  const onInstances =
    instance === undefined || switches.rebacDisabled ? new Set() : rolesThatAllow(world, instance, action);
  const allows = (grant: PermitGrant): boolean =>
    grant.tenant === tenant &&
    (grant.resource === undefined
      ? world.roles.get(grant.role)?.permissions.includes(permission) === true
      : onInstances.has(`${grant.resource}#${grant.role}`));
  return { tenant, allows };
}

/**
 * The roles on instances ("type:key#role") that allow an action on one instance: its own, and those that they are
 * derived from.
 */
function rolesThatAllow(world: PermitWorld, instance: string, action: string): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (name: string, role: PermitRole | undefined): void => {
    const known = `${name}#${role?.key}`;
    if (role === undefined || found.has(known)) return;
    found.add(known);
    for (const { role: from, resource, relation } of role.derivations ?? []) {
      for (const subject of world.tuples.subjectsOf(name, relation)) {
        if (splitInstance(subject)[0] === resource) add(subject, world.resources.get(resource)?.roles[from]);
      }
    }
  };
  const [type] = splitInstance(instance);
  for (const role of Object.values(world.resources.get(type)?.roles ?? {}))
    if (role.permissions.includes(action)) add(instance, role);
  return found;
}
