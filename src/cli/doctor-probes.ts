import { failedFinding, type Probe } from '../doctor/examine.ts';
import { examineGitHub } from '../doctor/github.ts';
import { findEscapes } from '../doctor/mapping.ts';
import { examinePdp, examinePermit } from '../doctor/permit.ts';
import { examineRedis } from '../doctor/redis.ts';
import { askRedis } from '../doctor/redis-probe.ts';
import { examineFullRuns } from '../doctor/schedule.ts';
import { findSharedTenants } from '../doctor/shared-tenant.ts';
import { judgeTeams } from '../doctor/teams.ts';
import { isReceiver, judgeAppHook, judgeHooks, judgeSecret } from '../doctor/webhook.ts';
import { SyncError } from '../model/errors.ts';
import type { Finding } from '../model/finding.ts';
import type { TeamRef } from '../model/member.ts';
import { HttpFailure } from '../net/http-failure.ts';
import type { RetryPolicy } from '../net/retry.ts';
import type { Stop } from '../net/stop.ts';
import type { Wire } from '../net/wire.ts';
import { assignableGrants } from '../plan/assignable-grants.ts';
import { needsOf } from '../plan/needs.ts';
import { inspectQueue } from '../queue/inspect.ts';
import { openRedis } from '../queue/redis.ts';
import { openRunRecord } from '../queue/run-record.ts';
import { visibilityHint } from '../source/explain-failure.ts';
import { findTeams } from '../source/find-teams.ts';
import { createAppClient, createGitHubClients, type GitHubClient } from '../source/github-client.ts';
import { createInspector } from '../source/inspect-org.ts';
import { readEnvironment } from '../target/permit-environment.ts';
import { openPdp } from '../target/permit-pdp.ts';
import { createPermitReader } from '../target/permit-reader.ts';
import { openPermit } from '../target/permit-sdk.ts';
import { VERSION } from '../version.ts';
import type { DoctorOptions } from './doctor-options.ts';
import type { KnownSettings } from './doctor-settings.ts';
import { inGitHubActions } from './github-actions.ts';
import type { Terminal } from './terminal.ts';

/** Somebody waits: what fails twice is told. */
const RETRY: RetryPolicy = { retries: 2, firstWaitMs: 300, longestWaitMs: 2_000 };

/** Everything that `doctor` looks into, as far as the settings allow; each probe asks when it is run. */
export function probesOf(
  known: KnownSettings,
  options: Pick<DoctorOptions, 'path'>,
  terminal: Pick<Terminal, 'env'>,
  { stop, wire }: { readonly stop: Stop; readonly wire: Wire },
): readonly Probe[] {
  return [
    ...mappingProbes(known),
    ...gitHubProbes(known, options, terminal, stop, wire),
    webhookSecretProbe(terminal),
    ...permitProbes(known, stop, wire),
    redisProbe(known, terminal, stop),
    fullRunsProbe(known, terminal),
  ];
}

function mappingProbes({ settings, statements }: KnownSettings): readonly Probe[] {
  if (statements === undefined) return [];
  return [
    {
      id: 'mapping.escape',
      area: 'mapping',
      subject: 'the mapping',
      look: async () => [...findSharedTenants(statements, settings?.orgs ?? []), ...findEscapes(statements)],
    },
  ];
}

function gitHubProbes(
  { settings, statements = [], gitHub }: KnownSettings,
  { path }: Pick<DoctorOptions, 'path'>,
  { env }: Pick<Terminal, 'env'>,
  stop: Stop,
  wire: Wire,
): readonly Probe[] {
  if (settings === undefined || gitHub === undefined) return [];
  const kind = { kind: gitHub.kind, inActions: inGitHubActions(env) };
  const client = {
    apiUrl: settings.github.apiUrl,
    proxies: settings.github.proxies,
    credentials: gitHub,
    userAgent: `gh-permit-sync/${VERSION}`,
    stop,
    wire,
    retry: RETRY,
  };
  const clients = createGitHubClients(client);
  const isApp = gitHub.kind === 'app';
  const inspector = createInspector(clients, kind, isApp ? createAppClient(client) : undefined);
  const expected = isReceiver(receiverOf(env));
  let askedApp: Promise<ReturnType<typeof judgeAppHook>> | undefined;
  const judgedApp = () => {
    askedApp ??= unlessRefused(inspector.appHook).then((hook) =>
      hook === undefined ? { leads: false, findings: [] } : judgeAppHook(path, hook),
    );
    return askedApp;
  };
  return [
    {
      id: 'github.credential',
      area: 'github',
      subject: 'GitHub',
      look: () =>
        examineGitHub({
          credential:
            gitHub.kind === 'app' ? `the GitHub App ${gitHub.appId}` : `the token in ${gitHub.variable}`,
          perOrg: gitHub.kind === 'app',
          orgs: settings.orgs,
          quota: inspector.quota,
          inspect: inspector.organization,
          visibilityHint: (org) => visibilityHint(org, kind),
          now: Date.now,
        }),
    },
    ...settings.orgs.flatMap((org) => teamProbe(org, needsOf(statements, org).teams, clients)),
    ...(isApp
      ? [
          {
            id: 'webhook.app',
            area: 'webhook' as const,
            subject: 'GitHub, asked about the webhook of the GitHub App,',
            look: async () => (await judgedApp()).findings,
          },
        ]
      : []),
    ...settings.orgs.map(
      (org): Probe => ({
        id: `webhook.hook:${org}`,
        area: 'webhook',
        subject: `GitHub, asked about the webhooks of ${org},`,
        look: async () => {
          const hooks = await unlessRefused(() => inspector.hooks(org));
          if (hooks === undefined) return [];
          const missed = expected && !(await judgedApp()).leads;
          return judgeHooks({ org, path, expected: missed }, hooks);
        },
      }),
    ),
  ];
}

