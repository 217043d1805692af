import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  addOutsideCollaborator,
  addTeam,
  addTeamMember,
  OWNER_TOKEN,
  orgOf,
  removeMember,
  removeTeamMember,
  renameTeam,
  teamOf,
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
import { emptyFolder } from '../support/program.ts';
import { openStage, type Stage, writes } from '../support/stage.ts';

const STRUCTURE = `
grants:
  - { subject: "github:*:role:admin", roles: [admin] }
  - { subject: "github:*:role:member", roles: [member] }
  - { subject: "github:acme:team:platform:*", roles: [deployer], tenant: production }
  - { subject: "github:acme:team:#4242:maintainer", roles: [owner], resource: "repository:payments-api" }
  - { subject: "github:acme:collaborator", roles: [guest] }
  - { subject: "github:*:user:*-bot", effect: deny, roles: ["*"] }
  - { subject: "github:acme:role:member", unless: ["github:acme:team:contractors:*"], roles: [insider] }
`;

/** A company with teams, a contractor, a bot and a guest; Permit has every role that the config names. */
async function company(
  config = STRUCTURE,
): Promise<Stage & { readonly reconcile: Stage['run']; readonly cwd: string }> {
  const stage = await openStage();
  const { github, permit } = stage;
  for (const login of ['ann', 'ben', 'cleo', 'dora', 'ci-bot']) addMember(github.world, 'acme', { login });
  addTeam(github.world, 'acme', { slug: 'platform', maintainers: ['ann'], members: ['ben'] });
  addTeam(github.world, 'acme', {
    slug: 'payments',
    id: 4242,
    maintainers: ['cleo'],
    members: ['ben', 'ci-bot'],
  });
  addTeam(github.world, 'acme', { slug: 'contractors', members: ['dora'] });
  for (const login of ['guest-gil', 'guest-gus']) addOutsideCollaborator(github.world, 'acme', login);
  addTenant(permit.world, 'production');
  for (const role of ['deployer', 'guest', 'insider']) addRole(permit.world, role);
  addResource(permit.world, 'repository', ['read'], { owner: ['read'] });
  addInstance(permit.world, 'repository:payments-api', 'default');
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), config);
  return {
    ...stage,
    cwd,
    reconcile: (args, options) => stage.run(['reconcile', ...args], { cwd, ...options }),
  };
}

const grants = (stage: Stage): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(stage.held()).map(([key, { grants }]) => [key, grants]));

describe('a real structure', () => {
  test('owners, teams, maintainers, collaborators, bots and contractors get what the page says', async () => {
    const stage = await company();
    const ran = await stage.reconcile([]);
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    expect(grants(stage)).toEqual({
      ann: ['default/insider', 'default/member', 'production/deployer'],
      ben: ['default/insider', 'default/member', 'production/deployer'],
      cleo: ['default/insider', 'default/member', 'default/owner@repository:payments-api'],
      dora: ['default/member'],
      'guest-gil': ['default/guest'],
      'guest-gus': ['default/guest'],
      owner: ['default/admin'],
    });
    const second = await stage.reconcile(['-o', 'json']);
    expect(JSON.parse(second.stdout).status).toBe('in-sync');

    removeTeamMember(stage.github.world, 'acme', 'platform', 'ben');
    addTeamMember(stage.github.world, 'acme', 'contractors', 'ann');
    orgOf(stage.github.world, 'acme').outsideCollaborators.delete(userOf(stage.github.world, 'guest-gus').id);
    renameTeam(stage.github.world, 'acme', 'payments', 'billing');
    const third = await stage.reconcile(['--allow-removals', '1', '--allow-demotions', '2']);
    expect(third.code).toBe(0);
    expect(grants(stage)).toMatchObject({
      ann: ['default/member', 'production/deployer'],
      ben: ['default/insider', 'default/member'],
      cleo: ['default/insider', 'default/member', 'default/owner@repository:payments-api'],
    });
    expect(grants(stage)['guest-gus']).toBeUndefined();
  });

  test('without rules about them, neither teams nor collaborators are asked for', async () => {
    const stage = await company('owner: default\n');
    expect((await stage.reconcile([])).code).toBe(0);
    expect(stage.github.requests.filter(({ path }) => /team|collaborator/.test(path))).toEqual([]);
    expect(stage.github.requests).toHaveLength(4);
  });

  test('members of a child team count, as GitHub lists them', async () => {
    const stage = await company();
    addTeam(stage.github.world, 'acme', { slug: 'platform-eu', parent: 'platform', members: ['dora'] });
    expect((await stage.reconcile([])).code).toBe(0);
    expect(grants(stage).dora).toEqual(['default/member', 'production/deployer']);
  });

  test('what is named and missing in Permit is named, and everything else is given', async () => {
    const stage = await company();
    stage.permit.world.roles.delete('deployer');
    stage.permit.world.roles.delete('guest');
    stage.permit.world.tenants.delete('production');
    stage.permit.world.instances.delete('repository:payments-api');
    const ran = await stage.reconcile([]);
    expect(ran.code).toBe(4);
    for (const name of ['deployer', 'guest', 'production', 'repository:payments-api']) {
      expect(ran.stdout).toContain(name);
    }
    expect(ran.stdout).toMatch(/gh-permit-sync policy/);
    expect(grants(stage)).toMatchObject({
      ann: ['default/insider', 'default/member'],
      dora: ['default/member'],
    });

    for (const role of ['deployer', 'guest']) addRole(stage.permit.world, role);
    addTenant(stage.permit.world, 'production');
    const second = await stage.reconcile([]);
    expect(second.code).toBe(4);
    expect(second.stdout).toMatch(/PERMIT_MISSING_INSTANCE/);
    addInstance(stage.permit.world, 'repository:payments-api', 'default');
    expect((await stage.reconcile([])).code).toBe(0);
    expect((await stage.reconcile([])).stdout).toMatch(/in sync/i);
  });
});

