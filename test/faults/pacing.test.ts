import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addPermitUser,
  type PermitEmulator,
  type PermitRateLimits,
  type PermitSwitches,
  permitWorld,
  snapshot,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import type { PaceTiming } from '../../src/http/pace.ts';
import type { RequestObserver } from '../../src/http/request-observer.ts';
import { type StopControl, startStop } from '../../src/http/stop.ts';
import type { Grant } from '../../src/model/grant.ts';
import type { GitHubId, UserKey } from '../../src/model/identity.ts';
import type { Member } from '../../src/model/member.ts';
import { type PaceLimits, PUBLISHED_PACE } from '../../src/model/pace.ts';
import { WriteError } from '../../src/model/ports.ts';
import {
  ACME_ID,
  githubOf,
  openTarget,
  outcomes,
  reconcileOnce,
  type TargetOptions,
  thrownBy,
  writesOf,
} from '../support/adapters.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage, populate } from '../support/stage.ts';
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts';

const people = (count: number): readonly Member[] =>
  Array.from({ length: count }, (_, i) => ({ id: (i + 1) as GitHubId, login: `p-${i}`, role: 'member' }));

const keys = (count: number): readonly UserKey[] => people(count).map(({ login }) => login as UserKey);

const MEMBER: Grant = { tenant: 'default', role: 'member' };

/** The mark of a person as it was under another login, so that the profile has to be written. */
const staleMark = ({ id, login }: Member) => ({
  github_id: id,
  github_login: login.toUpperCase(),
  github_orgs: [ACME_ID],
  managed_by: 'gh-permit-sync:default',
  managed_origin: 'created',
});

type Timed = {
  readonly permit: PermitEmulator;
  readonly clock: VirtualClock;
  /** For runs that live by the clock. */
  readonly paced: (pace?: PaceLimits) => TargetOptions;
};

const HOUR_MS = 3_600_000;

/** Permit as strict as it says, by a clock that jumps over waits: it stops while a request is in progress. */
async function strictPermit({
  held = [],
  limits = 'on',
  switches = {},
}: {
  readonly held?: readonly Member[];
  readonly limits?: PermitSwitches['rateLimits'];
  readonly switches?: Partial<PermitSwitches>;
} = {}): Promise<Timed> {
  const world = permitWorld();
  for (const one of held) {
    addPermitUser(world, { key: one.login, attributes: staleMark(one), grants: ['default/member'] });
  }
  let underWay = 0;
  const watch = { onStart: () => underWay++, onEnd: () => underWay-- };
  const clock = virtualClock(() => underWay === 0);
  const permit = await startPermitEmulator(world, { rateLimits: limits, now: clock.now, ...switches });
  onTestFinished(() => permit.close());
  const paced = (pace: PaceLimits = PUBLISHED_PACE): TargetOptions => ({
    pace,
    paceTiming: clock,
    watch,
    timeoutMs: HOUR_MS,
  });
  return { permit, clock, paced };
}

const refusals = ({ requests }: PermitEmulator): number =>
  requests.filter(({ status }) => status === 429).length;

const counts = ({ world }: PermitEmulator): { users: number; grants: number } => ({
  users: world.users.size,
  grants: [...world.users.values()].reduce((sum, { grants }) => sum + grants.length, 0),
});

const minutes = (clock: VirtualClock): number => Math.floor(clock.now() / 60_000);

/** Every batch of users is refused, blaming nobody. */
const refuseBatches = (permit: PermitEmulator, path: string): void => {
  permit.faults.push({
    match: (request) => request.method !== 'GET' && request.path.endsWith(path),
    do: { kind: 'answer', status: 422, body: { detail: [] } },
  });
};

