import { InvalidArgumentError } from 'commander';
import { SyncError } from '../model/errors.ts';

/** A flag or an argument as the command line takes it. `Value` is what `run` gets. */
export type Flag<Value> = {
  /** As commander takes it: `-n, --dry-run`, `--since <duration>`, `--user <login...>`; `<login>` for an argument. */
  readonly syntax: string;
  readonly description: string;
  readonly default?: Value;
  readonly choices?: readonly string[];
  /** @throws InvalidArgumentError */
  readonly parse?: (text: string) => Value;
  /** Heading in the help; "Options:" unless given. */
  readonly group?: string;
  /** Never set: carries the type. */
  readonly value?: Value;
};

/** By the name that commander derives from the long form: `dryRun` for `--dry-run`. Arguments are in order. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** What `run` gets for these declarations. */
export type ValuesOf<Declared extends Flags> = {
  readonly [name in keyof Declared]: Declared[name] extends Flag<infer Value> ? Value : never;
};

type Text = Flag<string | undefined>;
type List = Flag<readonly string[] | undefined>;
type Switch = Flag<boolean | undefined>;

export const switchFlag = (syntax: string, description: string): Switch => ({ syntax, description });
export const textFlag = (syntax: string, description: string): Text => ({ syntax, description });
export const listFlag = (syntax: string, description: string): List => ({ syntax, description });
export const argument = (syntax: string, description: string): Flag<string> => ({ syntax, description });

/** Needed where the default is not "absent", or the text is parsed. */
export const flag = <Value>(declared: Flag<Value>): Flag<Value> => declared;

function grouped<Declared extends Flags>(group: string, flags: Declared): Declared {
  const entries = Object.entries(flags).map(([name, one]) => [name, { ...one, group }] as const);
  return Object.fromEntries(entries) as unknown as Declared;
}

export const COMMON_GROUP = 'Common options:';

/** How a command writes to the terminal. */
export const terminalFlags = grouped(COMMON_GROUP, {
  color: switchFlag('--color', 'use color, even in a pipe'),
  noColor: switchFlag('--no-color', 'no color (also: NO_COLOR)'),
  quiet: switchFlag('-q, --quiet', 'no progress; no text report when there is nothing to say'),
  logFormat: flag<'text' | 'json'>({
    syntax: '--log-format <format>',
    description: 'log format on stderr',
    choices: ['text', 'json'],
    default: 'text',
  }),
});

/** The flags of every command that reads the config (CONTRACT §2, §3). */
export const commonFlags = {
  ...grouped(COMMON_GROUP, {
    config: textFlag('-c, --config <file>', 'config file (default: gh-permit-sync.yaml, .yml or .json)'),
    org: listFlag('--org <org...>', 'GitHub organization; may be repeated'),
    githubUrl: textFlag('--github-url <url>', "address of GitHub's API (default: https://api.github.com)"),
    tenant: textFlag('--tenant <key>', 'overrides permit.tenant'),
    userKey: textFlag('--user-key <template>', 'template of user keys (default: github|{id})'),
    allowHttp: switchFlag('--allow-http', 'allow an API address that is not https'),
    timeout: textFlag('--timeout <duration>', 'overall time limit, e.g. 90s or 30m (default: 30m)'),
    output: flag<'text' | 'json' | 'markdown'>({
      syntax: '-o, --output <format>',
      description: 'format of the report on stdout',
      choices: ['text', 'json', 'markdown'],
      default: 'text',
    }),
    verbose: switchFlag('-v, --verbose', 'log every request to stderr'),
  }),
  ...terminalFlags,
};

/** @throws SyncError `USAGE` for an empty LOGIN, which comes from an unset variable in a script. */
export function requireLogin({ login }: { readonly login: string }): void {
  if (login.trim() === '') throw new SyncError('USAGE', 'LOGIN: is empty', 'give a login as GitHub shows it');
}

/** The flag of every command whose report collapses long lists. */
export const fullFlag = { full: switchFlag('--full', 'print the whole report, however long') };

export type CommonOptions = ValuesOf<typeof commonFlags>;

/** The flags of a command that can plan without writing. */
export const dryRunFlags = {
  dryRun: switchFlag('-n, --dry-run', 'plan only; nothing is written'),
  detailedExitcode: switchFlag('--detailed-exitcode', 'with --dry-run: exit 2 when changes are pending'),
};

