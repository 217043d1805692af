import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { QueueEntry, QueueProducer, QueueStatus } from '../model/webhooks/queue.ts';
import { ANSWERS, type AnswerCode, sendAnswer, sendText } from './answer.ts';
import { BODY_LIMITS, type BodyLimits, openIntake } from './body.ts';
import { listen, watchConnections } from './connections.ts';
import type { NeedsOf } from './delivery.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import { type Receipt, type ReceiverContext, receiveDelivery } from './receive-delivery.ts';
import type { WebhookSecrets } from './signature.ts';
import { QUEUE_BOUNDS, type QueueBounds, type WatchedQueue, watchQueue } from './watched-queue.ts';

/** One delivery, for the log. */
export type DeliveryRecord = Pick<Receipt, 'delivery' | 'event' | 'action' | 'org'> & {
  readonly status: number;
  readonly answer: AnswerCode;
  readonly why: string | undefined;
  readonly durationMs: number;
};

export type ReceiverLog = {
  readonly answered: (told: DeliveryRecord) => void;
  readonly queueAway: (reason: unknown) => void;
  readonly queueBack: () => void;
  /** A bug. The client got 500. */
  readonly failed: (error: unknown) => void;
};

export type ReceiverOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Begins with a slash. */
  readonly path: string;
  readonly secrets: WebhookSecrets;
  /** Logins. Deliveries about other organizations are ignored. Undefined allows all. */
  readonly orgs: readonly string[] | undefined;
  /** What the rules can need from an organization. Undefined if they are not known, so that any team may matter. */
  readonly needsOf?: NeedsOf | undefined;
  readonly queue: QueueProducer;
  /** For the metrics. Without it they only say whether Redis can be reached. */
  readonly queueStatus?: (() => Promise<QueueStatus>) | undefined;
  readonly log: ReceiverLog;
  /** How many lines of the log could not be written. */
  readonly logLinesLost?: (() => number) | undefined;
  /** Called when Redis has an entry and its answer is on its way. */
  readonly onQueued?: ((entry: QueueEntry) => void) | undefined;
  readonly now?: () => number;
  readonly bodyLimits?: Partial<BodyLimits>;
  readonly queueBounds?: Partial<QueueBounds>;
  readonly timings?: Partial<ServerTimings>;
};

/** Milliseconds. */
type ServerTimings = {
  readonly headersMs: number;
  /** How long a connection may stay open without a request. */
  readonly keepAliveMs: number;
  /** How long to discard the rest of a refused body, so that the client gets to read the answer. */
  readonly lingerMs: number;
  /** How long requests under way may take after `close`. */
  readonly graceMs: number;
};

const TIMINGS: ServerTimings = { headersMs: 10_000, keepAliveMs: 5_000, lingerMs: 2_000, graceMs: 10_000 };

const MAX_HEADER_BYTES = 16 * 1024;

export type Receiver = {
  /** Where deliveries go, such as `http://127.0.0.1:4000/github-membership`. */
  readonly url: string;
  /** Stops accepting, finishes requests under way, and cuts off those that take too long. */
  readonly close: () => Promise<void>;
};

