import type { Environment, GitHubAuth } from '../../config/settings.ts';
import { failedFinding, type Probe } from '../../doctor/examine.ts';
import { examineGitHub } from '../../doctor/github.ts';
import { findEnds, findEscapes, findSharedTenants } from '../../doctor/mapping.ts';
import { examinePdp, examinePermit } from '../../doctor/permit.ts';
import { examineRedis } from '../../doctor/redis.ts';
import { askRedis } from '../../doctor/redis-probe.ts';
import { examineFullRuns } from '../../doctor/schedule.ts';
import { examineUsers } from '../../doctor/users.ts';
import { isReceiver, judgeAppHook, judgeHooks, judgeSecret } from '../../doctor/webhook.ts';
import { visibilityHint } from '../../github/explain-failure.ts';
import { createAppClient, createGitHubClients } from '../../github/github-client.ts';
import { createGitHubSource } from '../../github/github-source.ts';
import { createInspector } from '../../github/inspect-org.ts';
import type { RequestObserver } from '../../http/request-observer.ts';
import type { RetryPolicy } from '../../http/retry.ts';
import type { Stop } from '../../http/stop.ts';
import { SyncError } from '../../model/errors.ts';
import type { Finding } from '../../model/finding.ts';
import type { Member } from '../../model/member.ts';
import type { PermitReader } from '../../model/ports.ts';
import type { Rule } from '../../model/rule.ts';
import { requiredEvents } from '../../model/webhooks/queue.ts';
import { openPdp } from '../../permit/permit-pdp.ts';
import { createPermitReader } from '../../permit/permit-reader.ts';
import { openPermit } from '../../permit/permit-sdk.ts';
import { readEnvironment, readEnvironmentKeys } from '../../permit/requests.ts';
import { assignableGrants } from '../../plan/managed-grants.ts';
import { needsOf } from '../../plan/needs.ts';
import { inspectQueue } from '../../queue/inspect.ts';
import { openRedis, type RedisConnection } from '../../queue/redis.ts';
import { openRunRecord } from '../../queue/run-memory.ts';
import { VERSION } from '../../version.ts';
import { inGitHubActions } from '../github-actions.ts';
import type { RequestCounter } from '../request-counter.ts';
import { needsProbes } from './doctor-needs.ts';
import type { KnownSettings } from './doctor-settings.ts';
import { identityProbe } from './identity-probe.ts';

type DoctorOptions = { /** Where the receiver listens. */ readonly path: string };

/** Someone waits for the result: few retries. */
const RETRY: RetryPolicy = { retries: 2, firstWaitMs: 300, longestWaitMs: 2_000 };

/** Everything that `doctor` looks into, as far as the settings allow; each probe asks when it is run. */
export function probesOf(
  known: KnownSettings,
  options: DoctorOptions,
  env: Environment,
  { stop, observer }: { readonly stop: Stop; readonly observer: RequestCounter },
): readonly Probe[] {
  const { settings, rules, gitHub } = known;
  let listed: ReturnType<typeof membersOf> | undefined;
  const members = (): ReturnType<typeof membersOf> => {
    listed ??= membersOf(known, env, stop, observer);
    return listed;
  };
  return [
    ...(rules ? [mappingProbe(rules, settings?.orgs ?? [])] : []),
    ...gitHubProbes(known, options, env, stop, observer),
    ...(settings && gitHub
      ? identityProbe(settings, sourceFor(settings, gitHub, env, stop, observer), members)
      : []),
    webhookSecretProbe(env),
    ...permitProbes(known, stop, observer, members),
    redisProbe(known, env, stop),
    fullRunsProbe(known, env),
  ];
}

const mappingProbe = (rules: readonly Rule[], orgs: readonly string[]): Probe => ({
  id: 'mapping.escape',
  area: 'mapping',
  subject: 'the mapping',
  look: async () => [
    ...findSharedTenants(rules, orgs),
    ...findEscapes(rules),
    ...findEnds(rules, new Date()),
  ],
});

function gitHubProbes(
  { settings, rules = [], gitHub }: KnownSettings,
  { path }: DoctorOptions,
  env: Environment,
  stop: Stop,
  observer: RequestCounter,
): readonly Probe[] {
  if (settings === undefined || gitHub === undefined) return [];
  const kind = { kind: gitHub.kind, inActions: inGitHubActions(env) };
  const client = clientOptions(settings, gitHub, stop, observer);
  const clients = createGitHubClients(client);
  const isApp = gitHub.kind === 'app';
  const inspector = createInspector(clients, kind, isApp ? createAppClient(client) : undefined);
  const expected = isReceiver(receiverOf(env));
  const collaborators = settings.orgs.some((org) => needsOf(rules, org).collaborators);
  let askedApp: Promise<ReturnType<typeof judgeAppHook>> | undefined;
  const judgedApp = () => {
    askedApp ??= unlessRefused(inspector.appHook).then((hook) =>
      hook === undefined
        ? { leads: false, findings: [] }
        : judgeAppHook(path, requiredEvents({ collaborators }), hook),
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
          tokenExpiry: () => {
            const expiresMs = observer.tokenExpiresMs();
            return gitHub.kind === 'app' || expiresMs === undefined
              ? undefined
              : { variable: gitHub.variable, expiresMs };
          },
          now: Date.now,
        }),
    },
    ...settings.orgs.flatMap((org) => needsProbes(org, needsOf(rules, org), clients)),
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
          return judgeHooks(
            { org, path, events: requiredEvents(needsOf(rules, org)), expected: missed },
            hooks,
          );
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

