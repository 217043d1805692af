import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addMember, removeMember, renameUser, userOf } from '../../src/demo/github/github.ts';
import { addInstance, addPermitUser, addResource, addRole, grant } from '../../src/demo/permit/permit.ts';
import { emptyFolder, run } from '../support/program.ts';
import { openStage, type Stage, writes } from '../support/stage.ts';

/** `acme` synced, and `ann` also has an email, names, foreign attributes and foreign grants. */
async function synced(...logins: readonly string[]): Promise<Stage> {
  const stage = await openStage();
  for (const login of ['ann', 'zoe', ...logins]) addMember(stage.github.world, 'acme', { login });
  await stage.run(['reconcile']);
  addRole(stage.permit.world, 'billing');
  addResource(stage.permit.world, 'repository', ['read'], { owner: ['read'] });
  addInstance(stage.permit.world, 'repository:api', 'default');
  grant(stage.permit.world, 'ann', 'default/billing');
  grant(stage.permit.world, 'ann', 'default/owner@repository:api');
  const user = stage.permit.world.users.get('ann');
  if (!user) throw new Error('ann was not synced');
  stage.permit.world.users.set('ann', {
    ...user,
    email: 'ann@acme.test',
    firstName: 'Ann',
    lastName: 'Example',
    attributes: { ...user.attributes, seat: 'B-12' },
  });
  stage.permit.requests.length = 0;
  return stage;
}

const WRITES_OF_A_MOVE = 4;

/** Everything that was ann's, under another key. */
const annAs = (stage: Stage, login: string) => ({
  email: 'ann@acme.test',
  grants: ['default/billing', 'default/member', 'default/owner@repository:api'],
  attributes: {
    seat: 'B-12',
    github_id: userOf(stage.github.world, login).id,
    github_login: login,
    github_orgs: [expect.any(Number)],
    managed_by: 'gh-permit-sync:default',
    managed_origin: 'created',
  },
});

