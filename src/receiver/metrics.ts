import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { shareAnswer } from '../model/once.ts';
import { isQueuedEvent, type QueueStatus } from '../model/webhooks/queue.ts';
import type { AnswerCode } from './answer.ts';
import type { Receipt } from './receive-delivery.ts';

export type Metrics = {
  readonly answered: (receipt: Receipt, durationSeconds: number) => void;
  /** A client hung up before there was an answer. */
  readonly hungUp: () => void;
  /** A connection was dropped. The metric's help says why that happens. */
  readonly dropped: () => void;
  /** @param status undefined if it is not known. */
  readonly queueHolds: (status: QueueStatus | undefined) => void;
  readonly queueIs: (state: 'reachable' | 'away') => void;
  readonly render: () => Promise<string>;
  readonly contentType: string;
};

/** Seconds. GitHub gives up after 10. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Uses its own registry, which exposes nothing else about this program. No label holds text from outside, so that
 * clients can't create new series.
 */
export function openMetrics(bytesInFlight: () => number, logLinesLost: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const deliveries = new Counter({
    name: 'gh_permit_sync_deliveries_total',
    help: 'Deliveries by answer and event. The event is "unknown" unless the signature was valid.',
    labelNames: ['answer', 'event'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'gh_permit_sync_delivery_duration_seconds',
    help: 'From the headers of a delivery to its answer.',
    labelNames: ['answer'] as const,
    buckets: BUCKETS,
    registers,
  });
  const hangUps = new Counter({
    name: 'gh_permit_sync_deliveries_aborted_total',
    help: 'Deliveries whose client hung up before it was answered.',
    registers,
  });
  const drops = new Counter({
    name: 'gh_permit_sync_connections_dropped_total',
    help: 'Connections dropped at the limit, for requests sent ahead of their answers, or for bodies in single bytes.',
    registers,
  });
  new Gauge({
    name: 'gh_permit_sync_body_bytes_in_flight',
    help: 'Bytes of the bodies that are being read or processed.',
    registers,
    collect() {
      this.set(bytesInFlight());
    },
  });
  new Counter({
    name: 'gh_permit_sync_log_lines_lost_total',
    help: 'Lines of the log that could not be written to stderr.',
    registers,
    collect() {
      this.reset();
      this.inc(logLinesLost());
    },
  });
  const queueUp = new Gauge({
    name: 'gh_permit_sync_queue_reachable',
    help: '1 if Redis answered the last time it was asked, otherwise 0.',
    registers,
  });
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers });
  const depth = gauge('gh_permit_sync_queue_depth', 'Entries that wait in the queue.');
  const oldest = gauge(
    'gh_permit_sync_queue_oldest_seconds',
    'Age of the oldest entry in the queue; 0 when it is empty.',
  );
  const dead = gauge('gh_permit_sync_queue_dead_letters', 'Dead letters in the queue.');
  return {
    answered: (receipt, seconds) => {
      const answer: AnswerCode = receipt.answer.code;
      deliveries.inc({ answer, event: eventLabel(receipt) });
      durations.observe({ answer }, seconds);
    },
    hungUp: () => hangUps.inc(),
    dropped: () => drops.inc(),
    queueHolds: (status) => {
      depth.set(status?.pending ?? Number.NaN);
      oldest.set(status === undefined ? Number.NaN : (status.oldestSeconds ?? 0));
      dead.set(status?.dead ?? Number.NaN);
    },
    queueIs: (state) => queueUp.set(state === 'reachable' ? 1 : 0),
    render: shareAnswer(() => registry.metrics()),
    contentType: registry.contentType,
  };
}

function eventLabel({ signed, event }: Receipt): string {
  if (!signed) return 'unknown';
  return event !== undefined && (isQueuedEvent(event) || event === 'ping') ? event : 'other';
}
