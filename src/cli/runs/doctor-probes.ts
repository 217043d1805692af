import type { Environment } from '../../config/settings.ts';
import { failedFinding, type Probe } from '../../doctor/examine.ts';
import { findEnds, findEscapes, findSharedTenants } from '../../doctor/mapping.ts';
import { examinePdp, examinePermit } from '../../doctor/permit.ts';
import { examineRedis } from '../../doctor/redis.ts';
import { examineFullRuns } from '../../doctor/schedule.ts';
import { examineUsers } from '../../doctor/users.ts';
import { judgeSecret } from '../../doctor/webhook.ts';
import type { Finding } from '../../model/finding.ts';
import type { Member } from '../../model/member.ts';
import type { PermitReader } from '../../model/ports.ts';
import type { RepositoryInspector } from '../../model/repositories/ports.ts';
import type { Rule } from '../../model/rule.ts';
import { openPdp } from '../../permit/permit-pdp.ts';
import { createPermitReader } from '../../permit/permit-reader.ts';
import { openPermit } from '../../permit/permit-sdk.ts';
import { readEnvironment, readEnvironmentKeys } from '../../permit/requests.ts';
import { requireChosenKey } from '../../plan/keys/chosen-key.ts';
import { assignableGrants } from '../../plan/managed-grants.ts';
import { inspectQueue } from '../../queue/inspect.ts';
import { openRedis, type RedisConnection } from '../../queue/redis.ts';
import { openRunRecord } from '../../queue/run-memory.ts';
import {
  DOCTOR_RETRY,
  gitHubAccess,
  gitHubProbes,
  listMembers,
  type ProbePorts,
  receiverOf,
  repositoryInspectorOf,
} from './doctor-github.ts';
import { modelProbe, repositoryProbes } from './doctor-repositories.ts';
import type { KnownSettings } from './doctor-settings.ts';

/** Everything that `doctor` examines, as far as the settings allow. Each probe asks when it runs. */
export function probesOf(
  known: KnownSettings,
  { path }: { /** Where the receiver listens. */ readonly path: string },
  ports: ProbePorts,
): readonly Probe[] {
  const { settings, rules } = known;
  const access = gitHubAccess(known, ports);
  let listed: ReturnType<typeof listMembers> | undefined;
  const members: Members = async () => {
    listed ??= access && listMembers(access);
    return listed;
  };
  const mirror = settings?.repositories;
  const repositoryInspector = mirror && access && repositoryInspectorOf(access);
  return [
    ...(rules ? [mappingProbe(rules, settings?.orgs ?? [])] : []),
    ...(access ? gitHubProbes(access, path, members) : []),
    ...(mirror && repositoryInspector ? repositoryProbes(mirror, repositoryInspector) : []),
    webhookSecretProbe(ports.env),
    ...permitProbes(known, ports, members, repositoryInspector),
    redisProbe(known, ports),
    fullRunsProbe(known, ports.env),
  ];
}

type Members = () => Promise<readonly Member[] | undefined>;

const mappingProbe = (rules: readonly Rule[], orgs: readonly string[]): Probe => ({
  id: 'mapping.escape',
  subject: 'the mapping',
  look: async () => [
    ...findSharedTenants(rules, orgs),
    ...findEscapes(rules),
    ...findEnds(rules, new Date()),
  ],
});

const webhookSecretProbe = (env: Environment): Probe => ({
  id: 'webhook.secret',
  subject: 'the environment',
  look: async () => [judgeSecret(receiverOf(env))],
});

function permitProbes(
  { settings, rules, apiKey }: KnownSettings,
  { stop, observer }: ProbePorts,
  members: Members,
  repositoryInspector: RepositoryInspector | undefined,
): readonly Probe[] {
  if (settings === undefined || apiKey === undefined) return [];
  const service = { ...settings.permit, apiKey, stop, observer, retry: DOCTOR_RETRY };
  const sdk = openPermit({ ...service, mayWrite: false });
  const reader = createPermitReader({ sdk, stop, retry: DOCTOR_RETRY });
  return [
    {
      id: 'permit.key',
      subject: 'Permit',
      look: async () => [
        ...(await examinePermit({
          environment: async () => {
            // Retried, and its failures explained.
            await readEnvironment({ sdk, stop, retry: DOCTOR_RETRY });
            return readEnvironmentKeys(sdk, true);
          },
          findMissing: (grants) => reader.findMissing(grants, []),
          grants: rules && assignableGrants(rules, settings.orgs),
        })),
        // Without its config file the owner is not known; rules are known only with it.
        ...(rules ? await existingUsers(settings, reader, members) : []),
      ],
    },
    ...(settings.repositories
      ? [modelProbe(settings.repositories, { sdk, reader }, repositoryInspector)]
      : []),
    {
      id: 'pdp.answer',
      subject: 'the PDP',
      look: () =>
        examinePdp(settings.permit.pdpUrl, () =>
          openPdp(service).check({
            user: 'gh-permit-sync-doctor',
            action: 'examine',
            resource: { type: 'gh-permit-sync', tenant: 'default' },
          }),
        ),
    },
  ];
}

const existingUsers = (
  { owner, users, userKeyChosen }: NonNullable<KnownSettings['settings']>,
  { countUsers, readUsers }: PermitReader,
  members: Members,
): Promise<readonly Finding[]> =>
  examineUsers({
    ...{ countUsers, readUsers, members, owner, userSettings: users },
    requireKeys: (all) =>
      requireChosenKey({ people: [] }, all, { owner, userSettings: users, userKeyChosen }),
  }).catch((error: unknown) => [failedFinding('permit.users', error)]);

/** The queue is inspected only where its prefix is known for certain. */
const redisProbe = ({ settings, rules }: KnownSettings, { env, stop }: ProbePorts): Probe => ({
  id: 'redis.connection',
  subject: 'Redis',
  look: async () => {
    const found = await examineRedis(env.REDIS_URL, stop.signal);
    const url = env.REDIS_URL?.trim() ?? '';
    const isAway = found.some(({ id, status }) => id === 'redis.connection' && status === 'failed');
    if (url === '' || isAway || settings === undefined || rules === undefined) return found;
    const { owner, redis: address } = settings;
    const queue = await withRedis(url, (redis) => inspectQueue(redis, address.prefix, { owner })).catch(
      (error: unknown) => [failedFinding('redis.queue', error)],
    );
    return [...found, ...queue];
  },
});

function fullRunsProbe({ settings, rules }: KnownSettings, env: Environment): Probe {
  const url = env.REDIS_URL?.trim() ?? '';
  const read = () => withRedis(url, (redis) => openRunRecord(redis, settings?.redis.prefix ?? '').fullRuns());
  return {
    id: 'redis.last-full-run',
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