/** @returns undefined where the credentials are refused: that is reported once, by the probe of the credential. */
async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SyncError && error.code === 'GITHUB_AUTH') return undefined;
    throw error;
  }
}

/** Nothing where the statements name no team. */
function teamProbe(
  org: string,
  refs: readonly TeamRef[],
  clients: (org: string) => Promise<GitHubClient>,
): readonly Probe[] {
  const named = refs.filter((ref) => !ref.includes('*'));
  if (named.length === 0) return [];
  return [
    {
      id: `github.teams:${org}`,
      area: 'github',
      subject: `GitHub, asked about the teams of ${org},`,
      look: async () => {
        try {
          return judgeTeams(org, named, await findTeams(await clients(org), org, named));
        } catch (error) {
          // Why GitHub does not answer is told by the probe of the organization.
          if (error instanceof HttpFailure) return [];
          throw error;
        }
      },
    },
  ];
}

const receiverOf = (env: Terminal['env']) => ({ secret: env.GITHUB_WEBHOOK_SECRET, redis: env.REDIS_URL });

const webhookSecretProbe = ({ env }: Pick<Terminal, 'env'>): Probe => ({
  id: 'webhook.secret',
  area: 'webhook',
  subject: 'the environment',
  look: async () => [judgeSecret(receiverOf(env))],
});

function permitProbes(
  { settings, statements, apiKey }: KnownSettings,
  stop: Stop,
  wire: Wire,
): readonly Probe[] {
  if (settings === undefined || apiKey === undefined) return [];
  const service = { ...settings.permit, apiKey, stop, wire, retry: RETRY };
  const sdk = openPermit({ ...service, mayWrite: false });
  const reader = createPermitReader({ sdk, stop, retry: RETRY });
  return [
    {
      id: 'permit.key',
      area: 'permit',
      subject: 'Permit',
      look: () =>
        examinePermit({
          environment: () => readEnvironment({ sdk, stop, retry: RETRY }),
          findMissing: (grants) => reader.findMissing(grants, []),
          grants: statements && assignableGrants(statements, settings.orgs),
        }),
    },
    {
      id: 'pdp.answer',
      area: 'pdp',
      subject: 'the PDP',
      look: () =>
        examinePdp(settings.permit.pdpUrl, () =>
          openPdp(service)({
            user: 'gh-permit-sync-doctor',
            action: 'examine',
            resource: { type: 'gh-permit-sync', tenant: 'default' },
          }),
        ),
    },
  ];
}

/** What stands in the queue is looked into where its prefix is known for certain. */
const redisProbe = (
  { settings, statements }: KnownSettings,
  { env }: Pick<Terminal, 'env'>,
  stop: Stop,
): Probe => ({
  id: 'redis.connection',
  area: 'redis',
  subject: 'Redis',
  look: async () => {
    const found = await examineRedis(env.REDIS_URL, askRedis, stop.signal);
    const url = env.REDIS_URL?.trim() ?? '';
    const isAway = found.some(({ id, status }) => id === 'redis.connection' && status === 'failed');
    if (url === '' || isAway || settings === undefined || statements === undefined) return found;
    return [...found, ...(await lookIntoQueue(url, settings))];
  },
});

async function lookIntoQueue(
  url: string,
  { owner, redis: { prefix } }: NonNullable<KnownSettings['settings']>,
): Promise<readonly Finding[]> {
  const redis = await openRedis({ url });
  try {
    return await inspectQueue(redis, prefix, { owner });
  } catch (error) {
    return [failedFinding({ id: 'redis.queue', area: 'redis' }, error)];
  } finally {
    redis.close();
  }
}

function fullRunsProbe({ settings, statements }: KnownSettings, { env }: Pick<Terminal, 'env'>): Probe {
  const url = env.REDIS_URL?.trim() ?? '';
  const read = async () => {
    const redis = await openRedis({ url });
    try {
      return await openRunRecord(redis, settings?.redis.prefix ?? '').fullRuns();
    } finally {
      redis.close();
    }
  };
  return {
    id: 'redis.last-full-run',
    area: 'redis',
    subject: 'Redis, asked about the last full run,',
    // Without its config file the prefix is not known; statements are known only with it.
    look: () => examineFullRuns(url === '' || statements === undefined ? undefined : read),
  };
}
