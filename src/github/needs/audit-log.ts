import { onHttpFailure } from '../../http/http-failure.ts';
import { type GitHubId, parseGitHubId } from '../../model/identity.ts';
import type { AuditLogReader } from '../../model/ports.ts';
import { isRecord, parseEach } from '../../model/text/record.ts';
import type { GitHubClient, Parser } from '../github-client.ts';
import { PER_PAGE } from '../pages.ts';

/** A member became an owner or stopped being one; an organization role was given or taken. */
const ACTIONS = ['org.update_member', 'organization_role.assign', 'organization_role.revoke'];

/**
 * Only Enterprise Cloud and Server have the log; others answer 404, and a credential without the permission gets 403.
 */
const REFUSED: readonly (number | undefined)[] = [403, 404];

/** One request. @throws SyncError when the run is stopped. */
export function readRoleChanges(
  client: GitHubClient,
  org: string,
  sinceMs: number,
): ReturnType<AuditLogReader['readRoleChanges']> {
  const phrase = [
    ...ACTIONS.map((action) => `action:${action}`),
    `created:>=${new Date(sinceMs).toISOString()}`,
  ].join(' ');
  return client
    .get('/orgs/{org}/audit-log', { org, phrase, order: 'asc', per_page: PER_PAGE }, parseEvents)
    .then(({ body }) => {
      const later = body.filter(({ atMs }) => atMs >= sinceMs);
      const people = new Map(
        later.flatMap(({ person }) => (person ? [[person.id, person.login] as const] : [])),
      );
      const lastMs = later.length === 0 ? undefined : Math.max(...later.map(({ atMs }) => atMs));
      return { people, lastMs, isCut: body.length >= PER_PAGE };
    })
    .catch(onHttpFailure(({ status }) => (REFUSED.includes(status) ? ('refused' as const) : undefined)));
}

type RoleEvent = {
  readonly atMs: number;
  /** Undefined if an organization role was given to a team, or if the log does not name the person. */
  readonly person: { readonly id: GitHubId; readonly login: string } | undefined;
};

const parseEvents: Parser<readonly RoleEvent[]> = (body) =>
  parseEach(body, (event) => {
    if (!isRecord(event)) return undefined;
    const atMs = event['@timestamp'] ?? event.created_at;
    if (typeof atMs !== 'number' || !ACTIONS.includes(String(event.action)))
      return { atMs: -1, person: undefined };
    const id = parseGitHubId(event.user_id);
    const isNamed = id !== undefined && typeof event.user === 'string' && event.user !== '';
    return { atMs, person: isNamed ? { id, login: String(event.user) } : undefined };
  });
