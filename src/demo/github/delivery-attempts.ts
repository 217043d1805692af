import { createHmac, randomUUID } from 'node:crypto';
import { appHookOf, type GitHubHook, hooksOf } from './hooks.ts';
import { type GitHubOrg, type GitHubWorld, orgOf } from './world.ts';

/** One attempt to hand over a delivery. A redelivery is another one, with the same GUID. */
export type GitHubDelivery = {
  /** Decimal digits: beyond 2^53, as on GitHub. */
  readonly id: string;
  readonly guid: string;
  /** Milliseconds since the epoch. */
  readonly deliveredAt: number;
  readonly redelivery: boolean;
  readonly durationMs: number;
  readonly status: string;
  readonly statusCode: number;
  readonly event: string;
  readonly action: string | null;
  /** The JSON text that was, or would have been, sent. */
  readonly payload: string;
  /** Whose webhook it is for: an organization's, or an App's by way of one installation. */
  readonly target: {
    readonly type: 'organization' | 'integration';
    readonly id: number;
    readonly installationId: number | null;
  };
};

/**
 * `sent`: over HTTP to the webhook's address. `lost`: recorded as a failure although nothing was sent. `dropped`:
 * never made, without a trace.
 */
type DeliveryFate = 'sent' | 'lost' | 'dropped';

export type DeliverOptions = {
  readonly fate?: DeliveryFate;
  readonly guid?: string;
  /** Milliseconds since the epoch; the present unless given. */
  readonly now?: number;
};

/** How long a receiver may take (docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks). */
const ANSWER_MS = 10_000;

type Attempts = { readonly byHook: Map<number, GitHubDelivery[]>; readonly underWay: Set<Promise<unknown>> };
const attemptsByWorld = new WeakMap<GitHubWorld, Attempts>();
let lastDeliveryId = 9_007_199_254_740_992n + 80_000_000_000_000_000n;

/** The attempts for one webhook, in the order in which they were made; they may be changed at any time. */
export function deliveriesOf(world: GitHubWorld, hook: Pick<GitHubHook, 'id'>): GitHubDelivery[] {
  const { byHook } = attemptsIn(world);
  const deliveries = byHook.get(hook.id) ?? [];
  byHook.set(hook.id, deliveries);
  return deliveries;
}

/** Resolves when no attempt is under way that `deliverSoon` or a redelivery began. */
export async function deliveriesSettled(world: GitHubWorld): Promise<void> {
  const { underWay } = attemptsIn(world);
  while (underWay.size > 0) await Promise.all(underWay);
}

/**
 * Sends this event to all active webhooks that subscribe to it: the organization's own, and those of the Apps that are
 * installed in it. Each gets a first attempt, all with one GUID.
 * @returns the attempts, once all of them have ended.
 */
export async function deliver(
  world: GitHubWorld,
  org: string,
  event: string,
  payload: Readonly<Record<string, unknown>>,
  { fate = 'sent', guid = randomUUID(), now = Date.now() }: DeliverOptions = {},
): Promise<readonly GitHubDelivery[]> {
  if (fate === 'dropped') return [];
  const found = orgOf(world, org);
  const hooks = recipientsIn(world, found).filter(({ hook: { active, events } }) => {
    return active && (events.includes(event) || events.includes('*'));
  });
  const text = JSON.stringify(payload);
  const action = typeof payload.action === 'string' ? payload.action : null;
  const first = { guid, event, action, payload: text, redelivery: false };
  return Promise.all(
    hooks.map(({ hook, target }) => attempt(world, hook, { ...first, target }, { now, fate })),
  );
}

/** The same, without waiting for the attempts; `deliveriesSettled` waits for them. */
export function deliverSoon(
  world: GitHubWorld,
  org: string,
  event: string,
  payload: Readonly<Record<string, unknown>>,
  options?: DeliverOptions,
): void {
  track(world, deliver(world, org, event, payload, options));
}

