import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addMember, removeMember, renameUser, userOf } from '../../src/demo/github/github.ts';
import { addPermitUser } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { drain, idOf, openDrainStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';
import { openStage, type Stage, writes } from '../support/stage.ts';

const PEOPLE = ['ann', 'ben', 'cleo', 'dora', 'eve'];
const redis = useRedis();

/** `acme`, whose users have keys of this template; later runs don't set it. */
async function syncedUnder(template: string): Promise<Stage> {
  const stage = await openStage({ userKey: 'default' });
  for (const login of PEOPLE) addMember(stage.github.world, 'acme', { login });
  const { code } = await stage.run(['reconcile', '--user-key', template]);
  expect(code).toBe(0);
  stage.permit.requests.length = 0;
  return stage;
}

const withFile = (text: string): string => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), text);
  return cwd;
};

/** Ends with the error, and wrote nothing. @returns what was said. */
async function refused(stage: Stage, args: readonly string[], cwd = emptyFolder()): Promise<string> {
  const held = stage.held();
  const { code, stdout } = await stage.run([...args, '-o', 'json'], { cwd });
  const { status, error } = JSON.parse(stdout);
  expect({ code, status, error: error?.code }).toEqual({
    code: 1,
    status: 'error',
    error: 'USER_KEY_CHANGED',
  });
  expect(stage.held()).toEqual(held);
  expect(writes(stage.permit)).toBe(0);
  return `${error.message}\n${error.hint}`;
}

