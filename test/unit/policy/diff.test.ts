import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HeldPolicy, Label, WantedPolicy } from '../../../src/model/policy.ts';
import { defaultPolicy } from '../../../src/policy/default-policy.ts';
import { diffPolicy } from '../../../src/policy/diff.ts';
import { permissionProblems, permissionsOf } from '../../../src/policy/permissions.ts';
import { judgePolicy } from '../../../src/policy/set-up-policy.ts';
import { applyToHeld, bareRoles, held, line } from './support.ts';

const wanted = (policy: Partial<WantedPolicy>): WantedPolicy => ({
  resources: {},
  roles: {},
  tenants: {},
  ...policy,
});

type Case = {
  readonly name: string;
  readonly wanted: Partial<WantedPolicy>;
  readonly held: HeldPolicy;
  readonly plan: readonly string[];
};

const CASES: readonly Case[] = [
  {
    name: 'roles that grants on instances name, of a resource that Permit has and of one that it lacks',
    wanted: { resourceRoles: { repository: bareRoles(['owner', 'reader']), doc: bareRoles(['writer']) } },
    held: held({ resources: { repository: ['read'] }, resourceRoles: { repository: ['reader'] } }),
    plan: ['+ resource doc {}', '+ role writer of doc', '+ role owner of repository'],
  },
  {
    name: 'the policy of the demo in an empty environment',
    wanted: defaultPolicy(['default']),
    held: held(),
    plan: [
      '+ resource membership {}',
      '+ action membership:create-repo',
      '+ action membership:delete-repo',
      '+ action membership:edit-repo',
      '+ action membership:view-private-repo',
      '+ role admin {}',
      '+ admin membership:create-repo',
      '+ admin membership:delete-repo',
      '+ admin membership:edit-repo',
      '+ admin membership:view-private-repo',
      '+ role member {}',
      '+ member membership:view-private-repo',
      '+ tenant default {}',
    ],
  },
  {
    name: 'existing things stay: other resources, roles, tenants, and actions beyond the named ones',
    wanted: { resources: { doc: { actions: ['read'] } }, roles: { reader: { permissions: ['doc:read'] } } },
    held: held({
      resources: { doc: ['read', 'write'], other: ['x'] },
      roles: { reader: ['doc:read'], stranger: ['other:x'] },
      tenants: ['elsewhere'],
    }),
    plan: [],
  },
  {
    name: 'a permission beyond the list is taken, that of another resource too',
    wanted: { resources: { doc: { actions: ['read'] } }, roles: { reader: { permissions: ['doc:read'] } } },
    held: held({
      resources: { doc: ['read', 'write'], other: ['x'] },
      roles: { reader: ['other:x', 'doc:write'] },
    }),
    plan: ['+ reader doc:read', '- reader doc:write', '- reader other:x'],
  },
  {
    name: 'resource:* is the actions that the policy names, not all that Permit has',
    wanted: {
      resources: { doc: { actions: ['write', 'read'] } },
      roles: { boss: { permissions: ['doc:*'] } },
    },
    held: held({ resources: { doc: ['read', 'erase'] }, roles: { boss: ['doc:erase'] } }),
    plan: ['+ action doc:write', '+ boss doc:read', '+ boss doc:write', '- boss doc:erase'],
  },
  {
    name: 'resource:* of a resource that the policy does not name is the actions that Permit has',
    wanted: { roles: { boss: { permissions: ['doc:*', 'doc:read'] } } },
    held: held({ resources: { doc: ['read', 'erase'] } }),
    plan: ['+ role boss {}', '+ boss doc:erase', '+ boss doc:read'],
  },
  {
    name: 'an empty list takes everything',
    wanted: { roles: { boss: { permissions: [] } } },
    held: held({ resources: { doc: ['read'] }, roles: { boss: ['doc:read'] } }),
    plan: ['- boss doc:read'],
  },
  {
    name: 'names and descriptions change only if they are given',
    wanted: {
      resources: { doc: { name: 'Document', actions: [] } },
      roles: {
        a: { description: 'the first', permissions: [] },
        b: { permissions: [] },
        c: { name: 'c', permissions: [] },
      },
      tenants: { prod: { name: 'Production', description: 'live' }, test: {}, dev: { description: '' } },
    },
    held: held({ resources: { doc: [] }, roles: { a: [], b: [], c: [] }, tenants: ['prod', 'test', 'dev'] }),
    plan: [
      '~ resource doc {"name":"Document"}',
      '~ role a {"description":"the first"}',
      '~ tenant prod {"name":"Production","description":"live"}',
    ],
  },
  {
    name: 'new things are created with their name',
    wanted: {
      tenants: { prod: { name: 'Production' } },
      roles: { a: { name: 'A', description: '', permissions: [] } },
    },
    held: held(),
    plan: ['+ role a {"name":"A","description":""}', '+ tenant prod {"name":"Production"}'],
  },
  {
    name: 'names of Object.prototype are ordinary keys',
    wanted: {
      resources: { constructor: { actions: ['toString'] } },
      roles: { hasOwnProperty: { permissions: ['constructor:*', 'valueOf:*'] } },
    },
    held: held({ resources: { valueOf: ['x'] } }),
    plan: [
      '+ resource constructor {}',
      '+ action constructor:toString',
      '+ role hasOwnProperty {}',
      '+ hasOwnProperty constructor:toString',
      '+ hasOwnProperty valueOf:x',
    ],
  },
];

