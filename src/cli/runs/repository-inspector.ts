import type { GitHubAuth, PermitSettings } from '../../config/settings.ts';
import { createGitHubClients } from '../../github/github-client.ts';
import { createRepositoryInspector } from '../../github/repositories/inspector.ts';
import { once } from '../../model/once.ts';
import type { RepositoryInspector } from '../../model/repositories/ports.ts';
import { VERSION } from '../../version.ts';
import type { Context } from '../command.ts';

/** Asks GitHub what `verify`, `policy` and `explain --repository` need to know of repositories. */
export function openRepositoryInspector(
  { apiUrl, proxies }: PermitSettings['github'],
  credentials: GitHubAuth,
  {
    control: { stop },
    counter: observer,
    inActions,
  }: Pick<Context<unknown>, 'control' | 'counter' | 'inActions'>,
): RepositoryInspector {
  const userAgent = `gh-permit-sync/${VERSION}`;
  const open = createGitHubClients({ apiUrl, proxies, credentials, userAgent, stop, observer });
  return createRepositoryInspector(once(open), { kind: credentials.kind, inActions });
}
