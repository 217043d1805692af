import { createHash } from 'node:crypto';
import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { notFound, ok, refusal } from './answers.ts';
import { type Ask, findOrg } from './caller.ts';
import { appHookOf } from './hooks.ts';
import { page } from './pages.ts';
import { appShape, installationShape, orgAccount, selectionOf, simpleUser } from './shapes.ts';
import {
  addToken,
  type GitHubApp,
  type GitHubInstallation,
  type GitHubOrg,
  type GitHubWorld,
  nextId,
  orgOf,
} from './world.ts';

const on = routesFor<Ask>();

/** The operations of an App with its own JSON web token. */
export const appRoutes: readonly Route<Ask>[] = [
  on('GET', '/app', (ask) => {
    const app = callingApp(ask);
    const [owner] = ask.world.orgs.values();
    if (owner === undefined) throw notFound();
    return ok(appShape(app, owner, ask.request.origin, appHookOf(ask.world, app)?.events ?? []));
  }),
  on('GET', '/orgs/{org}/installation', (ask, { org }) => {
    const app = callingApp(ask);
    const { id } = findOrg(ask, 'login', org);
    const installation = [...app.installations.values()].find((one) => one.orgId === id);
    if (installation === undefined) throw notFound();
    return ok(showInstallation(ask, app, installation));
  }),
  on('GET', '/app/installations', (ask) => {
    const app = callingApp(ask);
    const installations = [...app.installations.values()].sort((a, b) => a.id - b.id);
    return page(ask, '/app/installations', installations, (one) => showInstallation(ask, app, one));
  }),
  on('GET', '/app/installations/{id}', (ask, { id }) => {
    const app = callingApp(ask);
    return ok(showInstallation(ask, app, installationOf(app, id)));
  }),
  on('POST', '/app/installations/{id}/access_tokens', makeToken),
];

function callingApp({ caller }: Ask): GitHubApp {
  if (caller.kind !== 'app') throw refusal(401, 'A JSON web token could not be decoded');
  return caller.app;
}

function installationOf(app: GitHubApp, id: string): GitHubInstallation {
  const installation = app.installations.get(Number(id));
  if (installation === undefined) throw notFound();
  return installation;
}

function showInstallation({ request, world }: Ask, app: GitHubApp, installation: GitHubInstallation) {
  const org = [...world.orgs.values()].find((one): one is GitHubOrg => one.id === installation.orgId);
  const person = world.users.get(installation.orgId);
  if (org) return installationShape(app, installation, orgAccount(org, request.origin), 'Organization');
  if (person) return installationShape(app, installation, simpleUser(person, request.origin), 'User');
  throw notFound();
}

/** The token may hold fewer permissions than the installation when the body names them, never more. */
function makeToken(ask: Ask, { id }: { readonly id: string }): Answer {
  const { request, world, switches, now } = ask;
  const { permissions: granted, orgId, repositories, suspended } = installationOf(callingApp(ask), id);
  if (suspended === true) throw refusal(403, 'This installation has been suspended');
  const wanted = (request.body as { permissions?: Record<string, string> } | undefined)?.permissions;
  for (const [name, level] of Object.entries(wanted ?? {})) {
    if (granted[name] !== level && granted[name] !== 'write') {
      throw refusal(422, 'The permissions requested are not granted to this installation.');
    }
  }
  const permissions = wanted ?? granted;
  const expiresAt = now + switches.tokenLifeMs;
  const secret = createHash('sha256').update(`${id} ${world.tokens.size}`).digest('base64url').slice(0, 36);
  const token = addToken(world, `ghs_${secret}`, {
    ...{ kind: 'installation', orgId, permissions, expiresAt },
    ...(repositories ? { repositories } : {}),
  });
  const expires_at = new Date(expiresAt).toISOString().replace('.000Z', 'Z');
  return {
    status: 201,
    body: { token, expires_at, permissions, repository_selection: selectionOf(repositories) },
  };
}

/** @param publicKey PEM of an RSA key */
export function addApp(world: GitHubWorld, id: number, publicKey: string): GitHubApp {
  const app: GitHubApp = { id, slug: `app-${id}`, publicKey, installations: new Map() };
  world.apps.set(id, app);
  return app;
}

/**
 * @param permissions by default what this program needs: to read members
 * @param repositories ids of those that it is installed on; all without
 */
export function installApp(
  world: GitHubWorld,
  app: GitHubApp,
  org: string,
  permissions: Readonly<Record<string, string>> = { members: 'read' },
  repositories?: readonly number[],
): GitHubInstallation {
  const orgId = orgOf(world, org).id;
  const installation = { id: nextId(world), orgId, permissions, ...(repositories ? { repositories } : {}) };
  app.installations.set(installation.id, installation);
  return installation;
}
