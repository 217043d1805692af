import type { BulkKind } from '../model/change.ts';
import { markAttributesOf, markKeysThatDiffer } from '../model/mark.ts';
import {
  type Assignment,
  type NewUser,
  type PermitWriter,
  WriteError,
  type WriteItems,
} from '../model/ports.ts';
import { defined } from '../model/text/record.ts';
import type { Attributes, PermitUser, Profile } from '../model/user.ts';
import { parseAttributes, parseDone, parseUser } from './answers.ts';
import { undocumented } from './permit-failure.ts';
import { type RequestOptions, write } from './requests.ts';

type Endpoint<Item> = {
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
  const { users, roleAssignments } = options.sdk.api;
  const endpoints: { readonly [K in BulkKind]: Endpoint<WriteItems[K]> } = {
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

/** According to an older API description, Permit answers 200 with an existing user, whoever owns it. */
function requireOwnUser({ key, attributes }: NewUser, answer: unknown): void {
  if (!showsAttributes(answer) || hasMark(answer.attributes, attributes)) return;
  throw new WriteError('conflict', `Permit already has another user ${key}`);
}

const showsAttributes = (answer: unknown): answer is { readonly attributes: unknown } =>
  typeof answer === 'object' && answer !== null && 'attributes' in answer;

function hasMark(shown: unknown, wanted: Attributes): boolean {
  const attributes = parseAttributes(shown);
  return (
    attributes !== undefined &&
    markKeysThatDiffer(markAttributesOf(attributes), markAttributesOf(wanted)).length === 0
  );
}

const toUserCreate = ({ key, attributes, profile }: NewUser) => ({
  key,
  attributes,
  ...profileFields(profile),
});

const profileFields = ({ email, firstName, lastName }: Profile = {}) =>
  defined({ email, first_name: firstName, last_name: lastName });

const toAssignment = ({ user, grant: { role, tenant, resource } }: Assignment) =>
  defined({ user, role, tenant, resource_instance: resource });
