// github/safe-settings#339, #799: a dry run that wrote.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addHook,
  addMember,
  addToken,
  deliver,
  OWNER_TOKEN,
  removeMember,
  renameUser,
  userOf,
} from '../../src/demo/github/github.ts';
import { addPermitUser, revoke } from '../../src/demo/permit/permit.ts';
import { agree } from '../support/agreement.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, populate, type Stage, writes } from '../support/stage.ts';

const HOUR_MS = 3_600_000;

/** Two emulators that fail the test as soon as anything but a reading reaches them; everything is there to be done. */
async function readOnlyStage(): Promise<Stage> {
  const stage = await openStage();
  const { github, permit } = stage;
  populate(stage, 30, 3);
  addMember(github.world, 'acme', { login: 'renamed-before' });
  agree(stage);
  renameUser(github.world, 'renamed-before', 'renamed-after');
  addMember(github.world, 'acme', { login: 'joiner' });
  addMember(github.world, 'acme', { login: 'person-0001', role: 'member' });
  addMember(github.world, 'acme', { login: 'person-0009', role: 'admin' });
  removeMember(github.world, 'acme', 'person-0020');
  revoke(permit.world, 'person-0010', 'default/member');
  addPermitUser(permit.world, { key: 'unmarked', grants: ['default/admin'] });
  addToken(github.world, OWNER_TOKEN, {
    kind: 'pat',
    userId: userOf(github.world, 'owner').id,
    scopes: ['read:org', 'admin:org_hook'],
  });
  addHook(github.world, 'acme', { url: 'http://127.0.0.1:9/github-membership' });
  const payload = { action: 'member_added', membership: { user: { login: 'joiner' } } };
  await deliver(github.world, 'acme', 'organization', payload, { fate: 'lost', now: Date.now() - HOUR_MS });
  const crashed: string[] = [];
  for (const emulator of [github, permit]) {
    emulator.onRequest = ({ method, path }) => {
      // The PDP is asked by POST; to be asked changes nothing.
      if (method !== 'GET' && path !== '/allowed') crashed.push(`${method} ${path}`);
    };
  }
  onTestFinished(() => expect(crashed).toEqual([]));
  return stage;
}

const DRY: readonly (readonly string[])[] = [
  ['reconcile'],
  ['reconcile', '--detailed-exitcode'],
  ['reconcile', '--mode', 'upsert-only'],
  ['reconcile', '--adopt', 'all'],
  ['reconcile', '--prune-unmanaged', '5'],
  ['reconcile', '--user', 'joiner', '--user', 'person-0020'],
  ['reconcile', '--allow-removals', '99', '--allow-demotions', '99', '--allow-moves', '99'],
  ['reconcile', '--allow-floor', 'default/admin=0'],
  ['reconcile', '--retire-org', '1'],
  ['reconcile', '--out', 'plan.json'],
  ['reconcile', '--audit', 'audit.jsonl'],
  ['reconcile', '--verbose', '--output', 'markdown'],
  ['policy'],
  ['policy', '--allow-revoke', '99'],
  ['redeliver', '--since', '3d'],
];

describe('github/safe-settings#339, #799: a dry run wrote', () => {
  test.each(DRY.map((args) => ({ words: args.join(' '), args })))(
    'safe-settings#339: $words --dry-run only reads',
    async ({ args }) => {
      const stage = await readOnlyStage();
      const before = stage.held();
      const { code, stderr } = await stage.run([...args, '--dry-run']);
      expect([0, 2], stderr).toContain(code);
      expect(stage.held()).toEqual(before);
      expect(writes(stage.github) + writes(stage.permit)).toBe(0);
    },
  );

  test.each([['explain', 'joiner'], ['doctor'], ['check', 'joiner', 'read', 'membership']])(
    'safe-settings#799: %s only reads, even without --dry-run',
    async (...args) => {
      const stage = await readOnlyStage();
      const before = stage.held();
      await stage.run(args);
      expect(stage.github.requests.length + stage.permit.requests.length).toBeGreaterThan(0);
      expect(stage.held()).toEqual(before);
    },
  );

  test('safe-settings#799: a dry run under faults, and one that is refused, only read', async () => {
    const stage = await readOnlyStage();
    stage.permit.faults.push({
      match: ({ method }) => method === 'GET',
      times: 2,
      do: { kind: 'reset', when: 'after' },
    });
    expect((await stage.run(['reconcile', '--dry-run'])).code).toBe(0);
    for (let i = 2; i < 30; i++)
      removeMember(stage.github.world, 'acme', `person-${String(i).padStart(4, '0')}`);
    expect((await stage.run(['reconcile', '--dry-run'])).code).toBe(3);
  });

  test('safe-settings#799: the run then does exactly what the plan says', async () => {
    const stage = await openStage();
    populate(stage, 30, 3);
    agree(stage);
    addMember(stage.github.world, 'acme', { login: 'joiner' });
    removeMember(stage.github.world, 'acme', 'person-0020');
    const changes = async (...more: readonly string[]): Promise<unknown> =>
      JSON.parse((await stage.run(['reconcile', '-o', 'json', ...more])).stdout).changes.map(
        ({ outcome: _, ...change }: Record<string, unknown>) => change,
      );
    const planned = await changes('--dry-run');
    expect(writes(stage.permit)).toBe(0);
    expect(await changes()).toEqual(planned);
  });

  test('safe-settings#339: a plan that is applied after the world has moved on writes nothing', async () => {
    const stage = await readOnlyStage();
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), 'github: { orgs: [acme] }\n');
    expect((await stage.run(['reconcile', '--dry-run', '--out', 'plan.json'], { cwd })).code).toBe(0);
    removeMember(stage.github.world, 'acme', 'person-0021');
    const before = stage.held();
    const ran = await stage.run(['apply', 'plan.json'], { cwd });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('PLAN_STALE');
    expect(stage.held()).toEqual(before);
  });
});
