import { typeOf } from '../model/grant.ts';
import { isSameJson, markAttributesOf, markKeysThatDiffer } from '../model/mark.ts';
import {
  type Assignment,
  type NewUser,
  type PermitWriter,
  WriteError,
  type WriteItems,
} from '../model/ports.ts';
import type { PermitInstance, Tuple } from '../model/repositories/graph.ts';
import { defined, isRecord } from '../model/text/record.ts';
import type { Attributes, PermitUser, Profile } from '../model/user.ts';
import { parseAttributes, parseDone, parseUser } from './answers.ts';
import { undocumented } from './permit-failure.ts';
import { type RequestOptions, write } from './requests.ts';

const BULK_INSTANCES = 'bulk/resource_instances';

type BulkEndpoint<Item> = {
  /** Statuses that mean: Permit does not hold what was expected. */
  readonly conflicts: readonly number[];
  readonly bulk: (batch: readonly Item[]) => Promise<unknown>;
  readonly alone: (item: Item) => Promise<unknown>;
  /** The field of the bulk answer that says how many items Permit wrote. */
  readonly count?: 'assignments_created' | 'assignments_removed';
  /** @throws WriteError if the answer to a single request shows that it did something else. */
  readonly verify?: (item: Item, answer: unknown) => void;
};

/**
 * Writes to Permit. A write that may have been processed is never sent again from here: the caller first reads what
 * Permit holds now.
 */
export function createPermitWriter(options: RequestOptions): PermitWriter {
  const { facts } = options.sdk;
  const { users, roleAssignments, relationshipTuples, resourceInstances } = options.sdk.api;
  const putInstances = (batch: readonly PermitInstance[]): Promise<unknown> =>
    facts(BULK_INSTANCES, { method: 'PUT', body: { operations: batch.map(toInstance) } });
  const updateInstance = ({ name, attributes }: PermitInstance): Promise<unknown> =>
    resourceInstances.update(name, { attributes });
  const endpoints: { readonly [K in keyof WriteItems]: BulkEndpoint<WriteItems[K]> } = {
    createUser: {
      conflicts: [409],
      bulk: (batch) => users.bulkUserCreate(batch.map(toUserCreate)),
      alone: (user) => users.create(toUserCreate(user)),
      verify: requireOwnUser,
    },
    deleteUser: {
      conflicts: [404, 409],
      bulk: (batch) => users.bulkUserDelete(batch.map(({ user }) => user)),
      alone: ({ user }) => users.delete(user),
    },
    assignRole: {
      // 404 too: Permit may not find a user that it has just created.
      conflicts: [404, 409],
      bulk: (batch) => roleAssignments.bulkAssign(batch.map(toAssignment)),
      alone: (assignment) => roleAssignments.assign(toAssignment(assignment)),
      count: 'assignments_created',
    },
    unassignRole: {
      conflicts: [404, 409],
      bulk: (batch) => roleAssignments.bulkUnassign(batch.map(toAssignment)),
      alone: (assignment) => roleAssignments.unassign(toAssignment(assignment)),
      count: 'assignments_removed',
    },
    createInstance: {
      conflicts: [409],
      bulk: putInstances,
      alone: (instance) => resourceInstances.create(toInstance(instance)),
      verify: requireOwnInstance,
    },
    updateInstance: {
      conflicts: [404, 409],
      bulk: (batch) => Promise.all(batch.map(updateInstance)),
      alone: updateInstance,
    },
    deleteInstance: {
      conflicts: [404, 409],
      bulk: (batch) =>
        facts(BULK_INSTANCES, { method: 'DELETE', body: { idents: batch.map(({ name }) => name) } }),
      alone: ({ name }) => resourceInstances.delete(name),
    },
    createTuple: {
      // 404 too: Permit may not find an instance that it has just created.
      conflicts: [404, 409],
      bulk: (batch) => relationshipTuples.bulkRelationshipTuples(batch.map(toTuple)),
      alone: (tuple) => relationshipTuples.create(toTuple(tuple)),
    },
    deleteTuple: {
      conflicts: [404, 409],
      bulk: (batch) => relationshipTuples.bulkUnRelationshipTuples(batch.map(toTuple)),
      alone: (tuple) => relationshipTuples.delete(toTuple(tuple)),
    },
  };
  /** A GET, or a PATCH with the same body, has the same effect however often it is sent. */
  const again = { conflicts: [404], repeatable: true };
  return {
    write: async (kind, batch) => {
      const { bulk, conflicts, count } = endpoints[kind];
      const answer = await write(options, () => bulk(batch), { conflicts });
      return count === undefined ? batch.length : parseDone(answer, count);
    },
    writeOne: async (kind, item) => {
      const { alone, conflicts, verify } = endpoints[kind];
      const answer = await write(options, () => alone(item), { conflicts });
      verify?.(item, answer);
    },
    updateAttributes: async (user, change, profile) => {
      const read = async (): Promise<PermitUser> => {
        const found = parseUser(await users.get(user));
        // Merging into any other answer would lose the user's attributes.
        if (found?.key !== user) throw undocumented('GET');
        return found;
      };
      const now = await write(options, read, again);
      const next = { attributes: change(now.attributes), ...profileFields(profile) };
      await write(options, () => users.update(user, next), again);
    },
  };
}

/**
 * According to an older API description, Permit answers a repeated POST with 200 and the existing item, even if it is
 * not ours.
 */
const requireOwn =
  <Item extends { readonly attributes: Attributes }>(
    nameOf: (item: Item) => string,
    isSame: (shown: Attributes, wanted: Attributes) => boolean,
  ) =>
  (item: Item, answer: unknown): void => {
    if (!isRecord(answer) || !('attributes' in answer)) return;
    const shown = parseAttributes(answer.attributes);
    if (shown !== undefined && isSame(shown, item.attributes)) return;
    throw new WriteError('conflict', `Permit already has another ${nameOf(item)}`);
  };

const requireOwnUser = requireOwn<NewUser>(
  ({ key }) => `user ${key}`,
  (shown, wanted) => markKeysThatDiffer(markAttributesOf(shown), markAttributesOf(wanted)).length === 0,
);

const requireOwnInstance = requireOwn<PermitInstance>(({ name }) => `resource instance ${name}`, isSameJson);

const toUserCreate = ({ key, attributes, profile }: NewUser) => ({
  key,
  attributes,
  ...profileFields(profile),
});

const profileFields = ({ email, firstName, lastName }: Profile = {}) =>
  defined({ email, first_name: firstName, last_name: lastName });

const toAssignment = ({ user, grant: { role, tenant, resource } }: Assignment) =>
  defined({ user, role, tenant, resource_instance: resource });

const toInstance = ({ name, tenant, attributes }: PermitInstance) => {
  const resource = typeOf(name);
  return { key: name.slice(resource.length + 1), resource, tenant, attributes };
};

/** Without a tenant: with one, Permit would create the instances that it lacks, without our mark. */
const toTuple = ({ subject, relation, object }: Tuple): Tuple => ({ subject, relation, object });
