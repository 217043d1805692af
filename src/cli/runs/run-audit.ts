import { webAddress } from '../../config/source.ts';
import { auditLine, graphAuditLine } from '../../report/audit.ts';
import { type Audit, openAudit } from '../../sync/audit/audit.ts';
import { namedPath } from '../new-file.ts';
import type { Terminal } from '../terminal.ts';

export type AuditOptions = { readonly audit: string | undefined; readonly runUrl: string | undefined };

/**
 * Opens the file of `--audit`; undefined without the flag. Each line names the run: the address after `--run-url`, or
 * that of the run in GitHub Actions.
 * @throws SyncError `USAGE` when it cannot be written.
 */
export function openRunAudit(
  options: AuditOptions,
  { env, concealed }: Pick<Terminal, 'env' | 'concealed'>,
): Audit | undefined {
  const runUrl = runUrlOf(options, env);
  const place = namedPath('--audit', options.audit);
  if (place === undefined) return undefined;
  return openAudit(place, {
    now: () => new Date(),
    concealed,
    renderLine: (change, person, facts) => auditLine(change, person, { ...facts, runUrl }),
    renderGraphLine: (change, facts) => graphAuditLine(change, { ...facts, runUrl }),
  });
}

/** @throws SyncError `USAGE` if `--run-url` is not an address. */
export const runUrlOf = ({ runUrl }: AuditOptions, env: Terminal['env']): string | undefined =>
  webAddress('--run-url', runUrl) ?? actionsRunUrl(env);

function actionsRunUrl({
  GITHUB_ACTIONS,
  GITHUB_SERVER_URL: server,
  GITHUB_REPOSITORY: repository,
  GITHUB_RUN_ID: run,
  GITHUB_RUN_ATTEMPT: attempt,
}: Terminal['env']): string | undefined {
  if (GITHUB_ACTIONS !== 'true' || !server || !repository || !run) return undefined;
  return `${server}/${repository}/actions/runs/${run}${attempt ? `/attempts/${attempt}` : ''}`;
}
