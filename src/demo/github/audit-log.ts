import { type Route, routesFor } from '../routes.ts';
import { integrationForbidden, notFound, refusal } from './answers.ts';
import { type Ask, findOrg, isPrivileged } from './caller.ts';
import { page } from './pages.ts';
import type { GitHubOrg } from './world.ts';

/**
 * The audit log (docs.github.com/enterprise-cloud@latest/rest/orgs/orgs). Of the search phrase the emulator knows
 * `action:` and `created:>=`.
 */
export const auditLogRoutes: readonly Route<Ask>[] = [
  routesFor<Ask>()('GET', '/orgs/{org}/audit-log', (ask, { org: name }) => {
    const org = findOrg(ask, 'login', name);
    mustRead(ask, org);
    const { search } = ask.request;
    const terms = (search.get('phrase') ?? '').split(' ').filter(Boolean);
    const actions = terms.flatMap((term) => /^action:(.+)$/.exec(term)?.[1] ?? []);
    const since = terms.flatMap((term) => /^created:>=(.+)$/.exec(term)?.[1] ?? []).map(Date.parse);
    const events = (org.auditLog ?? []).filter(
      ({ action, atMs }) =>
        (actions.length === 0 || actions.includes(action)) && since.every((from) => atMs >= from),
    );
    const ordered = search.get('order') === 'asc' ? events : events.toReversed();
    return page(ask, ask.request.path, ordered, ({ action, atMs, user }) => ({
      '@timestamp': atMs,
      created_at: atMs,
      _document_id: `${action}-${atMs}-${user?.id ?? 0}`,
      ...{ action, org: org.login, org_id: org.id },
      ...(user && { user: user.login, user_id: user.id }),
    }));
  }),
];

function mustRead({ caller }: Ask, org: GitHubOrg): void {
  if (org.auditLog === undefined) throw notFound();
  if (caller.kind === 'installation') {
    const { orgId, permissions } = caller.installation;
    if (orgId !== org.id || permissions.organization_administration === undefined)
      throw integrationForbidden('organization_administration=read');
    return;
  }
  if (caller.kind !== 'person' || !isPrivileged(caller, org)) throw notFound();
  if (!['read:audit_log', 'admin:org'].some((scope) => caller.pat.scopes.includes(scope)))
    throw refusal(403, 'Must have admin rights to the organization.');
}
