import type { Settings } from '../../config/settings.ts';
import { SyncError } from '../../model/errors.ts';
import { asWarning, type Warning } from '../../model/problem.ts';
import type { Explanation } from '../../model/views/explanation.ts';
import type { TeamMemory } from '../../model/webhooks/queue.ts';
import { defineCommand } from '../command.ts';
import { argument, commonFlags, fullFlag, requireLogin, textFlag } from '../flags.ts';

export const explain = defineCommand({
  name: 'explain',
  summary: 'show why someone has or lacks access',
  description:
    'Show which rules give or deny a person what, what Permit holds, and the drift. Writes nothing.',
  args: {
    login: argument('<login>', 'login on GitHub; a former one if nobody else has it today'),
  },
  flags: {
    repository: textFlag('--repository <name>', "explain the person's access to this repository"),
    ...fullFlag,
    ...commonFlags,
  },
  examples: [
    'gh-permit-sync explain octocat',
    ['gh-permit-sync explain octocat --verbose', 'every rule'],
    'gh-permit-sync explain octocat --output json',
    ['gh-permit-sync explain octocat --repository payments-api', 'through which team or role'],
  ],
  exitCodes:
    '0 explained, with or without drift; 1 an unknown login or repository, or an error; 4 an organization or a team could not be read, so part of the answer is unknown.',
  validate: requireLogin,
  settings: async (input) => (await import('../../config/load.ts')).loadSettings(input),
  run: async (context, { login, repository }) => {
    const { settings: given, progress, counter, ports, facts } = context;
    const { openServices, requestOf } = await import('../../run/services.ts');
    const { explainPerson } = await import('../../sync/explain.ts');
    const { withInstalledOrgs } = await import('../../run/installed-orgs.ts');
    const settings = await withInstalledOrgs(given, ports);
    if (repository !== undefined) {
      const { explainRepository } = await import('../runs/explain-repository-run.ts');
      const { explainRepositoryPage } = await import('../../report/pages/explain-repository.ts');
      const report = await explainRepository({ ...context, settings }, login, repository);
      return { exitCode: report.warnings.length > 0 ? 4 : 0, page: explainRepositoryPage(report) };
    }
    const teams = await openRememberedTeams(settings);
    const services = openServices(settings, { ...ports, mayWrite: false, teams: teams?.memory });
    const announce = (): void => progress.show('Listing members on GitHub and users in Permit');
    const explained = await explainPerson(requestOf(settings), { ...services, announce }, login).finally(() =>
      teams?.close(),
    );
    const { explanation, incomplete, unread, lacks } = explained;
    const { unreadWarning } = await import('../../report/warnings.ts');
    const { lastingWarnings } = await import('../runs/run-notes.ts');
    const unknown = [
      ...(teams?.outages() ?? []),
      ...unread.map(unreadWarning),
      ...lacks.map(asWarning),
      ...incomplete.map(asWarning),
    ];
    const report = {
      explanation,
      orgs: settings.orgs,
      warnings: [...unknown, ...lastingWarnings(settings, counter.tokenExpiresMs())],
      ...facts(),
    };
    const { explainPage } = await import('../../report/pages/explain.ts');
    return {
      exitCode: unknown.length > 0 ? 4 : isUnknown(explanation) ? 1 : 0,
      page: explainPage(report),
    };
  },
});

/** Neither a member nor anyone with a user: most likely a typo. */
const isUnknown = ({ id, known, standing }: Explanation): boolean =>
  id === undefined || (!known && standing === 'none');

/**
 * The teams that runs remember in Redis, so that a team whose slug changed hands counts as frozen here too. Without an
 * answer of Redis, `outages` says so. Undefined if runs share no Redis.
 */
async function openRememberedTeams({ redis: { url, prefix } }: Pick<Settings, 'redis'>): Promise<
  | {
      readonly memory: TeamMemory;
      readonly outages: () => readonly Warning[];
      readonly close: () => void;
    }
  | undefined
> {
  if (url === undefined) return undefined;
  const { openRedis } = await import('../../queue/redis.ts');
  const { openTeamMemory } = await import('../../queue/run-memory.ts');
  const redis = await openRedis({ url });
  const remembered = openTeamMemory(redis, prefix);
  const outages: Warning[] = [];
  return {
    memory: {
      ...remembered,
      read: (...about) =>
        remembered.read(...about).catch((error: unknown) => {
          if (!(error instanceof SyncError)) throw error;
          const message = `a team whose slug changed hands can't be recognized here: ${error.message}`;
          if (outages.length === 0) outages.push({ code: error.code, message });
          return new Map();
        }),
    },
    outages: () => outages,
    close: redis.close,
  };
}
