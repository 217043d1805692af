import type { Finding } from '../model/finding.ts';
import { count, enumerate } from '../model/text.ts';
import type { Answered } from './github.ts';

/** A webhook of an organization, as far as it matters here. `url` may hold credentials: it is never shown. */
export type OrgHook = {
  readonly id: number;
  readonly active: boolean;
  readonly url: string;
  readonly events: readonly string[];
  readonly hasSecret: boolean;
  /** GitHub does not check the receiver's certificate. */
  readonly insecure: boolean;
};

/** What the receiver takes (CONTRACT §7). */
const EVENTS = ['organization', 'membership', 'team'] as const;
/** GitHub's own advice is a random string of high entropy; this many characters can't be guessed. */
const SHORTEST_SECRET = 16;

export type ReceiverEnvironment = {
  /** GITHUB_WEBHOOK_SECRET; blank counts as unset, as GitHub Actions sets missing secrets. */
  readonly secret: string | undefined;
  /** REDIS_URL, likewise. */
  readonly redis: string | undefined;
};

const isSet = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';

/** Whether this environment is that of a receiver, which needs both. */
export const isReceiver = ({ secret, redis }: ReceiverEnvironment): boolean => isSet(secret) && isSet(redis);

/** Webhooks are optional: where nothing is set, nothing is amiss. */
export function judgeSecret({ secret: text, redis }: ReceiverEnvironment): Finding {
  const finding = (status: Finding['status'], message: string, mend?: string): Finding => ({
    id: 'webhook.secret',
    area: 'webhook',
    status,
    message,
    ...(mend === undefined ? {} : { mend }),
  });
  if (!isSet(text)) {
    const besides = isSet(redis) ? '; REDIS_URL is set, and receive needs both' : '';
    return finding('ok', `not configured (GITHUB_WEBHOOK_SECRET), needed by receive only${besides}`);
  }
  const secrets = text.split(',').map((secret) => secret.trim());
  if (secrets.includes('')) {
    return finding(
      'failed',
      'GITHUB_WEBHOOK_SECRET holds an empty secret',
      'remove the comma that has nothing before or behind it',
    );
  }
  if (secrets.some((secret) => secret.length < SHORTEST_SECRET)) {
    return finding(
      'warning',
      `GITHUB_WEBHOOK_SECRET holds a secret of less than ${SHORTEST_SECRET} characters, which could be guessed`,
      'make a longer one, such as by: openssl rand -hex 32; both may stand there while it is changed',
    );
  }
  if (!isSet(redis)) {
    return finding(
      'warning',
      'GITHUB_WEBHOOK_SECRET is set and REDIS_URL is not: receive needs both',
      'set REDIS_URL where receive runs; elsewhere leave GITHUB_WEBHOOK_SECRET out',
    );
  }
  return finding('ok', `GITHUB_WEBHOOK_SECRET holds ${count(secrets.length, 'secret')}`);
}

export type HookQuestion = {
  readonly org: string;
  /** The path at which the webhook's address ends. */
  readonly path: string;
  /** Whether this environment is that of a receiver, so that the webhook is missed where there is none. */
  readonly expected: boolean;
};

/** @param hooks `hidden`: GitHub does not show them to these credentials. */
export function judgeHooks(
  { org, path, expected }: HookQuestion,
  hooks: Answered<readonly OrgHook[] | 'hidden'>,
): readonly Finding[] {
  const id = `webhook.hook:${org}`;
  const warn = (message: string, mend: string, of = id): Finding => ({
    id: of,
    area: 'webhook',
    status: 'warning',
    message,
    mend,
  });
  if (hooks.kind === 'refused') return [warn(hooks.message, hooks.hint)];
  if (hooks.value === 'hidden') {
    const message = `the webhooks of ${org} can't be seen by this credential`;
    if (!expected)
      return [{ id, area: 'webhook', status: 'ok', message: `${message}, needed by redeliver only` }];
    const mend =
      'needed by redeliver only: a token of an owner with admin:org_hook, or an App with "Organization › Webhooks: read"';
    return [warn(message, mend)];
  }
  const ours = hooks.value.filter((hook) => leadsTo(hook, path)).toSorted((a, b) => a.id - b.id);
  if (ours.length === 0) {
    const message = `no webhook of ${org} leads to ${path}`;
    if (!expected)
      return [{ id, area: 'webhook', status: 'ok', message: `${message}, needed by receive only` }];
    const address = 'github.com/organizations/ORG/settings/hooks'.replace('ORG', org);
    const mend = `add one at ${address}: content type application/json, the events ${enumerate(EVENTS.map(eventText))}`;
    return [warn(message, mend)];
  }
  return ours.flatMap((hook) => {
    const of = `${id}/${hook.id}`;
    const name = `the webhook ${hook.id} of ${org}`;
    const missing = EVENTS.filter((event) => !hook.events.includes(event) && !hook.events.includes('*'));
    const flaws = [
      ...(hook.active ? [] : [warn(`${name} is not active`, 'tick Active in its settings', of)]),
      ...(missing.length === 0
        ? []
        : [
            warn(
              `${name} does not send ${enumerate(missing)}`,
              `tick ${enumerate(missing.map(eventText))} in its settings`,
              of,
            ),
          ]),
      ...(hook.hasSecret
        ? []
        : [warn(`${name} has no secret`, 'set one, and GITHUB_WEBHOOK_SECRET to the same', of)]),
      ...(hook.insecure
        ? [warn(`${name} does not verify the certificate`, 'enable SSL verification in its settings', of)]
        : []),
    ];
    if (flaws.length > 0) return flaws;
    const message = `${name} is active and sends ${enumerate(EVENTS)}`;
    return [{ id: of, area: 'webhook', status: 'ok', message } as const];
  });
}

/** The words of GitHub's settings page. */
const EVENT_TEXT = { organization: 'Organizations', membership: 'Memberships', team: 'Teams' } as const;
const eventText = (event: (typeof EVENTS)[number]): string => EVENT_TEXT[event];

function leadsTo({ url }: OrgHook, path: string): boolean {
  if (!URL.canParse(url)) return false;
  return new URL(url).pathname.replace(/\/+$/, '').endsWith(path.replace(/\/+$/, ''));
}
