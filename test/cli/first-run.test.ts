import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addMember, userOf } from '../../src/demo/github/github.ts';
import { addPermitUser, addRole } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { idOf, openDrainStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';
import { openStage, populate, type Stage, writes } from '../support/stage.ts';

const redis = useRedis();
const DUPLICATES = 40;
const WITHOUT = { PERMIT_USER_KEY: '' };

/** `acme` with 50 people, 40 of whom have unmarked users, under a key made of their login and id. */
async function unmanaged(key: (login: string, id: number) => string = (login) => login): Promise<Stage> {
  const stage = await openStage({ userKey: 'default' });
  populate(stage, 50, 1);
  addExisting(stage, key);
  return stage;
}

function addExisting({ github, permit }: Stage, key: (login: string, id: number) => string): void {
  for (let i = 1; i <= DUPLICATES; i++) {
    const login = `person-${String(i).padStart(4, '0')}`;
    addPermitUser(permit.world, {
      key: key(login, userOf(github.world, login).id),
      grants: ['default/member'],
    });
  }
}

const report = async (stage: Stage, ...args: readonly string[]) => {
  const { code, stdout, stderr } = await stage.run([...args, '-o', 'json']);
  return { code, stderr, json: JSON.parse(stdout) };
};

const violation = (planned: number) => ({
  limit: 'duplicates',
  allowed: 0,
  planned,
  override: `--allow-duplicates ${planned}`,
});

/** The commands that a report gives to copy, as the arguments of the program. */
const commandsIn = (text: string): readonly (readonly string[])[] =>
  [...text.matchAll(/^ *gh-permit-sync (reconcile .*)$/gm)].map(([, words = '']) =>
    [...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''),
  );

describe('a first run over users that exist already', () => {
  test('the commands that a narrowed run suggests are as narrow', async () => {
    const stage = await unmanaged();
    const { stdout } = await stage.run(['reconcile', '--user', 'person-0001,person-0002']);
    const commands = commandsIn(stdout);
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      expect(command.slice(0, 4)).toEqual(['reconcile', '--user', 'person-0001', 'person-0002']);
    }
  });

  test.each([
    ['logins', (login: string) => login],
    ['logins in another case', (login: string) => login.toUpperCase()],
    ['ids', (_: string, id: number) => String(id)],
  ])('under %s plans no second users in silence', async (_, key) => {
    const stage = await unmanaged(key);
    const before = stage.held();
    for (const args of [['reconcile'], ['reconcile', '--dry-run'], ['reconcile', '--mode', 'upsert-only']]) {
      const { code, json, stderr } = await report(stage, ...args);
      expect({ code, status: json.status, guard: json.guard }).toEqual({
        code: 3,
        status: 'refused',
        guard: { verdict: 'refused', violations: [violation(DUPLICATES)] },
      });
      expect(stderr).toContain('--allow-duplicates 40');
      expect(stderr).toContain('--adopt plain');
      expect(json.warnings).toContainEqual({
        code: 'EXISTING_USER',
        message: expect.stringMatching(/^40 members .*--adopt plain.*--allow-duplicates 40/s),
      });
    }
    expect(stage.held()).toEqual(before);
    expect(writes(stage.permit)).toBe(0);
  });

  test('the same people by the ids that Auth0 uses, where users.key is the login', async () => {
    const stage = await unmanaged((_, id) => `github|${id}`);
    const { code, json } = await report(stage, 'reconcile', '--user-key', '{login}');
    expect({ code, violations: json.guard.violations }).toEqual({
      code: 3,
      violations: [violation(DUPLICATES)],
    });
    expect(json.warnings[0].message).toContain("--user-key 'github|{id}' --adopt plain");
  });

  test.each(['text', 'markdown'])('both commands in the %s report work when pasted', async (output) => {
    const stage = await unmanaged();
    const cwd = emptyFolder();
    const config = join(cwd, 'my config.yaml');
    writeFileSync(config, 'github: { orgs: [acme] }\n');
    const env = { GITHUB_ORG: '' };
    const args = ['reconcile', '--dry-run', '--config', config, '-o', output];
    const { stdout } = await stage.run(args, { cwd, env });
    expect(stdout).toContain('40 members');
    expect(stdout).toContain('users: { key: "{login}", adopt: plain }');
    const [adopt, beside] = commandsIn(stdout);
    if (!adopt || !beside) throw new Error(`no two commands in:\n${stdout}`);

    expect((await stage.run(adopt, { cwd: emptyFolder(), env })).code).toBe(0);
    const held = stage.held();
    expect(Object.keys(held)).toHaveLength(50);
    expect(held['person-0001']?.attributes).toMatchObject({ managed_origin: 'adopted' });
    // The next run, with the lines that the report gives for the config.
    writeFileSync(config, 'github: { orgs: [acme] }\nusers: { key: "{login}", adopt: plain }\n');
    const second = await stage.run(['reconcile', '--config', config, '-o', 'json'], { env });
    expect(JSON.parse(second.stdout).status).toBe('in-sync');

    const other = await unmanaged();
    writeFileSync(config, 'github: { orgs: [acme] }\n');
    expect((await other.run(beside, { cwd: emptyFolder(), env })).code).toBe(0);
    expect(Object.keys(other.held())).toHaveLength(50 + DUPLICATES);
  });

  test('says how many of them only --adopt all would adopt', async () => {
    const stage = await unmanaged();
    addRole(stage.permit.world, 'billing');
    const user = stage.permit.world.users.get('person-0001');
    if (!user) throw new Error('person-0001 is gone');
    addPermitUser(stage.permit.world, { key: 'person-0041', grants: ['default/billing'] });
    const { json } = await report(stage, 'reconcile');
    expect(json.guard.violations).toEqual([violation(41)]);
    expect(json.warnings[0].message).toMatch(/40 can be adopted with --adopt plain, 1 needs --adopt all/);
  });

  test('an override allows so many and no more', async () => {
    const stage = await unmanaged();
    expect((await report(stage, 'reconcile', '--allow-duplicates', '39')).json.guard.violations).toEqual([
      { ...violation(DUPLICATES), allowed: 39 },
    ]);
    expect(writes(stage.permit)).toBe(0);
    expect((await report(stage, 'reconcile', '--allow-duplicates', '40')).code).toBe(0);
  });

  test("a run for one person can't bypass it, whether or not the person has a user", async () => {
    const stage = await unmanaged();
    for (const login of ['person-0001', 'person-0049']) {
      const { code, json } = await report(stage, 'reconcile', '--user', login);
      expect({ code, violations: json.guard.violations }).toEqual({
        code: 3,
        violations: [violation(DUPLICATES)],
      });
    }
    expect(writes(stage.permit)).toBe(0);
  });

  test('another owner’s user, and users of no member, are not duplicates', async () => {
    const stage = await openStage({ userKey: 'default' });
    populate(stage, 5, 1);
    addPermitUser(stage.permit.world, { key: 'svc-deploy', grants: ['default/admin'] });
    addPermitUser(stage.permit.world, { key: 'person-0001', attributes: { github_id: 77_777 } });
    expect((await report(stage, 'reconcile')).code).toBe(0);
  });

  test('apply refuses a plan that was saved over them, and takes the override', async () => {
    const stage = await unmanaged();
    const cwd = emptyFolder();
    await stage.run(['reconcile', '--dry-run', '--out', 'plan.json'], { cwd });
    expect((await stage.run(['apply', 'plan.json'], { cwd })).code).toBe(3);
    expect(writes(stage.permit)).toBe(0);
    expect((await stage.run(['apply', 'plan.json', '--allow-duplicates', '40'], { cwd })).code).toBe(0);
  });
});

