import { SyncError } from '../model/errors.ts';
import { DEMO_ORG, DEMO_TOKEN, type DemoWorlds } from './demo-worlds.ts';
import { addHook, startGitHubEmulator } from './github/github.ts';
import { ENVIRONMENT_KEY, startPermitEmulator } from './permit/permit.ts';
import { accepts, type PrivateRedis, startPrivateRedis } from './private-redis.ts';
import type { Emulator } from './server.ts';

/** Variables of a real setup that would otherwise win over what the demo prints. */
const UNSET = [
  'GITHUB_TOKEN',
  'GITHUB_APP_ID',
  'GITHUB_APP_PRIVATE_KEY',
  'GITHUB_APP_INSTALLATION_ID',
  'PERMIT_TENANT',
  'PERMIT_USER_KEY',
  'GH_PERMIT_SYNC_CONFIG',
];

const WEBHOOK_SECRET = 'emulated-webhook-secret';

/** Requests that an emulator remembers while it serves; tests want all of them, a long session does not. */
const MAX_REMEMBERED_REQUESTS = 1_000;

type ServeOptions = {
  readonly worlds: DemoWorlds;
  /** Port of GitHub; Permit has the next one, Redis the one after. 0 takes any that are free. */
  readonly port: number;
  /** Where GitHub delivers webhooks. */
  readonly webhookUrl: string;
  /** From `redisToUse`: then no Redis is started. */
  readonly redisUrl: string | undefined;
  /** PATH, in which to look for redis-server. */
  readonly path: string | undefined;
};

export type DemoUrls = {
  readonly github: string;
  /** Of its API and its PDP. */
  readonly permit: string;
  /** Undefined if none is installed, and if the address holds a password. */
  readonly redis: string | undefined;
};

type ServedDemo = {
  readonly urls: DemoUrls;
  /** Bash that points every command at the emulators. Ends in a line break. */
  readonly exports: string;
  readonly close: () => Promise<void>;
};

/**
 * Starts the emulators of GitHub and of Permit with its PDP, and a Redis if one is installed.
 * @throws SyncError `USAGE` when a port is taken
 */
export async function serveDemo(options: ServeOptions): Promise<ServedDemo> {
  const { worlds, port, webhookUrl } = options;
  const running: { readonly close: () => Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(running.map((one) => one.close()));
  };
  const nth = (offset: number): number => (port === 0 ? 0 : port + offset);
  try {
    addHook(worlds.github, DEMO_ORG, { url: webhookUrl, secret: WEBHOOK_SECRET });
    const github = await listen(nth(0), (at) =>
      startGitHubEmulator(worlds.github, { invitations: 'accepted' }, at),
    );
    running.push(github);
    const permit = await listen(nth(1), (at) => startPermitEmulator(worlds.permit, {}, at));
    running.push(permit);
    for (const emulator of [github, permit]) forgetOldRequests(emulator);
    const redis = options.redisUrl === undefined ? await startRedis(options, nth(2)) : undefined;
    if (redis) running.push(redis);
    const urls = {
      github: github.url,
      permit: permit.url,
      redis: redis?.url ?? withoutPassword(options.redisUrl),
    };
    return { urls, exports: renderExports(urls), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen<E>(port: number, start: (port: number) => Promise<E>): Promise<E> {
  try {
    return await start(port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw portTaken(port, error);
    if (code === 'EACCES') {
      throw new SyncError(
        'USAGE',
        `not allowed to listen on port ${port}`,
        'choose a --port of 1024 or above',
      );
    }
    throw error;
  }
}

const portTaken = (port: number, cause?: unknown): SyncError =>
  new SyncError('USAGE', `port ${port} is already in use`, 'choose another --port, or leave it out', {
    cause,
  });

/**
 * @param url REDIS_URL
 * @returns undefined for one that an earlier demo has left in the environment of this shell.
 */
export async function redisToUse(url: string | undefined): Promise<string | undefined> {
  const port = /^redis:\/\/127\.0\.0\.1:(\d+)$/.exec(url ?? '')?.[1];
  if (!url || (port !== undefined && !(await accepts(Number(port))))) return undefined;
  return url;
}

async function startRedis({ path }: ServeOptions, port: number): Promise<PrivateRedis | undefined> {
  if (port !== 0 && (await accepts(port))) throw portTaken(port);
  return startPrivateRedis(path, port);
}

const withoutPassword = (url: string | undefined): string | undefined =>
  url?.includes('@') ? undefined : url;

function forgetOldRequests(emulator: Emulator): void {
  emulator.onRequest = () => {
    const { requests } = emulator;
    if (requests.length > MAX_REMEMBERED_REQUESTS)
      requests.splice(0, requests.length - MAX_REMEMBERED_REQUESTS);
  };
}

function renderExports({ github, permit, redis }: DemoUrls): string {
  const variables = {
    GITHUB_API_URL: github,
    GH_TOKEN: DEMO_TOKEN,
    GITHUB_ORG: DEMO_ORG,
    GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
    PERMIT_API_URL: permit,
    PERMIT_API_KEY: ENVIRONMENT_KEY,
    PERMIT_PDP_URL: permit,
    ...(redis === undefined ? {} : { REDIS_URL: redis }),
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`);
  return `unset ${UNSET.join(' ')}\n${lines.join('\n')}\n`;
}

/** As one word of a shell. */
const quoted = (text: string): string =>
  /^[\w:/.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
