import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addPermitUser,
  ENVIRONMENT_KEY,
  type PermitEmulator,
  permitWorld,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import { startStop } from '../../src/http/stop.ts';
import type { UserKey } from '../../src/model/identity.ts';
import { LEVELS, type Level } from '../../src/model/repositories/access-model.ts';
import { openPdp } from '../../src/permit/permit-pdp.ts';
import { FAST } from '../support/adapters.ts';
import { addRepositoryModel, addTuple } from '../support/repository-world.ts';

const API = 'repository:1';
const resource = { type: 'repository', key: '1', tenant: 'default' };

/** One repository of one organization, with a base permission of read and a team that may push. */
async function permitWithAccess(): Promise<PermitEmulator> {
  const world = permitWorld();
  addRepositoryModel(world);
  addTuple(world, { subject: 'github_org:1', relation: 'owner_read', object: API });
  addTuple(world, { subject: 'github_team:2', relation: 'team_push', object: API });
  const people = {
    owner: 'owner@github_org:1',
    member: 'member@github_org:1',
    auditor: 'all_repo_triage@github_org:1',
    maintainer: 'maintainer@github_team:2',
    elsewhere: 'maintainer@github_team:3',
    direct: 'maintainer@repository:1',
  };
  for (const [key, grant] of Object.entries(people))
    addPermitUser(world, { key, grants: [`default/${grant}`] });
  const emulator = await startPermitEmulator(world);
  onTestFinished(() => emulator.close());
  return emulator;
}

function pdpOf({ url }: { readonly url: string }, now?: () => number) {
  const control = startStop(60_000);
  onTestFinished(() => control.dispose());
  const waits: number[] = [];
  const pdp = openPdp({
    apiUrl: url,
    pdpUrl: url,
    apiKey: ENVIRONMENT_KEY,
    stop: control.stop,
    observer: { onStart: () => undefined, onEnd: () => undefined },
    retry: FAST,
    ...(now && {
      paceTiming: {
        now: () => now() + waits.reduce((sum, ms) => sum + ms, 0),
        sleep: async (ms) => waits.push(ms),
      },
    }),
  });
  return { pdp, waits };
}

const USERS = ['owner', 'member', 'auditor', 'maintainer', 'elsewhere', 'direct'] as UserKey[];
const ALLOWED: { readonly [level in Level]: readonly string[] } = {
  read: ['auditor', 'direct', 'maintainer', 'member', 'owner'],
  triage: ['auditor', 'direct', 'maintainer', 'owner'],
  write: ['direct', 'maintainer', 'owner'],
  maintain: ['direct', 'owner'],
  admin: ['owner'],
};

describe('asking the PDP about access to repositories', () => {
  test.each(LEVELS)('who may %s, in one question or many', async (action) => {
    const { pdp } = pdpOf(await permitWithAccess());
    expect((await pdp.listAllowed({ action, resource })).toSorted()).toEqual(ALLOWED[action]);
    const answers = await pdp.allowedBulk(USERS.map((user) => ({ user, action, resource })));
    expect(USERS.filter((_, index) => answers[index]).sort()).toEqual(ALLOWED[action]);
    expect(await pdp.check({ user: 'direct', action, resource })).toBe(ALLOWED[action].includes('direct'));
  });

  test('nobody, if ReBAC is off in the environment', async () => {
    const permit = await permitWithAccess();
    permit.switches.rebacDisabled = true;
    expect(await pdpOf(permit).pdp.listAllowed({ action: 'read', resource })).toEqual([]);
  });

  test('450 questions in 5 calls, answered in their order', async () => {
    const permit = await permitWithAccess();
    const users = Array.from({ length: 450 }, (_, index) => USERS[index % USERS.length] ?? USERS[0]);
    const questions = users.map((user) => ({ user: user as UserKey, action: 'admin' as const, resource }));
    const answers = await pdpOf(permit).pdp.allowedBulk(questions);
    expect(answers).toEqual(users.map((user) => user === 'owner'));
    expect(permit.requests.map(({ path }) => path)).toEqual(Array(5).fill('/allowed/bulk'));
  });

  test('at most 200 bulk calls a minute', async () => {
    const { pdp, waits } = pdpOf(await permitWithAccess(), () => 0);
    const question = { user: USERS[0] as UserKey, action: 'read' as const, resource };
    for (let call = 0; call < 201; call++) await pdp.allowedBulk([question]);
    expect(waits).toEqual([61_000]);
  });

  test('failures are retried', async () => {
    const permit = await permitWithAccess();
    permit.faults.push({ match: () => true, times: 2, do: { kind: 'answer', status: 503 } });
    expect(await pdpOf(permit).pdp.listAllowed({ action: 'admin', resource })).toEqual(['owner']);
  });

  test.each([
    ['a text', 'allow'],
    ['fewer answers than questions', { allow: [] }],
    ['a text instead of a decision', { allow: [{ allow: 'yes' }] }],
    ['no decision', { allow: [{ allow: null, result: true }] }],
    ['no list', { allow: true }],
  ])('%s is not a decision', async (_, body) => {
    const permit = await permitWithAccess();
    permit.faults.push({ match: () => true, do: { kind: 'answer', status: 200, body } });
    const asked = pdpOf(permit).pdp.allowedBulk([{ user: USERS[0] as UserKey, action: 'read', resource }]);
    await expect(asked).rejects.toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
  });
});
