import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request and its answer, as they went over the observer. */
export type Exchange = {
  /** Where the server listens, e.g. `http://127.0.0.1:40123`. */
  readonly origin: string;
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly body: string;
  /** Undefined if the connection ended before the answer did. */
  readonly answer: Answered | undefined;
};

export type Answered = { readonly status: number; readonly body: string };

export type Tap = {
  /** In the order of arrival. */
  readonly exchanges: readonly Exchange[];
  readonly close: () => void;
};

type Started = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
};
type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/**
 * Records what every HTTP server of this process receives and answers. Node announces each request on a diagnostics
 * channel, so neither the servers nor their clients know: what is recorded is what was sent.
 */
export function openTap(): Tap {
  const exchanges: Exchange[] = [];
  const onStart = (message: unknown): void => {
    const { request, response, server } = message as Started;
    const [path = '/', query] = (request.url ?? '/').split(/\?(.*)/s);
    const exchange: Mutable<Exchange> = {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      method: request.method ?? '',
      path,
      query: new URLSearchParams(query),
      contentType: request.headers['content-type'],
      body: '',
      answer: undefined,
    };
    exchanges.push(exchange);
    const received = chunksGivenTo(request, 'push');
    const written = chunksGivenTo(response, 'write');
    const last = chunksGivenTo(response, 'end');
    request.once('end', () => {
      exchange.body = textOf(received);
    });
    response.once('finish', () => {
      exchange.answer = { status: response.statusCode, body: textOf([...written, ...last]) };
    });
  };
  subscribe('http.server.request.start', onStart);
  return { exchanges, close: () => void unsubscribe('http.server.request.start', onStart) };
}

type Method = (chunk?: unknown, ...rest: readonly unknown[]) => unknown;

/** What is handed to one method of a stream from now on, in order. */
function chunksGivenTo<Name extends string>(stream: { [name in Name]: unknown }, name: Name): Buffer[] {
  const chunks: Buffer[] = [];
  const original = stream[name] as Method;
  const watched: Method = (chunk, ...rest) => {
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk));
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    return original.call(stream, chunk, ...rest);
  };
  Object.assign(stream, { [name]: watched });
  return chunks;
}

const textOf = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
