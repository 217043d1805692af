import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { notFound, refusal } from './answers.ts';
import { type Ask, findOrg } from './caller.ts';
import { deliveriesOf, type GitHubDelivery, redeliver } from './delivery-attempts.ts';
import { type GitHubHook, hookOfCaller, hooksOf, mustAdministerHooks } from './hooks.ts';
import type { GitHubOrg } from './world.ts';

/** On github.com (docs.github.com/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries). */
const KEPT_MS = 3 * 24 * 3_600_000;
const DEFAULT_PER_PAGE = 30;
const MAX_PER_PAGE = 100;
const CURSOR = /^v1_(\d+)$/;

const on = routesFor<Ask>();

export const deliveryRoutes: readonly Route<Ask>[] = [
  on('GET', '/orgs/{org}/hooks/{hook}/deliveries', (ask, { org, hook }) =>
    listDeliveries(ask, findOrg(ask, 'login', org), hook),
  ),
  on('GET', '/organizations/{org}/hooks/{hook}/deliveries', (ask, { org, hook }) =>
    listDeliveries(ask, findOrg(ask, 'id', org), hook),
  ),
  on('POST', '/orgs/{org}/hooks/{hook}/deliveries/{delivery}/attempts', (ask, { org, hook, delivery }) => {
    const found = findOrg(ask, 'login', org);
    mustAdministerHooks(ask.caller, found, 'write');
    return attemptAgain(ask, findHook(ask, found, hook), delivery);
  }),
  on('GET', '/app/hook/deliveries', (ask) =>
    pageOfDeliveries(ask, hookOfCaller(ask), '/app/hook/deliveries'),
  ),
  on('POST', '/app/hook/deliveries/{delivery}/attempts', (ask, { delivery }) =>
    attemptAgain(ask, hookOfCaller(ask), delivery),
  ),
];

function attemptAgain(ask: Ask, hook: GitHubHook, delivery: string): Answer {
  const made = keptDeliveries(ask, hook).find(({ id }) => id === delivery);
  if (made === undefined) throw notFound();
  // Not documented; a webhook that is switched off must not come to life by the back door.
  if (!hook.active) throw refusal(422, 'Validation Failed');
  redeliver(ask.world, hook, made, ask.now);
  return { status: 202, body: {} };
}

function listDeliveries(ask: Ask, org: GitHubOrg, hookId: string): Answer {
  mustAdministerHooks(ask.caller, org, 'read');
  const hook = findHook(ask, org, hookId);
  return pageOfDeliveries(ask, hook, `/organizations/${org.id}/hooks/${hook.id}/deliveries`);
}

function pageOfDeliveries(ask: Ask, hook: GitHubHook, numericPath: string): Answer {
  const { search, origin, path } = ask.request;
  const perPage = Math.min(positive(search.get('per_page')) ?? DEFAULT_PER_PAGE, MAX_PER_PAGE);
  const newestFirst = keptDeliveries(ask, hook)
    .filter(withStatus(search.get('status')))
    .toReversed();
  const from = startOf(newestFirst, search.get('cursor'));
  const next = newestFirst[from + perPage];
  const target = new URLSearchParams(search);
  target.set('cursor', `v1_${next?.id}`);
  const where = ask.switches.linkPaths === 'numeric' ? numericPath : path;
  return {
    status: 200,
    body: withNumbers(newestFirst.slice(from, from + perPage).map(deliveryShape)),
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(next === undefined || ask.switches.linkHeader === 'dropped'
        ? {}
        : { link: `<${origin}${where}?${target}>; rel="next"` }),
    },
  };
}

/** `success` is 200 to 399, `failure` 400 to 599. @throws Refused for anything else */
function withStatus(wanted: string | null): (delivery: GitHubDelivery) => boolean {
  if (wanted === null) return () => true;
  if (wanted !== 'success' && wanted !== 'failure') throw refusal(422, 'Validation Failed');
  return ({ statusCode }) => (statusCode < 400 ? 'success' : 'failure') === wanted;
}

/** A cursor names the first delivery of its page; newer deliveries are before it. */
function startOf(newestFirst: readonly GitHubDelivery[], cursor: string | null): number {
  if (cursor === null) return 0;
  const id = CURSOR.exec(cursor)?.[1];
  if (id === undefined) throw refusal(400, 'Bad Request');
  const index = newestFirst.findIndex((delivery) => BigInt(delivery.id) <= BigInt(id));
  return index < 0 ? newestFirst.length : index;
}

function findHook(ask: Ask, org: GitHubOrg, id: string): GitHubHook {
  const hook = hooksOf(ask.world, org).get(Number(id));
  if (hook === undefined) throw notFound();
  return hook;
}

const keptDeliveries = (ask: Ask, hook: GitHubHook): readonly GitHubDelivery[] =>
  deliveriesOf(ask.world, hook)
    .filter(({ deliveredAt }) => deliveredAt > ask.now - KEPT_MS)
    .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));

/** `hook-delivery-item` of GitHub's OpenAPI description. */
const deliveryShape = (delivery: GitHubDelivery) => ({
  id: delivery.id,
  guid: delivery.guid,
  delivered_at: new Date(delivery.deliveredAt).toISOString().replace(/\.\d+Z$/, 'Z'),
  redelivery: delivery.redelivery,
  duration: Math.round(delivery.durationMs) / 1000,
  status: delivery.status,
  status_code: delivery.statusCode,
  event: delivery.event,
  action: delivery.action,
  installation_id: delivery.target.installationId,
  repository_id: null,
  throttled_at: null,
});

/** The ids as numbers of any length: JSON can hold them, JavaScript can't. */
const withNumbers = (items: readonly { readonly id: string }[]): string =>
  `[${items.map((item) => JSON.stringify(item).replace(/"id":"(\d+)"/, '"id":$1')).join(',')}]`;

function positive(text: string | null): number | undefined {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
