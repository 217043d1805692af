import { type ErrorCode, SyncError } from '../model/errors.ts';
import { type Grant, grantId, instancePart, partsOf, tenantPart } from '../model/grant.ts';
import {
  bothMissing,
  countMissing,
  MISSING_KINDS,
  type Missing,
  type MissingKind,
  NOTHING_MISSING,
  needs,
  resourceRoleName,
} from '../model/missing.ts';
import { changesOf, type Plan } from '../model/plan.ts';
import type { PermitReader } from '../model/ports.ts';
import { modelTypeOf, REPOSITORY_TYPE } from '../model/repositories/access-model.ts';
import type { PermitGraph } from '../model/repositories/graph.ts';
import { count } from '../model/text/text.ts';
import type { PermitUser } from '../model/user.ts';

/** Finds out what Permit lacks. */
export type Preflight = {
  /** Asks Permit which roles and tenants of these grants it lacks. */
  readonly lookFor: (grants: readonly Grant[]) => Promise<void>;
  /** Asks Permit which of these tenants it lacks. */
  readonly lookForTenants: (tenants: readonly string[]) => Promise<void>;
  /**
   * Makes a plan that needs only what Permit has. If Permit lacks something that the plan assigns, the plan is made
   * again without it.
   */
  readonly plan: <P extends { readonly plan: Plan }>(
    make: (missing: Missing) => P | Promise<P>,
  ) => Promise<P>;
  readonly missing: () => Missing;
};

/**
 * @param users what their grants name exists, and is not requested again.
 * @param graph shows which roles of the model for repositories exist; their instances are made by the run itself.
 */
export function openPreflight(
  users: readonly PermitUser[],
  reader: Pick<PermitReader, 'findMissing'>,
  graph?: PermitGraph,
): Preflight {
  let missing = NOTHING_MISSING;
  const asked = new Set<string>();
  const ask = async (grants: readonly Grant[], kinds: readonly MissingKind[]): Promise<boolean> => {
    const unproven = withoutHeld(grants, users);
    if (unproven.length === 0) return false;
    const found = await reader.findMissing(unproven, users, kinds);
    missing = bothMissing(missing, found);
    return countMissing(found) > 0;
  };
  return {
    lookFor: async (grants) => {
      for (const part of grants.flatMap(keyParts)) asked.add(part);
      await ask(grants, ['roles', 'tenants']);
    },
    lookForTenants: async (tenants) => {
      for (const tenant of tenants) asked.add(tenantPart(tenant));
      await ask(
        tenants.map((tenant) => ({ tenant, role: '', resource: `${REPOSITORY_TYPE}:0` })),
        ['tenants'],
      );
    },
    plan: async (make) => {
      for (;;) {
        const planned = await make(missing);
        const open = (grant: Grant): readonly string[] => partsOf(grant).filter((part) => !asked.has(part));
        const grants = grantsToMake(planned.plan);
        const roles = lackingRoles(grants, graph);
        if (roles.length > 0) {
          missing = bothMissing(missing, { ...NOTHING_MISSING, roles });
          continue;
        }
        const unasked = grants.filter((grant) => !isMirrored(grant, graph) && open(grant).length > 0);
        const onlyInstances = unasked.every((grant) =>
          open(grant).every((part) => part === instanceOf(grant)),
        );
        for (const part of unasked.flatMap(partsOf)) asked.add(part);
        if (!(await ask(unasked, onlyInstances ? ['instances'] : MISSING_KINDS))) return planned;
      }
    },
    missing: () => missing,
  };
}

const isMirrored = (grant: Grant, graph: PermitGraph | undefined): boolean =>
  graph !== undefined && modelTypeOf(grant) !== undefined;

/** The roles of the model that these grants need and Permit lacks, named as in `Missing`. */
const lackingRoles = (grants: readonly Grant[], graph: PermitGraph | undefined): readonly string[] => {
  const lacking = grants.flatMap((grant) => {
    const type = modelTypeOf(grant);
    return type === undefined || graph?.model.roles.has(`${type}#${grant.role}`) !== false
      ? []
      : [resourceRoleName(grant.role, type)];
  });
  return [...new Set(lacking)].sort();
};

const instanceOf = ({ resource, tenant }: Grant): string | undefined =>
  resource === undefined ? undefined : instancePart(resource, tenant);

