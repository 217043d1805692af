import { type Answered, type Finding, findingsIn } from '../model/finding.ts';
import { count, enumerate } from '../model/text/text.ts';
import { type AppHookWithEvents, leadsTo, type OrgHook } from '../model/webhooks/hook-address.ts';
import type { QueuedEvent } from '../model/webhooks/queue.ts';

const { ok, skipped, warning, failed } = findingsIn('webhook');

/** GitHub recommends a random string with high entropy. This many characters can't be guessed. */
const MIN_SECRET_LENGTH = 16;

type ReceiverEnvironment = {
  /** GITHUB_WEBHOOK_SECRET. Blank counts as unset: GitHub Actions sets missing secrets to blank. */
  readonly secret: string | undefined;
  /** REDIS_URL. Blank counts as unset. */
  readonly redis: string | undefined;
};

const isSet = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';

/** Whether this is the environment of a receiver, which needs both. */
export const isReceiver = ({ secret, redis }: ReceiverEnvironment): boolean => isSet(secret) && isSet(redis);

/** Webhooks are optional, so it is fine if nothing is set. */
export function judgeSecret({ secret: text, redis }: ReceiverEnvironment): Finding {
  const id = 'webhook.secret';
  if (!isSet(text)) {
    const besides = isSet(redis) ? '; REDIS_URL is set, and receive needs both' : '';
    return skipped(id, `not configured (GITHUB_WEBHOOK_SECRET), needed by receive only${besides}`);
  }
  const secrets = text.split(',').map((secret) => secret.trim());
  if (secrets.includes('')) {
    const hint = 'remove the extra comma';
    return failed(id, 'GITHUB_WEBHOOK_SECRET holds an empty secret', hint);
  }
  if (secrets.some((secret) => secret.length < MIN_SECRET_LENGTH)) {
    return warning(
      id,
      `GITHUB_WEBHOOK_SECRET holds a secret of fewer than ${MIN_SECRET_LENGTH} characters, which could be guessed`,
      'make a longer one, for example with openssl rand -hex 32; both may be listed while you change it',
    );
  }
  if (!isSet(redis)) {
    const hint = 'set REDIS_URL where receive runs; elsewhere leave GITHUB_WEBHOOK_SECRET out';
    return warning(id, 'GITHUB_WEBHOOK_SECRET is set and REDIS_URL is not: receive needs both', hint);
  }
  return ok(id, `GITHUB_WEBHOOK_SECRET holds ${count(secrets.length, 'secret')}`);
}

type HookQuestion = {
  readonly org: string;
  /** The path at which the webhook's address ends. */
  readonly path: string;
  /** The events that the webhook has to send. */
  readonly events: readonly QueuedEvent[];
  /** Whether a webhook is needed here: this is a receiver's environment, and no webhook of an App points to it. */
  readonly expected: boolean;
};

/** Checks the webhooks of an organization. @param hooks `hidden` if GitHub does not show them to this credential. */
export function judgeHooks(
  { org, path, events, expected }: HookQuestion,
  hooks: Answered<readonly OrgHook[] | 'hidden'>,
): readonly Finding[] {
  const id = `webhook.hook:${org}`;
  if (hooks.kind === 'refused') return [warning(id, hooks.message, hooks.hint)];
  if (hooks.value === 'hidden') {
    const message = `the webhooks of ${org} can't be seen by this credential`;
    if (!expected) return [skipped(id, `${message}, needed by redeliver only`)];
    const hint =
      'needed by redeliver only: a token of an owner with admin:org_hook, or an App with "Organization › Webhooks: read"';
    return [warning(id, message, hint)];
  }
  const ours = hooks.value.filter((hook) => leadsTo(hook.url, path)).toSorted((a, b) => a.id - b.id);
  if (ours.length === 0) {
    const message = `no webhook of ${org} points to ${path}`;
    if (!expected) return [skipped(id, `${message}, needed by receive only`)];
    const address = `github.com/organizations/${org}/settings/hooks`;
    const hint = `add one at ${address}: content type application/json, the events ${enumerate(events.map(eventText))}`;
    return [warning(id, message, hint)];
  }
  return ours.flatMap((hook) =>
    judgeHook(`${id}/${hook.id}`, `the webhook ${hook.id} of ${org}`, hook, events),
  );
}

/**
 * @param events the events that it has to send. @returns `leads`: whether the App's webhook points to the receiver, so
 *   that organizations don't need their own. A webhook that points elsewhere is ignored.
 */
export function judgeAppHook(
  path: string,
  events: readonly QueuedEvent[],
  hook: Answered<AppHookWithEvents | undefined>,
): { readonly leads: boolean; readonly findings: readonly Finding[] } {
  const id = 'webhook.app';
  if (hook.kind === 'refused') {
    return { leads: false, findings: [warning(id, hook.message, hook.hint)] };
  }
  if (hook.value === undefined || !leadsTo(hook.value.url, path)) return { leads: false, findings: [] };
  // `active` is left out: GitHub does not say whether an App's webhook is active.
  return { leads: true, findings: judgeHook(id, 'the webhook of the GitHub App', hook.value, events) };
}

function judgeHook(
  id: string,
  name: string,
  hook: AppHookWithEvents & { readonly active?: boolean },
  events: readonly QueuedEvent[],
): readonly Finding[] {
  const warn = (message: string, hint: string): Finding => warning(id, message, hint);
  const sent: readonly string[] = hook.events ?? events;
  const missing = events.filter((event) => !sent.includes(event) && !sent.includes('*'));
  const flaws = [
    ...(hook.active === false ? [warn(`${name} is not active`, 'tick Active in its settings')] : []),
    ...(missing.length === 0
      ? []
      : [
          warn(
            `${name} does not send ${enumerate(missing)}`,
            `tick ${enumerate(missing.map(eventText))} in its settings`,
          ),
        ]),
    ...(hook.hasSecret
      ? []
      : [warn(`${name} has no secret`, 'set one, and set GITHUB_WEBHOOK_SECRET to the same value')]),
    ...(hook.insecure
      ? [warn(`${name} does not verify the certificate`, 'enable SSL verification in its settings')]
      : []),
  ];
  if (flaws.length > 0) return flaws;
  const sends = hook.events ? `sends ${enumerate(events)}` : 'points to the receiver';
  const message = `${name} ${hook.active ? 'is active and ' : ''}${sends}`;
  return [ok(id, message)];
}

/** The words of GitHub's settings page. */
const EVENT_TEXT: Readonly<Record<QueuedEvent, string>> = {
  organization: 'Organizations',
  membership: 'Memberships',
  team: 'Teams',
  member: 'Collaborator add, remove, or changed',
  repository: 'Repositories',
};
const eventText = (event: QueuedEvent): string => EVENT_TEXT[event];
