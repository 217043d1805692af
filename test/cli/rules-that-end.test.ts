import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { addMember, addTeam, orgOf } from '../../src/demo/github/github.ts';
import { addRole } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage } from '../support/stage.ts';

const CONFIG = `
grants:
  - { subject: "github:*:role:*", roles: [member] }
  - { subject: "github:acme:team:guests:*", roles: [guest], until: 2027-03-31 }
limits: { demotions: 0 }
`;

/** Three members, two of whom are guests until the end of March. The clock is frozen. */
async function openGuests() {
  const stage = await openStage();
  for (const login of ['ann', 'ben']) addMember(stage.github.world, 'acme', { login });
  addTeam(stage.github.world, 'acme', { slug: 'guests', members: ['ann', 'ben'] });
  addRole(stage.permit.world, 'guest');
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), CONFIG);
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  return {
    ...stage,
    run: (...args: readonly string[]) => stage.run(args, { cwd }),
    at: (time: string) => vi.setSystemTime(new Date(time)),
    guests: () =>
      Object.entries(stage.held()).flatMap(([key, { grants }]) =>
        grants.includes('default/guest') ? [key] : [],
      ),
  };
}

test('a rule applies until its last day ends; then its grants are removed, outside the limits, with the reason', async () => {
  const { run, at, guests, github } = await openGuests();
  at('2027-03-31T23:59:00Z');
  expect((await run('reconcile')).code).toBe(0);
  expect(guests()).toEqual(['ann', 'ben']);
  expect((await run('explain', 'ann')).stdout).toContain('guest in default until 2027-03-31');

  at('2027-04-01T00:00:00Z');
  const over = await run('reconcile', '--output', 'json');
  expect(over.code).toBe(0);
  expect(JSON.parse(over.stdout)).toMatchObject({
    status: 'applied',
    summary: { people: { demoted: 2 } },
    changes: ['ann', 'ben'].map((user) => ({
      kind: 'unassignRole',
      user,
      reason: 'the rule for github:acme:team:guests:member ended on 2027-03-31',
    })),
    guard: { verdict: 'pass' },
    warnings: [{ code: 'RULE_ENDED' }],
  });
  expect(guests()).toEqual([]);
  expect((await run('explain', 'ann', '-o', 'json')).stdout).toContain('"nearly": "it ended on 2027-03-31"');

  // Once the guests are gone, so may be their team: nothing depends on it anymore.
  orgOf(github.world, 'acme').teams.clear();
  expect((await run('reconcile')).code).toBe(0);
});

test('a plan saved before the end of the day is stale after it', async () => {
  const { run, at, guests } = await openGuests();
  at('2027-03-31T23:59:00Z');
  expect((await run('reconcile', '--dry-run', '--out', 'plan.json')).code).toBe(0);
  at('2027-04-01T00:00:00Z');
  const stale = await run('apply', 'plan.json');
  expect(stale.code).toBe(1);
  expect(stale.stderr).toContain('PLAN_STALE');
  expect(guests()).toEqual([]);
});

test('doctor says when a rule ends', async () => {
  const { run, at } = await openGuests();
  at('2027-03-31T23:59:00Z');
  expect((await run('doctor')).stdout).toContain('grants[1] (github:acme:team:guests:*) ends on 2027-03-31');
  at('2027-04-01T00:00:00Z');
  expect((await run('doctor')).stdout).toContain('grants[1] (github:acme:team:guests:*) ended on 2027-03-31');
});