test.each(CASES)('$name', ({ wanted: policy, held: now, plan }) => {
  expect(diffPolicy(wanted(policy), now, true).changes.map(line)).toEqual(plan);
});

test('if nothing may be removed, anything beyond the policy is kept and named', () => {
  const policy = wanted({ roles: { boss: { permissions: ['doc:read'] } } });
  const now = held({ resources: { doc: ['read', 'write'] }, roles: { boss: ['doc:write'] } });
  const { changes, kept } = diffPolicy(policy, now, false);
  expect(changes.map(line)).toEqual(['+ boss doc:read']);
  expect(kept).toEqual([{ role: 'boss', permission: 'doc:write' }]);
});

describe('permissions that name something missing', () => {
  const suggest = (word: string, candidates: readonly string[]) => `${word}? ${candidates.join(' ')}`;
  const policy = wanted({
    resources: { doc: { actions: ['read', 'write'] } },
    roles: { boss: { permissions: ['doc:*', 'doc:red', 'file:read', 'file:*', 'fil:*', 'file:move'] } },
  });
  const now = held({ resources: { file: ['read'], doc: ['read', 'red'] } });

  test('flaws that the policy alone shows, before Permit is read', () => {
    expect(permissionProblems(policy, undefined, suggest)).toEqual([
      {
        path: ['policy', 'roles', 'boss', 'permissions', 1],
        code: 'CONFIG_INVALID',
        message: '"doc:red" is for an action that policy.resources.doc does not name',
        hint: 'red? read write',
      },
    ]);
  });

  test('flaws that only Permit shows', () => {
    const found = permissionProblems(policy, now, suggest).map(({ path, message, hint }) => [
      path.at(-1),
      message,
      hint,
    ]);
    expect(found).toEqual([
      [1, '"doc:red" is for an action that policy.resources.doc does not name', 'red? read write'],
      [4, '"fil:*" names a resource that exists neither in this policy nor in Permit', 'fil? doc file'],
      [5, '"file:move" is for an action that the resource file in Permit does not have', 'move? read'],
    ]);
  });
});

