// A login that is freed can be registered by anyone. Where the user of its former owner can't be moved away, whoever has
// the login now would get that user's answers from Permit, run after run.
import { describe, expect, test } from 'vitest';
import { addMember, addUser, removeMember, renameUser, userOf } from '../../src/demo/github/github.ts';
import { addPermitUser, addRole, grant, poison } from '../../src/demo/permit/permit.ts';
import { agreedStage, folderWith, reconcileJson, told } from '../support/agreement.ts';
import type { Stage } from '../support/stage.ts';

const BY_LOGIN = 'users: { key: "{login}" }\n';

type Scene = Stage & { readonly cwd: string; readonly annId: number };

/** `acme`, in sync. `ann` is an owner who also holds a foreign grant; `bob` is another owner. */
async function withOwners(config = ''): Promise<Scene> {
  const stage = await agreedStage(12);
  const cwd = folderWith(BY_LOGIN + config);
  for (const login of ['ann', 'bob', 'cat']) addMember(stage.github.world, 'acme', { login, role: 'admin' });
  expect((await stage.run(['reconcile'], { cwd: folderWith(BY_LOGIN) })).code).toBe(0);
  addRole(stage.permit.world, 'billing');
  grant(stage.permit.world, 'ann', 'default/billing');
  return { ...stage, cwd, annId: userOf(stage.github.world, 'ann').id };
}

const sync = async ({ run, cwd }: Scene, ...flags: readonly string[]) => {
  const ran = await run([...reconcileJson(), ...flags], { cwd });
  return { code: ran.code, told: ran.stdout.startsWith('{') ? told(ran) : undefined, stdout: ran.stdout };
};

const codesOf = (stdout: string): readonly string[] =>
  (JSON.parse(stdout).warnings as { code: string }[]).map(({ code }) => code);

function refuse({ permit }: Scene, key: string): void {
  permit.faults.push(poison([key], { kind: 'answer', status: 422, body: { message: 'not this user' } }));
}

/** Ways in which the move of `ann`, who is called `anna` now, is blocked. */
const BLOCKED: Readonly<Record<string, (scene: Scene) => void>> = {
  'an unmarked user has the new key': ({ permit }) => addPermitUser(permit.world, { key: 'anna' }),
  'another owner manages the new key': ({ permit }) =>
    addPermitUser(permit.world, {
      key: 'anna',
      attributes: {
        github_id: 77,
        github_login: 'anna',
        github_orgs: [1],
        managed_by: 'gh-permit-sync:other',
        managed_origin: 'created',
      },
    }),
  'Permit refuses the new user': (scene) => refuse(scene, 'anna'),
};

