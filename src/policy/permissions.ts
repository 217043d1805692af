import { compareText } from '../model/identity.ts';
import type { HeldPolicy, WantedPolicy } from '../model/policy.ts';
import type { PlacedProblem, Problem } from '../model/problem.ts';

/** `did you mean "…"?`, or the available choices; "" if there are none. */
export type Suggest = (word: string, candidates: readonly string[]) => string;

/** Splits "resource:action"; the pattern of the config allows no other form. */
function split(permission: string): { readonly resource: string; readonly action: string } {
  const colon = permission.indexOf(':');
  return { resource: permission.slice(0, colon), action: permission.slice(colon + 1) };
}

/**
 * The actions of a resource: those that the policy names, else those that Permit has, and both if the policy names only
 * some. Undefined if that is not known, or there are none.
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
 * Permissions that name something missing: an action that the policy does not name for its own resource; and, once
 * Permit has been read, a resource or an action that neither has.
 * @param held undefined before Permit was read: then only problems of the policy itself are found.
 */
export function permissionProblems(
  wanted: WantedPolicy,
  held: HeldPolicy | undefined,
  suggest: Suggest,
): readonly PlacedProblem[] {
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
      message: `"${permission}" names a resource that exists neither in this policy nor in Permit`,
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
