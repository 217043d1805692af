import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'vitest';
import {
  addApp,
  addMember,
  addOrg,
  addOrgRole,
  addOutsideCollaborator,
  addTeam,
  addTeamMember,
  addUser,
  installApp,
  orgOf,
  removeMember,
  removeTeamMember,
  renameTeam,
  renameUser,
  userOf,
} from '../../src/demo/github/github.ts';
import {
  addInstance,
  addPermitUser,
  addResource,
  addRole,
  addTenant,
  grant,
} from '../../src/demo/permit/permit.ts';
import { populate } from '../support/stage.ts';
import type { Place, Scenario } from './place.ts';
import { mayAdministerHooks } from './setup.ts';

const BY_LOGIN = 'users: { key: "{login}" }';
const FREELY = '--allow-removals 9 --allow-demotions 9 --allow-moves 99';

export const RULES = `
${BY_LOGIN}
grants:
  - { subject: "github:*:role:admin", roles: [admin] }
  - { subject: "github:*:role:member", roles: [member] }
  - { subject: "github:acme:team:platform:*", roles: [deployer], tenant: production }
  - { subject: "github:acme:team:#4242:maintainer", roles: [owner], resource: "repository:payments-api" }
  - { subject: "github:acme:collaborator", roles: [guest] }
  - { subject: "github:*:user:*-bot", effect: deny, roles: ["*"] }
  - { subject: "github:acme:role:member", unless: ["github:acme:team:contr*:*"], roles: [insider] }
`;

/** Teams of every kind, a contractor, a bot and a guest; Permit has every role that the rules name. */
export function company({ github: { world }, permit, configure }: Place): void {
  for (const login of ['ann', 'ben', 'cleo', 'dora', 'ci-bot']) addMember(world, 'acme', { login });
  addTeam(world, 'acme', { slug: 'platform', maintainers: ['ann'], members: ['ben'] });
  addTeam(world, 'acme', { slug: 'payments', id: 4242, maintainers: ['cleo'], members: ['ben', 'ci-bot'] });
  addTeam(world, 'acme', { slug: 'contractors', members: ['dora'] });
  addTeam(world, 'acme', { slug: 'contract-lawyers', parent: 'contractors' });
  for (const login of ['guest-gus', 'guest-eve']) addOutsideCollaborator(world, 'acme', login);
  addTenant(permit.world, 'production');
  for (const role of ['deployer', 'guest', 'insider']) addRole(permit.world, role);
  addResource(permit.world, 'repository', ['read'], { owner: ['read'] });
  addInstance(permit.world, 'repository:payments-api', 'default');
  configure(RULES);
}

