import type { GitHubSettings } from '../../config/github-settings.ts';
import type { RedeliverResult } from '../../model/webhooks/redelivery.ts';
import type { RedeliverPorts } from '../../redeliver/redeliver.ts';
import type { RedeliverReport, RedeliverStatus } from '../../report/pages/redeliver.ts';
import type { ClientPorts } from '../../run/clients.ts';
import { defineCommand } from '../command.ts';
import { commonFlags, dryRunFlags, flag, hookPath, textFlag } from '../flags.ts';

export const redeliver = defineCommand({
  name: 'redeliver',
  summary: 'repeat lost webhook deliveries',
  description: 'Find webhook deliveries that failed, and ask GitHub to send them again.',
  flags: {
    dryRun: { ...dryRunFlags.dryRun, description: 'list only; request nothing' },
    since: flag<string>({
      syntax: '--since <duration>',
      description: 'how far back to look, e.g. 90m, 12h or 3d',
      default: '3d',
    }),
    path: hookPath,
    hook: textFlag('--hook <id>', 'numeric id of an organization webhook, regardless of its address'),
    ...commonFlags,
  },
  about: [
    'GitHub never repeats a delivery by itself, and keeps deliveries for 3 days (an Enterprise Server: 7). Deliveries that never arrived and that the receiver would queue are sent again, oldest first.',
    'With a GitHub App, the webhook of the App itself comes first and needs no permission. Webhooks of organizations need an owner\'s token with admin:org_hook, or an App with "Organization › Webhooks: write". Neither Permit nor Redis is needed.',
  ],
  examples: [
    ['gh-permit-sync redeliver --org acme --dry-run', 'show what was lost'],
    'gh-permit-sync redeliver --org acme --since 12h',
    'gh-permit-sync redeliver --hook 480912345 --output json',
  ],
  exitCodes:
    '0 nothing lost, or all of it is being delivered again (a dry run: listed), 1 error and nothing done, 4 partly done: GitHub refused some, an organization could not be read, or the run was stopped.',
  settings: async ({ flags, ...input }) => {
    const { chooseRedelivery, loadGitHubSettings } = await import('../../config/github-settings.ts');
    return { ...chooseRedelivery(flags), ...loadGitHubSettings({ flags, ...input }) };
  },
  run: async (given, options) => {
    const { progress, counter, facts, ports: clientPorts } = given;
    const { withInstalledOrgs } = await import('../../run/installed-orgs.ts');
    const settings = await withInstalledOrgs(given.settings, clientPorts);
    const { redeliver } = await import('../../redeliver/redeliver.ts');
    const dryRun = options.dryRun === true;
    const nowMs = Date.now();
    const { orgs, choice } = settings;
    const request = { orgs, choice, sinceMs: nowMs - settings.spanMs, nowMs };
    const ports = await openPorts(settings, clientPorts, !dryRun);
    const found = await redeliver(request, { ...ports, announce: progress.show });
    const { lastingWarnings } = await import('../runs/run-notes.ts');
    const warnings = [...found.warnings, ...lastingWarnings(settings, counter.tokenExpiresMs())];
    const status = statusOf(found, dryRun);
    const report: RedeliverReport = {
      ...{ ...found, warnings, dryRun, status, orgs, sinceMs: request.sinceMs },
      ...facts(),
    };
    const { redeliverPage } = await import('../../report/pages/redeliver.ts');
    return {
      exitCode: isPartial(found) ? 4 : 0,
      errors: report.error ? [report.error] : [],
      page: redeliverPage(report),
    };
  },
});

/** A dry run gets clients that can't write. */
async function openPorts(
  { github, orgs }: GitHubSettings,
  ports: ClientPorts,
  mayWrite: boolean,
): Promise<Omit<RedeliverPorts, 'announce'>> {
  const { createDeliverySource } = await import('../../github/delivery-source.ts');
  const clients = await import('../../github/github-client.ts');
  const { once } = await import('../../model/once.ts');
  const { createRedeliver } = await import('../../github/redeliver.ts');
  const { gitHubOptions } = await import('../../run/clients.ts');
  const { auth } = github;
  const client = gitHubOptions(github, auth, ports);
  const appOf = <C>(open: () => Promise<C>) => (auth.kind === 'app' ? { id: auth.appId, open } : undefined);
  if (!mayWrite) {
    const open = once(clients.createGitHubClients(client));
    const app = appOf(clients.createAppClient(client));
    return { source: createDeliverySource(open, client, { app, orgs }), redeliver: undefined };
  }
  const open = once(clients.createWritingGitHubClients(client));
  const app = appOf(clients.createWritingAppClient(client));
  return {
    source: createDeliverySource(open, client, { app, orgs }),
    redeliver: createRedeliver(open, client, { app, ...ports }),
  };
}

const isPartial = ({ results, incomplete, error }: RedeliverResult): boolean =>
  incomplete ||
  error !== undefined ||
  results.some(({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'skipped');

function statusOf(found: RedeliverResult, dryRun: boolean): RedeliverStatus {
  if (isPartial(found)) return 'partial';
  if (found.results.length === 0) return 'in-sync';
  return dryRun ? 'pending' : 'applied';
}
