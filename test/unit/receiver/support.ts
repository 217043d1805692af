import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { SyncError } from '../../../src/model/errors.ts';
import type { QueueEntry, QueueProducer } from '../../../src/model/webhooks/queue.ts';
import type { NeedsOf } from '../../../src/receiver/delivery.ts';
import {
  type DeliveryRecord,
  type Receiver,
  type ReceiverOptions,
  startReceiver,
} from '../../../src/receiver/server.ts';

export const SECRET = 'a-secret-that-nobody-guesses';
export const PATH = '/github-membership';
export const AT = Date.UTC(2026, 0, 2, 3, 4, 5);

export const sign = (body: string | Uint8Array, secret = SECRET): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** What GitHub sends when someone has joined, as far as it matters. */
export const memberAdded = (id = 7, login = 'ann', org = 'acme') => ({
  action: 'member_added',
  membership: { state: 'active', role: 'member', user: { login, id } },
  organization: { login: org, id: 100 },
});

/** No rule names anything, and repositories are mirrored. */
export const MIRRORED: NeedsOf = () => ({
  ...{ teams: [], collaborators: false, orgRoles: [] },
  repositories: { match: ['*'] },
});

export type ProducerState = 'up' | 'full' | 'away' | 'silent';

/** A queue in memory, which can be away, full, or never answer. */
export function memoryProducer(): QueueProducer & { readonly entries: QueueEntry[]; state: ProducerState } {
  const away = (): never => {
    throw new SyncError('QUEUE_UNAVAILABLE', 'Redis does not answer', 'start it');
  };
  const producer = {
    entries: [] as QueueEntry[],
    state: 'up' as ProducerState,
    append: async (entry: QueueEntry): Promise<'queued' | 'full'> => {
      if (producer.state === 'away') away();
      if (producer.state === 'silent') await new Promise(() => undefined);
      if (producer.state === 'full') return 'full';
      producer.entries.push(entry);
      return 'queued';
    },
    ping: async (): Promise<void> => {
      if (producer.state === 'away') away();
      if (producer.state === 'silent') await new Promise(() => undefined);
    },
  };
  return producer;
}

export type Post = {
  readonly body?: string | Uint8Array;
  readonly event?: string | undefined;
  readonly delivery?: string | undefined;
  /** Signs the body with it; null sends no signature. */
  readonly secret?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly method?: string;
};

export type Answered = { readonly status: number; readonly body: string; readonly headers: Headers };

export type TestReceiver = {
  readonly receiver: Receiver;
  readonly origin: string;
  readonly producer: ReturnType<typeof memoryProducer>;
  readonly told: DeliveryRecord[];
  /** What was logged other than deliveries: `away`, `back`, and our own errors. */
  readonly heard: string[];
  /** Sends what GitHub would send: by default a signed `member_added` of `acme`. */
  readonly post: (what?: Post) => Promise<Answered>;
};

/** A receiver on a free port of loopback, ended with the test. */
export async function openReceiver(options: Partial<ReceiverOptions> = {}): Promise<TestReceiver> {
  const producer = memoryProducer();
  const told: DeliveryRecord[] = [];
  const heard: string[] = [];
  const receiver = await startReceiver({
    host: '127.0.0.1',
    port: 0,
    path: PATH,
    secrets: [SECRET],
    orgs: ['acme'],
    queue: producer,
    now: () => AT,
    log: {
      answered: (line) => told.push(line),
      queueAway: () => heard.push('away'),
      queueBack: () => heard.push('back'),
      failed: (error) => heard.push(String(error)),
    },
    ...options,
  });
  onTestFinished(() => receiver.close());
  return {
    receiver,
    origin: new URL(receiver.url).origin,
    producer,
    told,
    heard,
    post: (what) => post(receiver.url, what),
  };
}

export async function post(url: string, what: Post = {}): Promise<Answered> {
  const { body = JSON.stringify(memberAdded()), secret = SECRET } = what;
  const event = 'event' in what ? what.event : 'organization';
  const delivery = 'delivery' in what ? what.delivery : '72d3162e-cc78-11e3-81ab-4c9367dc0958';
  const response = await fetch(what.url ?? url, {
    method: what.method ?? 'POST',
    body: what.method === 'GET' || what.method === 'HEAD' ? null : (body as string),
    headers: {
      'content-type': 'application/json',
      ...(event === undefined ? {} : { 'x-github-event': event }),
      ...(delivery === undefined ? {} : { 'x-github-delivery': delivery }),
      ...(secret === null ? {} : { 'x-hub-signature-256': sign(body, secret) }),
      ...what.headers,
    },
  });
  return { status: response.status, body: await response.text(), headers: response.headers };
}

/** A connection of bare bytes, for clients that no library would be. */
export async function dial(origin: string): Promise<Socket & { heard: () => string }> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return Object.assign(socket, { heard: () => text });
}

/** The head of a delivery, ended by its empty line. */
export const head = (headers: Readonly<Record<string, string>>, path = PATH): string =>
  [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    'content-type: application/json',
    'x-github-event: organization',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n');

export async function eventually(holds: () => boolean, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > end) throw new Error('it never came about');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
