import { setTimeout as sleep } from 'node:timers/promises';
import { OWNER_TOKEN } from '../../src/demo/github/github.ts';
import { ENVIRONMENT_KEY } from '../../src/demo/permit/permit.ts';
import { type DrainResult, drain } from '../../src/drain/drain.ts';
import { coverQueue } from '../../src/drain/settle-covered.ts';
import { createGitHubSource } from '../../src/github/github-source.ts';
import type { RetryPolicy } from '../../src/http/retry.ts';
import { startStop } from '../../src/http/stop.ts';
import type { Change } from '../../src/model/change.ts';
import type { OnApplied } from '../../src/model/ledger.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/model/limits.ts';
import type { PaceLimits } from '../../src/model/pace.ts';
import type { PermitWriter } from '../../src/model/ports.ts';
import type { GraphChange } from '../../src/model/repositories/graph-change.ts';
import { defaultRules, type Rule } from '../../src/model/rule.ts';
import type { QueueConsumer } from '../../src/model/webhooks/queue.ts';
import { createPermitReader } from '../../src/permit/permit-reader.ts';
import { openPermit } from '../../src/permit/permit-sdk.ts';
import { createPermitWriter } from '../../src/permit/permit-writer.ts';
import { openLock } from '../../src/queue/lock.ts';
import { openQueue, type Queue } from '../../src/queue/queue.ts';
import type { RedisConnection } from '../../src/queue/redis.ts';
import { type RedisState, sharedStateOn } from '../../src/queue/shared-state.ts';
import { withLock } from '../../src/sync/locked-run.ts';
import { reconcile } from '../../src/sync/reconcile.ts';
import type { ReconcileRequest, ReconcileResult } from '../../src/sync/run.ts';

/** Where a drain of this process finds everything. No test framework is in here: a child program uses it too. */
export type DrainPlace = {
  readonly redis: RedisConnection;
  readonly prefix: string;
  readonly githubUrl: string;
  readonly permitUrl: string;
  readonly rules?: readonly Rule[];
  readonly limits?: Limits;
  /** A drain counts as dead after this long without a heartbeat. */
  readonly claimAfterMs?: number;
  readonly lapseMs?: number;
};

/** The n-th of the steps that leave a trace: calls to Permit's writer, and what the queue is told of the outcome. */
export type Death = { readonly at: number; readonly when: 'before' | 'after' };

export type DrainOptions = {
  readonly death?: Death | undefined;
  /** Called before the n-th of those steps. */
  readonly onStep?: ((n: number) => Promise<void>) | undefined;
  readonly request?: Partial<ReconcileRequest>;
  readonly onApplied?: OnApplied<Change | GraphChange>;
};

/** Stands for SIGKILL: nothing that comes after it leaves a trace. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

const FAST: RetryPolicy = { retries: 5, firstWaitMs: 1, longestWaitMs: 4 };
const NO_PACE: PaceLimits = {
  requestsPerMinute: Number.POSITIVE_INFINITY,
  writesPerMinute: Number.POSITIVE_INFINITY,
  deletesPerMinute: Number.POSITIVE_INFINITY,
  bulkPer10Minutes: Number.POSITIVE_INFINITY,
  schemaPostsPerMinute: Number.POSITIVE_INFINITY,
};
const all = { kind: 'ratio', ratio: 1 } as const;
const NO_LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  removals: [all],
  demotions: [all],
  moves: [all],
  floors: {},
};
const TIMEOUT_MS = 60_000;

export const requestAt = ({ rules, limits }: DrainPlace): ReconcileRequest => ({
  rules: rules ?? defaultRules('default'),
  configuredOrgs: ['acme'],
  listedOrgs: ['acme'],
  owner: 'default',
  tenant: 'default',
  manages: [],
  userKeyChosen: true,
  userSettings: { key: '{login}', onLeave: 'delete', adopt: 'none', protect: [] },
  mode: 'sync',
  limits: limits ?? NO_LIMITS,
  overrides: {},
});

/** Each drain is a lookup that counts. */
const LOOK_AGAIN_AT_ONCE = [0, 0, 0];

export const queueAt = ({ redis, prefix, claimAfterMs = 60_000 }: DrainPlace): Queue =>
  openQueue(redis, {
    prefix,
    claimAfterMs,
    backoff: { firstMs: 1, longestMs: 1 },
    lookAgainMs: LOOK_AGAIN_AT_ONCE,
  });

/** What the runs share, with a lock that lapses as soon as a test wants. */
function sharedAt({ redis, prefix, lapseMs }: DrainPlace): RedisState {
  const shared = sharedStateOn(redis, { prefix, owner: 'default', command: 'drain' });
  const lock = openLock(redis, prefix, { command: 'drain', ...(lapseMs === undefined ? {} : { lapseMs }) });
  // The connection is the test's.
  return {
    ...shared,
    lock,
    openQueue: (options) => shared.openQueue({ lookAgainMs: LOOK_AGAIN_AT_ONCE, ...options }),
    close: () => undefined,
  };
}

