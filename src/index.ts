import { loadLibrarySettings, requireCredentials } from './config/load.ts';
import { withParser } from './config/parser.ts';
import type { Environment, Settings } from './config/settings.ts';
import type { RequestObserver } from './http/request-observer.ts';
import { type StopControl, startStop, stopError } from './http/stop.ts';
import type { ChangeKind } from './model/change.ts';
import { type ErrorCode, SyncError } from './model/errors.ts';
import type { GitHubSource, PermitReader, PermitWriter } from './model/ports.ts';
import type { GraphKind } from './model/repositories/graph-change.ts';
import type { SavedPlan } from './model/saved-plan.ts';
import { documentOf } from './report/pages/run-document.ts';
import { finishedReport } from './run/finished-report.ts';
import { withInstalledOrgs } from './run/installed-orgs.ts';
import { openSharedStateOf, runOnce } from './run/run-once.ts';
import { refusal } from './run/run-status.ts';

export type { ErrorCode, GitHubSource, PermitReader, PermitWriter };
export { SyncError };

export type LoadOptions = {
  /** Where to look for the config file. Default: the working directory. */
  readonly cwd?: string;
  /** The environment variables to read. Default: those of the process. */
  readonly env?: Environment;
  /** The config file; default: the nearest one, as for the commands. */
  readonly file?: string;
};

/** Checked settings. They hold no secret that could be printed. */
export type Config = {
  readonly orgs: readonly string[];
  readonly owner: string;
  readonly tenant: string;
};

/** Permit, as a run reads and writes it. `plan` only reads. */
export type PermitTarget = PermitReader & PermitWriter;

/**
 * An `AbortSignal`, as far as a run uses it. The global type belongs to the types of Node or of a browser, which a
 * caller need not have.
 */