describe('a rename', () => {
  test('moves profile, attributes and every grant to the new key; the next run is in sync', async () => {
    const stage = await synced();
    renameUser(stage.github.world, 'ann', 'anna');
    const dry = JSON.parse((await stage.run(['reconcile', '--dry-run', '-o', 'json'])).stdout);
    expect(dry.summary.people).toMatchObject({ moved: 1, leaving: 0, joining: 0 });
    expect(JSON.stringify(dry)).not.toContain('ann@acme.test');
    expect(writes(stage.permit)).toBe(0);

    const ran = await stage.run(['reconcile']);
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    expect(stage.held().ann).toBeUndefined();
    // Create, assign, delete, and the profile at the end: the kills below strike at each of them.
    expect(writes(stage.permit)).toBe(WRITES_OF_A_MOVE);
    expect(stage.held().anna).toEqual(annAs(stage, 'anna'));
    expect(stage.permit.world.users.get('anna')).toMatchObject({ firstName: 'Ann', lastName: 'Example' });
    expect(JSON.parse((await stage.run(['reconcile', '-o', 'json'])).stdout).status).toBe('in-sync');
  });

  test('of case alone moves nobody', async () => {
    const stage = await synced();
    renameUser(stage.github.world, 'ann', 'ANN');
    expect((await stage.run(['reconcile'])).code).toBe(0);
    expect(stage.held().ann?.attributes).toMatchObject({ github_login: 'ANN', seat: 'B-12' });
  });

  test('a chain runs from the free end, with a squatter at the other', async () => {
    const stage = await synced('ben');
    renameUser(stage.github.world, 'ben', 'carl');
    renameUser(stage.github.world, 'ann', 'ben');
    addMember(stage.github.world, 'acme', { login: 'ann', id: 9001 });
    const ran = await stage.run(['reconcile', '-o', 'json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).summary.people).toMatchObject({ moved: 2, joining: 1 });
    expect(stage.held().ben).toEqual(annAs(stage, 'ben'));
    expect(stage.held().carl?.grants).toEqual(['default/member']);
    expect(stage.held().ann).toMatchObject({
      email: null,
      grants: ['default/member'],
      attributes: { github_id: 9001 },
    });
  });

  test('a circle goes round: each ends with everything of their own', async () => {
    const stage = await synced('ben');
    renameUser(stage.github.world, 'ben', 'tmp');
    renameUser(stage.github.world, 'ann', 'ben');
    renameUser(stage.github.world, 'tmp', 'ann');
    addMember(stage.github.world, 'acme', { login: 'dora' });
    const ran = await stage.run(['reconcile']);
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
    expect(stage.held().ben).toEqual(annAs(stage, 'ben'));
    expect(stage.permit.world.users.get('ben')).toMatchObject({ firstName: 'Ann', lastName: 'Example' });
    expect(stage.held()).toMatchObject({
      ann: { email: null, grants: ['default/member'] },
      dora: { grants: ['default/member'] },
    });
    expect(Object.keys(stage.held()).some((key) => key.includes('|'))).toBe(false);
    expect(JSON.parse((await stage.run(['reconcile', '-o', 'json'])).stdout).status).toBe('in-sync');
  });

  test('to a key that someone else has leaves the person where they are', async () => {
    const stage = await synced();
    addPermitUser(stage.permit.world, { key: 'anna', attributes: { service: true } });
    renameUser(stage.github.world, 'ann', 'anna');
    const before = stage.held();
    expect((await stage.run(['reconcile'])).code).toBe(4);
    expect(stage.held()).toEqual(before);
  });

  test('renamed and gone: deleted under the former name, and the squatter gets a fresh user', async () => {
    const stage = await synced();
    stage.permit.world.users.delete('ann');
    addPermitUser(stage.permit.world, {
      key: 'ann',
      attributes: {
        github_id: userOf(stage.github.world, 'ann').id,
        github_login: 'ann',
        github_orgs: [stage.github.world.orgs.get('acme')?.id],
        managed_by: 'gh-permit-sync:default',
        managed_origin: 'created',
      },
      grants: ['default/admin'],
    });
    removeMember(stage.github.world, 'acme', 'ann');
    renameUser(stage.github.world, 'ann', 'elsewhere');
    addMember(stage.github.world, 'acme', { login: 'ann', id: 9002 });
    expect((await stage.run(['reconcile', '--allow-floor', 'default/admin=1'])).code).toBe(0);
    expect(stage.held().ann).toMatchObject({ grants: ['default/member'], attributes: { github_id: 9002 } });
  });
});

describe('a changed template', () => {
  test('moves everyone under the limit moves', async () => {
    const stage = await synced('ben', 'cleo', 'dora', 'eve', 'fay');
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), 'users: { key: "github|{id}" }\n');
    const inFile = { cwd, env: { PERMIT_USER_KEY: undefined } };
    const refused = await stage.run(['reconcile'], inFile);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('--allow-moves 8');
    expect(writes(stage.permit)).toBe(0);

    stage.github.requests.length = 0;
    const ran = await stage.run(['reconcile', '--allow-moves', '8'], inFile);
    expect(ran.code).toBe(0);
    // Nobody loses anything on GitHub's word, so nobody is looked at.
    expect(stage.github.requests).toHaveLength(4);
    expect(Object.keys(stage.held()).every((key) => /^github\|\d+$/.test(key))).toBe(true);
    expect(stage.held()[`github|${userOf(stage.github.world, 'ann').id}`]).toEqual(annAs(stage, 'ann'));
    expect(JSON.parse((await stage.run(['reconcile', '-o', 'json'], inFile)).stdout).status).toBe('in-sync');
  });
});

