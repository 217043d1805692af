import type { GitHubId } from '../model/identity.ts';
import type { AuditLogReader, OwnerLister } from '../model/ports.ts';
import type { AuditCursor, QueueProducer } from '../model/webhooks/queue.ts';

/** A place where GitHub shows changed roles. No webhook announces them. */
type RoleSource = {
  /** Begins the ids of the deliveries that it causes. */
  readonly name: string;
  /** Never read more often than this. */
  readonly leastMs: number;
  /** @returns undefined if there is nothing to learn now; `unreadable` if GitHub does not show it. */
  readonly read: (org: string, now: Date) => Promise<ChangedRoles | 'unreadable' | undefined>;
};

type ChangedRoles = {
  readonly people: readonly (readonly [id: GitHubId, login: string])[];
  /** Called once all of these people are queued. Until then the next reading finds them again. */
  readonly remember: () => Promise<void>;
};

type RoleWatchPorts = {
  readonly orgs: readonly string[];
  readonly append: QueueProducer['append'];
  /** Called when something was queued. */
  readonly wake: () => void;
  /** Called when an organization can't be read, and again only after it was readable in between. */
  readonly onUnreadable: (org: string) => void;
  readonly everyMs: number;
  /** Resolves after `ms`, or earlier if the program ends. */
  readonly pause: (ms: number) => Promise<void>;
  readonly isStopped: () => boolean;
  readonly now: () => Date;
};

/**
 * Queues a hint about everyone whose role changed, until it is stopped. The hint decides nothing: the person is looked
 * up like everyone in the queue.
 */
export async function watchRoles({ name, leastMs, read }: RoleSource, ports: RoleWatchPorts): Promise<void> {
  const { orgs, onUnreadable, everyMs, pause, isStopped, now } = ports;
  const unreadable = new Set<string>();
  while (!isStopped()) {
    for (const org of orgs) {
      const found = await read(org, now());
      if (isStopped()) return;
      if (found === 'unreadable') {
        if (!unreadable.has(org)) onUnreadable(org);
        unreadable.add(org);
      } else if (found !== undefined) {
        unreadable.delete(org);
        if (await queueHints(name, org, found.people, ports)) await found.remember();
      }
    }
    await pause(Math.max(everyMs, leastMs));
  }
}

/** Queues a hint about each of these people, and wakes the drain. @returns whether all of them were queued. */
async function queueHints(
  source: string,
  org: string,
  people: ChangedRoles['people'],
  { append, wake, now }: RoleWatchPorts,
): Promise<boolean> {
  const at = now().toISOString();
  for (const [id, login] of people) {
    const delivery = `${source}:${org}:${at}`;
    const entry = { delivery, event: 'organization', action: 'role_changed', org, id, login, at } as const;
    const queued = await append({ ...entry, orgId: undefined, team: undefined, repository: undefined }).catch(
      () => 'away',
    );
    if (queued !== 'queued') return false;
  }
  if (people.length > 0) wake();
  return true;
}

/**
 * Everyone who became an owner or stopped being one. Costs one request per 100 owners. What changed before the first
 * reading is left to the next full run.
 */
export function ownerChanges(listOwners: OwnerLister['listOwners']): RoleSource {
  const known = new Map<string, ReadonlyMap<GitHubId, string>>();
  return {
    name: 'owners',
    leastMs: 0,
    read: async (org) => {
      const owners = await listOwners(org);
      if (owners === undefined) return 'unreadable';
      const before = known.get(org) ?? owners;
      const people = [...new Map([...before, ...owners])].filter(([id]) => before.has(id) !== owners.has(id));
      return { people, remember: async () => void known.set(org, owners) };
    },
  };
}

/** GitHub allows 1,750 queries of the audit log an hour (docs.github.com, audit log API): this is less than half. */
const MIN_INTERVAL_MS = 5_000;
const REFUSED_MS = 60 * 60_000;
/** An entry can become readable later than a newer one, so a little is read twice. A person is queued once for it. */
const OVERLAP_MS = 60_000;

/**
 * Everyone whose organization role changed, also through roles that no list of owners shows. Without a cursor, reading
 * begins now: earlier changes are left to the next full run. A refusal pauses an organization for an hour.
 */
export function auditLogChanges(
  readRoleChanges: AuditLogReader['readRoleChanges'],
  cursor: AuditCursor,
): RoleSource {
  const refusedUntil = new Map<string, number>();
  /** By organization and person, when the person was last queued. */
  const queued = new Map<string, number>();
  /** Organizations whose last page was full: reading it again would show the same entries. */
  const cut = new Set<string>();
  return {
    name: 'audit',
    leastMs: MIN_INTERVAL_MS,
    read: async (org, now) => {
      const at = now.getTime();
      if ((refusedUntil.get(org) ?? 0) > at) return undefined;
      const since = await cursor.read(org).catch(() => undefined);
      const from = Math.min(since ?? at, at);
      const found = await readRoleChanges(org, from - (since === undefined || cut.has(org) ? 0 : OVERLAP_MS));
      if (found === undefined) return undefined;
      if (found === 'refused') {
        refusedUntil.set(org, at + REFUSED_MS);
        return 'unreadable';
      }
      const last = found.lastMs ?? from;
      const people = [...found.people].filter(([id]) => (queued.get(`${org} ${id}`) ?? -1) < last);
      return {
        people,
        remember: async () => {
          for (const [id] of people) queued.set(`${org} ${id}`, last);
          if (found.isCut) cut.add(org);
          else cut.delete(org);
          if (since !== last) await cursor.write(org, last).catch(() => undefined);
        },
      };
    },
  };
}
