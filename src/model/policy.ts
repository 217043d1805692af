import type { Outcome } from './change.ts';

/** What people read of a resource, a role or a tenant. Permit's `null` for a description is "" here. */
export type Label = { readonly name: string; readonly description: string };
/** The parts of a label that the policy sets. Absent parts are left alone. */
export type LabelPart = { readonly name?: string | undefined; readonly description?: string | undefined };

/**
 * A role follows from another: who has `role` on an instance of `resource` has it on every instance that `relation`
 * links to that one. Permit: role derivation, implicit grant.
 */
export type Derivation = { readonly role: string; readonly resource: string; readonly relation: string };

/** A role on the instances of a resource. `permissions` are actions of that resource. */
export type ResourceRole = {
  readonly permissions: readonly string[];
  readonly derivations: readonly Derivation[];
};

/** `relations`: by key, the resource of the subject. */
export type PolicyResource = Label & {
  readonly actions: readonly string[];
  readonly roles: ReadonlyMap<string, ResourceRole>;
  readonly relations: ReadonlyMap<string, string>;
};
/** A permission is "resource:action"; Permit knows no pattern for it. */
export type PolicyRole = Label & { readonly permissions: readonly string[] };

/** What Permit holds, each by its key. `tenants` are those that were asked for. */
export type HeldPolicy = {
  readonly resources: ReadonlyMap<string, PolicyResource>;
  readonly roles: ReadonlyMap<string, PolicyRole>;
  readonly tenants: ReadonlyMap<string, Label>;
};

/** What Permit should hold (CONTRACT §4, `policy`). Anything that it does not name is left alone. */
export type WantedPolicy = {
  readonly resources: {
    readonly [key: string]: LabelPart & {
      readonly actions: readonly string[];
      /** Its actions are only some of those that it has: permissions may name others that Permit has. */
      readonly isPart?: true;
    };
  };
  /**
   * "resource:action", or "resource:*". The list is the whole of what the role may do; without one, what the role may
   * do is not this policy's business.
   */
  readonly roles: { readonly [key: string]: LabelPart & { readonly permissions?: readonly string[] } };
  readonly tenants: { readonly [key: string]: LabelPart };
  /** By resource, its roles with what they have at least. */
  readonly resourceRoles?: { readonly [resource: string]: { readonly [role: string]: ResourceRole } };
  /** By resource, its relations with the resource of their subject. */
  readonly relations?: { readonly [resource: string]: { readonly [relation: string]: string } };
};

type Relabel = { readonly from: LabelPart; readonly to: LabelPart };

/** One idempotent step. None of them deletes anything: only permissions are ever removed. */
export type PolicyChange =
  | {
      readonly kind: 'createResource';
      readonly resource: string;
      readonly label: LabelPart;
      /** The policy doesn't name it: grants on its instances do. */
      readonly bare?: true;
    }
  | ({ readonly kind: 'updateResource'; readonly resource: string } & Relabel)
  | { readonly kind: 'createAction'; readonly resource: string; readonly action: string }
  | {
      readonly kind: 'createRelation';
      readonly resource: string;
      readonly relation: string;
      readonly subject: string;
    }
  /** Without permissions where only grants name the role. */
  | ({ readonly kind: 'createResourceRole'; readonly resource: string; readonly role: string } & ResourceRole)
  /** Adds permissions and derivations to what the role has (`from`). */
  | ({
      readonly kind: 'extendResourceRole';
      readonly resource: string;
      readonly role: string;
      readonly from: ResourceRole;
    } & ResourceRole)
  | {
      readonly kind: 'createRole';
      readonly role: string;
      readonly label: LabelPart;
      /** The policy says nothing about its permissions: it is there because grants name it. */
      readonly bare?: true;
    }
  | ({ readonly kind: 'updateRole'; readonly role: string } & Relabel)
  | { readonly kind: 'addPermission'; readonly role: string; readonly permission: string }
  | { readonly kind: 'removePermission'; readonly role: string; readonly permission: string }
  | { readonly kind: 'createTenant'; readonly tenant: string; readonly label: LabelPart }
  | ({ readonly kind: 'updateTenant'; readonly tenant: string } & Relabel);
export type PolicyChangeKind = PolicyChange['kind'];
export type PolicyChangeOf<K extends PolicyChangeKind> = Extract<PolicyChange, { kind: K }>;

/** Every kind there is, in the order in which they are applied. */
export const POLICY_CHANGE_KINDS = [
  'createResource',
  'updateResource',
  'createAction',
  'createRelation',
  'createResourceRole',
  'extendResourceRole',
  'createRole',
  'updateRole',
  'addPermission',
  'removePermission',
  'createTenant',
  'updateTenant',
] as const satisfies readonly PolicyChangeKind[];

/** Sorted and serialisable: resources before roles before tenants, each with all of its changes. */
export type PolicyPlan = {
  readonly changes: readonly PolicyChange[];
  /** Permissions beyond the policy that stay because nothing may be taken away. */
  readonly kept: readonly { readonly role: string; readonly permission: string }[];
};

/** A change with the way it ended. */
export type PolicyResult = { readonly change: PolicyChange; readonly outcome: Outcome };