describe("with Permit's published limits on, nothing ever meets a 429", () => {
  test('700 creations that are refused in bulk fall back to single writes', {
    timeout: 120_000,
  }, async () => {
    const { permit, clock, paced } = await strictPermit();
    refuseBatches(permit, '/bulk/users');
    const run = await reconcileOnce({ github: githubOf(people(700)), permit }, paced());
    expect(outcomes(run)).toEqual({ applied: 1400 });
    expect(counts(permit)).toEqual({ users: 700, grants: 700 });
    expect(refusals(permit)).toBe(0);
    expect(minutes(clock)).toBe(2);
  });

  test('150 deletions that are refused in bulk', async () => {
    const { permit, clock, paced } = await strictPermit({ held: people(150) });
    refuseBatches(permit, '/bulk/users');
    const run = await reconcileOnce({ github: githubOf([]), permit }, paced());
    expect(outcomes(run)).toEqual({ applied: 150 });
    expect(counts(permit)).toEqual({ users: 0, grants: 0 });
    expect(refusals(permit)).toBe(0);
    expect(minutes(clock)).toBe(2);
  });

  test('700 profiles: 300 a minute, the readings among the requests', { timeout: 60_000 }, async () => {
    const members = people(700);
    const { permit, clock, paced } = await strictPermit({ held: members });
    const run = await reconcileOnce({ github: githubOf(members), permit }, paced());
    expect(outcomes(run)).toEqual({ applied: 700 });
    expect(refusals(permit)).toBe(0);
    expect(minutes(clock)).toBe(2);
    for (const { attributes, key } of permit.world.users.values()) {
      expect(attributes?.github_login).toBe(key);
    }
  });

  test('400 bulk calls', async () => {
    const { permit, clock, paced } = await strictPermit();
    for (const key of keys(400)) addPermitUser(permit.world, { key, grants: [] });
    const { writer } = openTarget(permit, paced());
    await Promise.all(keys(400).map((user) => writer.write('assignRole', [{ user, grant: MEMBER }])));
    expect(counts(permit)).toEqual({ users: 400, grants: 400 });
    expect(refusals(permit)).toBe(0);
    expect(minutes(clock)).toBe(30);
  });

  test('4,000 users, 40 pages, of which 15 may be asked for in a minute', async () => {
    const members = people(4000);
    const limits: PermitRateLimits = { requestsPerMinute: 15 };
    const { permit, clock, paced } = await strictPermit({ held: members, limits });
    permit.latencyMs = 5;
    const { reader } = openTarget(permit, paced({ ...PUBLISHED_PACE, requestsPerMinute: 15 }));
    expect(await reader.readUsers()).toHaveLength(4000);
    expect(permit.requests).toHaveLength(1 + 40);
    expect(refusals(permit)).toBe(0);
    expect(permit.peakInFlight).toBeGreaterThan(5);
    expect(minutes(clock)).toBe(2);
  });

  test('retries count as well', async () => {
    const { permit, paced } = await strictPermit({ held: people(40), limits: { requestsPerMinute: 10 } });
    permit.faults.push({
      match: ({ method }) => method === 'GET',
      times: 30,
      do: { kind: 'answer', status: 503, body: null },
    });
    const pace = { ...PUBLISHED_PACE, requestsPerMinute: 10 };
    const retry = { retries: 100, firstWaitMs: 1, longestWaitMs: 1 };
    const { reader } = openTarget(permit, { ...paced(pace), retry });
    expect(await reader.readUsers()).toHaveLength(40);
    expect(permit.requests).toHaveLength(30 + 2);
    expect(refusals(permit)).toBe(0);
  });

  test('by the real clock, with short minutes, every call ends', async () => {
    const small = {
      writesPerMinute: 20,
      deletesPerMinute: 8,
      requestsPerMinute: 40,
      bulkPer10Minutes: 5,
      schemaPostsPerMinute: 3,
    };
    const world = permitWorld();
    for (const key of keys(20)) addPermitUser(world, { key, grants: [] });
    const permit = await startPermitEmulator(world, { rateLimits: { ...small, windowMs: 500 } });
    onTestFinished(() => permit.close());
    const { writer } = openTarget(permit, { pace: small, paceTiming: { minuteMs: 500, marginMs: 400 } });
    await Promise.all([
      ...keys(20).map((user) => writer.writeOne('assignRole', { user, grant: MEMBER })),
      ...keys(20).map((user) => writer.updateAttributes(user, () => ({ seat: 1 }))),
    ]);
    await Promise.all(keys(20).map((user) => writer.writeOne('deleteUser', { user })));
    expect(snapshot(permit.world)).toEqual({});
  });

  test('without pacing the same run collects them', async () => {
    const { permit } = await strictPermit({ held: people(150) });
    refuseBatches(permit, '/bulk/users');
    // The emulator's clock is frozen, so the first refusal would last as long as the run.
    const control = startStop(60_000);
    const onEnd: RequestObserver['onEnd'] = (_service, _request, status) => {
      if (status === 429) control.end({ kind: 'signal', name: 'SIGTERM' });
    };
    const { results } = await reconcileOnce({ github: githubOf([]), permit }, { control, watch: { onEnd } });
    expect(outcomes({ results }).applied).toBe(60);
    expect(refusals(permit)).toBeGreaterThan(0);
  });
});

