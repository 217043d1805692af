import { HttpFailure, onHttpFailure } from '../http/http-failure.ts';
import { isRecord, parseEach } from '../model/text/record.ts';
import type { AppHook, OrgHook } from '../model/webhooks/hook-address.ts';
import type { GitHubClient, Parser } from './github-client.ts';
import { listAll } from './pages.ts';

/**
 * `GET /orgs/{org}/hooks`, which is for owners with `admin:org_hook` and Apps that may read webhooks.
 * @returns `hidden` where the credentials may not see them: GitHub answers 404 to most of those.
 * @throws HttpFailure
 */
export async function listHooks(client: GitHubClient, org: string): Promise<readonly OrgHook[] | 'hidden'> {
  try {
    const hooks = await listAll(client, '/orgs/{org}/hooks', { org }, parseHooks);
    if (hooks !== undefined) return hooks;
    const reply = 'the list did not come whole: a page was short while GitHub announced more';
    throw new HttpFailure({ service: 'GitHub', request: `GET /orgs/${org}/hooks`, reply });
  } catch (error) {
    const denied = error instanceof HttpFailure && (error.status === 403 || error.status === 404);
    if (denied && !error.throttled && error.ssoUrl === undefined) return 'hidden';
    throw error;
  }
}

/**
 * `GET /app/hook/config`, for the App itself by its JWT.
 * @returns undefined if it has no webhook. @throws HttpFailure
 */
export async function readAppHook(client: GitHubClient): Promise<AppHook | undefined> {
  try {
    const { body } = await client.get('/app/hook/config', {}, (config) =>
      isRecord(config) ? parseConfig(config) : undefined,
    );
    return body.url === '' ? undefined : body;
  } catch (error) {
    const isApp = error instanceof HttpFailure && !/^integration not found/i.test(error.reply);
    if (isApp && error.status === 404) return undefined;
    throw error;
  }
}

/** The events that a GitHub App is subscribed to (`GET /app`); undefined if GitHub does not say. */
export async function readAppEvents(client: GitHubClient): Promise<readonly string[] | undefined> {
  const answer = client.get('/app', {}, (app) =>
    isRecord(app) && Array.isArray(app.events)
      ? app.events.filter((event) => typeof event === 'string')
      : undefined,
  );
  return answer.then(
    ({ body }) => body,
    onHttpFailure(() => undefined),
  );
}

const parseHooks: Parser<readonly OrgHook[]> = (body) => parseEach(body, parseHook);

function parseHook(body: unknown): OrgHook | undefined {
  if (!isRecord(body) || !isRecord(body.config)) return undefined;
  const { id, active, events, config } = body;
  if (typeof id !== 'number' || typeof active !== 'boolean' || !Array.isArray(events)) return undefined;
  return {
    id,
    active,
    events: events.filter((event) => typeof event === 'string'),
    ...parseConfig(config),
  };
}

const parseConfig = (config: Readonly<Record<string, unknown>>): AppHook => ({
  url: typeof config.url === 'string' ? config.url : '',
  // GitHub shows asterisks in its place.
  hasSecret: typeof config.secret === 'string' && config.secret !== '',
  insecure: String(config.insecure_ssl) === '1',
});
