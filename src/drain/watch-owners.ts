import type { GitHubId } from '../model/identity.ts';
import type { OwnerLister } from '../model/ports.ts';
import type { QueueProducer } from '../model/webhooks/queue.ts';

/** What queues hints about people whose roles changed. */
export type HintPorts = {
  readonly append: QueueProducer['append'];
  /** Something was queued. */
  readonly wake: () => void;
  readonly now: () => Date;
};

type OwnerWatchPorts = HintPorts & {
  readonly orgs: readonly string[];
  readonly listOwners: OwnerLister['listOwners'];
  /** Called when the owners of an organization can't be read, once until they can be read again. */
  readonly onUnread: (org: string) => void;
  readonly everyMs: number;
  /** Resolves after `ms`, or earlier if the program ends. */
  readonly pause: (ms: number) => Promise<void>;
  readonly isStopped: () => boolean;
};

type Owners = ReadonlyMap<GitHubId, string>;

/**
 * Queues a hint about everyone who becomes an owner or stops being one, since no webhook tells. The hint decides
 * nothing: the person is looked up like everyone in the queue. One request per 100 owners and reading. What changed
 * before the first reading is for the next full run.
 */
export async function watchOwners(ports: OwnerWatchPorts): Promise<void> {
  const known = new Map<string, Owners>();
  const unread = new Set<string>();
  while (!ports.isStopped()) {
    for (const org of ports.orgs) {
      const owners = await ports.listOwners(org);
      if (ports.isStopped()) return;
      if (owners === undefined) {
        if (!unread.has(org)) ports.onUnread(org);
        unread.add(org);
        continue;
      }
      unread.delete(org);
      const before = known.get(org);
      // What could not be queued is found again by the next reading.
      if (before === undefined || (await queueChanges(org, before, owners, ports))) known.set(org, owners);
    }
    await ports.pause(ports.everyMs);
  }
}

/** @returns whether all of them were queued. */
async function queueChanges(
  org: string,
  before: Owners,
  now: Owners,
  ports: OwnerWatchPorts,
): Promise<boolean> {
  const changed = [...new Map([...before, ...now])].filter(([id]) => before.has(id) !== now.has(id));
  return queueHints('owners', org, changed, ports);
}

/**
 * Queues a hint about each of these people, and wakes the drain.
 * @param source where the change was seen: the first part of the delivery's id.
 * @returns whether all of them were queued.
 */
export async function queueHints(
  source: string,
  org: string,
  people: Iterable<readonly [GitHubId, string]>,
  { append, wake, now }: HintPorts,
): Promise<boolean> {
  const at = now().toISOString();
  let isEmpty = true;
  for (const [id, login] of people) {
    const delivery = `${source}:${org}:${at}`;
    const entry = { delivery, event: 'organization', action: 'role_changed', org, id, login, at } as const;
    const queued = await append({ ...entry, orgId: undefined, team: undefined }).catch(() => 'away');
    if (queued !== 'queued') return false;
    isEmpty = false;
  }
  if (!isEmpty) wake();
  return true;
}
