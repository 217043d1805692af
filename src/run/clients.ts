import type { GitHubAuth, Settings } from '../config/settings.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import type { Stop } from '../http/stop.ts';
import { VERSION } from '../version.ts';

/** What all clients need, whichever service they call. */
export type ClientPorts = {
  readonly stop: Stop;
  readonly observer: RequestObserver;
  /** In GitHub Actions, hints about a refused credential differ. */
  readonly inActions: boolean;
};

/** The options of a GitHub client, and of what is made of one. */
export const gitHubOptions = (
  { apiUrl, proxies }: Pick<Settings['github'], 'apiUrl' | 'proxies'>,
  credentials: GitHubAuth,
  ports: ClientPorts,
) => ({
  apiUrl,
  proxies,
  credentials,
  kind: credentials.kind,
  userAgent: `gh-permit-sync/${VERSION}`,
  ...ports,
});
