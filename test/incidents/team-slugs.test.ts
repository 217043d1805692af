// A team's slug changes hands: a maintainer renames the team, and any member may create another one under the old slug.
import { expect, test } from 'vitest';
import { addTeam, removeTeamMember, renameTeam, teamOf } from '../../src/demo/github/github.ts';
import { addRole } from '../../src/demo/permit/permit.ts';
import { freePort } from '../../src/demo/private-redis.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { type DrainStage, drain, idOf, openDrainStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';
import { populate, writes } from '../support/stage.ts';

const redis = useRedis();

const config = (team: string): string => `
users: { key: "{login}" }
grants:
  - { subject: "github:*:role:admin", roles: [admin] }
  - { subject: "github:acme:team:${team}:*", roles: [deployer] }
  - { subject: "github:*:role:member", roles: [member] }
`;

/** The team `platform` holds person-0002 and person-0003, and a run has seen it. */
async function synced(team = 'platform'): Promise<DrainStage> {
  const stage = await openDrainStage(redis, config(team));
  populate(stage, 6, 1);
  addRole(stage.permit.world, 'deployer');
  addTeam(stage.github.world, 'acme', {
    slug: 'platform',
    id: 4242,
    members: ['person-0002', 'person-0003'],
  });
  expect((await stage.run(['reconcile'])).code).toBe(0);
  return stage;
}

/** person-0004 takes the slug over. */
function takeOver({ github }: DrainStage): number {
  renameTeam(github.world, 'acme', 'platform', 'platform-old');
  return addTeam(github.world, 'acme', { slug: 'platform', maintainers: ['person-0004'] }).id;
}

const deployers = (stage: DrainStage): readonly string[] =>
  Object.entries(stage.held()).flatMap(([key, { grants }]) =>
    grants.includes('default/deployer') ? [key] : [],
  );
const codes = (warnings: readonly { readonly code: string }[]) => warnings.map(({ code }) => code);

test('the new team gets nothing and the old one keeps what it has, run after run, until someone decides', async () => {
  const stage = await synced();
  const id = takeOver(stage);
  for (const flags of [['--dry-run'], [], []]) {
    const { code, json } = await stage.report('reconcile', ...flags);
    expect({ code, codes: codes(json.warnings) }).toEqual({ code: 4, codes: ['TEAM_CHANGED'] });
    expect(json.warnings[0]?.message).toContain(`team:#${id}`);
    expect(json.warnings[0]?.message).toContain('--accept-team platform');
    expect(deployers(stage)).toEqual(['person-0002', 'person-0003']);
  }
  expect((await stage.run(['reconcile', '--accept-team', 'other'])).code).toBe(4);
  expect(
    (await stage.run(['reconcile', '--dry-run', '--accept-team', 'platform', '--allow-demotions', '2'])).code,
  ).toBe(0);
  expect((await stage.run(['reconcile'])).code).toBe(4);
  const accepted = ['reconcile', '--accept-team', 'Platform', '--allow-demotions', '2'];
  expect((await stage.run(accepted)).code).toBe(0);
  expect(deployers(stage)).toEqual(['person-0004']);
  expect((await stage.report('reconcile')).json.status).toBe('in-sync');
});

test('a drain freezes them too, and still removes people who left an unchanged team', async () => {
  const stage = await synced();
  removeTeamMember(stage.github.world, 'acme', 'platform', 'person-0003');
  await stage.hear('person-0003', idOf(stage, 'person-0003'), { event: 'membership', action: 'removed' });
  expect((await drain(stage)).code).toBe(0);
  expect(deployers(stage)).toEqual(['person-0002']);
  takeOver(stage);
  await stage.hear('person-0004', idOf(stage, 'person-0004'), { event: 'membership', action: 'added' });
  const { code, json } = await drain(stage);
  expect(code).toBe(4);
  expect(codes(json.warnings)).toContain('TEAM_CHANGED');
  expect(deployers(stage)).toEqual(['person-0002']);
});

