import { createGitHubClients, type GitHubClientOptions } from '../github/github-client.ts';
import { createRepositoryInspector } from '../github/repositories/inspector.ts';
import { once } from '../model/once.ts';
import type { RepositoryInspector } from '../model/repositories/ports.ts';

/** Asks GitHub what `verify`, `policy`, `doctor` and `explain --repository` need to know of repositories. */
export const openRepositoryInspector = (
  options: GitHubClientOptions & { readonly inActions: boolean },
): RepositoryInspector =>
  createRepositoryInspector(once(createGitHubClients(options)), {
    kind: options.credentials.kind,
    inActions: options.inActions,
  });
