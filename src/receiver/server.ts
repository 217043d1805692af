import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { QueueEntry, QueueProducer, QueueStatus } from '../model/webhooks/queue.ts';
import { ANSWERS, type AnswerCode, sendAnswer } from './answer.ts';
import { BODY_LIMITS, type BodyLimits, openIntake } from './body.ts';
import { watchConnections } from './connections.ts';
import type { NeedsOf } from './delivery.ts';
import { listen } from './listen.ts';
import { openMetrics } from './metrics.ts';
import { answerProbe } from './probes.ts';
import { type Receipt, type ReceiverContext, receiveDelivery } from './receive-delivery.ts';
import type { WebhookSecrets } from './signature.ts';
import { QUEUE_BOUNDS, type QueueBounds, watchQueue } from './watched-queue.ts';

/** One delivery, for a line of the log. */
export type Told = Pick<Receipt, 'delivery' | 'event' | 'action' | 'org'> & {
  readonly status: number;
  readonly answer: AnswerCode;
  readonly why: string | undefined;
  readonly durationMs: number;
};

export type ReceiverLog = {
  readonly answered: (told: Told) => void;
  readonly queueAway: (reason: unknown) => void;
  readonly queueBack: () => void;
  /** A bug of ours; the client read 500. */
  readonly failed: (error: unknown) => void;
};

export type ReceiverOptions = {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Begins with a slash. */
  readonly path: string;
  readonly secrets: WebhookSecrets;
  /** Logins; deliveries about others are ignored. */
  readonly orgs: readonly string[] | undefined;
  /** What the rules can need of an organization; undefined where they are not known: then any team may matter. */
  readonly needsOf?: NeedsOf | undefined;
  readonly queue: QueueProducer;
  /** For the metrics; without it they say only whether Redis can be reached. */
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
  /** How long the rest of a body is thrown away after it was refused, so that the client comes to read why. */
  readonly lingerMs: number;
  /** How long what is under way may take at the end. */
  readonly graceMs: number;
};

const TIMINGS: ServerTimings = { headersMs: 10_000, keepAliveMs: 5_000, lingerMs: 2_000, graceMs: 10_000 };

const MOST_HEADER_BYTES = 16 * 1024;

export type Receiver = {
  /** Where deliveries go, such as `http://127.0.0.1:4000/github-membership`. */
  readonly url: string;
  /** Stops accepting, finishes what is under way, and resolves; what is not through in time is cut off. */
  readonly close: () => Promise<void>;
};

/**
 * Starts to receive. Answers 503 while Redis is away, and 202 again when it is back.
 * @throws SyncError `USAGE` when the address can't be listened on.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { host, port, path, log } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const limits = { ...BODY_LIMITS, ...options.bodyLimits };
  if (options.secrets !== 'insecure' && options.secrets.length === 0) {
    throw new TypeError('a receiver needs a secret, or has to be insecure in so many words');
  }
  const server = createServer({
    headersTimeout: timings.headersMs,
    // The body has a bound of its own, which answers better; this one stands behind it.
    requestTimeout: timings.headersMs + limits.wholeMs + timings.lingerMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: timings.keepAliveMs,
    maxHeaderSize: MOST_HEADER_BYTES,
  });
  // Bounds how long a client may take to read its answer.
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
    if (receipt.entry) options.onQueued?.(receipt.entry);
  }

  async function serve(request: IncomingMessage, response: ServerResponse, goOn: () => void): Promise<void> {
    // What was sent ahead on a connection that has been dropped meanwhile.
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
  // Who waits for `100 Continue` reads a refusal without having sent the body.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    void serve(request, response, () => response.writeContinue());
  });
  const listening = await listen(server, connections, { host, port, graceMs: timings.graceMs });
  // Whether Redis is there shall be told before the first delivery asks for it.
  void counter.queue.isReady();
  const name = isIPv6(host) ? `[${host}]` : host;
  return { url: `http://${name}:${listening.port}${path}`, close: listening.close };
}

/** Without the query, and without the origin that a proxy may put before it. A slash at the end is another path. */
function pathOf(target: string): string {
  return (target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? '') || '/';
}

/**
 * An answer that comes before the body is through would be lost if the connection were closed at once: the client is
 * still writing, and its system throws away what it did not read.
 */
function linger(request: IncomingMessage, ms: number): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), ms);
  request.once('end', () => clearTimeout(timer));
  request.once('close', () => clearTimeout(timer));
}

function tell(receipt: Receipt, durationMs: number): Told {
  const { answer, delivery, event, action, org } = receipt;
  return {
    ...{ delivery, event, action, org },
    status: ANSWERS[answer.code],
    answer: answer.code,
    why: answer.message,
    durationMs: Math.round(durationMs * 10) / 10,
  };
}
