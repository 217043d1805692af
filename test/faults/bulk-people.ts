import { onTestFinished } from 'vitest';
import {
  addPermitUser,
  type PermitEmulator,
  type PermitSwitches,
  permitWorld,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import type { RecordedRequest } from '../../src/demo/server.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import type { Member, OrgRole } from '../../src/model/member.ts';
import type { ReconcileResult } from '../../src/sync/run.ts';
import { ACME_ID } from '../support/adapters.ts';

/** Many people to write in bulk, and the result. */

export const people = (count: number, role: OrgRole = 'member'): readonly Member[] =>
  Array.from({ length: count }, (_, index) => ({ id: (index + 1) as GitHubId, login: `p-${index}`, role }));

/** Permit with a user of ours for each of these people, with the role they have, or another one. */
export async function permitWith(
  members: readonly Member[],
  role?: OrgRole,
  switches: Partial<PermitSwitches> = {},
): Promise<PermitEmulator> {
  const world = permitWorld();
  for (const { id, login, role: own } of members) {
    const attributes = {
      github_id: id,
      github_login: login,
      github_orgs: [ACME_ID],
      managed_by: 'gh-permit-sync:default',
      managed_origin: 'created',
    };
    addPermitUser(world, { key: login, attributes, grants: [`default/${role ?? own}`] });
  }
  const emulator = await startPermitEmulator(world, switches);
  onTestFinished(() => emulator.close());
  return emulator;
}

export const itemsOf = ({ body }: Pick<RecordedRequest, 'body'>): readonly unknown[] => {
  if (Array.isArray(body)) return body;
  const { operations, idents } = (body ?? {}) as { operations?: unknown[]; idents?: unknown[] };
  return operations ?? idents ?? [];
};
export const isBulk = ({ path }: Pick<RecordedRequest, 'path'>): boolean => path.split('/').includes('bulk');
export const bulkCalls = ({ requests }: PermitEmulator): readonly RecordedRequest[] =>
  requests.filter(isBulk);

/** Every bulk call: its kind and how many it held. */
export const batches = (permit: PermitEmulator): readonly string[] =>
  bulkCalls(permit).map(
    (request) => `${request.method} ${request.path.split('/').slice(5).join('/')} ${itemsOf(request).length}`,
  );

export const rolesIn = ({ world }: PermitEmulator): Record<string, number> => {
  const counts: Record<string, number> = { users: world.users.size };
  for (const { grants } of world.users.values())
    for (const { role } of grants) counts[role] = (counts[role] ?? 0) + 1;
  return counts;
};

/** The kinds of bulk write: what makes them necessary, and what holds for people who are done. */
export const KINDS = {
  create: {
    change: 'createUser',
    method: 'POST',
    path: 'users',
    before: () => [] as readonly Member[],
    after: (n: number) => people(n),
  },
  delete: {
    change: 'deleteUser',
    method: 'DELETE',
    path: 'users',
    before: (n: number) => people(n),
    after: () => [] as readonly Member[],
  },
  assign: {
    change: 'assignRole',
    method: 'POST',
    path: 'role_assignments',
    before: () => [] as readonly Member[],
    after: (n: number) => people(n),
  },
  unassign: {
    change: 'unassignRole',
    method: 'DELETE',
    path: 'role_assignments',
    before: (n: number) => people(n, 'admin'),
    after: (n: number) => people(n),
  },
} as const;
export type Kind = keyof typeof KINDS;
export const kinds = Object.keys(KINDS) as Kind[];

/** Spread evenly, so that as many pieces as can be hold one of them. */
export const badOnes = (bad: number, of: number): ReadonlySet<string> =>
  new Set(Array.from({ length: bad }, (_, index) => `p-${Math.floor((index + 0.5) * (of / bad))}`));

export const failedOf = ({ results }: ReconcileResult, kind: string): ReadonlySet<string> =>
  new Set(
    results
      .filter(({ change, outcome }) => change.kind === kind && outcome.kind === 'failed')
      .map(({ change }) => change.user),
  );

/** Everybody but the bad ones is as GitHub has them. @returns to be compared with `rolesIn`. */
export function othersThrough(kind: Kind, bad: number, of: number): Record<string, number> {
  const through = of - bad;
  const expected = {
    create: { users: through, member: through },
    delete: { users: bad, member: bad },
    assign: { users: of, member: through },
    unassign: { users: of, member: of, admin: bad },
  }[kind];
  return Object.fromEntries(Object.entries(expected).filter(([name, n]) => name === 'users' || n > 0));
}