describe('an owner is renamed, the move is blocked, and a member claims the login', () => {
  test.each(Object.entries(BLOCKED))('%s: the claimant inherits nothing', async (_, block) => {
    const scene = await withOwners();
    block(scene);
    renameUser(scene.github.world, 'ann', 'anna');
    addMember(scene.github.world, 'acme', { login: 'ann' });
    const { code, stdout } = await sync(scene);
    expect(code).toBe(4);
    expect(codesOf(stdout)).toContain('KEY_CLAIMED');
    // The foreign grant is not ours to take; who it belongs to can still be read from the user.
    expect(scene.held().ann?.grants).toEqual(['default/billing']);
    expect(scene.held().ann?.attributes).toMatchObject({ github_id: scene.annId });
    const again = await sync(scene);
    expect(again.code).toBe(4);
    expect(scene.held().ann?.grants).toEqual(['default/billing']);
  });

  test('the new key is protected: the same, and the new owner keeps nothing under the old one', async () => {
    const scene = await withOwners();
    const cwd = folderWith('users: { key: "{login}", protect: ["svc-*"] }\n');
    renameUser(scene.github.world, 'ann', 'svc-ann');
    addMember(scene.github.world, 'acme', { login: 'ann' });
    const { code, stdout } = await sync({ ...scene, cwd });
    expect(code).toBe(4);
    expect(codesOf(stdout)).toContain('KEY_CLAIMED');
    expect(scene.held().ann?.grants).toEqual(['default/billing']);
    expect(scene.held()['svc-ann']).toBeUndefined();
  });

  test.each(['ann', 'anna'])('a run narrowed to %s takes the same', async (login) => {
    const scene = await withOwners();
    addPermitUser(scene.permit.world, { key: 'anna' });
    renameUser(scene.github.world, 'ann', 'anna');
    addMember(scene.github.world, 'acme', { login: 'ann' });
    const { code, stdout } = await sync(scene, '--user', login);
    expect(code).toBe(4);
    expect(codesOf(stdout)).toContain('KEY_CLAIMED');
    expect(scene.held().ann?.grants).toEqual(['default/billing']);
  });

  test('what is taken counts against the limits', async () => {
    const scene = await withOwners('limits: { removals: 0 }\n');
    addPermitUser(scene.permit.world, { key: 'anna' });
    renameUser(scene.github.world, 'ann', 'anna');
    addMember(scene.github.world, 'acme', { login: 'ann' });
    expect((await sync(scene)).code).toBe(3);
    expect(scene.held().ann?.grants).toContain('default/admin');
    expect((await sync(scene, '--allow-removals', '1')).code).toBe(4);
    expect(scene.held().ann?.grants).toEqual(['default/billing']);
  });

  test('the limits also apply to what is removed because Permit refused the move', async () => {
    const scene = await withOwners('limits: { removals: 0 }\n');
    refuse(scene, 'anna');
    renameUser(scene.github.world, 'ann', 'anna');
    addMember(scene.github.world, 'acme', { login: 'ann' });
    const refused = await sync(scene);
    expect(refused.code).toBe(4);
    expect(codesOf(refused.stdout)).toContain('KEY_CLAIMED');
    expect(scene.held().ann?.grants).toContain('default/admin');
    await sync(scene, '--allow-removals', '1');
    expect(scene.held().ann?.grants).toEqual(['default/billing']);
  });

  test('once the way is free, everyone has their own grants under their own name', async () => {
    const scene = await withOwners();
    addPermitUser(scene.permit.world, { key: 'anna' });
    renameUser(scene.github.world, 'ann', 'anna');
    const claimant = addMember(scene.github.world, 'acme', { login: 'ann' });
    await sync(scene);
    scene.permit.world.users.delete('anna');
    expect((await sync(scene)).code).toBe(0);
    expect(scene.held()).toMatchObject({
      anna: { grants: ['default/admin', 'default/billing'], attributes: { github_id: scene.annId } },
      ann: { grants: ['default/member'], attributes: { github_id: claimant.id } },
    });
    expect((await sync(scene)).told?.status).toBe('in-sync');
  });

  test('while nobody has claimed the login, nothing is taken for it', async () => {
    const scene = await withOwners();
    addPermitUser(scene.permit.world, { key: 'anna' });
    renameUser(scene.github.world, 'ann', 'anna');
    expect((await sync(scene)).code).toBe(4);
    expect(scene.held().ann?.grants).toEqual(['default/admin', 'default/billing']);
  });

  test('a protected user is not written, and the run says that nothing could be taken', async () => {
    const scene = await withOwners();
    const cwd = folderWith('users: { key: "{login}", protect: ["ann"] }\n');
    renameUser(scene.github.world, 'ann', 'anna');
    addMember(scene.github.world, 'acme', { login: 'ann' });
    const before = scene.held().ann;
    const { code, stdout } = await sync({ ...scene, cwd });
    expect(code).toBe(4);
    expect(codesOf(stdout)).toContain('KEY_CLAIMED');
    expect(scene.held().ann).toEqual(before);
  });
});

describe('explain shows whose user it is', () => {
  const explain = async ({ run, cwd }: Scene, login: string) => {
    const { code, stdout } = await run(['explain', login, '--output', 'json'], { cwd });
    return { code, ...(JSON.parse(stdout) as Record<string, unknown>) };
  };

  test('of a member who has the login of someone whose move is blocked', async () => {
    const scene = await withOwners();
    addPermitUser(scene.permit.world, { key: 'anna' });
    renameUser(scene.github.world, 'ann', 'anna');
    const { id } = addMember(scene.github.world, 'acme', { login: 'ann' });
    expect(await explain(scene, 'ann')).toMatchObject({
      code: 0,
      id,
      standing: 'another person',
      occupant: scene.annId,
      held: [],
    });
  });

  test('of a stranger who has the login of someone who was renamed', async () => {
    const scene = await withOwners();
    renameUser(scene.github.world, 'ann', 'anna');
    const { id } = addUser(scene.github.world, 'ann');
    expect(await explain(scene, 'ann')).toMatchObject({ code: 0, id, member: false, held: [], drift: [] });
    expect(await explain(scene, 'anna')).toMatchObject({ id: scene.annId, user: 'ann', standing: 'ours' });
  });

  test('of someone who was renamed, by the former login, while nobody else has it', async () => {
    const scene = await withOwners();
    renameUser(scene.github.world, 'ann', 'anna');
    expect(await explain(scene, 'ann')).toMatchObject({
      code: 0,
      id: scene.annId,
      login: 'anna',
      user: 'ann',
    });
  });

  test('a login that nobody knows is an error', async () => {
    const scene = await withOwners();
    expect(await explain(scene, 'nobody-at-all')).toMatchObject({ code: 1, id: null });
  });
});