export const peopleScenarios: readonly Scenario[] = [
  [
    'an organization of several pages: dry run, first run, second run, leaver, demotion, promotion',
    async ({ open }) => {
      const place = await open();
      const { world } = place.github;
      populate(place, 230, 3);
      await place.run(2, 'reconcile --dry-run --detailed-exitcode');
      await place.run(0, 'reconcile');
      expect(Object.keys(place.held())).toHaveLength(230);
      await place.run(0, 'reconcile --output markdown');
      removeMember(world, 'acme', 'person-0200');
      addMember(world, 'acme', { login: 'person-0001', role: 'member' });
      addMember(world, 'acme', { login: 'person-0150', role: 'admin' });
      addMember(world, 'acme', { login: 'invited', state: 'pending' });
      await place.run(0, `reconcile ${FREELY}`);
      expect(Object.keys(place.held())).toHaveLength(229);
      await place.run(0, 'reconcile --user person-0002 person-0100');
    },
  ],
  [
    'teams by slug, id and pattern, collaborators, instances: give, change, take; explain',
    async ({ open }) => {
      const place = await open();
      const { world } = place.github;
      company(place);
      await place.run(0, 'reconcile');
      expect(place.held().cleo?.grants).toContain('default/owner@repository:payments-api');
      removeTeamMember(world, 'acme', 'platform', 'ben');
      addTeamMember(world, 'acme', 'contractors', 'ann');
      renameTeam(world, 'acme', 'payments', 'billing');
      orgOf(world, 'acme').outsideCollaborators.delete(userOf(world, 'guest-gus').id);
      await place.run(0, `reconcile ${FREELY}`);
      for (const login of ['ann', 'cleo', 'owner']) await place.run(0, `explain ${login}`);
      await place.run(1, 'explain guest-gus');
      await place.runAny('explain nobody-at-all');
      removeMember(world, 'acme', 'cleo');
      await place.run(0, `reconcile --user cleo ${FREELY}`);
    },
  ],
  [
    'renamed people move with their profile and foreign grants; swapped names; a freed login',
    async ({ open }) => {
      const place = await open();
      const { github, permit } = place;
      place.configure(BY_LOGIN);
      for (const login of ['ann', 'bob', 'cid', 'dan']) addMember(github.world, 'acme', { login });
      await place.run(0, 'reconcile');
      addRole(permit.world, 'billing');
      addResource(permit.world, 'repository', ['read'], { owner: ['read'] });
      addInstance(permit.world, 'repository:api', 'default');
      grant(permit.world, 'ann', 'default/billing');
      grant(permit.world, 'ann', 'default/owner@repository:api');
      const ann = permit.world.users.get('ann');
      if (ann !== undefined)
        permit.world.users.set('ann', { ...ann, email: 'ann@acme.test', firstName: 'Ann' });
      renameUser(github.world, 'ann', 'anna');
      renameUser(github.world, 'bob', 'temporary');
      renameUser(github.world, 'cid', 'bob');
      renameUser(github.world, 'temporary', 'cid');
      renameUser(github.world, 'dan', 'daniel');
      addMember(github.world, 'acme', { login: 'dan' });
      // People who swapped their names are for the engine to settle; here only the requests count.
      await place.runAny('reconcile');
      expect(place.held().anna?.grants).toContain('default/owner@repository:api');
      await place.runAny('reconcile');
    },
  ],
  [
    'a changed key template moves everyone',
    async ({ open }) => {
      const place = await open();
      populate(place, 8, 2);
      const env = { PERMIT_USER_KEY: 'gh-{id}' };
      await place.run(0, 'reconcile --user-key {login}');
      await place.run(3, 'reconcile', env);
      await place.run(0, `reconcile ${FREELY}`, env);
      expect(Object.keys(place.held()).every((key) => key.startsWith('gh-'))).toBe(true);
    },
  ],
  [
    'upsert-only, adoption, release, unassign on leave, and the pruning of what is unmanaged',
    async ({ open }) => {
      const place = await open();
      const { github, permit } = place;
      place.configure(BY_LOGIN);
      for (const login of ['ann', 'bob', 'cid']) addMember(github.world, 'acme', { login });
      addRole(permit.world, 'billing');
      addPermitUser(permit.world, { key: 'ann', attributes: { seat: 1 }, grants: ['default/member'] });
      addPermitUser(permit.world, { key: 'bob', attributes: null, grants: ['default/billing'] });
      addPermitUser(permit.world, { key: 'stranger', grants: ['default/member'] });
      await place.runAny('reconcile --mode upsert-only');
      await place.runAny('reconcile --adopt plain');
      await place.run(0, 'reconcile --adopt all');
      expect(place.held().ann?.attributes).toMatchObject({ seat: 1, managed_origin: 'adopted' });
      removeMember(github.world, 'acme', 'ann');
      await place.run(0, `reconcile ${FREELY}`);
      place.configure('users: { key: "{login}", onLeave: unassign }');
      removeMember(github.world, 'acme', 'cid');
      await place.run(0, `reconcile ${FREELY} --prune-unmanaged 5`);
      expect(place.held().stranger?.grants).toEqual([]);
    },
  ],
  [
    'the default user key: people who exist already, a leaver, and everybody looked at alone',
    async ({ open }) => {
      const place = await open({ userKey: 'default' });
      const { github, permit } = place;
      for (const login of ['ann', 'bob']) addMember(github.world, 'acme', { login });
      addPermitUser(permit.world, { key: 'ann', email: 'ann@acme.test' });
      await place.runAny('reconcile');
      await place.runAny('reconcile --allow-duplicates 1');
      const { id } = userOf(github.world, 'bob');
      expect(place.held()[`github|${id}`]?.grants).toEqual(['default/member']);
      await place.run(0, 'explain bob');
      await place.runAny('check bob edit-repo membership');
      removeMember(github.world, 'acme', 'bob');
      await place.run(0, `reconcile --user bob ${FREELY}`);
      expect(place.held()[`github|${id}`]).toBeUndefined();
    },
  ],
  [
    'organization roles, direct and through a team',
    async ({ open }) => {
      const place = await open();
      const { github, permit } = place;
      mayAdministerHooks(place);
      populate(place, 5, 1);
      addTeam(github.world, 'acme', { slug: 'security', members: ['person-0001'] });
      const role = addOrgRole(github.world, 'acme', {
        name: 'security_manager',
        users: ['person-0002', 'person-0003'],
        teams: ['security'],
      });
      addRole(permit.world, 'auditor');
      place.configure(`
grants:
  - { subject: "github:acme:org-role:security_manager", roles: [auditor] }
  - { subject: "github:acme:role:*", roles: [member] }
`);
      await place.run(0, 'reconcile');
      role.users.delete(userOf(github.world, 'person-0002').id);
      await place.run(0, `reconcile ${FREELY}`);
      expect(place.held()['person-0002']?.grants).toEqual(['default/member']);
      await place.runAny('doctor');
    },
  ],
  [
    'enterprise teams, indirect members, team lists that tell the role, and no Link header',
    async ({ open }) => {
      const place = await open({ github: { linkHeader: 'dropped', teamMemberRoles: true } });
      const { github, permit } = place;
      populate(place, 101, 1);
      addMember(github.world, 'acme', { login: 'indirect', through: ['ent:partners'] });
      addTeam(github.world, 'acme', { slug: 'ent:partners', members: ['indirect', 'person-0001'] });
      addRole(permit.world, 'partner');
      place.configure(`
grants:
  - { subject: "github:acme:role:*", roles: [member] }
  - { subject: "github:acme:team:ent:partners:*", roles: [partner] }
  - { subject: "github:*:team:*blocked*:*", effect: deny, roles: ["*"] }
`);
      await place.run(0, 'reconcile');
      expect(Object.keys(place.held())).toHaveLength(102);
      expect(place.held().indirect?.grants).toEqual(['default/member', 'default/partner']);
      removeTeamMember(github.world, 'acme', 'ent:partners', 'person-0001');
      await place.run(0, `reconcile ${FREELY}`);
      expect(place.held()['person-0001']?.grants).toEqual(['default/member']);
      await place.runAny('doctor');
    },
  ],
  [
    'a saved plan is applied, and refused once it is stale',
    async ({ open }) => {
      const place = await open();
      populate(place, 12, 2);
      await place.run(0, 'reconcile --dry-run --out plan.json');
      await place.run(0, 'apply plan.json');
      expect(Object.keys(place.held())).toHaveLength(12);
      await place.run(1, 'apply plan.json');
    },
  ],
  [
    'several organizations with a GitHub App of three installations; one person leaves one of them',
    async ({ open }) => {
      const place = await open();
      const { world } = place.github;
      const { publicKey, privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      });
      const app = addApp(world, 77, publicKey);
      for (const org of ['labs', 'shop']) {
        addOrg(world, org);
        addMember(world, org, { login: 'owner', role: 'admin' });
      }
      for (const org of ['acme', 'labs', 'shop']) {
        addMember(world, org, { login: 'ann' });
        installApp(world, app, org);
        addTenant(place.permit.world, org);
      }
      addUser(world, 'not-a-member');
      place.configure(`${BY_LOGIN}\ngithub: { orgs: [acme, labs, shop] }\npermit: { tenant: "{org}" }\n`);
      const env = { GH_TOKEN: '', GITHUB_ORG: '', GITHUB_APP_ID: '77', GITHUB_APP_PRIVATE_KEY: privateKey };
      await place.run(0, 'reconcile', env);
      removeMember(world, 'labs', 'ann');
      await place.run(0, `reconcile ${FREELY}`, env);
      expect(place.held().ann?.grants).toEqual(['acme/member', 'shop/member']);
      await place.run(0, 'explain ann', env);
      await place.runAny('doctor', env);
    },
  ],
  [
    'check asks the PDP about tenants, instances and people without a user',
    async ({ open }) => {
      const place = await open();
      const { world } = place.permit;
      place.configure(BY_LOGIN);
      addResource(world, 'membership', ['edit-repo']);
      addResource(world, 'repository', ['deploy'], { owner: ['deploy'] });
      addRole(world, 'member', ['membership:edit-repo']);
      addInstance(world, 'repository:api', 'default');
      addMember(place.github.world, 'acme', { login: 'ann' });
      await place.run(0, 'reconcile');
      grant(world, 'ann', 'default/owner@repository:api');
      await place.run(0, 'check ann edit-repo membership');
      await place.run(0, 'check ann deploy repository:api');
      await place.run(5, 'check ann delete-repo membership');
      await place.runAny('check nobody-at-all edit-repo membership');
      await place.run(0, 'check ann edit-repo membership --output json', { GH_TOKEN: '' });
    },
  ],
];