describe('properties', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'constructor');
  const keys = fc.uniqueArray(key, { maxLength: 4 });
  const text = fc.constantFrom('', 'x', 'y');
  const label = fc.record({ name: text, description: text }, { requiredKeys: [] });
  const full: fc.Arbitrary<Label> = fc.record({ name: text, description: text });
  const permission = fc
    .tuple(key, fc.oneof(key, fc.constant('*')))
    .map(([type, action]) => `${type}:${action}`);

  const derivation = fc.record({ role: key, resource: key, relation: key });
  const same = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);
  const resourceRoles = fc.dictionary(
    key,
    fc.record({
      permissions: keys,
      derivations: fc.uniqueArray(derivation, { maxLength: 3, comparator: same }),
    }),
  );

  const wantedPolicies: fc.Arbitrary<WantedPolicy> = fc.record({
    resources: fc.dictionary(
      key,
      fc.tuple(label, keys).map(([given, actions]) => ({ ...given, actions })),
    ),
    roles: fc.dictionary(
      key,
      fc
        .tuple(label, fc.array(permission, { maxLength: 5 }))
        .map(([given, permissions]) => ({ ...given, permissions })),
    ),
    tenants: fc.dictionary(key, label),
    resourceRoles: fc.dictionary(key, resourceRoles),
  });
  const heldPolicies: fc.Arbitrary<HeldPolicy> = fc
    .record({
      resources: fc.dictionary(key, fc.tuple(full, keys, resourceRoles)),
      roles: fc.dictionary(
        key,
        fc.tuple(full, fc.uniqueArray(fc.tuple(key, key).map((pair) => pair.join(':')))),
      ),
      tenants: fc.dictionary(key, full),
    })
    .map(({ resources, roles, tenants }) => ({
      resources: new Map(
        Object.entries(resources).map(([one, [of, actions, own]]) => [
          one,
          { ...of, actions, roles: new Map(Object.entries(own)), relations: new Map() },
        ]),
      ),
      roles: new Map(Object.entries(roles).map(([one, [of, permissions]]) => [one, { ...of, permissions }])),
      tenants: new Map(Object.entries(tenants)),
    }));
  /** Only policies that pass the check are ever compared. */
  const pairs = fc
    .tuple(wantedPolicies, heldPolicies)
    .filter(([policy, now]) => permissionProblems(policy, now, () => '').length === 0);
  const check = (property: (policy: WantedPolicy, now: HeldPolicy) => void): void =>
    fc.assert(
      fc.property(pairs, ([policy, now]) => property(policy, now)),
      { numRuns: 500 },
    );

  test('applying a plan converges, and the second plan is empty', () => {
    check((policy, now) => {
      const reached = diffPolicy(policy, now, true).changes.reduce(applyToHeld, now);
      expect(diffPolicy(policy, reached, true)).toEqual({ changes: [], kept: [] });
      for (const role of Object.keys(policy.roles)) {
        expect([...(reached.roles.get(role)?.permissions ?? [])].sort()).toEqual(
          permissionsOf(role, policy, now),
        );
      }
    });
  });

  test('nothing is deleted, and what is not named does not change', () => {
    check((policy, now) => {
      const reached = diffPolicy(policy, now, true).changes.reduce(applyToHeld, now);
      for (const part of ['resources', 'roles', 'tenants'] as const) {
        for (const [one, before] of now[part]) {
          expect(reached[part].has(one)).toBe(true);
          const isNamed =
            Object.hasOwn(policy[part], one) ||
            (part === 'resources' && Object.hasOwn(policy.resourceRoles ?? {}, one));
          if (!isNamed) expect(reached[part].get(one)).toEqual(before);
        }
      }
      for (const [one, { actions, roles }] of now.resources) {
        expect(reached.resources.get(one)?.actions).toEqual(expect.arrayContaining([...actions]));
        for (const [role, { permissions, derivations }] of roles) {
          const after = reached.resources.get(one)?.roles.get(role);
          expect(after?.permissions).toEqual(expect.arrayContaining([...permissions]));
          expect(after?.derivations).toEqual(expect.arrayContaining([...derivations]));
        }
      }
    });
  });

  test('every permission that a role loses is counted, and without permission none is lost', () => {
    check((policy, now) => {
      const plan = diffPolicy(policy, now, true);
      const reached = plan.changes.reduce(applyToHeld, now);
      let lost = 0;
      for (const [role, { permissions }] of now.roles) {
        const after = new Set(reached.roles.get(role)?.permissions);
        lost += permissions.filter((one) => !after.has(one)).length;
      }
      expect(judgePolicy(plan, lost)).toEqual({ verdict: 'pass', violations: [] });
      if (lost > 0) {
        expect(judgePolicy(plan, lost - 1).violations).toEqual([
          { limit: 'revocations', allowed: lost - 1, planned: lost, override: `--allow-revoke ${lost}` },
        ]);
      }
      const gentle = diffPolicy(policy, now, false);
      expect(gentle.kept).toHaveLength(lost);
      expect(judgePolicy(gentle, 0).verdict).toBe('pass');
    });
  });

  test('the order of names never matters', () => {
    const turned = <V>(things: Readonly<Record<string, V>>) =>
      Object.fromEntries(Object.entries(things).reverse());
    check((policy, now) => {
      const other = {
        resources: turned(policy.resources),
        roles: turned(policy.roles),
        tenants: turned(policy.tenants),
        resourceRoles: turned(policy.resourceRoles ?? {}),
      };
      const held = { ...now, resources: new Map([...now.resources].reverse()) };
      expect(JSON.stringify(diffPolicy(other, held, true))).toBe(
        JSON.stringify(diffPolicy(policy, now, true)),
      );
    });
  });
});
