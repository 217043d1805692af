import type { HeldPolicy, Label, LabelPart, PolicyResource, PolicyRole, ResourceRole } from './policy.ts';

/** What `policy` needs of Permit to make a plan. A dry run holds nothing more than this. */
export type PolicyReader = {
  /**
   * Every resource with its actions and every role with its permissions, and the tenants of these keys.
   * @throws SyncError, never a part of it.
   */
  readonly readPolicy: (tenants: readonly string[]) => Promise<HeldPolicy>;
  /** The next three read one thing. Undefined if it does not exist. @throws SyncError */
  readonly readResource: (key: string) => Promise<PolicyResource | undefined>;
  readonly readRole: (key: string) => Promise<PolicyRole | undefined>;
  readonly readTenant: (key: string) => Promise<Label | undefined>;
};

/** A thing that Permit does not have yet; its name is its key if no name was given. */
export type NewThing = { readonly key: string; readonly label: LabelPart };

/** A resource that Permit does not have yet, with all that the plan says about it. */
export type NewResource = NewThing & {
  readonly actions: readonly string[];
  readonly relations: { readonly [relation: string]: string };
  readonly roles: { readonly [role: string]: ResourceRole };
};

/**
 * What `policy` needs of Permit to apply a plan. Each call is one request; it throws a `WriteError` and never
 * repeats a request that may have been processed, except updates: sending those twice changes nothing.
 */
export type PolicyWriter = {
  readonly createResource: (resource: NewResource) => Promise<void>;
  readonly updateResource: (key: string, to: LabelPart) => Promise<void>;
  readonly createAction: (resource: string, action: string) => Promise<void>;
  readonly createRelation: (resource: string, relation: string, subject: string) => Promise<void>;
  readonly createResourceRole: (resource: string, role: string, has: ResourceRole) => Promise<void>;
  /** @param has everything that the role has from now on: Permit takes away what is not named. */
  readonly replaceResourceRole: (resource: string, role: string, has: ResourceRole) => Promise<void>;
  readonly createRole: (role: NewThing) => Promise<void>;
  readonly updateRole: (key: string, to: LabelPart) => Promise<void>;
  readonly addPermissions: (role: string, permissions: readonly string[]) => Promise<void>;
  readonly removePermissions: (role: string, permissions: readonly string[]) => Promise<void>;
  readonly createTenant: (tenant: NewThing) => Promise<void>;
  readonly updateTenant: (key: string, to: LabelPart) => Promise<void>;
};