describe('protect shields only the user that it names', () => {
  test('renamed to a name that matches, and demoted: the role goes, and the run says that the key is taken', async () => {
    const scene = await withOwners();
    const cwd = folderWith('users: { key: "{login}", protect: ["svc-*"] }\n');
    renameUser(scene.github.world, 'ann', 'svc-ann');
    addMember(scene.github.world, 'acme', { login: 'svc-ann', role: 'member' });
    const { code, stdout } = await sync({ ...scene, cwd });
    expect(code).toBe(4);
    expect(codesOf(stdout)).toContain('KEY_TAKEN');
    expect(scene.held().ann?.grants).toEqual(['default/billing', 'default/member']);
  });

  test('renamed to a name that matches, and gone: the grants go', async () => {
    const scene = await withOwners();
    const cwd = folderWith('users: { key: "{login}", protect: ["svc-*"] }\n');
    renameUser(scene.github.world, 'ann', 'svc-ann');
    removeMember(scene.github.world, 'acme', 'svc-ann');
    expect((await sync({ ...scene, cwd })).code).toBe(0);
    expect(scene.held().ann?.grants).toEqual(['default/billing']);
  });
});

describe('people who swapped their names', () => {
  /** Everyone gets the next one's name. */
  function rotate({ github }: Scene, logins: readonly string[]): void {
    for (const login of logins) renameUser(github.world, login, `${login}-tmp`);
    logins.forEach((login, i) => {
      renameUser(github.world, `${login}-tmp`, logins[(i + 1) % logins.length] ?? '');
    });
  }

  const CIRCLES = [
    ['two', ['ann', 'person-0003']],
    ['three', ['ann', 'person-0003', 'bob']],
    ['five', ['person-0005', 'ann', 'person-0003', 'bob', 'person-0004']],
  ] as const;

  test.each(CIRCLES)('%s of them: each ends up with their own grants, in one run', async (_, logins) => {
    const scene = await withOwners();
    const before = scene.held();
    rotate(scene, logins);
    const { code, told: report } = await sync(scene);
    expect(code).toBe(0);
    expect(report?.summary.people).toMatchObject({
      moved: logins.length,
      leaving: 0,
      joining: 0,
      demoted: 0,
    });
    logins.forEach((login, i) => {
      const name = logins[(i + 1) % logins.length] ?? '';
      expect(scene.held()[name]).toEqual({
        ...before[login],
        attributes: { ...before[login]?.attributes, github_login: name },
      });
    });
    expect(Object.keys(scene.held())).toEqual(Object.keys(before));
    expect((await sync(scene)).told?.status).toBe('in-sync');
  });

  test('two circles and a chain at once', async () => {
    const scene = await withOwners();
    const before = scene.held();
    rotate(scene, ['ann', 'person-0003']);
    rotate(scene, ['bob', 'person-0004']);
    renameUser(scene.github.world, 'person-0005', 'zed');
    renameUser(scene.github.world, 'cat', 'person-0005');
    expect((await sync(scene)).code).toBe(0);
    expect(scene.held()['person-0003']?.grants).toEqual(before.ann?.grants);
    expect(scene.held()['person-0004']?.grants).toEqual(before.bob?.grants);
    expect(scene.held()['person-0005']?.grants).toEqual(before.cat?.grants);
    for (const name of ['ann', 'bob', 'zed']) expect(scene.held()[name]?.grants).toEqual(['default/member']);
  });

  test("one of them can't be moved: nobody has the other’s grants", async () => {
    const scene = await withOwners();
    rotate(scene, ['ann', 'person-0003']);
    addPermitUser(scene.permit.world, { key: 'PERSON-0003' });
    const { code, stdout } = await sync(scene);
    expect(code).toBe(4);
    expect(codesOf(stdout).filter((one) => one === 'KEY_CLAIMED')).toHaveLength(2);
    expect(scene.held().ann?.grants).toEqual(['default/billing']);
    expect(scene.held()['person-0003']?.grants).toEqual([]);
  });

  test('Permit refuses the temporary user: nobody has the other’s grants', async () => {
    const scene = await withOwners();
    rotate(scene, ['ann', 'person-0003']);
    for (const id of [scene.annId, userOf(scene.github.world, 'ann').id])
      refuse(scene, `gh-permit-sync|move|${id}`);
    expect((await sync(scene)).code).toBe(4);
    expect(scene.held().ann?.grants).toEqual(['default/billing']);
    expect(scene.held()['person-0003']?.grants).toEqual([]);
  });
});
