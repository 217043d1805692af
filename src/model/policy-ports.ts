import type { HeldPolicy, Label, LabelPart, PolicyResource, PolicyRole } from './policy.ts';

/** What `policy` needs of Permit to make a plan. A dry run holds nothing more than this. */
export type PolicyReader = {
  /**
   * Every resource with its actions and every role with its permissions, and the tenants of these keys.
   * @throws SyncError, never a part of it.
   */
  readonly readPolicy: (tenants: readonly string[]) => Promise<HeldPolicy>;
  /** The next three look at one thing alone: undefined where there is none. @throws SyncError */
  readonly readResource: (key: string) => Promise<PolicyResource | undefined>;
  readonly readRole: (key: string) => Promise<PolicyRole | undefined>;
  readonly readTenant: (key: string) => Promise<Label | undefined>;
};

/** A thing that Permit does not have yet; its name is its key where nobody gave one. */
export type NewThing = { readonly key: string; readonly label: LabelPart };

/**
 * What `policy` needs of Permit to apply a plan. Each call is one request; it throws a `WriteError` and never
 * repeats a request that may have been processed, except updates: sending those twice changes nothing.
 */
export type PolicyWriter = {
  readonly createResource: (resource: NewThing & { readonly actions: readonly string[] }) => Promise<void>;
  readonly updateResource: (key: string, to: LabelPart) => Promise<void>;
  readonly createAction: (resource: string, action: string) => Promise<void>;
  readonly createResourceRole: (resource: string, role: string) => Promise<void>;
  readonly createRole: (role: NewThing) => Promise<void>;
  readonly updateRole: (key: string, to: LabelPart) => Promise<void>;
  readonly addPermissions: (role: string, permissions: readonly string[]) => Promise<void>;
  readonly removePermissions: (role: string, permissions: readonly string[]) => Promise<void>;
  readonly createTenant: (tenant: NewThing) => Promise<void>;
  readonly updateTenant: (key: string, to: LabelPart) => Promise<void>;
};