describe('users under a template that was not chosen', () => {
  test.each(['{login}', '{id}', '{login}@staff', 'gh-{login}.{id}'])(
    '%s: no run moves them, and the error names that template',
    async (template) => {
      const stage = await syncedUnder(template);
      addMember(stage.github.world, 'acme', { login: 'newcomer' });
      for (const args of [
        ['reconcile'],
        ['reconcile', '--dry-run'],
        ['reconcile', '--user', 'ann'],
        ['reconcile', '--user', 'newcomer'],
        ['reconcile', '--mode', 'upsert-only'],
        ['reconcile', '--allow-moves', '100'],
      ]) {
        expect(await refused(stage, args)).toContain(`users.key: "${template}"`);
      }
      // The way on that it names.
      const ran = await stage.run(['reconcile'], { cwd: withFile(`users: { key: "${template}" }\n`) });
      expect(ran.code).toBe(0);
      expect(Object.values(stage.held()).map(({ attributes }) => attributes?.github_login)).toContain(
        'newcomer',
      );
    },
  );

  test('a config file that does not name the key changes nothing', async () => {
    const stage = await syncedUnder('{login}');
    await refused(stage, ['reconcile'], withFile('users: { onLeave: unassign }\n'));
  });

  test('renamed people do not hide the template of the others', async () => {
    const stage = await syncedUnder('{login}');
    for (const login of ['ann', 'ben']) {
      renameUser(stage.github.world, login, `${login}-new`);
      const user = stage.permit.world.users.get(login);
      if (!user) throw new Error(`${login} is gone`);
      // Kept under the old key by a run that could not move them.
      const attributes = { ...user.attributes, github_login: `${login}-new` };
      stage.permit.world.users.set(login, { ...user, attributes });
    }
    expect(await refused(stage, ['reconcile'])).toContain('users.key: "{login}"');
  });

  test('released users and those of another owner say nothing about it', async () => {
    const stage = await syncedUnder('github|{id}');
    const { permit } = stage;
    for (let i = 1; i <= 20; i++) {
      addPermitUser(permit.world, { key: `was-here-${i}`, attributes: { github_id: 90_000 + i } });
      addPermitUser(permit.world, {
        key: `theirs-${i}`,
        attributes: {
          github_id: 80_000 + i,
          github_login: `theirs-${i}`,
          github_orgs: [1],
          managed_by: 'gh-permit-sync:other',
          managed_origin: 'created',
        },
      });
    }
    const { code, stdout } = await stage.run(['reconcile', '-o', 'json']);
    expect({ code, status: JSON.parse(stdout).status }).toEqual({ code: 0, status: 'in-sync' });
  });

  test('users that onLeave: unassign kept under the former keys say nothing about it either', async () => {
    const stage = await syncedUnder('{login}');
    const unassign = 'users: { onLeave: unassign }\n';
    for (const login of PEOPLE.slice(1)) removeMember(stage.github.world, 'acme', login);
    const left = ['reconcile', '--user-key', '{login}', '--allow-removals', '4'];
    expect((await stage.run(left, { cwd: withFile(unassign) })).code).toBe(0);
    const moved = ['reconcile', '--user-key', 'github|{id}', '--allow-moves', '2'];
    expect((await stage.run(moved, { cwd: withFile(unassign) })).code).toBe(0);
    expect(Object.keys(stage.held())).toContain('eve');
    expect((await stage.run(['reconcile'], { cwd: withFile(unassign) })).code).toBe(0);
  });

  test('a move that a killed run left half done is finished', async () => {
    const stage = await syncedUnder('github|{id}');
    const ann = userOf(stage.github.world, 'ann').id;
    const key = `github|${ann}`;
    const user = stage.permit.world.users.get(key);
    if (!user) throw new Error('ann is gone');
    addPermitUser(stage.permit.world, {
      key: 'ann',
      attributes: user.attributes,
      grants: ['default/member'],
    });
    const move = { managed_move: { from: 'ann', email: null } };
    stage.permit.world.users.set(key, { ...user, attributes: { ...user.attributes, ...move } });
    expect((await stage.run(['reconcile'])).code).toBe(0);
    expect(stage.held().ann).toBeUndefined();
    expect(stage.held()[key]?.attributes?.managed_move).toBeUndefined();
  });

  test('a few that are left under the former keys are not moved either, and hold up nobody who stays', async () => {
    const stage = await syncedUnder('github|{id}');
    const key = `github|${userOf(stage.github.world, 'ann').id}`;
    const user = stage.permit.world.users.get(key);
    if (!user) throw new Error('ann is gone');
    stage.permit.world.users.delete(key);
    addPermitUser(stage.permit.world, {
      key: 'ann',
      attributes: user.attributes,
      grants: ['default/member'],
    });
    expect(await refused(stage, ['reconcile'])).toContain('users.key: "github|{id}"');
    expect(await refused(stage, ['reconcile', '--user', 'ann'])).toContain('ann');
    addMember(stage.github.world, 'acme', { login: 'ben', role: 'admin' });
    expect((await stage.run(['reconcile', '--user', 'ben'])).code).toBe(0);
    const moved = await stage.run(['reconcile'], { cwd: withFile('users: { key: "github|{id}" }\n') });
    expect(moved.code).toBe(0);
    expect(Object.keys(stage.held())).toContain(key);
    expect(stage.held().ann).toBeUndefined();
  });

  test('a saved plan is not applied once its key is no longer set', async () => {
    const stage = await syncedUnder('{login}');
    addMember(stage.github.world, 'acme', { login: 'newcomer' });
    const cwd = withFile('users: { key: "{login}" }\n');
    expect((await stage.run(['reconcile', '--dry-run', '--out', 'plan.json'], { cwd })).code).toBe(0);
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), '{}\n');
    const { code, stdout } = await stage.run(['apply', 'plan.json', '-o', 'json'], { cwd });
    expect({ code, error: JSON.parse(stdout).error.code }).toEqual({ code: 1, error: 'PLAN_STALE' });
    expect(writes(stage.permit)).toBe(0);
  });

  test('a webhook moves nobody: the drain ends with the error, and the entry stays', async () => {
    const stage = await openDrainStage(redis);
    for (const login of PEOPLE) addMember(stage.github.world, 'acme', { login });
    expect((await stage.run(['reconcile'])).code).toBe(0);
    const held = stage.held();
    for (const login of ['ann', 'newcomer']) {
      if (login === 'newcomer') addMember(stage.github.world, 'acme', { login });
      await stage.hear(login, idOf(stage, login), { action: 'member_added' });
      const { code, stdout } = await stage.run(['drain', '--settle', '0', '-o', 'json'], {
        env: { PERMIT_USER_KEY: '' },
      });
      expect({ code, error: JSON.parse(stdout).error?.code }).toEqual({ code: 1, error: 'USER_KEY_CHANGED' });
      expect(stage.held()).toEqual(held);
    }
    const settled = await drain(stage);
    expect(settled.json.queue.waiting).toBe(0);
    expect(Object.keys(stage.held())).toContain('newcomer');
  });
});

test('a template that is set still moves everyone, under the limit', async () => {
  const stage = await syncedUnder('{login}');
  const { code, stdout } = await stage.run(['reconcile', '--user-key', 'github|{id}', '-o', 'json']);
  expect(code).toBe(3);
  expect(JSON.parse(stdout).guard.violations).toMatchObject([
    { limit: 'moves', override: '--allow-moves 6' },
  ]);
  const args = ['reconcile', '--user-key', 'github|{id}', '--allow-moves', '6'];
  expect((await stage.run(args)).code).toBe(0);
  expect(Object.keys(stage.held()).every((key) => /^github\|\d+$/.test(key))).toBe(true);
});
