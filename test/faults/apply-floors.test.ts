import { expect, test } from 'vitest';
import { addMember, orgOf, userOf } from '../../src/demo/github/github.ts';
import { poison } from '../../src/demo/permit/permit.ts';
import { openStage, type Stage } from '../support/stage.ts';

/** `acme` with two admins, `owner` and `boss`, and a member, `heir`; synced. */
async function synced(): Promise<Stage> {
  const stage = await openStage();
  addMember(stage.github.world, 'acme', { login: 'boss', role: 'admin' });
  addMember(stage.github.world, 'acme', { login: 'heir' });
  expect((await stage.run(['reconcile'])).code).toBe(0);
  return stage;
}

function setRole(stage: Stage, login: string, role: 'admin' | 'member'): void {
  const { id } = userOf(stage.github.world, login);
  orgOf(stage.github.world, 'acme').members.set(id, { role, state: 'active', public: false });
}

const admins = (stage: Stage): readonly string[] =>
  Object.entries(stage.held())
    .filter(([, { grants }]) => grants.includes('default/admin'))
    .map(([key]) => key);

const REFUSED = { kind: 'answer', status: 400, body: { title: 'Bad Request', message: 'no' } } as const;
const CONFIG = ['reconcile', '--allow-demotions', '5', '-o', 'json', '--timeout', '60s'];

test('nobody loses admin to make room for someone whom Permit refuses', async () => {
  const stage = await synced();
  for (const login of ['owner', 'boss']) setRole(stage, login, 'member');
  setRole(stage, 'heir', 'admin');
  stage.permit.faults.push(poison(['heir'], REFUSED));
  const { code, stdout } = await stage.run(CONFIG);
  expect(code).toBe(4);
  expect(admins(stage).toSorted()).toEqual(['boss', 'owner']);
  const { changes } = JSON.parse(stdout);
  expect(changes).toContainEqual(
    expect.objectContaining({
      kind: 'unassignRole',
      user: 'boss',
      outcome: 'skipped',
      why: "nobody could be made admin in this one's place",
    }),
  );

  stage.permit.faults.length = 0;
  expect((await stage.run(CONFIG)).code).toBe(0);
  expect(admins(stage)).toEqual(['heir']);
});

test('where enough holders are left, nobody waits for the one who was refused', async () => {
  const stage = await synced();
  setRole(stage, 'boss', 'member');
  setRole(stage, 'heir', 'admin');
  stage.permit.faults.push(poison(['heir'], REFUSED));
  expect((await stage.run(CONFIG)).code).toBe(4);
  expect(admins(stage)).toEqual(['owner']);
});