describe('a team that can not be read freezes what depends on it and nothing else', () => {
  test('gone: the closest slug is named, its grants stay, the rest goes on, exit 4', async () => {
    const stage = await company();
    await stage.reconcile([]);
    renameTeam(stage.github.world, 'acme', 'platform', 'platform-team');
    removeMember(stage.github.world, 'acme', 'dora');
    addMember(stage.github.world, 'acme', { login: 'eve' });
    const ran = await stage.reconcile([]);
    expect(ran.code).toBe(4);
    expect(ran.stdout).toMatch(/TEAM_UNREADABLE/);
    expect(ran.stdout).toContain('the closest team is platform-team');
    expect(grants(stage)).toMatchObject({
      ann: ['default/insider', 'default/member', 'production/deployer'],
      ben: ['default/insider', 'default/member', 'production/deployer'],
      eve: ['default/insider', 'default/member'],
    });
    expect(grants(stage).dora).toBeUndefined();
  });

  test('there, but with members that GitHub hides: it is not called missing', async () => {
    const stage = await company();
    stage.github.faults.push({
      match: ({ path }) => path.includes('/teams/contractors/'),
      do: { kind: 'answer', status: 404, body: { message: 'Not Found' } },
    });
    const { stdout } = await stage.reconcile([]);
    expect(stdout).toContain(
      "acme lists the team contractors, but its members can't be read (404 Not Found)",
    );
    expect(stdout).not.toMatch(/there is no team|the closest team/);
  });

  test('an unless that can not be read gives nothing new, and takes nothing', async () => {
    const stage = await company();
    await stage.reconcile([]);
    addMember(stage.github.world, 'acme', { login: 'eve' });
    stage.github.faults.push({
      match: ({ path }) => path.includes('/teams/contractors/'),
      do: { kind: 'answer', status: 403, body: { message: 'Forbidden' } },
    });
    const ran = await stage.reconcile([]);
    expect(ran.code).toBe(4);
    expect(grants(stage).eve).toEqual(['default/member']);
    expect(grants(stage).ann).toContain('default/insider');
  });

  test("collaborators that can't be listed have not left", async () => {
    const stage = await company();
    await stage.reconcile([]);
    stage.github.faults.push({
      match: ({ path }) => path.endsWith('/outside_collaborators'),
      do: { kind: 'answer', status: 403, body: { message: 'Forbidden' } },
    });
    const ran = await stage.reconcile([]);
    expect(ran.code).toBe(4);
    expect(ran.stdout).toMatch(/outside collaborators of acme/);
    expect(grants(stage)['guest-gus']).toEqual(['default/guest']);
  });

  test('a team list that misses someone takes nothing: the second lookup asks the team', async () => {
    const stage = await company();
    await stage.reconcile([]);
    const team = teamOf(stage.github.world, 'acme', 'platform');
    const ben = userOf(stage.github.world, 'ben').id;
    stage.github.onRequest = ({ path, query }) => {
      if (!path.endsWith('/teams/platform/members')) return;
      if (query.role === 'member') team.members.delete(ben);
    };
    stage.github.faults.push({
      match: ({ path }) => {
        if (path.includes('/memberships/')) team.members.set(ben, 'member');
        return false;
      },
      do: { kind: 'delay', ms: 0 },
    });
    const ran = await stage.reconcile([]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/KEPT_UNCONFIRMED/);
    expect(grants(stage).ben).toContain('production/deployer');
  });
});

