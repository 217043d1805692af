import { compareText } from '../model/identity.ts';
import type {
  HeldPolicy,
  Label,
  LabelPart,
  PolicyChange,
  PolicyPlan,
  ResourceRole,
  WantedPolicy,
} from '../model/policy.ts';
import { defined } from '../model/text/record.ts';
import { isSameDerivation } from './change-state.ts';
import { permissionsOf } from './permissions.ts';

/**
 * What to add, change and remove so that Permit holds the desired schema. Pure, and sorted, so that equal inputs give
 * byte-equal plans. Nothing is ever deleted: anything that is not named stays as it is, including other actions of a
 * named resource.
 * @param mayRevoke false if nothing may be removed: then permissions beyond the policy are `kept`.
 */
export function diffPolicy(wanted: WantedPolicy, held: HeldPolicy, mayRevoke: boolean): PolicyPlan {
  const roles = sorted(wanted.roles).map(([role, label]) => diffRole(role, label, wanted, held));
  const changes = [
    ...sorted(wanted.resources).flatMap(([resource, { actions, ...label }]) =>
      diffResource(resource, label, actions, held),
    ),
    ...sorted(wanted.relations ?? {}).flatMap(([resource, own]) => diffRelations(resource, own, held)),
    ...sorted(wanted.resourceRoles ?? {}).flatMap(([resource, own]) =>
      diffResourceRoles(resource, own, wanted, held),
    ),
    ...roles.flatMap(({ gains, losses }) => (mayRevoke ? [...gains, ...losses] : gains)),
    ...sorted(wanted.tenants).flatMap(([tenant, label]) => diffTenant(tenant, label, held)),
  ];
  const kept = mayRevoke ? [] : roles.flatMap(({ losses }) => losses);
  return { changes, kept: kept.map(({ role, permission }) => ({ role, permission })) };
}

const sorted = <T>(things: { readonly [key: string]: T }): readonly (readonly [string, T])[] =>
  Object.entries(things).sort(([a], [b]) => compareText(a, b));

const missing = (wanted: readonly string[], held: readonly string[]): readonly string[] => {
  const there = new Set(held);
  return [...new Set(wanted)].filter((one) => !there.has(one)).sort(compareText);
};

function diffResource(
  resource: string,
  label: LabelPart,
  actions: readonly string[],
  { resources }: HeldPolicy,
): readonly PolicyChange[] {
  const now = resources.get(resource);
  const create = missing(actions, now?.actions ?? []).map(
    (action): PolicyChange => ({ kind: 'createAction', resource, action }),
  );
  if (!now) return [{ kind: 'createResource', resource, label: given(label) }, ...create];
  const relabel = relabeled(label, now);
  return relabel ? [{ kind: 'updateResource', resource, ...relabel }, ...create] : create;
}

/** A resource that neither the policy nor Permit has is created for its roles. */
function diffResourceRoles(
  resource: string,
  roles: { readonly [role: string]: ResourceRole },
  wanted: WantedPolicy,
  { resources }: HeldPolicy,
): readonly PolicyChange[] {
  const now = resources.get(resource);
  const isNew = now === undefined && !Object.hasOwn(wanted.resources, resource);
  return [
    ...(isNew ? [{ kind: 'createResource', resource, label: {}, bare: true } as const] : []),
    ...sorted(roles).flatMap(([role, { permissions, derivations }]): readonly PolicyChange[] => {
      const from = now?.roles.get(role);
      if (!from) return [{ kind: 'createResourceRole', resource, role, permissions, derivations }];
      const more = {
        permissions: missing(permissions, from.permissions),
        derivations: derivations.filter(
          (one) => !from.derivations.some((held) => isSameDerivation(held, one)),
        ),
      };
      if (more.permissions.length + more.derivations.length === 0) return [];
      return [{ kind: 'extendResourceRole', resource, role, from, ...more }];
    }),
  ];
}

function diffRelations(
  resource: string,
  relations: { readonly [relation: string]: string },
  { resources }: HeldPolicy,
): readonly PolicyChange[] {
  const now = resources.get(resource)?.relations;
  return sorted(relations)
    .filter(([relation, subject]) => now?.get(relation) !== subject)
    .map(([relation, subject]): PolicyChange => ({ kind: 'createRelation', resource, relation, subject }));
}

type PermissionChange = Extract<PolicyChange, { permission: string }>;

function diffRole(
  role: string,
  label: LabelPart,
  wanted: WantedPolicy,
  held: HeldPolicy,
): { readonly gains: readonly PolicyChange[]; readonly losses: readonly PermissionChange[] } {
  const now = held.roles.get(role);
  if (wanted.roles[role]?.permissions === undefined) {
    const create = { kind: 'createRole', role, label: given(label), bare: true } as const;
    return { gains: now ? [] : [create], losses: [] };
  }
  const permissions = permissionsOf(role, wanted, held);
  const add = missing(permissions, now?.permissions ?? []).map(
    (permission): PolicyChange => ({ kind: 'addPermission', role, permission }),
  );
  const losses = missing(now?.permissions ?? [], permissions).map(
    (permission): PermissionChange => ({ kind: 'removePermission', role, permission }),
  );
  if (!now) return { gains: [{ kind: 'createRole', role, label: given(label) }, ...add], losses };
  const relabel = relabeled(label, now);
  return { gains: relabel ? [{ kind: 'updateRole', role, ...relabel }, ...add] : add, losses };
}

function diffTenant(tenant: string, label: LabelPart, { tenants }: HeldPolicy): readonly PolicyChange[] {
  const now = tenants.get(tenant);
  if (!now) return [{ kind: 'createTenant', tenant, label: given(label) }];
  const relabel = relabeled(label, now);
  return relabel ? [{ kind: 'updateTenant', tenant, ...relabel }] : [];
}

const given = ({ name, description }: LabelPart): LabelPart => defined({ name, description });

/** The parts of a label that differ from the desired one; undefined if none do. */
function relabeled(
  wanted: LabelPart,
  now: Label,
): { readonly from: LabelPart; readonly to: LabelPart } | undefined {
  const fields = (['name', 'description'] as const).filter(
    (field) => wanted[field] !== undefined && wanted[field] !== now[field],
  );
  if (fields.length === 0) return undefined;
  const pick = (label: LabelPart): LabelPart =>
    Object.fromEntries(fields.map((field) => [field, label[field]]));
  return { from: pick(now), to: pick(wanted) };
}
