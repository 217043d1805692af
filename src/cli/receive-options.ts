import { type Command, InvalidArgumentError } from 'commander';
import { addRoundOptions } from './drain-options.ts';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions, type CommonOptions } from './options.ts';

export type ReceiveOptions = CommonOptions & {
  readonly host: string;
  readonly port: number;
  /** Begins with a slash. */
  readonly path: string;
  readonly maxEntries: number;
  readonly insecure?: boolean;
  readonly drain?: boolean;
  readonly settle?: string;
  readonly retryInterval?: string;
  readonly lockWait?: string;
  readonly audit?: string;
};

/** The flags and the help of `receive`, put on the command of that name. */
export const addReceiveOptions = (command: Command): Command =>
  addMoreHelp(
    addCommonOptions(
      addRoundOptions(
        command
          .summary("take in GitHub's webhooks")
          .description('Receive the webhooks of GitHub, and keep in Redis whom they are about.')
          // All addresses, since a receiver that GitHub can't reach receives nothing, in a container above all.
          .option('--host <host>', 'address to listen on', '0.0.0.0')
          .option('--port <port>', 'port to listen on; 0 takes any that is free', parsePort, 4000)
          .option('--path <path>', 'where deliveries go', parsePath, '/github-membership')
          .option('--max-entries <n>', 'answer 503 while so many wait in the queue', parseMost, 100_000)
          .option('--insecure', 'without GITHUB_WEBHOOK_SECRET: believe every delivery')
          .option('--drain', 'also drain, at once: needs all that reconcile needs'),
      )
        .option('--lock-wait <duration>', 'how long to wait for the lock; 0 tries once (default: 5m)')
        .option('--audit <file>', 'append a line of JSON for each change as soon as it is applied'),
    ),
    {
      about: [
        'Needs REDIS_URL, GITHUB_WEBHOOK_SECRET and the organizations, and neither GitHub nor Permit. A delivery is answered with 202 once Redis has it, and is only a hint: drain asks GitHub. With --drain that is done here, in the same process, within seconds.',
        'GET /healthz says that it lives, /readyz that Redis does too, /metrics counts for Prometheus. They stand beside the path of the deliveries; put a proxy that ends TLS before all of them, and let it pass on only that path.',
        'GITHUB_WEBHOOK_SECRET may hold two secrets with a comma between, while one is changed for the other.',
      ],
      examples: [
        'gh-permit-sync receive --org acme',
        'gh-permit-sync receive --drain --org acme',
        'gh-permit-sync receive --host 127.0.0.1 --port 8080 --log-format json',
      ],
      exitCodes: '0 ended by a signal, 1 could not begin.',
    },
  );

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('expected a number from 0 to 65535.');
}

function parseMost(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a number from 1 to 999999999.');
}

/** What can stand in a request line as it is. */
function parsePath(text: string): string {
  if (!/^\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,200}$/.test(text)) {
    throw new InvalidArgumentError('expected a path such as /github-membership.');
  }
  if (['/healthz', '/readyz', '/metrics'].includes(text)) {
    throw new InvalidArgumentError('something else is answered there.');
  }
  return text;
}
