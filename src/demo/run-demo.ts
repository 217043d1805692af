import { type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DEMO_ORG,
  DEMO_REPOSITORY,
  DEMO_TEAM,
  DEMO_TOKEN,
  DEMOTED,
  type DemoWorlds,
  demoWorlds,
  disagreements,
  membersOf,
} from './demo-worlds.ts';
import { repositoryOf, setTeamRole, startGitHubEmulator } from './github/github.ts';
import { ENVIRONMENT_KEY, startPermitEmulator } from './permit/permit.ts';

export type DemoOptions = {
  readonly say: (text: string) => void;
  /** Whether stdout can't be written any more. Then the steps print nothing, so that the user is warned only once. */
  readonly isOutLost: () => boolean;
  /** Lines no longer than the terminal, without a line break at the end. */
  readonly wrap: (text: string) => string;
  readonly strong: (text: string) => string;
  /** The command line that started this program: each step starts it again, as a user would. */
  readonly program: readonly string[];
  /** How the reader starts the program. */
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly color: boolean;
  /** Of the organization; a few dozen unless given. */
  readonly members?: number | undefined;
};

type Step = {
  readonly title: string;
  /** What has changed by now. */
  readonly before?: () => void;
  readonly commands: readonly Command[];
};

type Command = {
  readonly args: readonly string[];
  /** 0 unless given. */
  readonly exitCode?: number;
  /** Whether its output would only be in the way. */
  readonly isSilent?: boolean;
};

/** @param folder in which the commands run. */
function stepsIn({ github }: DemoWorlds, folder: string): readonly Step[] {
  const { id } = repositoryOf(github, DEMO_ORG, DEMO_REPOSITORY);
  const question = ['check', DEMOTED, 'write', `repository:${id}`];
  const config = `github: { orgs: [${DEMO_ORG}] }\nrepositories: {}\n`;
  return [
    {
      title: 'What would change?',
      commands: [{ args: ['reconcile', '--org', DEMO_ORG, '--dry-run'] }],
    },
    { title: 'Make it so.', commands: [{ args: ['reconcile', '--org', DEMO_ORG] }] },
    {
      title: 'And once more: nothing is left to do.',
      commands: [{ args: ['reconcile', '--org', DEMO_ORG] }],
    },
    {
      title: `With "repositories: {}" in the config file, Permit mirrors repositories too. May ${DEMOTED} push to ${DEMO_REPOSITORY}?`,
      before: () => writeFileSync(join(folder, 'gh-permit-sync.yaml'), config),
      commands: [
        { args: ['policy'], isSilent: true },
        { args: ['reconcile'], isSilent: true },
        { args: question, exitCode: 5 },
      ],
    },
    {
      title: `The team ${DEMO_TEAM}, with ${DEMOTED} in it, is given write access on GitHub.`,
      before: () => setTeamRole(github, DEMO_ORG, DEMO_REPOSITORY, DEMO_TEAM, 'write'),
      commands: [{ args: ['reconcile'] }, { args: question }],
    },
  ];
}

/** Runs the steps through the real program, over HTTP. @returns the exit code. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { say, strong, wrap } = options;
  const worlds = demoWorlds('drift', options.members);
  const github = await startGitHubEmulator(worlds.github);
  const permit = await startPermitEmulator(worlds.permit);
  // In the reader's folder there may be a config file.
  const folder = mkdtempSync(join(tmpdir(), 'gh-permit-sync-demo-'));
  try {
    say(`${wrap(`GitHub and Permit are emulated on this machine: ${github.url} and ${permit.url}.`)}\n`);
    say(`${wrap(`"${DEMO_ORG}" has ${count(worlds)}; Permit has drifted from it in every way it can.`)}\n`);
    const env = {
      ...withoutOurs(options.env),
      GITHUB_API_URL: github.url,
      GH_TOKEN: DEMO_TOKEN,
      PERMIT_API_URL: permit.url,
      PERMIT_PDP_URL: permit.url,
      PERMIT_API_KEY: ENVIRONMENT_KEY,
    };
    for (const [index, { title, before, commands }] of stepsIn(worlds, folder).entries()) {
      before?.();
      say(`\n${strong(wrap(`${index + 1}. ${title}`))}\n`);
      for (const [at, { args, exitCode = 0, isSilent = false }] of commands.entries()) {
        if (at > 0 && !commands[at - 1]?.isSilent) say('\n');
        say(`   $ gh-permit-sync ${args.join(' ')}${isSilent ? ' >/dev/null' : ''}\n${isSilent ? '' : '\n'}`);
        // A write fails after the current tick.
        await new Promise(setImmediate);
        const code = await runStep([...args, options.color ? '--color' : '--no-color'], options.program, {
          env,
          cwd: folder,
          stdio: ['ignore', isSilent || options.isOutLost() ? 'ignore' : 'inherit', 'inherit'],
        });
        if (code !== exitCode) {
          say(`\nThe demo stopped: this step ended with exit code ${code}.\n`);
          return 1;
        }
      }
    }
    return conclude(disagreements(worlds), options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await Promise.all([github.close(), permit.close()]);
  }
}

function conclude(left: readonly string[], { say, strong, wrap, command }: DemoOptions): number {
  if (left.length > 0) {
    say(`\nPermit and GitHub still disagree:\n${left.map((line) => `  ${line}\n`).join('')}`);
    return 1;
  }
  say(`\n${strong('Permit matches GitHub.')}\n`);
  say(`${wrap('The service user, the foreign grant and the foreign attribute are as they were.')}\n\n`);
  say(`${wrap('With your own organization: set GH_TOKEN and PERMIT_API_KEY, then')}\n`);
  say(`   $ ${command} reconcile --org YOUR-ORG --dry-run\n`);
  return 0;
}

function count({ github }: DemoWorlds): string {
  const members = membersOf(github);
  return `${members.length} members, ${members.filter(({ role }) => role === 'admin').length} of them owners`;
}

/** Keeps the settings of the reader's real setup out of the demo. */
const withoutOurs = (env: DemoOptions['env']): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^(GITHUB_|GH_|PERMIT_|REDIS_URL$)/.test(name)));

function runStep(
  args: readonly string[],
  [command = '', ...before]: readonly string[],
  options: SpawnOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...before, ...args], options);
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