const receiverOf = (env: Environment) => ({ secret: env.GITHUB_WEBHOOK_SECRET, redis: env.REDIS_URL });

const webhookSecretProbe = (env: Environment): Probe => ({
  id: 'webhook.secret',
  area: 'webhook',
  subject: 'the environment',
  look: async () => [judgeSecret(receiverOf(env))],
});

function permitProbes(
  { settings, rules, apiKey }: KnownSettings,
  stop: Stop,
  observer: RequestObserver,
  members: () => Promise<readonly Member[] | undefined>,
): readonly Probe[] {
  if (settings === undefined || apiKey === undefined) return [];
  const service = { ...settings.permit, apiKey, stop, observer, retry: RETRY };
  const sdk = openPermit({ ...service, mayWrite: false });
  const reader = createPermitReader({ sdk, stop, retry: RETRY });
  return [
    {
      id: 'permit.key',
      area: 'permit',
      subject: 'Permit',
      look: async () => [
        ...(await examinePermit({
          environment: async () => {
            // Retried, and its failures explained.
            await readEnvironment({ sdk, stop, retry: RETRY });
            return readEnvironmentKeys(sdk, true);
          },
          findMissing: (grants) => reader.findMissing(grants, []),
          grants: rules && assignableGrants(rules, settings.orgs),
        })),
        // Without its config file the owner is not known; rules are known only with it.
        ...(rules ? await existingUsers(settings, reader, members) : []),
      ],
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

const existingUsers = (
  { owner, users }: NonNullable<KnownSettings['settings']>,
  { countUsers, readUsers }: PermitReader,
  members: () => Promise<readonly Member[] | undefined>,
): Promise<readonly Finding[]> =>
  examineUsers({ countUsers, readUsers, members, owner, userSettings: users }).catch((error: unknown) => [
    failedFinding({ id: 'permit.users', area: 'permit' }, error),
  ]);

/** Undefined where an organization can't be listed: its own probes say why. */
async function membersOf(
  { settings, gitHub }: KnownSettings,
  env: Environment,
  stop: Stop,
  observer: RequestObserver,
): Promise<readonly Member[] | undefined> {
  if (settings === undefined || gitHub === undefined || settings.orgs.length === 0) return undefined;
  const source = sourceFor(settings, gitHub, env, stop, observer);
  try {
    const needs = { teams: [], collaborators: false, orgRoles: [] };
    const listings = await Promise.all(settings.orgs.map((org) => source.listOrg(org, needs)));
    return listings.some(({ kind }) => kind === 'incomplete')
      ? undefined
      : listings.flatMap((listing) => (listing.kind === 'complete' ? listing.members : []));
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

const sourceFor = (
  settings: NonNullable<KnownSettings['settings']>,
  credentials: GitHubAuth,
  env: Environment,
  stop: Stop,
  observer: RequestObserver,
) =>
  createGitHubSource({
    ...clientOptions(settings, credentials, stop, observer),
    inActions: inGitHubActions(env),
  });

const clientOptions = (
  { github: { apiUrl, proxies } }: NonNullable<KnownSettings['settings']>,
  credentials: GitHubAuth,
  stop: Stop,
  observer: RequestObserver,
) => ({
  ...{ apiUrl, proxies, credentials, stop, observer },
  userAgent: `gh-permit-sync/${VERSION}`,
  retry: RETRY,
});

/** The queue is inspected only where its prefix is known for certain. */
const redisProbe = ({ settings, rules }: KnownSettings, env: Environment, stop: Stop): Probe => ({
  id: 'redis.connection',
  area: 'redis',
  subject: 'Redis',
  look: async () => {
    const found = await examineRedis(env.REDIS_URL, askRedis, stop.signal);
    const url = env.REDIS_URL?.trim() ?? '';
    const isAway = found.some(({ id, status }) => id === 'redis.connection' && status === 'failed');
    if (url === '' || isAway || settings === undefined || rules === undefined) return found;
    return [...found, ...(await lookIntoQueue(url, settings))];
  },
});

const lookIntoQueue = (
  url: string,
  { owner, redis: { prefix } }: NonNullable<KnownSettings['settings']>,
): Promise<readonly Finding[]> =>
  withRedis(url, (redis) => inspectQueue(redis, prefix, { owner })).catch((error: unknown) => [
    failedFinding({ id: 'redis.queue', area: 'redis' }, error),
  ]);

function fullRunsProbe({ settings, rules }: KnownSettings, env: Environment): Probe {
  const url = env.REDIS_URL?.trim() ?? '';
  const read = () => withRedis(url, (redis) => openRunRecord(redis, settings?.redis.prefix ?? '').fullRuns());
  return {
    id: 'redis.last-full-run',
    area: 'redis',
    subject: 'Redis, asked about the last full run,',
    // Without its config file the prefix is not known; rules are known only with it.
    look: () => examineFullRuns(url === '' || rules === undefined ? undefined : read),
  };
}

async function withRedis<T>(url: string, ask: (redis: RedisConnection) => Promise<T>): Promise<T> {
  const redis = await openRedis({ url });
  try {
    return await ask(redis);
  } finally {
    redis.close();
  }
}