describe('several organizations', () => {
  test('one that can not be read takes nothing from its people, gives nothing, and says so', async () => {
    const stage = await company('github: { orgs: [acme, labs] }\npermit: { tenant: "{org}" }\n');
    const { world } = stage.github;
    addOrg(world, 'labs');
    for (const login of ['owner', 'ann', 'zoe']) addMember(world, 'labs', { login, role: 'admin' });
    for (const tenant of ['acme', 'labs']) addTenant(stage.permit.world, tenant);
    const both = { env: { GITHUB_ORG: '' } };
    expect((await stage.reconcile([], both)).code).toBe(0);
    expect(grants(stage).ann).toEqual(['acme/member', 'labs/admin']);

    removeMember(world, 'acme', 'ann');
    removeMember(world, 'acme', 'ben');
    removeMember(world, 'labs', 'zoe');
    stage.github.faults.push({
      match: ({ path, query }) => path === '/orgs/labs/members' && query.role === 'member',
      do: { kind: 'answer', status: 403, body: { message: 'Forbidden' } },
    });
    const ran = await stage.reconcile([], both);
    expect(ran.code).toBe(4);
    expect(ran.stdout).toMatch(/labs/);
    expect(ran.stdout).toMatch(/KEPT_OUT_OF_SCOPE/);
    expect(grants(stage).ann).toEqual(['acme/member', 'labs/admin']);
    expect(grants(stage).zoe).toEqual(['labs/admin']);
    expect(grants(stage).ben).toBeUndefined();
  });
});

