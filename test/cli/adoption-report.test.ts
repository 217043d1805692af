import { describe, expect, test } from 'vitest';
import { addPermitUser, addRole } from '../../src/demo/permit/permit.ts';
import { openStage, populate, type Stage } from '../support/stage.ts';

/** Users under the keys of `plain` members, and of `all` others who hold a role that no rule gives. */
async function taken(plain: number, all: number): Promise<Stage> {
  const stage = await openStage();
  populate(stage, plain + all + 1, 1);
  addRole(stage.permit.world, 'billing');
  for (let i = 1; i <= plain + all; i++) {
    const grants = i <= plain ? ['default/member'] : ['default/member', 'default/billing'];
    addPermitUser(stage.permit.world, { key: `person-${String(i).padStart(4, '0')}`, grants });
  }
  return stage;
}

const told = async (stage: Stage, ...args: readonly string[]): Promise<string> => {
  const { code, stdout } = await stage.run(['reconcile', '--dry-run', ...args]);
  expect(code).toBe(4);
  return stdout;
};

const SUM = '40 can be adopted with --adopt plain, 12 need --adopt all';

describe('members whose keys belong to users without our mark', () => {
  test.each(['text', 'markdown'])(
    'are summed up in the %s report, not repeated one by one',
    async (output) => {
      const said = (await told(await taken(40, 12), '-o', output)).replaceAll('`', '');
      expect(said).toContain('52 members');
      expect(said).toContain(SUM);
      expect(said.match(/KEY_TAKEN/g)).toHaveLength(1);
      expect(said).toContain('person-0001');
      expect(said).toContain('42 more');
    },
  );

  test('are all in the JSON report, and in the text report with --verbose', async () => {
    const stage = await taken(40, 12);
    const { warnings } = JSON.parse(await told(stage, '-o', 'json'));
    expect(warnings).toHaveLength(52);
    expect(warnings[0]).toMatchObject({ code: 'KEY_TAKEN', message: expect.stringMatching(/--adopt plain/) });
    expect(warnings[51]).toMatchObject({ code: 'KEY_TAKEN', message: expect.stringMatching(/--adopt all/) });
    const verbose = await told(stage, '--verbose');
    expect(verbose).toContain(SUM);
    expect(verbose.match(/\(KEY_TAKEN\)/g)).toHaveLength(52);
  });

  test('a few are named one by one, and summed up', async () => {
    const said = await told(await taken(1, 1));
    expect(said).toContain('1 can be adopted with --adopt plain, 1 needs --adopt all');
    expect(said.match(/\(KEY_TAKEN\)/g)).toHaveLength(2);
  });

  test('the numbers are those that the flags adopt', async () => {
    const stage = await taken(4, 2);
    const plain = await stage.run(['reconcile', '--adopt', 'plain', '-o', 'text']);
    expect(plain.code).toBe(4);
    expect(plain.stdout).toContain('2 need --adopt all');
    expect(plain.stdout).not.toContain('--adopt plain');
    expect((await stage.run(['reconcile', '--adopt', 'all'])).code).toBe(0);
    const adopted = Object.values(stage.held()).filter(
      ({ attributes }) => attributes?.managed_origin === 'adopted',
    );
    expect(adopted).toHaveLength(6);
  });
});
