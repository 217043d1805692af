import { describe, expect, onTestFinished, test } from 'vitest';
import {
  deleteRepository,
  removeMember,
  setBasePermission,
  setTeamRole,
} from '../../src/demo/github/github.ts';
import {
  type PermitEmulator,
  permitWorld,
  snapshot,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import { startStop } from '../../src/http/stop.ts';
import type { ReconcileResult } from '../../src/sync/run.ts';
import { NO_LIMITS, type ReconcileOptions, reconcileOnce, writesOf } from '../support/adapters.ts';
import { githubWithRepositories } from '../support/repositories.ts';
import { addRepositoryModel } from '../support/repository-world.ts';

const all = { kind: 'ratio', ratio: 1 } as const;
const request = {
  repositories: { orgs: ['acme'], match: ['*'], tenant: 'default' },
  limits: { ...NO_LIMITS, repositories: [all], links: [all] },
};

/** GitHub with repositories, and a Permit with the model for them. */
async function openMirror() {
  const world = permitWorld();
  addRepositoryModel(world, [{ name: 'Deployer', level: 'write' }]);
  const permit = await startPermitEmulator(world);
  onTestFinished(() => permit.close());
  const github = await githubWithRepositories();
  const reconcile = (options: ReconcileOptions = {}): Promise<ReconcileResult> =>
    reconcileOnce({ github, permit }, { ...options, request });
  return { github, permit, reconcile };
}
type Mirror = Awaited<ReturnType<typeof openMirror>>;

/** A change for each kind of write. */
function changeGitHub({ github: { world } }: Mirror): void {
  deleteRepository(world, 'acme', 'handbook');
  setBasePermission(world, 'acme', 'none');
  setTeamRole(world, 'acme', 'payments-api', 'core', 'read');
  removeMember(world, 'acme', 'ann');
}

const state = ({ world }: PermitEmulator) => ({
  users: snapshot(world),
  tuples: [...world.tuples.keys()].sort(),
  instances: Object.fromEntries([...world.instances].map(([name, { attributes }]) => [name, attributes])),
});

/** Runs until the nth write, which is done or not, and then dies. @returns whether it came that far. */
async function killedAt(
  { permit, reconcile }: Mirror,
  nth: number,
  when: 'before' | 'after',
): Promise<boolean> {
  const control = startStop(60_000);
  let writes = 0;
  permit.faults.push({
    match: ({ method }) => {
      if (method === 'GET' || ++writes < nth) return false;
      control.end({ kind: 'signal', name: 'SIGTERM' });
      return true;
    },
    do: { kind: 'reset', when },
  });
  await reconcile({ control }).catch(() => undefined);
  permit.faults.length = 0;
  return writes >= nth;
}

describe.each(['before', 'after'] as const)('killed at each write, which is done %s the end', (when) => {
  test.each([
    ['a first run', () => undefined],
    ['a run that gives and takes', changeGitHub],
  ] as const)('%s: the next one finishes, and the one after that has nothing to do', async (_, change) => {
    const prepared = async (): Promise<Mirror> => {
      const mirror = await openMirror();
      if (change === changeGitHub) await mirror.reconcile();
      change(mirror);
      return mirror;
    };
    const undisturbed = await prepared();
    await undisturbed.reconcile();
    let nth = 1;
    for (let isKilled = true; isKilled; nth++) {
      const mirror = await prepared();
      isKilled = await killedAt(mirror, nth, when);
      await mirror.reconcile();
      expect(state(mirror.permit), `write ${nth}`).toEqual(state(undisturbed.permit));
      const before = writesOf(mirror.permit.requests).length;
      await mirror.reconcile();
      expect(writesOf(mirror.permit.requests).length - before, `write ${nth}`).toBe(0);
    }
    expect(nth).toBeGreaterThan(4);
  });
});

describe("a second run at once, while Permit's lists still show what was before (CONTRACT §6.9)", () => {
  test.each([
    ['conflict', 'notFound'],
    ['skip', 'ignore'],
  ] as const)('an existing tuple: %s, a missing one: %s', async (duplicateTuple, bulkDeleteUnknown) => {
    let now = 0;
    const mirror = await openMirror();
    Object.assign(mirror.permit.switches, {
      ...{ duplicateTuple, bulkDeleteUnknown, now: () => now },
      lag: { ms: 30_000, hides: 'lists' },
    });
    const pause = async (): Promise<void> => {
      now += 10_000;
    };
    const runTwice = async (): Promise<void> => {
      await mirror.reconcile({ pause });
      const after = state(mirror.permit);
      const { graphResults, results } = await mirror.reconcile({ pause });
      // Nothing where Permit says that all of it stands already; it takes some writes twice.
      const kinds = [...graphResults, ...results].map(({ outcome }) => outcome.kind);
      expect(kinds.filter((kind) => kind !== 'applied')).toEqual([]);
      expect(state(mirror.permit)).toEqual(after);
      now += 60_000;
    };
    await runTwice();
    changeGitHub(mirror);
    await runTwice();
  });
});
