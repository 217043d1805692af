// A list that leaves someone out must not lift a `deny` or an `unless` (CONTRACT §6.2: absence is never proof by itself).
import { describe, expect, test } from 'vitest';
import { addTeam, removeTeamMember } from '../../src/demo/github/github.ts';
import { addRole } from '../../src/demo/permit/permit.ts';
import { agreedStage, folderWith, people, reconcileJson, told } from '../support/agreement.ts';
import type { Stage } from '../support/stage.ts';

const RULES = {
  unless: `grants:
  - { subject: "github:acme:role:*", roles: [member] }
  - { subject: "github:acme:role:*", unless: ["github:acme:team:contractors:*"], roles: [insider] }
`,
  deny: `grants:
  - { subject: "github:acme:role:*", roles: [member] }
  - { subject: "github:acme:role:*", roles: [insider] }
  - { subject: "github:acme:team:*tractors:*", effect: deny, roles: [insider] }
`,
};

async function stageWith(
  rules: string,
  contractors: readonly string[],
): Promise<Stage & { readonly cwd: string }> {
  const stage = await agreedStage(60);
  addRole(stage.permit.world, 'insider');
  addTeam(stage.github.world, 'acme', { slug: 'contractors', members: contractors });
  const cwd = folderWith(rules);
  expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
  expect(insiders(stage)).not.toContain(contractors[0]);
  return { ...stage, cwd };
}

const insiders = (stage: Stage): readonly string[] =>
  Object.entries(stage.held()).flatMap(([login, { grants }]) =>
    grants.some((grant) => grant.endsWith('insider')) ? login : [],
  );

const hide = (stage: Stage): void =>
  void stage.github.faults.push({
    match: ({ path }) => /\/teams?\/[^/]+\/members$/.test(path),
    do: { kind: 'answer', status: 200, body: [] },
  });

describe.each(Object.entries(RULES))('behind %s', (_, rules) => {
  test('an empty list gives nobody anything, and the next whole list changes nothing', async () => {
    const contractors = people(3, 4);
    const stage = await stageWith(rules, contractors);
    const before = stage.held();
    hide(stage);
    const ran = await stage.run(reconcileJson(), { cwd: stage.cwd });
    expect(stage.held()).toEqual(before);
    const [note] = told(ran).warnings.filter(({ code }) => code === 'KEPT_UNCONFIRMED');
    expect(note?.message).toContain('person-0003');
    expect(ran.code).toBe(0);

    stage.github.faults.length = 0;
    expect(told(await stage.run(reconcileJson(), { cwd: stage.cwd }))).toMatchObject({ status: 'in-sync' });
    expect(stage.held()).toEqual(before);
  });

  test('of more people than are asked about one by one, nobody gets anything either', async () => {
    const stage = await stageWith(rules, people(3, 52));
    const before = stage.held();
    hide(stage);
    const ran = await stage.run(reconcileJson(), { cwd: stage.cwd });
    expect(stage.held()).toEqual(before);
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 4, status: 'partial' });
    expect(told(ran).warnings.map(({ code }) => code)).toContain('LOOKUP_FAILED');
  });

  test('nobody gets anything while GitHub does not answer about them alone', async () => {
    const stage = await stageWith(rules, people(3, 4));
    const before = stage.held();
    hide(stage);
    stage.github.faults.push({
      match: ({ path }) => /^\/user\/\d+$/.test(path),
      do: { kind: 'answer', status: 403, body: { message: 'Forbidden' } },
    });
    const ran = await stage.run(reconcileJson(), { cwd: stage.cwd });
    expect(stage.held()).toEqual(before);
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 4, status: 'partial' });
  });

  test('whoever has left the team gets the role', async () => {
    const [first = '', ...others] = people(3, 4);
    const stage = await stageWith(rules, [first, ...others]);
    removeTeamMember(stage.github.world, 'acme', 'contractors', first);
    expect((await stage.run(['reconcile'], { cwd: stage.cwd })).code).toBe(0);
    expect(insiders(stage)).toContain(first);
    for (const login of others) expect(insiders(stage)).not.toContain(login);
  });
});