describe('kill -9 at every request of a move', () => {
  const kinds = ['before', 'after'] as const;
  test.each(kinds)(
    '%s the work: nothing is lost, and the next run finishes',
    { timeout: 120_000 },
    async (when) => {
      for (let nth = 1; nth <= WRITES_OF_A_MOVE; nth++) {
        const stage = await synced();
        renameUser(stage.github.world, 'ann', 'anna');
        let count = 0;
        let kill: (signal: NodeJS.Signals) => void = () => undefined;
        let dead = false;
        const fatal = (method: string): boolean => method !== 'GET' && !dead && ++count === nth;
        stage.permit.faults.push({
          match: ({ method }) => {
            if (!fatal(method)) return false;
            dead = true;
            kill('SIGKILL');
            return true;
          },
          do: { kind: 'reset', when },
        });
        const started = (send: typeof kill): void => {
          kill = send;
        };
        const { code } = await run(['reconcile'], { env: stage.env, started });
        expect({ dead, code }).toEqual({ dead: true, code: null });
        const resumed = await stage.run(['reconcile']);
        expect(resumed.stderr).toBe('');
        expect(resumed.code).toBe(0);
        expect(stage.held().ann).toBeUndefined();
        expect(stage.held().anna).toEqual(annAs(stage, 'anna'));
        expect(stage.permit.world.users.get('anna')).toMatchObject({ firstName: 'Ann', lastName: 'Example' });
        expect(JSON.parse((await stage.run(['reconcile', '-o', 'json'])).stdout).status).toBe('in-sync');
      }
    },
  );
});

test('kill -9 at every request of a swap: the next runs give everyone their own', {
  timeout: 300_000,
}, async () => {
  let killed = 0;
  for (let nth = 1; nth <= 14; nth++) {
    const stage = await synced('ben');
    renameUser(stage.github.world, 'ben', 'tmp');
    renameUser(stage.github.world, 'ann', 'ben');
    renameUser(stage.github.world, 'tmp', 'ann');
    let count = 0;
    let kill: (signal: NodeJS.Signals) => void = () => undefined;
    let dead = false;
    stage.permit.faults.push({
      match: ({ method }) => {
        if (method === 'GET' || dead || ++count !== nth) return false;
        dead = true;
        kill('SIGKILL');
        return true;
      },
      do: { kind: 'reset', when: nth % 2 === 0 ? 'after' : 'before' },
    });
    const started = (send: typeof kill): void => {
      kill = send;
    };
    await run(['reconcile'], { env: stage.env, started });
    if (!dead) break;
    killed++;
    const resumed = await stage.run(['reconcile']);
    expect({ code: resumed.code, stderr: resumed.stderr }).toEqual({ code: 0, stderr: '' });
    await stage.run(['reconcile']);
    expect(stage.held().ben).toEqual(annAs(stage, 'ben'));
    expect(stage.held().ann?.grants).toEqual(['default/member']);
    expect(Object.keys(stage.held()).some((key) => key.includes('|'))).toBe(false);
    expect(JSON.parse((await stage.run(['reconcile', '-o', 'json'])).stdout).status).toBe('in-sync');
  }
  // Aside, over, and back: each creates, assigns and deletes, and two profiles are filled at the end.
  expect(killed).toBe(11);
});

test('the report puts each change under the person it is about, even if others move too', async () => {
  const stage = await synced('ben', 'cleo', 'dora', 'eve');
  renameUser(stage.github.world, 'dora', 'aaron');
  removeMember(stage.github.world, 'acme', 'ben');
  addMember(stage.github.world, 'acme', { login: 'eve', role: 'admin' });
  for (const output of ['text', 'markdown']) {
    const { stdout } = await stage.run(['reconcile', '--dry-run', '--output', output]);
    const linesOf = (who: string): string =>
      stdout.split(/\n(?=\n? {2}[+~-] )/).find((part) => part.includes(` ${who} `)) ?? '';
    if (output === 'text') {
      expect(linesOf('aaron')).toContain('delete user dora');
      for (const who of ['ben', 'eve']) expect(linesOf(who)).not.toContain('dora');
    } else expect(stdout).not.toMatch(/`eve`[^\n]*dora|`ben`[^\n]*dora/);
  }
});