test('explain says that a run would freeze them, and not what it would give or take', async () => {
  const stage = await synced();
  const id = takeOver(stage);
  for (const login of ['person-0002', 'person-0004']) {
    const { code, json } = await stage.report('explain', login);
    expect({ login, code, codes: codes(json.warnings) }).toEqual({ login, code: 4, codes: ['TEAM_CHANGED'] });
    expect(json.warnings[0]?.message).toContain(`team:#${id}`);
    expect(json).toMatchObject({ drift: [] });
  }
  // It remembers nothing, so that a run still freezes them.
  expect((await stage.run(['reconcile'])).code).toBe(4);
});

test('explain without Redis answers, and says that it does not know which teams are frozen', async () => {
  const stage = await synced();
  const env = { REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
  const { code, stdout } = await stage.run(['explain', 'person-0002', '-o', 'json'], { env });
  expect({ code, codes: codes(JSON.parse(stdout).warnings) }).toEqual({
    code: 4,
    codes: ['QUEUE_UNAVAILABLE'],
  });
  expect(JSON.parse(stdout)).toMatchObject({ login: 'person-0002', drift: [] });
});

test('a rule that names the team by its id follows it through the rename', async () => {
  const stage = await synced('#4242');
  takeOver(stage);
  expect(await stage.run(['reconcile'])).toMatchObject({ code: 0, stderr: '' });
  expect(deployers(stage)).toEqual(['person-0002', 'person-0003']);
});

test('a dry run that sees a team first remembers nothing', async () => {
  const stage = await openDrainStage(redis, config('platform'));
  populate(stage, 6, 1);
  addRole(stage.permit.world, 'deployer');
  addTeam(stage.github.world, 'acme', { slug: 'platform', members: ['person-0002'] });
  await stage.run(['reconcile', '--dry-run']);
  takeOver(stage);
  expect((await stage.run(['reconcile'])).code).toBe(0);
  expect(deployers(stage)).toEqual(['person-0004']);
});

test.each([
  [
    'no id',
    (key: string, field: string) =>
      redis.connection.run(`redis.call('HSET', KEYS[1], ARGV[1], '-1e9')`, [key], [field]),
  ],
  [
    'a value of a megabyte',
    (key: string, field: string) =>
      redis.connection.run(`redis.call('HSET', KEYS[1], ARGV[1], string.rep('9', 1000000))`, [key], [field]),
  ],
  [
    'a key of another type',
    (key: string) =>
      redis.connection.run(`redis.call('DEL', KEYS[1]); redis.call('SET', KEYS[1], 'x')`, [key]),
  ],
])('data that someone else wrote to Redis is never trusted: %s', async (_, forge) => {
  const stage = await synced();
  const org = stage.github.world.orgs.get('acme')?.id;
  await forge(keysOf(stage.prefix).teams, `${org}:platform`);
  stage.permit.requests.length = 0;
  const { code, json } = await stage.report('reconcile');
  expect({ code, codes: codes(json.warnings) }).toEqual({ code: 4, codes: ['TEAM_CHANGED'] });
  expect(writes(stage.permit)).toBe(0);
  expect((await stage.run(['reconcile', '--accept-team', 'platform'])).code).toBe(0);
  expect((await stage.report('reconcile')).json.status).toBe('in-sync');
});

test('a team whose id GitHub does not show counts as unread', async () => {
  const stage = await synced();
  takeOver(stage);
  stage.github.faults.push({
    match: ({ path }) => path === '/orgs/acme/teams/platform',
    do: { kind: 'answer', status: 403, body: { message: 'No' } },
  });
  const { code, json } = await stage.report('reconcile');
  expect({ code, codes: codes(json.warnings) }).toEqual({ code: 4, codes: ['TEAM_UNREADABLE'] });
  expect(deployers(stage)).toEqual(['person-0002', 'person-0003']);
});

test('doctor prints the form with the id', async () => {
  const stage = await synced();
  const { stdout } = await stage.run(['doctor']);
  expect(teamOf(stage.github.world, 'acme', 'platform').id).toBe(4242);
  expect(stdout.replace(/\s+/g, ' ')).toContain('write team:#4242 for team:platform');
});

test('--accept-team without a slug is refused', async () => {
  const stage = await openDrainStage(redis, config('platform'));
  const { code, stderr } = await stage.run(['reconcile', '--accept-team', '#12']);
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/--accept-team.*\(USAGE\)/),
  });
});
