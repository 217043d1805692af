import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { chooseProxies } from '../../config/address.ts';
import { heartbeatAddress } from '../../config/source.ts';
import { type Exchange, openExchange, TimedOut } from '../../http/exchange.ts';
import { SyncError } from '../../model/errors.ts';
import { isSuccess, lastSuccessIn, renderMetrics } from '../../report/metrics.ts';
import type { RunReport } from '../../report/run-report.ts';
import { replaceFile, requireFilePlace } from '../../sync/file-place.ts';
import type { Log } from '../log.ts';
import { namedPath } from '../new-file.ts';
import type { Terminal } from '../terminal.ts';

/** `audit`, `out` and `plan` name files that the metrics must not replace. */
export type TelemetryOptions = {
  readonly [option in 'metricsFile' | 'ping' | 'audit' | 'out' | 'plan']?: string | undefined;
};

/** Tells monitoring how each run ended. Never throws: a failure here is a warning and changes no exit code. */
export type Telemetry = {
  readonly record: (
    outcome: { readonly exitCode: number; readonly report?: RunReport },
    facts: Pick<RunReport, 'requests' | 'durationMs'>,
    gitHubRequestsLeft: number | undefined,
  ) => Promise<void>;
};

const PING_TIMEOUT_MS = 10_000;
/** A drain that keeps running ends many rounds; a heartbeat needs no more than this. */
const MIN_PING_INTERVAL_MS = 60_000;

/**
 * Opens what `--metrics-file` and `--ping` ask for.
 * @throws SyncError `USAGE`, before any request: a file that cannot be written, or an address that is not allowed.
 */
export function openTelemetry(
  command: string,
  { metricsFile, ping, ...others }: TelemetryOptions,
  { env }: Pick<Terminal, 'env'>,
  log: Pick<Log, 'info'>,
): Telemetry | undefined {
  const place = namedPath('--metrics-file', metricsFile);
  if (place !== undefined) {
    const taken = [others.audit, others.out, others.plan].some(
      (path) => path !== undefined && resolve(path.trim()) === place.path,
    );
    if (taken) {
      const hint = 'give --metrics-file another file';
      throw new SyncError('USAGE', '--metrics-file names a file that this run already uses', hint);
    }
    requireFilePlace(place);
  }
  const address = heartbeatAddress('--ping', ping);
  if (place === undefined && address === undefined) return undefined;
  const send = address === undefined ? undefined : openExchange(chooseProxies(env));
  let lastPingMs = Number.NEGATIVE_INFINITY;
  return {
    record: async ({ exitCode, report }, { requests, durationMs }, gitHubRequestsLeft) => {
      if (place !== undefined) {
        const endedMs = Date.now();
        const lastSuccess = isSuccess(exitCode) ? endedMs / 1000 : lastSuccessIn(textOf(place.path), command);
        const run = { command, exitCode, report, durationMs, endedMs, lastSuccess, gitHubRequestsLeft };
        try {
          // The collector of node_exporter runs as another user.
          replaceFile(place, renderMetrics({ ...run, requests: report?.requests ?? requests }), 0o644);
        } catch (error) {
          if (!(error instanceof SyncError)) throw error;
          log.info(`warning: ${error.message}; the metrics of this run are lost`);
        }
      }
      if (address === undefined || send === undefined || !isSuccess(exitCode)) return;
      if (performance.now() - lastPingMs < MIN_PING_INTERVAL_MS) return;
      lastPingMs = performance.now();
      const trouble = await pinged(address, send);
      if (trouble !== undefined) {
        // The path is secret: it keeps others from sending this heartbeat.
        log.info(`warning: --ping: ${new URL(address).host} ${trouble}; the run itself is not affected`);
      }
    },
  };
}

/** @returns what went wrong; undefined for a 2xx answer. */
async function pinged(address: string, send: Exchange): Promise<string | undefined> {
  try {
    const { status } = await send({ method: 'GET', url: address }, { timeoutMs: PING_TIMEOUT_MS });
    return status >= 200 && status < 300 ? undefined : `answered ${status}`;
  } catch (error) {
    return error instanceof TimedOut
      ? `did not answer within ${PING_TIMEOUT_MS / 1000} s`
      : 'could not be reached';
  }
}

/** "" where there is no earlier file, or none that can be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
