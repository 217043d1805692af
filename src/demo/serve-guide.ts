import {
  DEMO_ORG,
  DEMO_REPOSITORY,
  DEMO_TEAM,
  DEMOTED,
  type DemoWorlds,
  membersOf,
  NEWCOMER,
  type WorldName,
} from './demo-worlds.ts';
import { repositoryOf } from './github/github.ts';
import type { DemoUrls } from './serve-demo.ts';

type GuideInput = {
  /** How this program was started, for lines to copy. */
  readonly command: string;
  readonly world: WorldName;
  readonly worlds: DemoWorlds;
  readonly urls: DemoUrls;
  readonly webhookUrl: string;
  /** Whether REDIS_URL was set before. */
  readonly hasOwnRedis: boolean;
  /** Process to end. */
  readonly pid: number;
};

const STORIES: Readonly<Record<WorldName, string>> = {
  small: 'Permit has no users yet, and its roles have no permissions: begin with policy.',
  drift: 'Permit has drifted from it in every way it can.',
  existing:
    'Permit has all of them already, half under logins and half under emails, and no user is managed yet.',
  large: 'Permit is set up and has no users yet.',
};

/** What stands beside the exports: the world, what to try, how to cause a webhook, how to end it. */
export function renderGuide({
  command,
  world,
  worlds,
  urls,
  webhookUrl,
  hasOwnRedis,
  pid,
}: GuideInput): string {
  const people = membersOf(worlds.github);
  const owners = people.filter(({ role }) => role === 'admin');
  const owner = owners[0]?.login ?? '';
  const { port, pathname } = new URL(webhookUrl);
  const listening = `${port === '4000' ? '' : ` --port ${port || '80'}`}${pathname === '/github-membership' ? '' : ` --path ${pathname}`}`;
  const curl = (method: string, path: string): string =>
    `curl -fsS -o /dev/null -X ${method} -H "Authorization: Bearer $GH_TOKEN" $GITHUB_API_URL/orgs/${DEMO_ORG}/${path}`;
  const membership = `memberships/${NEWCOMER}`;
  const access = `teams/${DEMO_TEAM}/repos/${DEMO_ORG}/${DEMO_REPOSITORY}`;
  const { id } = repositoryOf(worlds.github, DEMO_ORG, DEMO_REPOSITORY);
  const sections = [
    [
      `World "${world}": the GitHub organization ${DEMO_ORG} has ${people.length} members, ${owners.length} of them owners.`,
      STORIES[world],
      `GitHub is emulated at ${urls.github}, Permit and its PDP at ${urls.permit}.`,
      redisLine(urls.redis, hasOwnRedis),
    ],
    [
      'Paste the lines above into another terminal, in this folder (a config file here applies too). Then try:',
      `  ${command} doctor`,
      `  ${command} policy --dry-run`,
      `  ${command} reconcile --dry-run`,
      `  ${command} reconcile`,
      ...(world === 'existing'
        ? [`  ${command} reconcile --dry-run --user-key '{login}' --adopt plain`]
        : []),
      `  ${command} explain ${DEMOTED}`,
      `  ${command} check ${owner} create-repo membership`,
    ],
    [
      `Repositories: everyone may read ${DEMO_REPOSITORY}, also the team ${DEMO_TEAM} with ${DEMOTED} in it. Mirror them in Permit:`,
      "  echo 'repositories: {}' > demo.yaml && export GH_PERMIT_SYNC_CONFIG=demo.yaml",
      `  ${command} policy`,
      `  ${command} reconcile`,
      `  ${command} verify`,
      `  ${curl('PUT', access)} -d '{"permission":"push"}'   # the team may push`,
      `  ${curl('DELETE', access)}   # the team only reads again`,
      `  ${command} reconcile   # or receive and drain, below`,
      `  ${command} explain ${DEMOTED} --repository ${DEMO_REPOSITORY}`,
      `  ${command} check ${DEMOTED} write repository:${id}`,
    ],
    [
      `GitHub delivers webhooks to ${webhookUrl}. This part needs Redis.`,
      `  ${command} receive --host 127.0.0.1${listening}   # in a terminal of its own`,
      `  ${curl('PUT', membership)}      # joins`,
      `  ${curl('DELETE', membership)}   # leaves`,
      `  ${command} queue status`,
      `  ${command} drain`,
      `  ${command} redeliver   # what GitHub could not deliver while nothing was listening`,
    ],
    [`Runs until Ctrl-C, or: kill ${pid}`],
  ];
  return `\n${sections.map((lines) => `${lines.join('\n')}\n`).join('\n')}`;
}

function redisLine(url: string | undefined, hasOwnRedis: boolean): string {
  if (url === undefined && hasOwnRedis) {
    return 'REDIS_URL holds a password and is not printed: set it yourself for receive, drain and queue.';
  }
  if (url === undefined) {
    return 'Redis, which only receive, drain and queue need, was not found: install redis-server and start again, or set REDIS_URL.';
  }
  return hasOwnRedis
    ? `Redis is the one in REDIS_URL: ${url}. Use one that holds no real queue.`
    : `Redis runs at ${url} and saves nothing.`;
}
