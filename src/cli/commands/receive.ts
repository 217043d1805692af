import { SyncError } from '../../model/errors.ts';
import { defineCommand } from '../command.ts';
import { commonFlags, flag, receiverDrainFlags, refuseValue, switchFlag } from '../flags.ts';

export const receive = defineCommand({
  name: 'receive',
  summary: "receive GitHub's webhooks",
  description: "Receive GitHub's webhooks, and queue the people they are about in Redis.",
  flags: {
    host: flag<string>({
      syntax: '--host <host>',
      description: 'address to listen on',
      // All addresses, so that GitHub can reach the receiver, especially in a container.
      default: '0.0.0.0',
    }),
    port: flag<number>({
      syntax: '--port <port>',
      description: 'port to listen on; 0 takes any free port',
      default: 4000,
      parse: parsePort,
    }),
    path: flag<string>({
      syntax: '--path <path>',
      description: 'path of the deliveries',
      default: '/github-membership',
      parse: parsePath,
    }),
    maxEntries: flag<number>({
      syntax: '--max-entries <n>',
      description: 'answer 503 while this many wait in the queue',
      default: 100_000,
      parse: parseMaxEntries,
    }),
    insecure: switchFlag('--insecure', 'without GITHUB_WEBHOOK_SECRET: accept every delivery'),
    drain: switchFlag('--drain', 'also process the queue: needs everything that reconcile needs'),
    ...receiverDrainFlags,
    ...commonFlags,
  },
  about: [
    'Needs REDIS_URL, GITHUB_WEBHOOK_SECRET and the organizations, but neither GitHub nor Permit. A delivery is answered with 202 once Redis has it. It is only a hint: drain asks GitHub. With --drain this happens in the same process, within seconds.',
    'GET /healthz says that it is alive, and /readyz that Redis is reachable. /metrics has counters for Prometheus. Run it behind a proxy that terminates TLS and forwards only the path of the deliveries.',
    'GITHUB_WEBHOOK_SECRET may hold two secrets, separated by a comma, while one replaces the other.',
  ],
  examples: [
    'gh-permit-sync receive --org acme',
    'gh-permit-sync receive --drain --org acme',
    'gh-permit-sync receive --host 127.0.0.1 --port 8080 --log-format json',
  ],
  exitCodes: '0 ended by a signal, 1 could not start.',
  validate: ({ drain, metricsFile, ping }) => {
    if (drain || (metricsFile === undefined && ping === undefined)) return;
    const flag = metricsFile === undefined ? '--ping' : '--metrics-file';
    throw new SyncError(
      'USAGE',
      `${flag} reports on the rounds of --drain`,
      `add --drain, or leave out ${flag}; GET /metrics has the receiver's own counters`,
    );
  },
  settings: async ({ flags, ...input }) => {
    const { loadReceiverSettings } = await import('../../config/queue-settings.ts');
    return loadReceiverSettings({ ...input, flags, insecure: flags.insecure === true });
  },
  staysUp: () => true,
  finishing: 'the deliveries under way',
  run: async (context, options) => (await import('../runs/receive-run.ts')).runReceiver(context, options),
});

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port >= 0 && port <= 65_535 ? port : refuseValue('expected a number from 0 to 65535.');
}

function parseMaxEntries(text: string): number {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : refuseValue('expected a number from 1 to 999999999.');
}

/** What a request line can hold unescaped. */
function parsePath(text: string): string {
  if (!/^\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,200}$/.test(text)) {
    return refuseValue('expected a path such as /github-membership.');
  }
  const taken = ['/healthz', '/readyz', '/metrics'].includes(text);
  return taken ? refuseValue('that path is already in use.') : text;
}
