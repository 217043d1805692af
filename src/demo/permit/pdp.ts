import { type Route, routesFor } from '../routes.ts';
import { ok } from './answers.ts';
import type { Ask } from './ask.ts';
import { dictionary, may, must, readBody, shaped, text } from './shapes.ts';
import type { PermitWorld } from './world.ts';

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
 * A role in the tenant allows an action on every instance in it, a role on an instance on that one only. Nobody may
 * do anything in no tenant; `default` is meant where none is named.
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
  return (world.users.get(key)?.grants ?? []).some((grant) => {
    if (grant.tenant !== tenant) return false;
    if (grant.resource === undefined) {
      return world.roles.get(grant.role)?.permissions.includes(`${resource.type}:${action}`) ?? false;
    }
    const role = world.resources.get(resource.type)?.roles[grant.role];
    return grant.resource === instance && (role?.permissions.includes(action) ?? false);
  });
}
