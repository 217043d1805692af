import type { AuditLogReader } from '../model/ports.ts';
import type { AuditCursor } from '../model/webhooks/queue.ts';
import { type HintPorts, queueHints } from './watch-owners.ts';

type AuditWatchPorts = HintPorts & {
  readonly orgs: readonly string[];
  readonly readRoleChanges: AuditLogReader['readRoleChanges'];
  readonly cursor: AuditCursor;
  /** Called when GitHub refuses an organization's audit log, and again only after it was readable in between. */
  readonly onRefused: (org: string) => void;
  readonly everyMs: number;
  /** Resolves after `ms`, or earlier if the program ends. */
  readonly pause: (ms: number) => Promise<void>;
  readonly isStopped: () => boolean;
};

/** GitHub allows 1,750 queries of the audit log an hour (docs.github.com, audit log API): this is less than half. */
const LEAST_MS = 5_000;
const REFUSED_MS = 60 * 60_000;
/** An entry can be readable later than a newer one, so a little is read twice. A person is queued once for it. */
const OVERLAP_MS = 60_000;

/**
 * Queues a hint about everyone whose organization role changed by the audit log, also through roles that no list of
 * owners shows. The hint decides nothing. Where the cursor is new, reading begins now: what came before is for the next
 * full run. A refusal pauses an organization for an hour.
 */
export async function watchAuditLog(ports: AuditWatchPorts): Promise<void> {
  const { cursor, now, pause, isStopped } = ports;
  const refusedUntil = new Map<string, number>();
  /** By organization, when each person was last queued. */
  const queued = new Map<string, number>();
  /** Organizations of whose log the last page was full: reading it again would show the same entries. */
  const cut = new Set<string>();
  while (!isStopped()) {
    for (const org of ports.orgs) {
      const at = now().getTime();
      if ((refusedUntil.get(org) ?? 0) > at) continue;
      const since = await cursor.read(org).catch(() => undefined);
      const from = Math.min(since ?? at, at);
      const overlapMs = since === undefined || cut.has(org) ? 0 : OVERLAP_MS;
      const found = await ports.readRoleChanges(org, from - overlapMs);
      if (isStopped()) return;
      if (found === 'refused') {
        if (!refusedUntil.has(org)) ports.onRefused(org);
        refusedUntil.set(org, at + REFUSED_MS);
      } else if (found !== undefined) {
        refusedUntil.delete(org);
        const last = found.lastMs ?? from;
        const fresh = [...found.people].filter(([id]) => (queued.get(`${org} ${id}`) ?? -1) < last);
        // What could not be queued is read again: the cursor stays.
        if (!(await queueHints('audit', org, fresh, ports))) continue;
        for (const [id] of fresh) queued.set(`${org} ${id}`, last);
        if (found.isCut) cut.add(org);
        else cut.delete(org);
        if (since !== last) await cursor.write(org, last).catch(() => undefined);
      }
    }
    await pause(Math.max(ports.everyMs, LEAST_MS));
  }
}