describe('a stop', () => {
  const HOURS: Partial<PaceTiming> = { minuteMs: HOUR_MS };

  test.each(['write', 'profile', 'bulk'] as const)(
    'ends the wait of a %s at once: it is stopped, and was not sent',
    async (kind) => {
      const world = permitWorld();
      for (const key of keys(5)) addPermitUser(world, { key, grants: [] });
      const permit = await startPermitEmulator(world);
      onTestFinished(() => permit.close());
      const control = startStop(60_000);
      const pace = { ...PUBLISHED_PACE, writesPerMinute: 2 };
      const { writer } = openTarget(permit, { control, pace, paceTiming: HOURS });
      const write = {
        write: (user: UserKey) => writer.writeOne('assignRole', { user, grant: MEMBER }),
        profile: (user: UserKey) => writer.updateAttributes(user, () => ({ seat: 1 })),
        bulk: (user: UserKey) => writer.write('assignRole', [{ user, grant: MEMBER }]),
      }[kind];
      const ended = Promise.all(keys(5).map((user) => thrownBy(() => write(user)).catch(() => 'sent')));
      await expect.poll(() => writesOf(permit.requests).length).toBe(2);
      control.end({ kind: 'signal', name: 'SIGTERM' });
      const ends = await ended;
      expect(ends.filter((end) => end === 'sent')).toHaveLength(2);
      const stopped = ends.filter((end) => end instanceof WriteError && end.kind === 'stopped');
      expect(stopped).toHaveLength(3);
      expect(writesOf(permit.requests)).toHaveLength(2);
    },
  );

  const endAtWait = (control: StopControl): TargetOptions => ({
    control,
    paceTiming: HOURS,
    watch: {
      onWait: () => {
        control.end({ kind: 'timeout', timeoutMs: 60_000 });
        return () => undefined;
      },
    },
  });

  test('in the middle of a run: the report says what was done, and the next run finishes', async () => {
    const { permit } = await strictPermit({ limits: 'off', held: people(30) });
    refuseBatches(permit, '/bulk/users');
    const control = startStop(60_000);
    const pace = { ...PUBLISHED_PACE, deletesPerMinute: 11 };
    const github = githubOf([]);
    const { results } = await reconcileOnce({ github, permit }, { ...endAtWait(control), pace });
    const { users } = counts(permit);
    expect(outcomes({ results })).toEqual({ applied: 30 - users, skipped: users });
    expect(users).toBeGreaterThanOrEqual(20);
    expect(users).toBeLessThan(30);
    permit.faults.length = 0;
    await reconcileOnce({ github, permit });
    expect(counts(permit).users).toBe(0);
  });

  test('ends a reading that waits, and nothing is written', async () => {
    const { permit } = await strictPermit({ limits: 'off', held: people(500) });
    const control = startStop(60_000);
    const pace = { ...PUBLISHED_PACE, requestsPerMinute: 3 };
    const run = reconcileOnce({ github: githubOf([]), permit }, { ...endAtWait(control), pace });
    await expect(run).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(permit.requests.length).toBeLessThanOrEqual(3);
    expect(writesOf(permit.requests)).toEqual([]);
  });
});

describe("a run that can't finish in time because of the limits", () => {
  const slow = { pace: { ...PUBLISHED_PACE, writesPerMinute: 10 }, timeoutMs: 240_000 };

  test('says so before it writes, and names a sufficient --timeout', async () => {
    const members = people(60);
    const { permit } = await strictPermit({ limits: 'off', held: members });
    const run = reconcileOnce({ github: githubOf(members), permit }, slow);
    await expect(run).rejects.toMatchObject({
      code: 'TIMEOUT',
      message:
        "Permit's limit of 10 writes a minute makes this plan last at least 6 minutes, and --timeout leaves it 4 minutes",
      hint: 'give it time with --timeout 8m, or narrow it with --user',
    });
    expect(writesOf(permit.requests)).toEqual([]);
  });

  test('in a dry run that is a note next to the plan', async () => {
    const members = people(60);
    const { permit } = await strictPermit({ limits: 'off', held: members });
    const { notes, results } = await reconcileOnce(
      { github: githubOf(members), permit },
      { ...slow, dryRun: true },
    );
    expect(notes).toEqual([{ code: 'TIMEOUT', users: [], message: expect.stringMatching(/--timeout 8m/) }]);
    expect(outcomes({ results })).toEqual({ planned: 60 });
  });

  test('the --timeout that it named is sufficient', async () => {
    const members = people(60);
    const { permit, clock, paced } = await strictPermit({ limits: { writesPerMinute: 10 }, held: members });
    const run = await reconcileOnce(
      { github: githubOf(members), permit },
      { ...paced(slow.pace), timeoutMs: 8 * 60_000 },
    );
    expect(outcomes(run)).toEqual({ applied: 60 });
    expect(refusals(permit)).toBe(0);
    expect(clock.now()).toBeLessThan(8 * 60_000);
  });

  test('a run that fits the limits in time is not refused', async () => {
    const members = people(40);
    const { permit, paced } = await strictPermit({ limits: { writesPerMinute: 10 }, held: members });
    const run = await reconcileOnce({ github: githubOf(members), permit }, { ...paced(slow.pace), ...slow });
    expect(outcomes(run)).toEqual({ applied: 40 });
  });

  test('the program ends with 1 and the hint; its dry run with 0 and a warning', async () => {
    const stage = await openStage();
    populate(stage, 10, 1);
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'gh-permit-sync.yaml'), 'permit: { pace: { bulkPer10Minutes: 1 } }\n');
    const dry = await stage.run(['reconcile', '--dry-run', '--timeout', '5m', '-o', 'json'], { cwd });
    expect(dry.code).toBe(0);
    expect(JSON.parse(dry.stdout)).toMatchObject({
      status: 'pending',
      warnings: [{ code: 'TIMEOUT', message: expect.stringMatching(/limit of 1 bulk call in 10 minutes/) }],
    });
    const run = await stage.run(['reconcile', '--timeout', '5m'], { cwd });
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/TIMEOUT/);
    expect(run.stderr).toMatch(/--timeout \d+m/);
    expect(writesOf(stage.permit.requests)).toEqual([]);
    expect(stage.held()).toEqual({});
  });
});