describe('users', () => {
  test('keys by id, and protected keys that are never written', async () => {
    const stage = await company('users: { key: "github|{id}", protect: ["github|7*"] }\n');
    addMember(stage.github.world, 'acme', { login: 'seven', id: 7777 });
    const ran = await stage.reconcile([], { env: { PERMIT_USER_KEY: undefined } });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/PROTECTED/);
    const ann = userOf(stage.github.world, 'ann').id;
    expect(Object.keys(grants(stage))).toContain(`github|${ann}`);
    expect(Object.keys(grants(stage))).not.toContain('github|7777');
  });

  test('onLeave: unassign keeps the user and the mark, and takes the grants', async () => {
    const stage = await company('users: { onLeave: unassign }\n');
    await stage.reconcile([]);
    removeMember(stage.github.world, 'acme', 'dora');
    expect((await stage.reconcile([])).code).toBe(0);
    expect(stage.held().dora).toMatchObject({
      grants: [],
      attributes: { managed_by: 'gh-permit-sync:default', github_login: 'dora' },
    });
    expect(JSON.parse((await stage.reconcile(['-o', 'json'])).stdout).status).toBe('in-sync');
    addMember(stage.github.world, 'acme', { login: 'dora' });
    await stage.reconcile([]);
    expect(grants(stage).dora).toEqual(['default/member']);
  });

  test('adopt: none refuses, plain takes users that hold nothing else, all takes all but another person’s', async () => {
    const stage = await company('owner: default\n');
    const { world } = stage.permit;
    addRole(world, 'billing');
    addPermitUser(world, { key: 'ann', attributes: { seat: 1 }, grants: ['default/member'] });
    addPermitUser(world, { key: 'Ben', grants: ['default/billing', 'default/admin'] });
    addPermitUser(world, { key: 'cleo', attributes: { github_id: 999_999 } });
    const none = await stage.reconcile([]);
    expect(none.code).toBe(4);
    expect(none.stdout.match(/\(KEY_TAKEN\)/g)).toHaveLength(3);

    const plain = await stage.reconcile(['--adopt']);
    expect(plain.code).toBe(4);
    expect(stage.held().ann).toMatchObject({
      attributes: { seat: 1, managed_origin: 'adopted', github_login: 'ann' },
      grants: ['default/member'],
    });
    expect(stage.held().Ben?.attributes).toEqual({});

    const all = await stage.reconcile(['--adopt', 'all']);
    expect(all.code).toBe(4);
    expect(stage.held().Ben).toMatchObject({
      attributes: { managed_origin: 'adopted' },
      grants: ['default/billing', 'default/member'],
    });
    expect(stage.held().cleo?.attributes).toEqual({ github_id: 999_999 });

    for (const login of ['ann', 'ben']) removeMember(stage.github.world, 'acme', login);
    expect((await stage.reconcile(['--allow-removals', '2'])).code).toBe(4);
    const ann = userOf(stage.github.world, 'ann').id;
    expect(stage.held().ann).toMatchObject({ attributes: { seat: 1, github_id: ann }, grants: [] });
    expect(stage.held().ann?.attributes).not.toHaveProperty('managed_by');
    expect(grants(stage).Ben).toEqual(['default/billing']);
  });

  test('manages governs grants that no rule gives; without it they are reported with the line', async () => {
    const stage = await company('owner: default\n');
    await stage.reconcile([]);
    addRole(stage.permit.world, 'auditor');
    grant(stage.permit.world, 'ann', 'production/auditor');
    const seen = JSON.parse((await stage.reconcile(['-o', 'json'])).stdout);
    expect(seen.unmanaged).toEqual([
      { user: 'ann', role: 'auditor', tenant: 'production', manages: 'production/auditor' },
    ]);
    expect(grants(stage).ann).toContain('production/auditor');

    const governed = await company('manages: ["production/aud*"]\n');
    await governed.reconcile([]);
    addRole(governed.permit.world, 'auditor');
    grant(governed.permit.world, 'ann', 'production/auditor');
    expect((await governed.reconcile([])).code).toBe(0);
    expect(grants(governed).ann).toEqual(['default/member']);
  });
});

describe('explain', () => {
  test('shows which rules match, which almost do, what is held, and the drift', async () => {
    const stage = await company();
    await stage.reconcile([]);
    grant(stage.permit.world, 'ben', 'default/admin');
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), STRUCTURE);
    const explain = (args: readonly string[]) => stage.run(['explain', ...args], { cwd });

    const text = await explain(['ben']);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/github:acme:team:platform:member/);
    expect(text.stdout).toMatch(/is github:acme:team:#4242:member, not github:acme:team:#4242:maintainer/);
    expect(text.stdout).toMatch(/Drift: the next run would\n.*unassign admin in default/);

    const json = JSON.parse((await explain(['BEN', '-o', 'json'])).stdout);
    expect(json).toMatchObject({
      command: 'explain',
      login: 'ben',
      member: true,
      user: 'ben',
      standing: 'ours',
    });
    expect(json.drift).toEqual([
      {
        kind: 'unassignRole',
        user: 'ben',
        login: 'ben',
        role: 'admin',
        tenant: 'default',
        reason: expect.any(String),
      },
    ]);

    const bot = await explain(['ci-bot']);
    expect(bot.stdout).toMatch(/2\. allow .* holds, by github:acme:role:member; taken away by rule 6/);
    const dora = await explain(['dora']);
    expect(dora.stdout).toMatch(/7\. allow .* no: not for github:acme:team:contractors:member/);
    const stranger = await explain(['nobody-here']);
    expect(stranger.code).toBe(1);
    expect(stranger.stdout).toMatch(/nobody-here is a stranger/);
  });

  test('someone who is refused is not in sync: the refusal replaces the drift', async () => {
    const stage = await company();
    addPermitUser(stage.permit.world, { key: 'ann', attributes: { kind: 'service' }, grants: [] });
    const { code, stdout } = await stage.run(['explain', 'ann']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('Drift: none');
    expect(stdout).toMatch(/^Drift: the next run leaves it, and exits 4\n {2}! KEY_TAKEN {2}ann .*--adopt/m);
    const markdown = await stage.run(['explain', 'ann', '-o', 'markdown']);
    expect(markdown.stdout).toMatch(/### Drift: the next run leaves it[^#]*\n\| `KEY_TAKEN` \| ann /);
    const json = JSON.parse((await stage.run(['explain', 'ann', '-o', 'json'])).stdout);
    expect(json).toMatchObject({ drift: [], warnings: [{ code: 'KEY_TAKEN' }] });
  });

  test('grants that depend on an unreadable team are named, with the reason and the fix', async () => {
    const stage = await company();
    const cwd = emptyFolder();
    const config = `grants:
  - { subject: "github:*:role:member", roles: [member] }
  - { subject: "github:acme:team:gone:*", roles: [deployer], tenant: production }
`;
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), config);
    const { code, stdout } = await stage.run(['explain', 'ben'], { cwd });
    expect(code).toBe(4);
    expect(stdout).not.toContain('production/deployer');
    expect(stdout).toMatch(
      /deployer in production +unknown, and left as it is: rule 2 \(github:acme:team:gone/,
    );
    expect(stdout).toMatch(/TEAM_UNREADABLE +there is no team gone in acme.*renamed or deleted.*read:org/);
    const json = JSON.parse((await stage.run(['explain', 'ben', '-o', 'json'], { cwd })).stdout);
    expect(json.undecided).toEqual([
      { role: 'deployer', tenant: 'production', because: expect.stringContaining('rule 2') },
    ]);
  });

  test('writes nothing and needs a login', async () => {
    const stage = await company();
    expect((await stage.run(['explain', 'ann'])).code).toBe(0);
    expect(writes(stage.github) + writes(stage.permit)).toBe(0);
    expect((await stage.run(['explain'])).stderr).toMatch(/\(USAGE\)/);
    expect((await stage.run(['explain', 'ann'], { env: { GH_TOKEN: `${OWNER_TOKEN}x` } })).code).toBe(1);
  });
});