describe('a webhook on an environment that nobody manages yet', () => {
  test.each(['person-0001', 'person-0049'])(
    '%s waits in the queue, and nothing is written',
    async (login) => {
      const stage = await openDrainStage(redis);
      populate(stage, 50, 1);
      addExisting(stage, (name) => name);
      // A refused full run leaves a record of the sizes, by which a drain would look at people one by one.
      expect((await stage.run(['reconcile'], { env: WITHOUT })).code).toBe(3);
      await stage.hear(login, idOf(stage, login), { action: 'member_added' });
      const { code, stdout } = await stage.run(['drain', '--settle', '0', '-o', 'json'], { env: WITHOUT });
      const { guard, queue } = JSON.parse(stdout);
      expect({ code, violations: guard.violations, waiting: queue.waiting }).toEqual({
        code: 3,
        violations: [violation(DUPLICATES)],
        waiting: 1,
      });
      expect(writes(stage.permit)).toBe(0);
      const allowed = ['drain', '--settle', '0', '--allow-duplicates', '40'];
      expect((await stage.run(allowed, { env: WITHOUT })).code).toBe(0);
      expect(Object.keys(stage.held())).toContain(`github|${idOf(stage, login)}`);
    },
  );
});

describe('later runs', () => {
  test('warn about a user that exists alongside the one that they create, and continue', async () => {
    const stage = await openStage({ userKey: 'default' });
    populate(stage, 5, 1);
    await stage.run(['reconcile']);
    for (const login of ['late-lou', 'late-lee']) {
      addPermitUser(stage.permit.world, { key: login, grants: ['default/member'] });
      addMember(stage.github.world, 'acme', { login });
    }
    const { code, json } = await report(stage, 'reconcile');
    expect({ code, status: json.status }).toEqual({ code: 0, status: 'applied' });
    const [warning, ...more] = json.warnings;
    expect(more).toEqual([]);
    expect(warning).toMatchObject({ code: 'EXISTING_USER' });
    for (const login of ['late-lou', 'late-lee']) expect(warning.message).toContain(login);
    expect(stage.held()['late-lou']).toMatchObject({ grants: ['default/member'] });
    expect((await report(stage, 'reconcile')).json).toMatchObject({ status: 'in-sync', warnings: [] });
  });
});