type Recipient = { readonly hook: GitHubHook; readonly target: GitHubDelivery['target'] };

/** The webhooks of an organization, and of the Apps that are installed in it. */
export function recipientsIn(world: GitHubWorld, org: GitHubOrg): readonly Recipient[] {
  const own = [...hooksOf(world, org).values()].map((hook): Recipient => {
    return { hook, target: { type: 'organization', id: org.id, installationId: null } };
  });
  const ofApps = [...world.apps.values()].flatMap((app): readonly Recipient[] => {
    const hook = appHookOf(world, app);
    const installation = [...app.installations.values()].find(({ orgId }) => orgId === org.id);
    if (hook === undefined || installation === undefined || installation.suspended === true) return [];
    return [{ hook, target: { type: 'integration', id: app.id, installationId: installation.id } }];
  });
  return [...own, ...ofApps];
}

/** Makes another attempt, which has ended when `deliveriesSettled` resolves. */
export function redeliver(
  world: GitHubWorld,
  hook: GitHubHook,
  { guid, event, action, payload, target }: GitHubDelivery,
  now: number,
): void {
  const again = { guid, event, action, payload, target, redelivery: true };
  track(world, attempt(world, hook, again, { now, fate: 'sent' }));
}

function track(world: GitHubWorld, attempts: Promise<unknown>): void {
  const { underWay } = attemptsIn(world);
  const tracked: Promise<unknown> = attempts.finally(() => underWay.delete(tracked));
  underWay.add(tracked);
}

type Intent = Pick<GitHubDelivery, 'guid' | 'event' | 'action' | 'payload' | 'redelivery' | 'target'>;
type Outcome = Pick<GitHubDelivery, 'status' | 'statusCode'>;

async function attempt(
  world: GitHubWorld,
  hook: GitHubHook,
  intent: Intent,
  { now, fate }: { readonly now: number; readonly fate: DeliveryFate },
): Promise<GitHubDelivery> {
  lastDeliveryId += 1n;
  const id = String(lastDeliveryId);
  const began = performance.now();
  const outcome = fate === 'sent' ? await post(hook, intent) : NOT_CONNECTED;
  const durationMs = performance.now() - began;
  const made: GitHubDelivery = { ...intent, ...outcome, id, deliveredAt: now, durationMs };
  deliveriesOf(world, hook).push(made);
  return made;
}

const NOT_CONNECTED: Outcome = { status: 'failed to connect to host', statusCode: 502 };
const TIMED_OUT: Outcome = { status: 'timed out', statusCode: 504 };

async function post(hook: GitHubHook, intent: Intent): Promise<Outcome> {
  const form = hook.contentType === 'form';
  const body = form ? new URLSearchParams({ payload: intent.payload }).toString() : intent.payload;
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    const { ok, status } = await fetch(hook.url, {
      method: 'POST',
      body,
      redirect: 'manual',
      signal,
      headers: {
        accept: '*/*',
        'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
        'user-agent': 'GitHub-Hookshot/emulated',
        'x-github-delivery': intent.guid,
        'x-github-event': intent.event,
        'x-github-hook-id': String(hook.id),
        'x-github-hook-installation-target-id': String(intent.target.id),
        'x-github-hook-installation-target-type': intent.target.type,
        ...(hook.secret === undefined ? {} : signatures(hook.secret, body)),
      },
    });
    return { status: ok ? 'OK' : `Invalid HTTP Response: ${status}`, statusCode: status };
  } catch {
    return signal.aborted ? TIMED_OUT : NOT_CONNECTED;
  }
}

const signatures = (secret: string, body: string) => ({
  'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
});

function attemptsIn(world: GitHubWorld): Attempts {
  const attempts = attemptsByWorld.get(world) ?? { byHook: new Map(), underWay: new Set() };
  attemptsByWorld.set(world, attempts);
  return attempts;
}
