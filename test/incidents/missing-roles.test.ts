// A typo kept leavers: a rule that named a role Permit lacks failed the whole run, so people who had left kept access.
import { describe, expect, test } from 'vitest';
import {
  addMember,
  addTeam,
  orgOf,
  removeMember,
  removeTeamMember,
  userOf,
} from '../../src/demo/github/github.ts';
import { addPermitUser, addResource, addRole, addTenant } from '../../src/demo/permit/permit.ts';
import { markOf } from '../support/adapters.ts';
import { agreedStage, folderWith, people, reconcileJson, told } from '../support/agreement.ts';
import { type Stage, writes } from '../support/stage.ts';

const OWNERS = '  - { subject: "github:*:role:admin", roles: [admin] }';
const MEMBERS = '  - { subject: "github:*:role:member", roles: [member] }';
const TYPO = '  - { subject: "github:*:role:member", roles: [memebr] }';
const config = (rules: readonly string[], more = ''): string =>
  `users: { key: "{login}" }\n${more}grants:\n${rules.join('\n')}\n`;

const run = async (stage: Stage, yaml: string, ...flags: readonly string[]) => {
  const ran = await stage.run(reconcileJson(...flags), { cwd: folderWith(yaml) });
  return { ...told(ran), code: ran.code };
};
const grantsOf = (stage: Stage, key: string) => stage.held()[key]?.grants;
const about = (warnings: readonly { readonly code: string; readonly message: string }[], code: string) =>
  warnings.filter((warning) => warning.code === code).map(({ message }) => message);

test('a typo in a new rule: the leaver goes, the others get what can be given, and the role is named once', async () => {
  const stage = await agreedStage(20, 2);
  removeMember(stage.github.world, 'acme', 'person-0007');
  addMember(stage.github.world, 'acme', { login: 'newcomer' });
  const { code, status, warnings } = await run(stage, config([OWNERS, MEMBERS, TYPO]));
  expect({ code, status }).toEqual({ code: 4, status: 'partial' });
  expect(grantsOf(stage, 'person-0007')).toBeUndefined();
  expect(grantsOf(stage, 'newcomer')).toEqual(['default/member']);
  const [message, ...more] = about(warnings, 'PERMIT_MISSING_ROLE');
  expect(more).toEqual([]);
  expect(message).toMatch(/no role memebr, and 18 grants wait for it.*gh-permit-sync policy/);
});

test('a leaver goes even where everything that the rules would give is missing', async () => {
  const stage = await agreedStage(20, 2);
  removeMember(stage.github.world, 'acme', 'person-0007');
  expect((await run(stage, config([OWNERS, MEMBERS, TYPO]))).code).toBe(4);
  expect(grantsOf(stage, 'person-0007')).toBeUndefined();
  expect(Object.keys(stage.held())).toHaveLength(19);
});

test.each([[], ['--dry-run']])(
  'only missing roles to assign: exit 1, and nothing is written %j',
  async (...flags) => {
    const stage = await agreedStage(20, 2);
    const { code, error } = await run(stage, config([OWNERS, MEMBERS, TYPO]), ...flags);
    expect({ code, error: error?.code }).toEqual({ code: 1, error: 'PERMIT_MISSING_ROLE' });
    expect(error?.message).toContain('18 grants wait');
    expect(error?.hint).toContain('gh-permit-sync policy');
    expect(writes(stage.permit)).toBe(0);
  },
);

test('a new person whose only grants are missing is not created until they exist', async () => {
  const stage = await agreedStage(3, 1);
  removeMember(stage.github.world, 'acme', 'person-0002');
  addMember(stage.github.world, 'acme', { login: 'newcomer' });
  addTeam(stage.github.world, 'acme', { slug: 'new', members: ['newcomer'] });
  const rules = [
    OWNERS,
    '  - { subject: "github:acme:team:new:*", roles: [fresh], tenant: fresh }',
    '  - { subject: "github:*:role:member", unless: "github:acme:team:new:*", roles: [member] }',
  ];
  const first = await run(stage, config(rules));
  expect(first.code).toBe(4);
  expect(about(first.warnings, 'PERMIT_MISSING_TENANT')).toEqual([
    expect.stringMatching(/no tenant fresh, and 1 grant waits/),
  ]);
  expect(grantsOf(stage, 'newcomer')).toBeUndefined();
  addRole(stage.permit.world, 'fresh');
  addTenant(stage.permit.world, 'fresh');
  expect((await run(stage, config(rules))).code).toBe(0);
  expect(grantsOf(stage, 'newcomer')).toEqual(['fresh/fresh']);
});

