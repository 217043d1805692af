import { HttpFailure } from '../http/http-failure.ts';
import { SyncError } from '../model/errors.ts';
import { compareText, type OrgId, parseOrgId } from '../model/identity.ts';
import { isInteger, isRecord, parseEach } from '../model/text/record.ts';
import { type CredentialKind, explainFailure } from './explain-failure.ts';
import type { GitHubClient, Parser } from './github-client.ts';
import { listWhole } from './pages.ts';

/** An organization that the GitHub App is installed in. */
type InstalledOrg = {
  readonly org: string;
  readonly id: OrgId;
  readonly installationId: number;
  readonly isSuspended: boolean;
};

/**
 * Lists every organization that the GitHub App is installed in, by name. People and enterprises are left out.
 * @param open the client of the App itself. @throws SyncError if the list is incomplete.
 */
export async function listInstalledOrgs(
  open: () => Promise<GitHubClient>,
  credentials: CredentialKind,
): Promise<readonly InstalledOrg[]> {
  try {
    const all = await listWhole(await open(), '/app/installations', {}, parseInstallations);
    return all.filter((one) => one !== NOT_AN_ORG).sort((a, b) => compareText(a.org, b.org));
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    const { code, message, hint } = explainFailure(error, 'the GitHub App', credentials);
    throw new SyncError(code, `the installations of the GitHub App could not be listed: ${message}`, hint);
  }
}

const NOT_AN_ORG = 'not an organization';

const parseInstallations: Parser<readonly (InstalledOrg | typeof NOT_AN_ORG)[]> = (body) =>
  parseEach(body, (installation) => {
    if (!isRecord(installation) || typeof installation.target_type !== 'string') return undefined;
    if (installation.target_type !== 'Organization') return NOT_AN_ORG;
    const { id: installationId, account, suspended_at: suspendedAt } = installation;
    if (!isRecord(account) || typeof account.login !== 'string' || !isInteger(installationId))
      return undefined;
    const id = parseOrgId(account.id);
    const isSuspended = typeof suspendedAt === 'string';
    return id && { org: account.login, id, installationId, isSuspended };
  });
