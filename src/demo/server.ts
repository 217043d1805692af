import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, type FaultAnswer, type Struck, watchFaults } from './faults.ts';

export type { Fault, FaultAction, FaultRequest } from './faults.ts';

/** One request that arrived, in the order of arrival. */
export type RecordedRequest = {
  readonly method: string;
  /** As sent: percent-encoded, without the query. */
  readonly path: string;
  /** Values of a repeated name are joined by commas. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON, the text if it isn't JSON, undefined without a body. */
  readonly body: unknown;
  /** The answered status; 0 as long as there is none. */
  readonly status: number;
};

/** A request as a service sees it. */
export type EmulatedRequest = Omit<RecordedRequest, 'status'> & {
  readonly search: URLSearchParams;
  /** Where the client believes the service to be, e.g. `http://127.0.0.1:40123`. */
  readonly origin: string;
  readonly bodyKind: 'none' | 'json' | 'text';
};

/** `body`: an object, array or null is sent as JSON, a string as HTML, undefined as nothing. */
export type Answer = FaultAnswer;

/** Thrown by a service to answer at once. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

export type Service = {
  /** Refuses a request on arrival. @param inFlight unanswered requests, this one included. */
  readonly admit?: (request: EmulatedRequest, inFlight: number) => Answer | undefined;
  /** Handles a request synchronously, so that requests never interleave. */
  readonly work: (request: EmulatedRequest) => Answer;
};

export type Emulator = {
  /** Without a slash at the end. */
  readonly url: string;
  readonly requests: RecordedRequest[];
  /** Push to inject; the first that matches wins. */
  readonly faults: Fault[];
  /** Minimum time of every answer, in milliseconds. */
  latencyMs: number;
  /** Called before a request is handled: a test may change the world here. */
  onRequest?: ((request: EmulatedRequest) => void | Promise<void>) | undefined;
  /** Maximum number of requests that were unanswered at the same time. */
  readonly peakInFlight: number;
  /** Ends all connections. Rejects if the emulator itself, `match` or `onRequest` threw. */
  close(): Promise<void>;
};

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/**
 * Starts a service on 127.0.0.1.
 * @param port 0 takes any that is free
 * @throws the error of `listen`, with its `code`, when the port can't be had
 */
export async function startServer(service: Service, port = 0): Promise<Emulator> {
  const faults: Fault[] = [];
  const strike = watchFaults(faults);
  const crashes: unknown[] = [];
  let inFlight = 0;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    inFlight += 1;
    emulator.peakInFlight = Math.max(emulator.peakInFlight, inFlight);
    response.once('close', () => {
      inFlight -= 1;
    });
    const request = await readRequest(incoming);
    const record: Mutable<RecordedRequest> = { ...pickRecord(request), status: 0 };
    emulator.requests.push(record);
    response.once('finish', () => {
      record.status = response.statusCode;
    });
    await emulator.onRequest?.(request);
    const struck = strike(request);
    const instead = struck.action?.kind === 'answer' ? struck.action : service.admit?.(request, inFlight);
    const waitMs = emulator.latencyMs + struck.delayMs;
    if (waitMs > 0) await sleep(waitMs);
    act(struck, response, () => instead ?? handleWith(service, request));
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error: unknown) => {
      // A client that hangs up while it sends is not a failure of the emulator.
      if (incoming.errored !== null) return;
      crashes.push(error);
      if (response.headersSent) response.destroy();
      else send(response, { status: 500, body: { message: `the emulator itself failed: ${String(error)}` } });
    });
  });
  // A client must never meet a connection that is being closed just because a test took its time.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const emulator: Mutable<Emulator> = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    faults,
    latencyMs: 0,
    onRequest: undefined,
    peakInFlight: 0,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      if (crashes.length > 0) throw crashes.splice(0)[0];
    },
  };
  return emulator;
}

const pickRecord = ({ method, path, query, headers, body }: EmulatedRequest) => ({
  method,
  path,
  query,
  headers,
  body,
});

async function readRequest(incoming: IncomingMessage): Promise<EmulatedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  const search = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const query: Record<string, string> = {};
  for (const name of search.keys()) query[name] = search.getAll(name).join(',');
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query,
    search,
    headers: incoming.headers,
    origin: `http://${incoming.headers.host ?? '127.0.0.1'}`,
    ...readBody(text),
  };
}

function readBody(text: string): Pick<EmulatedRequest, 'body' | 'bodyKind'> {
  if (text === '') return { body: undefined, bodyKind: 'none' };
  try {
    return { body: JSON.parse(text), bodyKind: 'json' };
  } catch {
    return { body: text, bodyKind: 'text' };
  }
}

function handleWith(service: Service, request: EmulatedRequest): Answer {
  try {
    return service.work(request);
  } catch (error) {
    if (error instanceof Refused) return error.answer;
    throw error;
  }
}

/** Handles a request as the faults require. */
function act({ action }: Struck, response: ServerResponse, work: () => Answer): void {
  switch (action?.kind) {
    case undefined:
    case 'answer':
      send(response, work());
      break;
    case 'failAfter':
      work();
      send(response, action);
      break;
    case 'truncate':
      send(response, work(), 'half');
      break;
    case 'reset':
      if (action.when === 'after') work();
      response.socket?.resetAndDestroy();
      break;
    case 'hang':
      if (action.when === 'after') work();
      break;
  }
}

function send(response: ServerResponse, answer: Answer, extent: 'whole' | 'half' = 'whole'): void {
  const { status, headers = {}, body } = answer;
  const bodiless = status === 204 || status === 304 || body === undefined;
  const bytes = Buffer.from(bodiless ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8';
  response.writeHead(status, {
    ...(bodiless ? {} : { 'content-type': type }),
    ...(status === 204 || status === 304 ? {} : { 'content-length': bytes.length }),
    // Header names ignore case, so an answer can replace the type above.
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  });
  if (extent === 'whole') response.end(bytes);
  else response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
}
