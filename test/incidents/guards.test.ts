// Guards that had a hole: they counted only some losses, or not in small organizations.
import { describe, expect, test } from 'vitest';
import { addMember, removeMember } from '../../src/demo/github/github.ts';
import { agreedStage, folderWith, people, reconcileJson, told } from '../support/agreement.ts';
import { type Stage, writes } from '../support/stage.ts';

/** Runs, and expects a refusal that names exactly these limits and that wrote nothing. */
async function expectRefusal(
  stage: Stage,
  violations: readonly Readonly<Record<string, unknown>>[],
  args: readonly string[] = [],
  cwd?: string,
): Promise<void> {
  const before = stage.held();
  for (const more of [['--dry-run'], []]) {
    const ran = await stage.run(reconcileJson(...args, ...more), cwd === undefined ? {} : { cwd });
    expect(ran.code).toBe(3);
    expect(told(ran)).toMatchObject({ status: 'refused', guard: { verdict: 'refused', violations } });
    for (const { override } of violations) expect(ran.stderr).toContain(override);
  }
  expect(writes(stage.permit)).toBe(0);
  expect(stage.held()).toEqual(before);
}

describe('peribolos: the removal delta did not count demotions', () => {
  test('peribolos: 12 of 20 owners become members: refused, and the flag for removals does not help', async () => {
    const stage = await agreedStage(40, 20);
    for (const login of people(1, 12)) addMember(stage.github.world, 'acme', { login, role: 'member' });
    const violation = { limit: 'demotions', allowed: 10, planned: 12, override: '--allow-demotions 12' };
    await expectRefusal(stage, [violation]);
    await expectRefusal(stage, [violation], ['--allow-removals', '40']);
    await expectRefusal(stage, [{ ...violation, allowed: 11 }], ['--allow-demotions', '11']);
    const ran = await stage.run(reconcileJson('--allow-demotions', '12'));
    expect(ran.code).toBe(0);
    for (const login of people(1, 12)) expect(stage.held()[login]?.grants).toEqual(['default/member']);
    for (const login of people(13, 19)) expect(stage.held()[login]?.grants).toEqual(['default/admin']);
  });

  test('peribolos: demotions and removals are each within their limit, and one more of either is not', async () => {
    const stage = await agreedStage(40, 20);
    for (const login of people(1, 10)) addMember(stage.github.world, 'acme', { login, role: 'member' });
    for (const login of people(29, 39)) removeMember(stage.github.world, 'acme', login);
    await expectRefusal(stage, [
      { limit: 'removals', allowed: 10, planned: 11, override: '--allow-removals 11' },
    ]);
  });

  test('peribolos: the floor keeps the last holder of admin, however few there are', async () => {
    const stage = await agreedStage(5, 1);
    // The rules deny everything to the owner that GitHub shows.
    const cwd = folderWith(
      [
        'limits: { removals: 100%, demotions: 100% }',
        'grants:',
        '  - { subject: "github:acme:role:*", roles: [member] }',
        'manages: ["default/admin"]',
      ].join('\n'),
    );
    const floor = { limit: 'floors', allowed: 1, planned: 0, override: '--allow-floor default/admin=0' };
    await expectRefusal(stage, [floor], [], cwd);
  });
});

describe('octoDNS: nothing was checked below ten records, and 9 of 9 were deleted', () => {
  /** Nine people in Permit; the owner, who has to be on GitHub, is not yet among them. */
  async function nine(leavers: number): Promise<Stage> {
    const stage = await agreedStage(10);
    stage.permit.world.users.delete('owner');
    for (const login of people(1, leavers)) removeMember(stage.github.world, 'acme', login);
    return stage;
  }
  const refused = (planned: number, allowed = 2) => ({
    limit: 'removals',
    allowed,
    planned,
    override: `--allow-removals ${planned}`,
  });

  test.each([9, 8, 3])('octoDNS: %i of 9 would go: refused', async (leavers) => {
    await expectRefusal(await nine(leavers), [refused(leavers)]);
  });

  test.each([1, 2])('octoDNS: %i of 9 goes', async (leavers) => {
    const stage = await nine(leavers);
    const ran = await stage.run(reconcileJson());
    expect(ran.code).toBe(0);
    expect(Object.keys(stage.held())).toEqual(['owner', ...people(leavers + 1, 9)].toSorted());
  });

  test('octoDNS: 1 of 1 is removed, since a percentage allows at least one; then the floor applies', async () => {
    const stage = await agreedStage(2);
    stage.permit.world.users.delete('owner');
    removeMember(stage.github.world, 'acme', 'person-0001');
    expect((await stage.run(reconcileJson())).code).toBe(0);
    expect(Object.keys(stage.held())).toEqual(['owner']);
  });

  test.each(['0', '0%'])('octoDNS: a limit of %s allows none', async (limit) => {
    const cwd = folderWith(`limits: { removals: ${limit} }\n`);
    await expectRefusal(await nine(1), [refused(1, 0)], [], cwd);
  });

  test('octoDNS: a run that is narrowed to one of the leavers is judged by the same nine', async () => {
    const stage = await nine(9);
    const [first = '', second = ''] = people(1, 2);
    await expectRefusal(stage, [refused(3)], ['--user', first, '--user', second, '--user', 'person-0003']);
    expect((await stage.run(reconcileJson('--user', first))).code).toBe(0);
    expect(Object.keys(stage.held())).toEqual(people(2, 9));
  });
});
