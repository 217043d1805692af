import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { QueueEntry } from '../model/webhooks/queue.ts';
import type { DeliveryAnswer } from './answer.ts';
import { type Body, type BodyLimits, type Intake, isAnnouncedTooLarge } from './body.ts';
import {
  decodeText,
  judgeDelivery,
  type NeedsOf,
  outlinePayload,
  type PayloadForm,
  parseDeliveryId,
  parsePayload,
  payloadForm,
  word,
} from './delivery.ts';
import { isPlausible, isSigned, LARGE_BODY_BYTES, type WebhookSecrets } from './signature.ts';
import type { WatchedQueue } from './watched-queue.ts';

/** A delivery and its answer. */
export type Receipt = {
  readonly answer: DeliveryAnswer;
  readonly delivery?: string | undefined;
  readonly event?: string | undefined;
  readonly action?: string | undefined;
  readonly org?: string | undefined;
  /** Whether the signature was valid. If not, anyone may have written `event` and `delivery`. */
  readonly signed: boolean;
  /** What was queued. */
  readonly entries?: readonly QueueEntry[];
};

export type ReceiverContext = {
  readonly intake: Intake;
  readonly limits: BodyLimits;
  readonly secrets: WebhookSecrets;
  readonly orgs: readonly string[] | undefined;
  /** Undefined if the rules are not known. */
  readonly needsOf: NeedsOf | undefined;
  readonly queue: WatchedQueue;
  readonly now: () => number;
  /** Called once a signature was verified, before the delivery is processed. */
  readonly proved: (request: IncomingMessage) => void;
};

/**
 * Answers one delivery. The checks come in the order of CONTRACT §7, with one exception: without room for a body its
 * signature can't be checked, so that 503 comes before the 401.
 * @param goOn called when the body should be sent, for a client that waits for `100 Continue`.
 * @returns undefined if the client hung up.
 */
export async function receiveDelivery(
  context: ReceiverContext,
  request: IncomingMessage,
  goOn: () => void,
): Promise<Receipt | undefined> {
  const told = headersOf(request);
  const refused = (answer: DeliveryAnswer): Receipt => ({ ...told, signed: false, answer });
  if (request.method !== 'POST') {
    return refused({ code: 'method_not_allowed', message: 'deliveries are sent by POST' });
  }
  const form = payloadForm(request.headers['content-type']);
  if (form === undefined || !isPlain(request)) {
    const message = 'expected application/json or application/x-www-form-urlencoded, not compressed';
    return refused({ code: 'unsupported_media_type', message });
  }
  if (isAnnouncedTooLarge(request, context.limits)) return refused(TOO_LARGE);
  const signature = signatureOf(request);
  const mayBeSigned = context.secrets === 'insecure' || isPlausible(signature);
  goOn();
  return context.intake.withBody(request, mayBeSigned, async (body) => {
    if (body.kind === 'gone') return undefined;
    return body.kind === 'read'
      ? receiveBody(context, request, form, body)
      : refused(UNREAD_BODIES[body.kind]);
  });
}

const TOO_LARGE: DeliveryAnswer = { code: 'too_large', message: 'the body is larger than 25 MB' };
const UNAUTHORIZED: DeliveryAnswer = {
  code: 'unauthorized',
  message: 'X-Hub-Signature-256 is missing, or was made with another secret',
};
const UNREAD_BODIES: Readonly<Record<Exclude<Body['kind'], 'read' | 'gone'>, DeliveryAnswer>> = {
  tooLarge: TOO_LARGE,
  tooSlow: { code: 'too_slow', message: 'the body did not arrive in time' },
  overloaded: { code: 'overloaded', message: 'too many deliveries at once; deliver it again' },
  dropped: UNAUTHORIZED,
};

async function receiveBody(
  context: ReceiverContext,
  request: IncomingMessage,
  form: PayloadForm,
  { pieces, size }: Extract<Body, { kind: 'read' }>,
): Promise<Receipt> {
  const told = headersOf(request);
  const isLarge = size > LARGE_BODY_BYTES;
  const smallText = isLarge ? undefined : decodeText(together(pieces));
  if (context.secrets !== 'insecure') {
    const signature = signatureOf(request);
    const signed = isPlausible(signature) && (await isSigned(pieces, smallText, signature, context.secrets));
    if (!signed) return { ...told, signed: false, answer: UNAUTHORIZED };
  }
  context.proved(request);
  const invalid = (message: string): Receipt => ({
    ...told,
    signed: true,
    answer: { code: 'invalid', message },
  });
  const payload = parsePayload(isLarge ? decodeText(together(pieces)) : smallText, form);
  if (payload.kind === 'unreadable') return invalid(payload.why);
  const event = single(request, 'x-github-event');
  if (event === undefined || event === '') return invalid('the header X-GitHub-Event is missing');
  const receipt = { ...told, ...outlinePayload(payload.value), signed: true };
  const verdict = judgeDelivery(
    {
      // A delivery without an id is still a hint. A new id can't be mistaken for another delivery.
      id: told.delivery ?? randomUUID(),
      event,
      payload: payload.value,
      at: new Date(context.now()).toISOString(),
    },
    context.orgs,
    context.needsOf,
  );
  switch (verdict.kind) {
    case 'invalid':
      return { ...receipt, answer: { code: 'invalid', message: verdict.why } };
    case 'ignored':
      return { ...receipt, answer: { code: 'ignored', message: verdict.why } };
    case 'queue':
      return {
        ...receipt,
        org: verdict.entries[0].org,
        ...(await enqueue(context.queue, verdict.entries)),
      };
    default:
      return verdict satisfies never;
  }
}

const together = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);

/** Of several entries some may be queued although the answer is a refusal. Queueing them again does no harm. */
async function enqueue(
  queue: WatchedQueue,
  entries: readonly QueueEntry[],
): Promise<Pick<Receipt, 'answer' | 'entries'>> {
  const appended = await Promise.all(entries.map(queue.append));
  const worst = appended.find((one) => one !== 'queued');
  return worst === undefined ? { entries, answer: { code: 'queued' } } : { answer: NOT_QUEUED[worst] };
}

const NOT_QUEUED: Readonly<Record<'full' | 'unavailable', DeliveryAnswer>> = {
  full: { code: 'queue_full', message: 'the queue is full; deliver it again when it has been drained' },
  unavailable: { code: 'queue_unavailable', message: 'the queue is not available; deliver it again' },
};

/** What the headers say about a delivery, as far as GitHub would send it. */
const headersOf = (request: IncomingMessage): Pick<Receipt, 'delivery' | 'event'> => ({
  delivery: parseDeliveryId(single(request, 'x-github-delivery')),
  event: word(single(request, 'x-github-event')),
});

const signatureOf = (request: IncomingMessage): string | undefined => single(request, 'x-hub-signature-256');

/** Node joins a repeated header with commas, so that it matches nothing. */
function single(request: IncomingMessage, header: string): string | undefined {
  const value = request.headers[header];
  return typeof value === 'string' ? value : undefined;
}

/** A compressed body could grow without limit, and GitHub never compresses. */
const isPlain = ({ headers }: IncomingMessage): boolean =>
  (headers['content-encoding'] ?? 'identity').trim().toLowerCase() === 'identity';