describe('enterprise teams, whose slugs hold a colon', () => {
  const enterprise = async (rules: string): Promise<Awaited<ReturnType<typeof company>>> => {
    const stage = await company(`users: { key: "{login}" }\n${rules}`);
    addTeam(stage.github.world, 'acme', { slug: 'ent:contractors', maintainers: ['ben'], members: ['cleo'] });
    return stage;
  };
  const holders = (stage: Stage, grant: string): readonly string[] =>
    Object.entries(grants(stage)).flatMap(([user, held]) => (held.includes(grant) ? [user] : []));

  test('people who leave a role that a rule names lose what it gave', async () => {
    const stage = await enterprise(`
grants:
  - { subject: "github:acme:role:*", roles: [member] }
  - { subject: "github:acme:team:Ent:contractors:member", roles: [guest] }
`);
    expect(await stage.reconcile([])).toMatchObject({ code: 0, stderr: '' });
    expect(holders(stage, 'default/guest')).toEqual(['cleo']);
    removeTeamMember(stage.github.world, 'acme', 'ent:contractors', 'cleo');
    expect(await stage.reconcile([])).toMatchObject({ code: 0, stderr: '' });
    expect(holders(stage, 'default/guest')).toEqual([]);
    const why = await stage.run(['explain', 'ben'], { cwd: stage.cwd });
    expect(why.stdout).toContain('github:acme:team:ent:contractors:maintainer');
  });

  test.each(['*contractors*:*', 'ent:*', 'ent:*:*', 'ent:contractors:*', 'e*:*', '*', '*:*'])(
    'a deny and an unless of team:%s reach them',
    async (team) => {
      const stage = await enterprise(`
grants:
  - { subject: "github:acme:role:*", roles: [member] }
  - { subject: "github:acme:role:*", unless: "github:acme:team:${team}", roles: [insider] }
  - { subject: "github:acme:team:${team}", effect: deny, roles: [member] }
`);
      expect(await stage.reconcile([])).toMatchObject({ code: 0, stderr: '' });
      for (const role of ['member', 'insider']) {
        expect(holders(stage, `default/${role}`)).not.toContain('ben');
        expect(holders(stage, `default/${role}`)).not.toContain('cleo');
        expect(holders(stage, `default/${role}`)).toContain('owner');
      }
    },
  );
});
