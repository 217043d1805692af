import { type Route, routesFor } from '../routes.ts';
import { ok } from './answers.ts';
import type { Ask } from './ask.ts';
import { dictionary, may, must, readBody, shaped, text } from './shapes.ts';
import { type PermitRole, type PermitWorld, splitInstance } from './world.ts';

type CheckBody = {
  readonly user: { readonly key: string };
  readonly action: string;
  readonly resource: { readonly type: string; readonly tenant?: string | null; readonly key?: string | null };
};

const CHECK = shaped({
  user: must(
    shaped({
      key: must(text),
      email: may(text),
      firstName: may(text),
      lastName: may(text),
      attributes: may(dictionary),
    }),
  ),
  action: must(text),
  resource: must(
    shaped({ type: must(text), tenant: may(text), key: may(text), attributes: may(dictionary) }),
  ),
  context: may(dictionary),
  sdk: may(text),
});

/** The policy decision point. It lags behind the API by seconds in Permit, and not at all here. */
export const pdpRoutes: readonly Route<Ask>[] = [
  routesFor<Ask>()('POST', '/allowed', ({ request, world }) => {
    const { user, action, resource } = readBody<CheckBody>(request, CHECK);
    const allow = isAllowed(world, user.key, action, resource);
    return ok({ allow, query: request.body, result: allow });
  }),
];

/**
 * A role in the tenant allows an action on every instance in it, a role on an instance on that one only, whether it is
 * assigned or derived. Nobody may do anything in no tenant; `default` is meant where none is named.
 */
function isAllowed(
  world: PermitWorld,
  key: string,
  action: string,
  resource: CheckBody['resource'],
): boolean {
  const instance = resource.key == null ? undefined : `${resource.type}:${resource.key}`;
  const known = instance === undefined ? undefined : world.instances.get(instance);
  const tenant = resource.tenant ?? known?.tenant ?? 'default';
  const grants = (world.users.get(key)?.grants ?? []).filter((grant) => grant.tenant === tenant);
  const permission = `${resource.type}:${action}`;
  if (
    grants.some(
      (grant) =>
        grant.resource === undefined && world.roles.get(grant.role)?.permissions.includes(permission),
    )
  )
    return true;
  if (instance === undefined) return false;
  const held = new Set(grants.map((grant) => `${grant.resource}#${grant.role}`));
  const roles = Object.values(world.resources.get(resource.type)?.roles ?? {});
  return roles.some((role) => role.permissions.includes(action) && hasRole(world, held, instance, role));
}

/**
 * Whether someone with these grants ("type:key#role") has a role on an instance, directly or by a derivation.
 * @param instance "type:key"
 */
function hasRole(
  world: PermitWorld,
  held: ReadonlySet<string>,
  instance: string,
  { key, derivations = [] }: PermitRole,
  above: ReadonlySet<string> = new Set(),
): boolean {
  const name = `${instance}#${key}`;
  if (held.has(name)) return true;
  if (above.has(name)) return false;
  return derivations.some(({ role, resource, relation }) =>
    subjectsOf(world, instance, relation).some((subject) => {
      const other =
        splitInstance(subject)[0] === resource ? world.resources.get(resource)?.roles[role] : undefined;
      return other !== undefined && hasRole(world, held, subject, other, new Set([...above, name]));
    }),
  );
}

const subjectsOf = ({ tuples }: PermitWorld, object: string, relation: string): readonly string[] =>
  tuples.subjectsOf(object, relation);
