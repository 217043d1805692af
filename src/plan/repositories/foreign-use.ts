import { typeOf } from '../../model/grant.ts';
import {
  isModelRelation,
  isModelRole,
  parseInstanceName,
  REPOSITORY_TYPE,
} from '../../model/repositories/access-model.ts';
import { getOrMake } from '../../model/text/record.ts';
import { groupByOwner } from '../ownership.ts';
import type { PlanInput } from '../plan-input.ts';

/**
 * What others do with instances of the model's types: roles that our users hold beside the model, any role of a user
 * that is not ours, and links that are not of the model. Permit deletes all of it with the instance.
 * @returns by instance, a few words for each: "approver of svc".
 */
export function foreignUseIn({
  users,
  owner,
  graph,
}: Pick<PlanInput, 'users' | 'owner' | 'graph'>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const add = (instance: string, use: string): void => {
    if (graph?.instances.has(instance)) getOrMake(found, instance, () => []).push(use);
  };
  const others = new Set(groupByOwner(users, owner).others.map(({ user }) => user));
  for (const user of users) {
    for (const { resource, role } of user.grants) {
      const type = resource === undefined ? undefined : parseInstanceName(resource)?.type;
      if (resource === undefined || type === undefined) continue;
      if (others.has(user) || !isModelRole(type, role)) add(resource, `${role} of ${user.key}`);
    }
  }
  for (const { subject, relation, object } of [...(graph?.tuples ?? []), ...(graph?.uses?.tuples ?? [])]) {
    if (isModelRelation(relation) && typeOf(object) === REPOSITORY_TYPE) continue;
    add(subject, `${relation} of ${object}`);
    add(object, `${relation} of ${subject}`);
  }
  return found;
}
