import { chooseRedelivery, type GitHubSettings, loadGitHubSettings } from '../config/github-settings.ts';
import { createDeliverySource } from '../github/delivery-source.ts';
import {
  createAppClient,
  createGitHubClients,
  createWritingAppClient,
  createWritingGitHubClients,
} from '../github/github-client.ts';
import { once } from '../github/once.ts';
import { createRedeliver } from '../github/redeliver.ts';
import type { Stop } from '../http/stop.ts';
import { type Redelivered, type RedeliverPorts, redeliver } from '../redeliver/redeliver.ts';
import { renderRedeliverJson } from '../report/redeliver-json.ts';
import { renderRedeliverMarkdown } from '../report/redeliver-markdown.ts';
import type { RedeliverReport, RedeliverStatus } from '../report/redeliver-report.ts';
import { renderRedeliverText } from '../report/redeliver-text.ts';
import { VERSION } from '../version.ts';
import { boundedRun } from './bounded-run.ts';
import { append, inGitHubActions } from './github-actions.ts';
import { openLog } from './log.ts';
import { logOptions } from './options.ts';
import { openProgress } from './progress.ts';
import type { RedeliverOptions } from './redeliver-options.ts';
import { countingObserver } from './services.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** @returns the exit code: 0 all redelivered, listed, or nothing lost; 4 partly. @throws SyncError for the rest. */
export async function redeliverCommand(options: RedeliverOptions, terminal: Terminal): Promise<0 | 4> {
  const began = performance.now();
  const nowMs = Date.now();
  const log = openLog(terminal, logOptions(options));
  const { spanMs, choice } = chooseRedelivery(options);
  const settings = loadGitHubSettings({ flags: options, env: terminal.env, cwd: process.cwd() });
  terminal.conceal(settings.secrets);
  const dryRun = options.dryRun === true;
  const progress = await openProgress(terminal, options.quiet === true);
  const observer = countingObserver(log, progress);
  const request = { orgs: settings.orgs, choice, sinceMs: nowMs - spanMs, nowMs };
  try {
    const found = await boundedRun(settings.timeoutMs, { log, observer }, ({ stop }) => {
      const ports = openPorts(settings, {
        stop,
        observer,
        mayWrite: !dryRun,
        inActions: inGitHubActions(terminal.env),
      });
      return redeliver(request, { ...ports, announce: progress.show });
    });
    progress.done();
    const report: RedeliverReport = {
      ...found,
      dryRun,
      status: statusOf(found, dryRun),
      orgs: settings.orgs,
      sinceMs: request.sinceMs,
      requests: { ...observer.requests },
      durationMs: Math.round(performance.now() - began),
    };
    if (report.error) log.error(report.error);
    terminal.out(render(report, options, terminal));
    if (inGitHubActions(terminal.env)) {
      append('GITHUB_STEP_SUMMARY', renderRedeliverMarkdown(report), terminal, log);
    }
    return isPartial(found) ? 4 : 0;
  } finally {
    progress.done();
  }
}

/** A dry run gets clients that have no way to write, and nothing to redeliver with. */
function openPorts(
  { github, orgs }: GitHubSettings,
  {
    stop,
    observer,
    mayWrite,
    inActions,
  }: {
    readonly stop: Stop;
    readonly observer: ReturnType<typeof countingObserver>;
    readonly mayWrite: boolean;
    readonly inActions: boolean;
  },
): Omit<RedeliverPorts, 'announce'> {
  const credentials = { kind: github.auth.kind, inActions };
  const client = {
    apiUrl: github.apiUrl,
    proxies: github.proxies,
    credentials: github.auth,
    userAgent: `gh-permit-sync/${VERSION}`,
    stop,
    observer,
  };
  const appOf = <C>(open: () => Promise<C>) =>
    github.auth.kind === 'app' ? { id: github.auth.appId, open } : undefined;
  if (!mayWrite) {
    const open = once(createGitHubClients(client));
    const app = appOf(createAppClient(client));
    return { source: createDeliverySource(open, credentials, { app, orgs }), redeliver: undefined };
  }
  const open = once(createWritingGitHubClients(client));
  const app = appOf(createWritingAppClient(client));
  return {
    source: createDeliverySource(open, credentials, { app, orgs }),
    redeliver: createRedeliver(open, credentials, { app, stop, observer }),
  };
}

const isPartial = ({ results, incomplete, error }: Redelivered): boolean =>
  incomplete ||
  error !== undefined ||
  results.some(({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'skipped');

function statusOf(found: Redelivered, dryRun: boolean): RedeliverStatus {
  if (isPartial(found)) return 'partial';
  if (found.results.length === 0) return 'in-sync';
  return dryRun ? 'pending' : 'applied';
}

function render(report: RedeliverReport, options: RedeliverOptions, terminal: Terminal): string {
  switch (options.output) {
    case 'json':
      return renderRedeliverJson(report);
    case 'markdown':
      return renderRedeliverMarkdown(report);
    case 'text':
      return renderRedeliverText(report, {
        color: wantsColor(options.color, terminal.env, terminal.outIsTty),
        quiet: options.quiet === true,
        width: terminal.width,
      });
    default:
      return options.output satisfies never;
  }
}