function servicesAt({ githubUrl, permitUrl }: DrainPlace, beforeWrite?: () => Promise<void>) {
  const control = startStop(TIMEOUT_MS);
  const { stop } = control;
  const observer = { onStart: () => undefined, onEnd: () => undefined, onWait: () => () => undefined };
  const sdk = openPermit({
    ...{ apiUrl: permitUrl, pdpUrl: permitUrl, apiKey: ENVIRONMENT_KEY, mayWrite: true },
    ...{ readTimeoutMs: 10_000, writeTimeoutMs: 10_000, pace: NO_PACE },
    ...{ stop, observer, beforeWrite },
  });
  return {
    control,
    github: createGitHubSource({
      ...{ apiUrl: githubUrl, credentials: { kind: 'token', token: OWNER_TOKEN }, userAgent: 'test' },
      ...{ stop, observer, retry: FAST, inActions: false },
    }),
    reader: createPermitReader({ sdk, stop, retry: FAST }),
    writer: createPermitWriter({ sdk, stop, retry: FAST }),
    pause: async () => undefined,
    schedule: { forecast: sdk.forecast, remainingMs: stop.remainingMs, timeoutMs: TIMEOUT_MS },
    announce: () => undefined,
    now: () => new Date(),
  };
}

/** One drain through the real adapters and a real Redis. @throws Killed at the chosen step. */
export async function drainOnce(place: DrainPlace, options: DrainOptions = {}): Promise<DrainResult> {
  const shared = sharedAt(place);
  const { control, ...services } = servicesAt(place, shared.lock.assertHeld);
  const step = stepper(options);
  const queue = queueAt(place);
  try {
    return await drain(
      {
        ...requestAt(place),
        settleMs: 0,
        lockWaitMs: 30_000,
        retry: 'now',
        listings: 'unbounded',
        ...options.request,
      },
      {
        ...services,
        writer: steppedWriter(services.writer, step),
        queue: steppedQueue(queue, step),
        lock: shared.lock,
        budget: shared.budget,
        listingBudget: shared.listingBudget,
        record: shared.record,
        onApplied: options.onApplied,
        signal: control.stop.signal,
        sleep: (ms) => sleep(ms),
      },
    );
  } finally {
    if (!step.isDead()) await queue.leave();
    control.dispose();
  }
}

/** One full run that holds the lock, as `reconcile` with REDIS_URL does it. @param drain settle what it covers. */
export async function reconcileInTurn(place: DrainPlace, drain = false): Promise<ReconcileResult> {
  const shared = sharedAt(place);
  const { control, ...services } = servicesAt(place, shared.lock.assertHeld);
  const environment = async () => ({ project: 'project', environment: 'environment' });
  try {
    const request = requestAt(place);
    const coverage = drain ? coverQueue(shared.openQueue(), request) : undefined;
    const { signal } = control.stop;
    const options = { dryRun: false, lockWaitMs: 30_000, signal, environment, coverage };
    const run = (budget: Parameters<Parameters<typeof withLock>[3]>[0]) =>
      reconcile(request, { ...services, budget });
    return (await withLock(shared, request, options, run)).reconciled;
  } finally {
    control.dispose();
  }
}

/** What a full run would do now, without the queue and its budget. */
export async function planNow(place: DrainPlace): Promise<ReconcileResult> {
  const { control, ...services } = servicesAt(place);
  try {
    return await reconcile(requestAt(place), { ...services, writer: undefined });
  } finally {
    control.dispose();
  }
}

type Step = (<T>(work: () => Promise<T>) => Promise<T>) & { readonly isDead: () => boolean };

function stepper({ death, onStep }: DrainOptions): Step {
  let steps = 0;
  let dead = false;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    if (dead) throw new Killed();
    steps++;
    await onStep?.(steps);
    if (steps !== death?.at) return work();
    dead = true;
    if (death.when === 'after') await work();
    throw new Killed();
  };
  return Object.assign(step, { isDead: () => dead });
}

const steppedWriter = (writer: PermitWriter, step: Step): PermitWriter => ({
  write: (kind, batch) => step(() => writer.write(kind, batch)),
  writeOne: (kind, item) => step(() => writer.writeOne(kind, item)),
  updateAttributes: (user, change, profile) => step(() => writer.updateAttributes(user, change, profile)),
});

const steppedQueue = (queue: Queue, step: Step): QueueConsumer => ({
  ...queue,
  settle: (ids) => step(() => queue.settle(ids)),
  lookAgain: (contradicted) => step(() => queue.lookAgain(contradicted)),
  fail: (failures) => step(() => queue.fail(failures)),
  release: (ids) => step(() => queue.release(ids)),
});
