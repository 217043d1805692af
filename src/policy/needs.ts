import type { PolicyChange, PolicyPlan } from '../model/policy.ts';

/** A prerequisite of a change, and why the change is skipped without it. */
export type Prerequisite = { readonly change: PolicyChange; readonly why: string };

/**
 * Which changes of a plan wait for which others: an action, a relation or a role of a resource for that resource, a
 * derivation for its relation, a permission for its role and its action, and what is removed from a role for what
 * replaces it. Everything else is independent.
 */
export function prerequisitesOf({ changes }: PolicyPlan): (change: PolicyChange) => readonly Prerequisite[] {
  const resources = new Map<string, Prerequisite>();
  const actions = new Map<string, Prerequisite>();
  const relations = new Map<string, Prerequisite>();
  const roles = new Map<string, Prerequisite>();
  const gains = new Map<string, Prerequisite[]>();
  for (const change of changes) {
    if (change.kind === 'createResource') {
      resources.set(change.resource, { change, why: `the resource ${change.resource} could not be created` });
    } else if (change.kind === 'createAction') {
      const action = `${change.resource}:${change.action}`;
      actions.set(action, { change, why: `the action ${action} could not be created` });
    } else if (change.kind === 'createRelation') {
      const relation = `${change.resource}#${change.relation}`;
      relations.set(relation, { change, why: `the relation ${relation} could not be created` });
    } else if (change.kind === 'createRole') {
      roles.set(change.role, { change, why: `the role ${change.role} could not be created` });
    } else if (change.kind === 'addPermission') {
      const why = `the role would be left without ${change.permission}, which could not be given`;
      gains.set(change.role, [...(gains.get(change.role) ?? []), { change, why }]);
    }
  }
  const some = (...needs: readonly (Prerequisite | undefined)[]): readonly Prerequisite[] =>
    needs.filter((need) => need !== undefined);
  return (change) => {
    switch (change.kind) {
      case 'createAction':
      case 'createRelation':
        return some(resources.get(change.resource));
      case 'createResourceRole':
      case 'extendResourceRole':
        return some(
          resources.get(change.resource),
          ...change.permissions.map((action) => actions.get(`${change.resource}:${action}`)),
          ...change.derivations.map(({ relation }) => relations.get(`${change.resource}#${relation}`)),
        );
      case 'addPermission':
        return some(roles.get(change.role), actions.get(change.permission));
      case 'removePermission':
        return gains.get(change.role) ?? [];
      default:
        return [];
    }
  };
}