/** @throws SyncError `USAGE` */
export function requireDryRun(options: ValuesOf<typeof dryRunFlags>): void {
  if (!options.detailedExitcode || options.dryRun) return;
  throw new SyncError(
    'USAGE',
    '--detailed-exitcode reports pending changes, and only a --dry-run leaves any',
    'add --dry-run, or leave --detailed-exitcode out',
  );
}

const telemetry = {
  metricsFile: textFlag(
    '--metrics-file <file>',
    "write how the run ended, as Prometheus text for node_exporter's textfile collector",
  ),
  ping: textFlag('--ping <url>', 'request this https address when the run succeeds (a heartbeat)'),
};

/** The flag of every command that applies changes to people. */
const audit = textFlag('--audit <file>', 'append a line of JSON for each change as soon as it is applied');
const runUrl = textFlag(
  '--run-url <url>',
  'address of this run in the audit lines (default: that of the GitHub Actions run)',
);
const lockWait = textFlag(
  '--lock-wait <duration>',
  'how long to wait for the lock; 0 tries once (default: 5m)',
);

/** The flags of every command that applies a plan: `reconcile`, `apply` and `drain`. */
export const runFlags = {
  mode: textFlag('--mode <mode>', 'sync, or upsert-only, which never takes anything away'),
  adopt: flag<string | boolean | undefined>({
    syntax: '--adopt [which]',
    description:
      "adopt existing Permit users with a member's key that this tool doesn't manage yet: plain (those with nothing beyond the managed grants), or all",
  }),
  ...grouped('Limits:', {
    allowRemovals: textFlag(
      '--allow-removals <n>',
      'let up to N people lose all their grants (with REDIS_URL: within 24 hours)',
    ),
    allowDemotions: textFlag(
      '--allow-demotions <n>',
      'let up to N people lose a role and keep another (with REDIS_URL: within 24 hours)',
    ),
    allowMoves: textFlag(
      '--allow-moves <n>',
      'let up to N people move to another user key after a change of users.key',
    ),
    allowRepositories: textFlag(
      '--allow-repositories <n>',
      'let up to N mirrored repositories be removed from Permit',
    ),
    allowLinks: textFlag(
      '--allow-links <n>',
      "let up to N links of people and teams to GitHub's repositories be taken away",
    ),
    allowDuplicates: textFlag(
      '--allow-duplicates <n>',
      'first run: create second users for up to N people who already have one',
    ),
    allowFloor: listFlag('--allow-floor <tenant/role=n...>', 'let the number of holders of a role fall to N'),
  }),
  retireOrg: listFlag(
    '--retire-org <id...>',
    'permanently stop managing an organization, by its numeric id: its people lose what it gave',
  ),
  acceptTeam: listFlag(
    '--accept-team <slug...>',
    'trust the team that has this slug now (see TEAM_CHANGED; with REDIS_URL)',
  ),
  ...grouped('Operating:', {
    audit,
    runUrl,
    ...telemetry,
  }),
  lockWait,
};

/** The flag of `reconcile` and `apply`, which cover everyone. */
export const pruneUnmanaged = textFlag(
  '--prune-unmanaged <n>',
  'unassign the unmanaged grants of unmarked users, if at most N users hold any',
);

/** The flags of `drain` and `receive --drain`. */
export const drainFlags = {
  settle: textFlag(
    '--settle <duration>',
    'wait this long for related deliveries; 0 does not wait (default: 2s)',
  ),
  retryInterval: textFlag(
    '--retry-interval <duration>',
    'in a process that keeps running: retry waiting entries after this long (default: 5m)',
  ),
  watchOwners: textFlag(
    '--watch-owners <duration>',
    'in a process that keeps running: check this often for changed owners and organization roles; 0 never checks (default: 0)',
  ),
};

/** The flags of `receive` that its drain needs. */
export const receiverDrainFlags = { ...drainFlags, lockWait, audit, runUrl, ...telemetry };

export const hookPath = flag<string>({
  syntax: '--path <path>',
  description: "path at the end of the webhook's address",
  default: '/github-membership',
});

/** A parser for a flag that refuses with `expected …`. */
export const refuseValue = (expected: string): never => {
  throw new InvalidArgumentError(expected);
};
