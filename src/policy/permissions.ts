import { compareText } from '../model/identity.ts';
import type { HeldPolicy, WantedPolicy } from '../model/policy.ts';
import type { Problem } from '../model/problem.ts';

/** A problem of one permission, and where in the config it is. */
export type PermissionProblem = Problem & { readonly path: readonly (string | number)[] };

/** `did you mean "…"?`, or what there is to choose from; "" where there is nothing. */
export type Suggest = (word: string, candidates: readonly string[]) => string;

/** Of "resource:action" the two; the pattern of the config lets no other form through. */
function split(permission: string): { readonly resource: string; readonly action: string } {
  const colon = permission.indexOf(':');
  return { resource: permission.slice(0, colon), action: permission.slice(colon + 1) };
}

/**
 * The actions of a resource: those that the policy names, else those that Permit has, and both where the policy names
 * only some. Undefined where that is not known, or there are none.
 */
function actionsOf(
  resource: string,
  { resources }: WantedPolicy,
  held: HeldPolicy | undefined,
): readonly string[] | undefined {
  const wanted = Object.hasOwn(resources, resource) ? resources[resource] : undefined;
  const now = held?.resources.get(resource)?.actions;
  if (wanted?.isPart) return held && [...new Set([...wanted.actions, ...(now ?? [])])];
  return wanted?.actions ?? now;
}

/** Every permission that the policy gives a role, `resource:*` written out; sorted, each once. */
export function permissionsOf(role: string, wanted: WantedPolicy, held: HeldPolicy): readonly string[] {
  const listed = wanted.roles[role]?.permissions ?? [];
  const all = listed.flatMap((permission) => {
    const { resource, action } = split(permission);
    if (action !== '*') return [permission];
    return (actionsOf(resource, wanted, held) ?? []).map((one) => `${resource}:${one}`);
  });
  return [...new Set(all)].sort(compareText);
}

/**
 * Permissions that name what is not there: an action that the policy does not name for its own resource; and, once
 * it is known what Permit holds, a resource or an action that neither of the two has.
 * @param held undefined before Permit was asked: then only problems that the policy alone shows are found.
 */
export function permissionProblems(
  wanted: WantedPolicy,
  held: HeldPolicy | undefined,
  suggest: Suggest,
): readonly PermissionProblem[] {
  return Object.entries(wanted.roles).flatMap(([role, { permissions = [] }]) =>
    permissions.flatMap((permission, index) => {
      const problem = problemOf(permission, wanted, held, suggest);
      return problem ? [{ path: ['policy', 'roles', role, 'permissions', index], ...problem }] : [];
    }),
  );
}

function problemOf(
  permission: string,
  wanted: WantedPolicy,
  held: HeldPolicy | undefined,
  suggest: Suggest,
): Problem | undefined {
  const { resource, action } = split(permission);
  const actions = actionsOf(resource, wanted, held);
  if (actions === undefined) {
    if (held === undefined) return undefined;
    const known = [...new Set([...Object.keys(wanted.resources), ...held.resources.keys()])].sort(
      compareText,
    );
    return {
      code: 'CONFIG_INVALID',
      message: `"${permission}" names a resource that neither this policy nor Permit has`,
      hint: suggest(resource, known) || 'define it under policy.resources',
    };
  }
  if (action === '*' || actions.includes(action)) return undefined;
  const isWhole = Object.hasOwn(wanted.resources, resource) && !wanted.resources[resource]?.isPart;
  const where = isWhole
    ? `policy.resources.${resource} does not name`
    : `the resource ${resource} in Permit does not have`;
  return {
    code: 'CONFIG_INVALID',
    message: `"${permission}" is for an action that ${where}`,
    hint: suggest(action, actions) || 'add the action to the resource',
  };
}