/** The role and the tenant of a grant. */
const keyParts = (grant: Grant): readonly string[] =>
  partsOf(grant).filter((part) => part !== instanceOf(grant));

/** The grants with a part that no held grant names. Stops early: usually every part is held by someone. */
function withoutHeld(grants: readonly Grant[], users: readonly PermitUser[]): readonly Grant[] {
  const open = new Set(grants.flatMap(partsOf));
  for (const user of users) {
    if (open.size === 0) break;
    for (const grant of user.grants) for (const part of partsOf(grant)) open.delete(part);
  }
  return grants.filter((grant) => partsOf(grant).some((part) => open.has(part)));
}

function grantsToMake(plan: Plan): readonly Grant[] {
  const grants = new Map<string, Grant>();
  for (const change of changesOf(plan)) {
    if (change.kind === 'assignRole') grants.set(grantId(change.grant), change.grant);
  }
  return [...grants.values()];
}

/** One thing that Permit lacks, in words. `waiting` is the number of grants that can't be made before it exists. */
export type Lack = {
  readonly code: Extract<ErrorCode, `PERMIT_MISSING_${string}`>;
  readonly message: string;
  readonly hint: string;
  readonly waiting: number;
};

/**
 * Everything that is missing, each thing once.
 * @param policyCommand the command that creates it.
 */
export function describeMissing(
  missing: Missing,
  { waiting, graph }: Pick<Plan, 'waiting' | 'graph'>,
  policyCommand = 'gh-permit-sync policy',
): readonly Lack[] {
  const behind = (graph?.waiting ?? []).map(({ name, many }): Lack => {
    const wait = `${count(many, 'instance or link', 'instances and links')} ${many === 1 ? 'waits' : 'wait'} for it`;
    return {
      code: 'PERMIT_MISSING_ROLE',
      message: `Permit has no ${name}, and ${wait}`,
      hint: `create it with "${policyCommand}" (look first with --dry-run)`,
      waiting: many,
    };
  });
  const lackingTypes = new Set(graph?.waiting.map(({ name }) => name));
  const named = MISSING_KINDS.flatMap((kind) =>
    missing[kind].flatMap((name): readonly Lack[] => {
      const waitingForIt = waiting.filter((grant) => needs(grant, kind, name));
      const types = graph ? waitingForIt.map(modelTypeOf) : [];
      const isOfModel = types.length > 0 && !types.includes(undefined);
      // The resource itself is missing, and was named above.
      if (isOfModel && types.every((type) => lackingTypes.has(`resource ${type}`))) return [];
      const grants = waitingForIt.length;
      const wait =
        grants === 0
          ? 'which the rules can give; nobody needs it yet'
          : `and ${count(grants, 'grant')} ${grants === 1 ? 'waits' : 'wait'} for it`;
      const { code, noun } = WORDS[kind];
      const create =
        kind === 'instances'
          ? 'create it in Permit (Directory › Instances)'
          : `create it with "${policyCommand}" (look first with --dry-run)`;
      const message = `Permit has no ${noun} ${name}, ${wait}`;
      const hint = isOfModel ? create : `${create}, or correct the rule that names it`;
      return [{ code, message, hint, waiting: grants }];
    }),
  );
  return [...behind, ...named];
}

const WORDS = {
  roles: { code: 'PERMIT_MISSING_ROLE', noun: 'role' },
  tenants: { code: 'PERMIT_MISSING_TENANT', noun: 'tenant' },
  instances: { code: 'PERMIT_MISSING_INSTANCE', noun: 'resource instance' },
} as const satisfies {
  readonly [kind in MissingKind]: Pick<Lack, 'code'> & { noun: string };
};

/**
 * @throws SyncError if the plan consists only of grants that wait for something that Permit lacks: probably the wrong
 * environment, or one that is not set up yet.
 */
export function requireSomethingToDo(plan: Plan, lacks: readonly Lack[]): void {
  const waiting = lacks.filter((lack) => lack.waiting > 0);
  const [first] = waiting;
  if (!first || plan.people.length + (plan.graph?.changes.length ?? 0) > 0) return;
  const hints = new Set(waiting.map(({ hint }) => hint));
  throw new SyncError(
    first.code,
    `nothing was written: ${waiting.map(({ message }) => message).join('\n')}`,
    [...hints].join('\n'),
  );
}