/**
 * Starts to receive. Answers 503 while Redis is unavailable, and 202 again when it is back.
 * @throws SyncError `USAGE` when the address can't be listened on.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { host, port, path, log } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const limits = { ...BODY_LIMITS, ...options.bodyLimits };
  if (options.secrets !== 'insecure' && options.secrets.length === 0) {
    throw new TypeError("a receiver needs a secret, or an explicit 'insecure'");
  }
  const server = createServer({
    headersTimeout: timings.headersMs,
    // The body has a limit of its own, with a better answer. This one is the fallback.
    requestTimeout: timings.headersMs + limits.wholeMs + timings.lingerMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: timings.keepAliveMs,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  // Limits how long a client may take to read its answer.
  server.timeout = limits.wholeMs + timings.lingerMs;
  const connections = watchConnections(server, () => metrics.dropped());
  const intake = openIntake(limits, {
    progressed: ({ socket }) => connections.progressed(socket),
    drop: ({ socket }) => connections.drop(socket),
  });
  const metrics = openMetrics(() => intake.bytesInFlight(), options.logLinesLost ?? (() => 0));
  const counter: ReceiverContext = {
    intake,
    limits,
    secrets: options.secrets,
    orgs: options.orgs,
    needsOf: options.needsOf,
    now: options.now ?? Date.now,
    proved: ({ socket }) => connections.proved(socket),
    queue: watchQueue(
      { append: options.queue.append, ping: options.queue.ping, status: options.queueStatus },
      { ...QUEUE_BOUNDS, ...options.queueBounds },
      (state) => {
        metrics.queueIs(state.kind === 'away' ? 'away' : 'reachable');
        if (state.kind === 'away') log.queueAway(state.reason);
        else log.queueBack();
      },
    ),
  };
  metrics.queueIs('reachable');

  async function deliver(
    request: IncomingMessage,
    response: ServerResponse,
    goOn: () => void,
  ): Promise<void> {
    const began = performance.now();
    const receipt = await receiveDelivery(counter, request, goOn);
    if (receipt === undefined) return metrics.hungUp();
    linger(request, timings.lingerMs);
    sendAnswer(
      response,
      receipt.answer,
      receipt.answer.code === 'method_not_allowed' ? { allow: 'POST' } : {},
    );
    const durationMs = performance.now() - began;
    metrics.answered(receipt, durationMs / 1000);
    log.answered(tell(receipt, durationMs));
    for (const entry of receipt.entries ?? []) options.onQueued?.(entry);
  }

  async function serve(request: IncomingMessage, response: ServerResponse, goOn: () => void): Promise<void> {
    // Sent ahead on a connection that has since been dropped.
    if (request.socket.destroyed) return;
    const asked = pathOf(request.url ?? '/');
    try {
      if (asked === path) await deliver(request, response, goOn);
      else await answerProbe(counter.queue, metrics, asked, request, response);
    } catch (error) {
      log.failed(error);
      if (!response.headersSent) sendAnswer(response, { code: 'internal', message: 'the receiver failed' });
    }
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void serve(request, response, () => undefined);
  });
  // A client that waits for `100 Continue` gets a refusal without sending the body.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    void serve(request, response, () => response.writeContinue());
  });
  const listening = await listen(server, connections, { host, port, graceMs: timings.graceMs });
  // Find out whether Redis answers before the first delivery needs it.
  void counter.queue.isReady();
  // No name has a colon, and `isIPv6` compiles an expression that takes several milliseconds.
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${listening.port}${path}`, close: listening.close };
}

/** The path without its query and without the origin that a proxy may add. A slash at the end is another path. */
function pathOf(target: string): string {
  return (target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? '') || '/';
}

/**
 * Keeps the connection open after an early answer. If it were closed at once, the client, which is still writing, would
 * lose the answer.
 */
function linger(request: IncomingMessage, ms: number): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), ms);
  request.once('end', () => clearTimeout(timer));
  request.once('close', () => clearTimeout(timer));
}

function tell(receipt: Receipt, durationMs: number): DeliveryRecord {
  const { answer, delivery, event, action, org } = receipt;
  return {
    ...{ delivery, event, action, org },
    status: ANSWERS[answer.code],
    answer: answer.code,
    why: answer.message,
    durationMs: Math.round(durationMs * 10) / 10,
  };
}

/** Paths that deliveries can't use. */
export const PROBES = ['/healthz', '/readyz', '/metrics'] as const;

/** Answers Kubernetes and Prometheus, and 404 on every other path. */
async function answerProbe(
  queue: WatchedQueue,
  metrics: Metrics,
  asked: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const known = PROBES.find((one) => one === asked);
  if (known === undefined) return sendAnswer(response, { code: 'not_found', message: 'nothing is here' });
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const answer = { code: 'method_not_allowed', message: 'use GET' } as const;
    return sendAnswer(response, answer, { allow: 'GET, HEAD' });
  }
  switch (known) {
    case '/healthz':
      return sendText(response, 200, '{"status":"alive"}', JSON_TYPE);
    case '/readyz':
      if (await queue.isReady()) return sendText(response, 200, '{"status":"ready"}', JSON_TYPE);
      return sendAnswer(response, { code: 'queue_unavailable', message: 'Redis does not answer' });
    case '/metrics':
      metrics.queueIs((await queue.isReady()) ? 'reachable' : 'away');
      metrics.queueHolds(await queue.status());
      return sendText(response, 200, await metrics.render(), { 'content-type': metrics.contentType });
    default:
      return known satisfies never;
  }
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
