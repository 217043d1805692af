import { parseUser } from './answers.ts';
import { readInstance } from './find-instances.ts';
import type { Question } from './permit-pdp.ts';
import { createPolicyReader } from './permit-schema.ts';
import { openRead, type RequestOptions, readOne } from './requests.ts';

/** Something that a question names and Permit does not have. */
export type Unknown =
  | { readonly kind: 'user' | 'tenant' | 'resource' | 'instance'; readonly key: string }
  /** `known` are the resource's actions. */
  | {
      readonly kind: 'action';
      readonly key: string;
      readonly resource: string;
      readonly known: readonly string[];
    }
  /** The instance is there, in another tenant than the one that was asked about. */
  | { readonly kind: 'elsewhere'; readonly key: string; readonly tenant: string };

/**
 * What of a question Permit does not know: the PDP says deny to a typing error just as it does to a person who may not.
 * At most four requests.
 * @throws SyncError PERMIT_AUTH, PERMIT_UNAVAILABLE.
 */
export async function findUnknown(
  options: RequestOptions,
  { user, action, resource: { type, key, tenant } }: Question,
): Promise<readonly Unknown[]> {
  const { api } = options.sdk;
  const read = openRead(options);
  const schema = createPolicyReader(options);
  const instance = key === undefined ? undefined : `${type}:${key}`;
  const [account, where, resource, held] = await Promise.all([
    readOne(read, () => api.users.get(user), parseUser),
    schema.readTenant(tenant),
    schema.readResource(type),
    instance && readInstance(options.sdk, read, instance),
  ]);
  const unknown: Unknown[] = [];
  if (account === undefined) unknown.push({ kind: 'user', key: user });
  if (where === undefined) unknown.push({ kind: 'tenant', key: tenant });
  if (resource === undefined) unknown.push({ kind: 'resource', key: type });
  else if (!resource.actions.includes(action)) {
    unknown.push({ kind: 'action', key: action, resource: type, known: resource.actions });
  }
  if (!instance || resource === undefined) return unknown;
  if (!held) unknown.push({ kind: 'instance', key: instance });
  else if (held.tenant !== tenant) unknown.push({ kind: 'elsewhere', key: instance, tenant: held.tenant });
  return unknown;
}
