import { describe, expect, test } from 'vitest';
import { addMember, orgOf, removeMember, userOf } from '../../src/demo/github/github.ts';
import { addPermitUser } from '../../src/demo/permit/permit.ts';
import { openStage, populate, type Stage, writes } from '../support/stage.ts';

/** What Permit should hold of the organization: login to role. */
function roles(stage: Stage): Record<string, string> {
  const { members } = orgOf(stage.github.world, 'acme');
  const expected: Record<string, string> = {};
  for (const [id, { role, state }] of members) {
    const account = stage.github.world.users.get(id);
    if (state === 'active' && account) expected[account.login] = role;
  }
  return expected;
}

/** What Permit does hold on the users that carry our mark: login to grants. */
function managed(stage: Stage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(stage.held())
      .filter(([, { attributes }]) => attributes?.managed_by === 'gh-permit-sync:default')
      .map(([, { attributes, grants }]) => [
        String(attributes?.github_login),
        grants.map((grant) => grant.replace('default/', '')).join(','),
      ]),
  );
}

describe.each(['conflict', 'skip'] as const)(
  'an organization of 250, duplicate assignments: %s',
  (duplicateAssign) => {
    test('dry run, apply, in sync, drift, apply', { timeout: 60_000 }, async () => {
      const stage = await openStage({ permit: { duplicateAssign }, userKey: 'default' });
      const { github, permit } = stage;
      populate(stage, 250, 3);

      const dry = await stage.run(['reconcile', '--dry-run', '--output', 'json']);
      expect(dry.stderr).toBe('');
      expect(dry.code).toBe(0);
      const planned = JSON.parse(dry.stdout);
      expect(planned.status).toBe('pending');
      expect(planned.summary.changes).toMatchObject({ createUser: 250, assignRole: 250, deleteUser: 0 });
      expect(writes(github) + writes(permit)).toBe(0);
      // 1 page of owners, 3 of members, the organization and one membership; scope, users, roles, the tenant, and the
      // keys of the project and the environment.
      expect(planned.requests).toEqual({ github: 6, permit: 6 });

      const applied = await stage.run(['reconcile', '--output', 'json']);
      expect(applied.stderr).toBe('');
      expect(applied.code).toBe(0);
      expect(JSON.parse(applied.stdout).status).toBe('applied');
      expect(managed(stage)).toEqual(roles(stage));
      expect(writes(permit)).toBe(2);

      permit.requests.length = 0;
      const second = await stage.run(['reconcile', '--output', 'json']);
      expect(JSON.parse(second.stdout)).toMatchObject({ status: 'in-sync', changes: [] });
      expect(second.code).toBe(0);
      expect(writes(permit)).toBe(0);

      addPermitUser(permit.world, {
        key: 'svc-deploy',
        attributes: { team: 'platform' },
        grants: ['default/admin'],
      });
      const key = `github|${userOf(github.world, 'person-0010').id}`;
      const octocat = permit.world.users.get(key);
      if (octocat)
        permit.world.users.set(key, { ...octocat, attributes: { ...octocat.attributes, seat: 7 } });
      for (const login of ['person-0100', 'person-0101', 'person-0102'])
        removeMember(github.world, 'acme', login);
      addMember(github.world, 'acme', { login: 'person-0001', role: 'member' });
      addMember(github.world, 'acme', { login: 'person-0010', role: 'admin' });
      addMember(github.world, 'acme', { login: 'newcomer' });
      addMember(github.world, 'acme', { login: 'invited', state: 'pending' });

      const drift = await stage.run(['reconcile', '--output', 'json']);
      expect(drift.stderr).toBe('');
      expect(drift.code).toBe(0);
      const report = JSON.parse(drift.stdout);
      expect(report.summary.people).toEqual({ joining: 1, leaving: 3, demoted: 1, moved: 0 });
      expect(report.unmanaged).toEqual([{ user: 'svc-deploy', role: 'admin', tenant: 'default' }]);
      expect(managed(stage)).toEqual(roles(stage));
      expect(stage.held()['svc-deploy']).toMatchObject({
        attributes: { team: 'platform' },
        grants: ['default/admin'],
      });
      expect(stage.held()[key]?.attributes).toMatchObject({
        seat: 7,
        github_id: userOf(github.world, 'person-0010').id,
        github_login: 'person-0010',
        github_orgs: [orgOf(github.world, 'acme').id],
        managed_by: 'gh-permit-sync:default',
        managed_origin: 'created',
      });
    });
  },
);
