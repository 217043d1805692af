import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { integrationForbidden, notFound, ok, refusal } from './answers.ts';
import { type Ask, type Caller, findOrg } from './caller.ts';
import { page } from './pages.ts';
import { type GitHubApp, type GitHubOrg, type GitHubWorld, orgOf } from './world.ts';

/** A webhook of an organization, or that of an App. `secret` is never shown again, as on GitHub. */
export type GitHubHook = {
  readonly id: number;
  readonly url: string;
  readonly active: boolean;
  readonly events: readonly string[];
  readonly secret?: string;
  readonly contentType: 'json' | 'form';
  readonly insecureSsl: boolean;
};

/** By the organization's id, which a rename keeps. */
const hooksByWorld = new WeakMap<GitHubWorld, Map<number, Map<number, GitHubHook>>>();
/** By the App's id: an App has one webhook for all organizations in which it is installed. */
const appHooksByWorld = new WeakMap<GitHubWorld, Map<number, GitHubHook>>();
let lastHookId = 1;

/** The webhooks of an organization, by id; they may be changed at any time. */
export function hooksOf(world: GitHubWorld, org: Pick<GitHubOrg, 'id'>): Map<number, GitHubHook> {
  const byOrg = hooksByWorld.get(world) ?? new Map<number, Map<number, GitHubHook>>();
  hooksByWorld.set(world, byOrg);
  const hooks = byOrg.get(org.id) ?? new Map<number, GitHubHook>();
  byOrg.set(org.id, hooks);
  return hooks;
}

/** Makes a webhook that sends all events that the receiver can handle, unless others are given. */
export function addHook(
  world: GitHubWorld,
  org: string,
  hook: Partial<GitHubHook> & Pick<GitHubHook, 'url'>,
): GitHubHook {
  const made = makeHook(hook);
  hooksOf(world, orgOf(world, org)).set(made.id, made);
  return made;
}

/** Sets an App's own webhook. */
export function setAppHook(
  world: GitHubWorld,
  app: Pick<GitHubApp, 'id'>,
  hook: Partial<GitHubHook> & Pick<GitHubHook, 'url'>,
): GitHubHook {
  const made = makeHook(hook);
  const byApp = appHooksByWorld.get(world) ?? new Map<number, GitHubHook>();
  appHooksByWorld.set(world, byApp.set(app.id, made));
  return made;
}

export const appHookOf = (world: GitHubWorld, app: Pick<GitHubApp, 'id'>): GitHubHook | undefined =>
  appHooksByWorld.get(world)?.get(app.id);

function makeHook(hook: Partial<GitHubHook> & Pick<GitHubHook, 'url'>): GitHubHook {
  lastHookId += 1;
  return {
    id: lastHookId,
    active: true,
    events: ['organization', 'membership', 'team', 'member', 'repository'],
    contentType: 'json',
    insecureSsl: false,
    ...hook,
  };
}

const on = routesFor<Ask>();

export const hookRoutes: readonly Route<Ask>[] = [
  on('GET', '/orgs/{org}/hooks', (ask, { org }) => listHooks(ask, findOrg(ask, 'login', org))),
  on('GET', '/organizations/{org}/hooks', (ask, { org }) => listHooks(ask, findOrg(ask, 'id', org))),
  on('GET', '/orgs/{org}/hooks/{id}', (ask, { org, id }) => {
    const found = findOrg(ask, 'login', org);
    mustAdministerHooks(ask.caller, found, 'read');
    const hook = hooksOf(ask.world, found).get(Number(id));
    if (hook === undefined) throw notFound();
    return ok(hookShape(hook, found, ask.request.origin));
  }),
  on('GET', '/app/hook/config', (ask) => ok(hookConfig(hookOfCaller(ask)))),
];

/** The webhook of the App that calls. */
export function hookOfCaller({ caller, world }: Ask): GitHubHook {
  if (caller.kind !== 'app') throw refusal(401, 'A JSON web token could not be decoded');
  const hook = appHookOf(world, caller.app);
  if (hook === undefined) throw notFound();
  return hook;
}

function listHooks(ask: Ask, org: GitHubOrg): Answer {
  mustAdministerHooks(ask.caller, org, 'read');
  const hooks = [...hooksOf(ask.world, org).values()].sort((a, b) => a.id - b.id);
  return page(ask, `/organizations/${org.id}/hooks`, hooks, (hook) =>
    hookShape(hook, org, ask.request.origin),
  );
}

/** For owners with `admin:org_hook`, and Apps with the permission; everyone else gets 404. */
export function mustAdministerHooks(caller: Caller, org: GitHubOrg, need: 'read' | 'write'): void {
  if (caller.kind === 'installation' && caller.installation.orgId === org.id) {
    const granted = caller.installation.permissions.organization_hooks;
    if (granted === 'write' || (granted === 'read' && need === 'read')) return;
    throw integrationForbidden(`organization_hooks=${need}`);
  }
  if (caller.kind === 'actions' || caller.kind === 'app') {
    throw integrationForbidden(`organization_hooks=${need}`);
  }
  const mayAsk = caller.kind === 'person' && caller.pat.scopes.includes('admin:org_hook');
  if (!mayAsk || !isOwner(caller, org)) throw notFound();
}

function isOwner(caller: Caller, org: GitHubOrg): boolean {
  const membership = caller.kind === 'person' ? org.members.get(caller.account.id) : undefined;
  return membership?.state === 'active' && membership.role === 'admin';
}

const hookConfig = (hook: GitHubHook) => ({
  content_type: hook.contentType,
  insecure_ssl: hook.insecureSsl ? '1' : '0',
  ...(hook.secret === undefined ? {} : { secret: '********' }),
  url: hook.url,
});

function hookShape(hook: GitHubHook, org: GitHubOrg, origin: string) {
  const url = `${origin}/orgs/${org.login}/hooks/${hook.id}`;
  return {
    type: 'Organization',
    id: hook.id,
    name: 'web',
    active: hook.active,
    events: hook.events,
    config: hookConfig(hook),
    updated_at: '2024-01-01T00:00:00Z',
    created_at: '2024-01-01T00:00:00Z',
    url,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
  };
}
