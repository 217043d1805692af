// probot#1049, oxidecomputer/buildomat#109: webhooks that GitHub could not hand over were lost, thousands of them.
import { describe, expect, test } from 'vitest';
import {
  addHook,
  addMember,
  deliver,
  deliveriesOf,
  orgOf,
  removeMember,
  renameUser,
} from '../../src/demo/github/github.ts';
import { agreedStage, people, reconcileJson, told } from '../support/agreement.ts';
import type { Stage } from '../support/stage.ts';

/** What Permit should hold: the login and the one grant of everyone in `acme`. */
const wanted = (stage: Stage): Record<string, readonly string[]> =>
  Object.fromEntries(
    [...orgOf(stage.github.world, 'acme').members].map(([id, { role }]) => [
      stage.github.world.users.get(id)?.login ?? '',
      [`default/${role}`],
    ]),
  );
const held = (stage: Stage): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(stage.held()).map(([key, { grants }]) => [key, grants]));

describe('probot#1049, oxidecomputer/buildomat#109: webhooks were lost', () => {
  test('buildomat#109: 200 people come, go, are renamed and promoted, and no delivery arrives', async () => {
    const stage = await agreedStage(400, 3);
    const { world } = stage.github;
    const hook = addHook(world, 'acme', { url: 'http://127.0.0.1:9/github-membership' });
    const lose = (action: string, login: string) =>
      deliver(world, 'acme', 'organization', { action, membership: { user: { login } } }, { fate: 'lost' });
    for (const login of people(11, 60)) {
      removeMember(world, 'acme', login);
      await lose('member_removed', login);
    }
    for (const login of people(61, 110)) {
      renameUser(world, login, `${login}-renamed`);
      await lose('renamed', login);
    }
    for (const login of people(401, 450)) {
      addMember(world, 'acme', { login });
      await lose('member_added', login);
    }
    for (const login of people(111, 160)) addMember(world, 'acme', { login, role: 'admin' });
    expect(deliveriesOf(world, hook).length).toBe(150);

    const ran = await stage.run(reconcileJson());
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status: 'applied' });
    expect(held(stage)).toEqual(wanted(stage));
    expect(told(await stage.run(reconcileJson())).status).toBe('in-sync');
  });

  test('probot#1049: someone who came and went unseen between two runs leaves nothing behind', async () => {
    const stage = await agreedStage(20);
    const before = stage.held();
    addMember(stage.github.world, 'acme', { login: 'guest' });
    removeMember(stage.github.world, 'acme', 'guest');
    removeMember(stage.github.world, 'acme', 'person-0003');
    addMember(stage.github.world, 'acme', { login: 'person-0003' });
    const ran = await stage.run(reconcileJson());
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status: 'in-sync' });
    expect(stage.held()).toEqual(before);
  });

  test('electron/sheriff#41: a change of role that no webhook reports is found by the listing', async () => {
    const stage = await agreedStage(20, 5);
    addMember(stage.github.world, 'acme', { login: 'person-0001', role: 'member' });
    addMember(stage.github.world, 'acme', { login: 'person-0010', role: 'admin' });
    expect((await stage.run(reconcileJson())).code).toBe(0);
    expect(held(stage)).toEqual(wanted(stage));
  });
});