describe('what a person would lose while the new grant is missing', () => {
  test("a demoted owner still loses admin: a weaker role doesn't hold it back", async () => {
    const stage = await agreedStage(20, 3);
    orgOf(stage.github.world, 'acme').members.set(userOf(stage.github.world, 'person-0001').id, {
      role: 'member',
      state: 'active',
      public: false,
    });
    const { code } = await run(stage, config([OWNERS, MEMBERS.replace('[member]', '[associate]')]));
    expect(code).toBe(4);
    expect(grantsOf(stage, 'person-0001')).toEqual([]);
    // Nobody else lost anything: no rule covers `member` anymore.
    expect(grantsOf(stage, 'person-0009')).toEqual(['default/member']);
  });

  test('someone who is promoted keeps the old role until the new one can be given', async () => {
    const stage = await agreedStage(20, 2);
    addTeam(stage.github.world, 'acme', { slug: 'leads', members: ['person-0009'] });
    const rules = [
      OWNERS,
      '  - { subject: "github:acme:team:leads:*", roles: [lead] }',
      '  - { subject: "github:*:role:member", unless: "github:acme:team:leads:*", roles: [member] }',
    ];
    removeMember(stage.github.world, 'acme', 'person-0010');
    expect((await run(stage, config(rules))).code).toBe(4);
    expect(grantsOf(stage, 'person-0009')).toEqual(['default/member']);
    addRole(stage.permit.world, 'lead');
    expect((await run(stage, config(rules))).code).toBe(0);
    expect(grantsOf(stage, 'person-0009')).toEqual(['default/lead']);
  });

  test('a mistyped role of everyone takes nothing from anyone, even if manages covers the old one', async () => {
    const stage = await agreedStage(20, 2);
    removeMember(stage.github.world, 'acme', 'person-0010');
    const { code } = await run(stage, config([OWNERS, TYPO], 'manages: ["default/*"]\n'));
    expect(code).toBe(4);
    expect(grantsOf(stage, 'person-0010')).toBeUndefined();
    for (const login of people(2, 9)) expect(grantsOf(stage, login)).toEqual(['default/member']);
  });

  test('someone who left a team loses what it gave, although everyone waits for a mistyped role', async () => {
    const stage = await agreedStage(20, 2);
    addTenant(stage.permit.world, 'production');
    addRole(stage.permit.world, 'deployer');
    addTeam(stage.github.world, 'acme', { slug: 'platform', members: ['person-0008', 'person-0009'] });
    for (const login of ['person-0008', 'person-0009']) {
      addPermitUser(stage.permit.world, {
        key: login,
        attributes: markOf(stage.github.world, login),
        grants: ['default/deployer', 'default/member', 'production/deployer'],
      });
    }
    removeTeamMember(stage.github.world, 'acme', 'platform', 'person-0009');
    const team = ['default', 'production'].map(
      (tenant) => `  - { subject: "github:acme:team:platform:*", roles: [deployer], tenant: ${tenant} }`,
    );
    expect((await run(stage, config([TYPO, OWNERS, MEMBERS, ...team]))).code).toBe(4);
    expect(grantsOf(stage, 'person-0009')).toEqual(['default/member']);
    expect(grantsOf(stage, 'person-0008')).toEqual([
      'default/deployer',
      'default/member',
      'production/deployer',
    ]);
  });
});

test('a role, a tenant and a role of a resource that nobody needs yet are warned about, and change no exit code', async () => {
  const stage = await agreedStage(5, 1);
  addTeam(stage.github.world, 'acme', { slug: 'empty' });
  addResource(stage.permit.world, 'repository', ['read'], { reader: ['read'] });
  const rules = [
    '  - { subject: "github:acme:team:empty:*", roles: [ghost], tenant: nowhere }',
    '  - { subject: "github:acme:team:empty:*", roles: [owner], resource: "repository:api" }',
  ];
  const { code, status, warnings } = await run(stage, config([OWNERS, MEMBERS, ...rules]));
  expect({ code, status }).toEqual({ code: 0, status: 'in-sync' });
  expect(about(warnings, 'PERMIT_MISSING_ROLE')).toEqual([
    expect.stringMatching(/no role ghost, .*nobody needs it yet/),
    expect.stringMatching(/no role owner of the resource repository, .*nobody needs it yet/),
  ]);
  expect(about(warnings, 'PERMIT_MISSING_TENANT')).toEqual([expect.stringMatching(/no tenant nowhere/)]);
  // A page of users, the scope, and one list each of roles, tenants and resources.
  expect(stage.permit.requests.length).toBeLessThanOrEqual(1 + 6);
});

test('a missing instance blocks only its own grants', async () => {
  const stage = await agreedStage(5, 1);
  addResource(stage.permit.world, 'repository', ['read'], { owner: ['read'] });
  const rule = '  - { subject: "github:acme:role:*", roles: [owner], resource: "repository:api" }';
  removeMember(stage.github.world, 'acme', 'person-0003');
  const { code, warnings } = await run(stage, config([OWNERS, MEMBERS, rule]));
  expect(code).toBe(4);
  expect(about(warnings, 'PERMIT_MISSING_INSTANCE')).toEqual([
    expect.stringMatching(/no resource instance repository:api in the tenant default, and 4 grants wait/),
  ]);
  expect(grantsOf(stage, 'person-0003')).toBeUndefined();
});