export type StopSignal = {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options: { readonly once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

export type PlanOptions = {
  /** Replaces GitHub's REST API. */
  readonly github?: GitHubSource;
  /** Replaces Permit's API. */
  readonly permit?: PermitTarget;
  /** Ends the run as a signal ends a command: requests under way are awaited. */
  readonly signal?: StopSignal;
};

type Ended = {
  readonly reason: string;
  readonly outcome: 'planned' | 'applied' | 'failed' | 'skipped';
  readonly error?: { readonly code: string; readonly message: string };
  /** Why the change was skipped. */
  readonly why?: string;
};

/** A change to a user or to what a user holds. */
export type UserChangeResult = Ended & {
  readonly kind: ChangeKind;
  readonly user: string;
  readonly login: string;
  readonly role?: string;
  readonly tenant?: string;
  readonly resource?: string;
};

/** A change to a resource instance, or to a link between two (docs/REPOSITORIES.md). */
export type GraphChangeResult = Ended & {
  readonly kind: GraphKind;
  readonly tenant: string;
  readonly user?: undefined;
  readonly login?: undefined;
  readonly role?: undefined;
  readonly resource?: undefined;
  readonly instance?: string;
  readonly subject?: string;
  readonly relation?: string;
  readonly object?: string;
  readonly repository?: string;
  readonly team?: string;
};

export type ChangeResult = UserChangeResult | GraphChangeResult;

/** What `--output json` prints (see the README, "Reports"). */
export type RunResult = {
  readonly version: number;
  readonly command: string;
  readonly dryRun: boolean;
  readonly status: 'in-sync' | 'pending' | 'applied' | 'partial' | 'refused' | 'error';
  readonly orgs: readonly string[];
  /** Undefined with a target of your own. */
  readonly target?: { readonly project: string; readonly environment: string; readonly apiUrl: string };
  readonly owner?: string;
  /** The config file; undefined without one. */
  readonly config?: string;
  readonly summary: {
    readonly members: number;
    readonly managed: number;
    readonly unmanaged: number;
    readonly changes: { readonly [kind in ChangeKind]: number } & { readonly [kind in GraphKind]?: number };
    readonly people: {
      readonly joining: number;
      readonly leaving: number;
      readonly demoted: number;
      readonly moved: number;
    };
    readonly failed: number;
  };
  readonly changes: readonly ChangeResult[];
  readonly guard: {
    readonly verdict: 'pass' | 'refused';
    readonly violations: readonly {
      readonly limit: string;
      readonly allowed: number;
      readonly planned: number;
      readonly override: string;
    }[];
  };
  /** Grants that are not managed. `manages` is the entry of the config that would manage them. */
  readonly unmanaged: readonly {
    readonly user: string;
    readonly role: string;
    readonly tenant: string;
    readonly resource?: string;
    readonly manages?: string;
  }[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** HTTP requests sent, retries included. */
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
};

/** Kept beside the values that callers hold, so that printing one shows no secret. */
const loadedOf = new WeakMap<Config, { readonly settings: Settings; readonly env: Environment }>();
const runOf = new WeakMap<
  RunResult,
  { readonly settings: Settings; readonly ports: PlanOptions; readonly saved: SavedPlan }
>();

/**
 * Reads and checks the config file and the environment; nothing is asked of GitHub or Permit. Credentials may be
 * missing: `plan` needs them only for what has no port of your own.
 * @returns rejects with a `SyncError`: `CONFIG_INVALID`; `GITHUB_AUTH`, `PERMIT_AUTH` for a credential with a flaw.
 */
export async function loadConfig({
  cwd = process.cwd(),
  env = process.env,
  file,
}: LoadOptions = {}): Promise<Config> {
  const settings = loadLibrarySettings(await withParser({ flags: { config: file }, env, cwd }));
  const config: Config = { orgs: settings.orgs, owner: settings.owner, tenant: settings.permit.tenant };
  loadedOf.set(config, { settings, env: { ...env } });
  return config;
}

/**
 * Lists, compares and judges, as `reconcile --dry-run` does. A plan that crosses a limit resolves with
 * `guard.verdict: 'refused'`.
 * @returns rejects with a `SyncError`, for instance `GITHUB_AUTH`, `GITHUB_INCOMPLETE`, `PERMIT_AUTH`, `INTERRUPTED`.
 */
export async function plan(config: Config, ports: PlanOptions = {}): Promise<RunResult> {
  const loaded = loadedOf.get(config);
  if (!loaded)
    throw new SyncError('USAGE', 'plan() got a config of its own', 'pass what loadConfig() returned');
  const { settings, env } = loaded;
  requireCredentials(env, { github: !ports.github, permit: !ports.permit });
  const { planned, saved } = await planOrApply(settings, ports, undefined);
  runOf.set(planned, { settings, ports, saved });
  return planned;
}

/**
 * Plans and judges again, and writes only if the result is identical to `planned`. Where some changes fail, it resolves
 * with the status `partial`.
 * @returns rejects with a `SyncError`, for instance `GUARD_REFUSED`, `PLAN_STALE`, `LOCKED`; then nothing was written.
 */
export async function apply(planned: RunResult): Promise<RunResult> {
  const run = runOf.get(planned);
  if (!run) throw new SyncError('USAGE', 'apply() got a plan of its own', 'pass what plan() returned');
  return (await planOrApply(run.settings, run.ports, run.saved)).planned;
}

async function planOrApply(
  settings: Settings,
  ports: PlanOptions,
  approved: SavedPlan | undefined,
): Promise<{ readonly planned: RunResult; readonly saved: SavedPlan }> {
  const { signal } = ports;
  const control = startStop(settings.timeoutMs);
  const end = (): void => control.end({ kind: 'signal', name: "the caller's signal" });
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end, { once: true });
  try {
    return await runWithin(control, settings, ports, approved);
  } catch (error) {
    const reason = control.stop.reason();
    throw reason && !(error instanceof SyncError && error.code === 'GUARD_REFUSED')
      ? stopError(reason)
      : error;
  } finally {
    signal?.removeEventListener('abort', end);
    control.dispose();
  }
}

async function runWithin(
  control: StopControl,
  given: Settings,
  ports: PlanOptions,
  approved: SavedPlan | undefined,
): Promise<{ readonly planned: RunResult; readonly saved: SavedPlan }> {
  const began = performance.now();
  const dryRun = approved === undefined;
  const command = dryRun ? 'reconcile' : 'apply';
  const requests = { github: 0, permit: 0 };
  const observer: RequestObserver = {
    onStart: (service) => void requests[service === 'GitHub' ? 'github' : 'permit']++,
    onEnd: () => undefined,
  };
  const clients = { stop: control.stop, observer, inActions: false };
  const settings = ports.github ? given : await withInstalledOrgs(given, clients);
  const shared = await openSharedStateOf(settings, 'library');
  try {
    let saved: SavedPlan | undefined;
    const keep = (now: SavedPlan): void => {
      saved = now;
    };
    const run = {
      ...{ dryRun, approved, shared, keepers: [keep], instead: insteadOf(ports, dryRun) },
      concealed: (text: string) => text,
      announce: () => undefined,
    };
    const done = await runOnce(settings, run, clients);
    const durationMs = Math.round(performance.now() - began);
    const report = finishedReport(done, undefined, control, {
      ...{ command, dryRun, orgs: settings.orgs },
      ...{ owner: settings.owner, config: settings.configFile },
      target: done.target,
      ...{ flags: [], requests, durationMs, notes: [] },
    });
    if (!saved) throw new Error('a run without a plan');
    if (!dryRun && report.status === 'refused') {
      const { message, hint } = refusal(report);
      throw new SyncError('GUARD_REFUSED', message, hint);
    }
    return { planned: documentOf(report), saved };
  } finally {
    shared?.close();
  }
}

/** The caller's own source and target. */
const insteadOf = ({ github, permit }: PlanOptions, dryRun: boolean) => ({
  ...(github && { github }),
  ...(permit && {
    reader: permit,
    writer: dryRun ? undefined : permit,
    // A target of the caller's own is one place, whatever it is called.
    environment: async () => ({ project: 'custom', environment: 'custom' }),
  }),
});
