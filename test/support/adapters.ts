import { inspect } from 'node:util';
import { onTestFinished } from 'vitest';
import {
  addMember,
  addUser,
  type GitHubEmulator,
  type GitHubSwitches,
  type GitHubWorld,
  githubWorld,
  OWNER_TOKEN,
  orgOf,
  startGitHubEmulator,
  userOf,
} from '../../src/demo/github/github.ts';
import {
  addPermitUser,
  addRole,
  ENVIRONMENT_KEY,
  type PermitEmulator,
  type PermitSwitches,
  permitWorld,
  snapshot,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import type { RecordedRequest } from '../../src/demo/server.ts';
import { createGitHubClients, type GitHubClientOptions } from '../../src/github/github-client.ts';
import { createGitHubSource } from '../../src/github/github-source.ts';
import { createRepositoryInspector } from '../../src/github/repositories/inspector.ts';
import type { RequestObserver } from '../../src/http/request-observer.ts';
import type { RetryPolicy } from '../../src/http/retry.ts';
import { type StopControl, startStop } from '../../src/http/stop.ts';
import { provenAbsence } from '../../src/model/absence.ts';
import type { GitHubCredentials } from '../../src/model/connections/github-credentials.ts';
import type { GitHubId, OrgId } from '../../src/model/identity.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/model/limits.ts';
import type { CompleteListing, Lookup, Member, OrgListing, OrgNeeds } from '../../src/model/member.ts';
import type { PaceLimits } from '../../src/model/pace.ts';
import type { GitHubSource } from '../../src/model/ports.ts';
import { defaultRules } from '../../src/model/rule.ts';
import { createPermitReader } from '../../src/permit/permit-reader.ts';
import { openPermit, type PermitOptions } from '../../src/permit/permit-sdk.ts';
import { createPermitWriter } from '../../src/permit/permit-writer.ts';
import { reconcile } from '../../src/sync/reconcile.ts';
import type { ReconcileRequest, ReconcileResult } from '../../src/sync/run.ts';
import { userSettings } from './builders.ts';

/** GitHub with `acme`: so many owners (`owner` is the first) and so many members, closed when the test ends. */
export async function githubWithAcme(
  { owners = 1, members = 0 }: { readonly owners?: number; readonly members?: number } = {},
  switches: Partial<GitHubSwitches> = {},
): Promise<GitHubEmulator> {
  const world = githubWorld();
  for (let i = 1; i < owners; i++) addMember(world, 'acme', { login: `owner-${pad(i)}`, role: 'admin' });
  for (let i = 1; i <= members; i++) addMember(world, 'acme', { login: `member-${pad(i)}` });
  const emulator = await startGitHubEmulator(world, switches);
  onTestFinished(() => emulator.close());
  return emulator;
}

const pad = (number: number): string => String(number).padStart(5, '0');

/** As patient as the real one, but in milliseconds. */
export const FAST: RetryPolicy = { retries: 5, firstWaitMs: 1, longestWaitMs: 4 };

/** How a request ended, as the observer saw it. */
export type Ended = { readonly request: string; readonly status: number | undefined };

type Shared = {
  /** Of the whole run, in milliseconds. */
  readonly timeoutMs?: number;
  readonly control?: StopControl;
  readonly retry?: RetryPolicy;
};

export type SourceOptions = Shared &
  Partial<Pick<GitHubClientOptions, 'credentials' | 'requestTimeoutMs'>> & { readonly inActions?: boolean };

const controlOf = ({ control, timeoutMs = 60_000 }: Shared): StopControl => {
  const made = control ?? startStop(timeoutMs);
  onTestFinished(() => made.dispose());
  return made;
};

function recordingObserver(): {
  readonly observer: RequestObserver;
  readonly ended: Ended[];
  readonly began: { count: number };
} {
  const ended: Ended[] = [];
  const began = { count: 0 };
  const observer: RequestObserver = {
    onStart: () => {
      began.count++;
    },
    onEnd: (_, request, status) => ended.push({ request, status }),
  };
  return { observer, ended, began };
}

/** The real GitHub source, with short waits. */
export function openSource({ url }: { readonly url: string }, options: SourceOptions = {}) {
  const control = controlOf(options);
  const { observer, ended, began } = recordingObserver();
  const credentials: GitHubCredentials = options.credentials ?? { kind: 'token', token: OWNER_TOKEN };
  const source = createGitHubSource({
    apiUrl: url,
    credentials,
    userAgent: 'gh-permit-sync/0.0.0-test',
    stop: control.stop,
    observer,
    retry: options.retry ?? FAST,
    inActions: options.inActions ?? false,
    ...(options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs }),
  });
  return { source: withFewWords(source), port: source, control, ended, began };
}

const MEMBERS_ONLY: OrgNeeds = { teams: [], collaborators: false, orgRoles: [] };

/** The source for tests that are about members alone. */
const withFewWords = (source: GitHubSource) => ({
  listOrg: (org: string, needs: OrgNeeds = MEMBERS_ONLY): Promise<OrgListing> => source.listOrg(org, needs),
  /** @param logins the names under which our users know the person. */
  lookUp: async (id: GitHubId, orgs: readonly OrgName[], logins: readonly string[] = []): Promise<Lookup> => {
    const lookups = await source.lookUp([{ id, logins }], orgs.map(emptyListing));
    return lookups.get(id) ?? { kind: 'unclear', id, why: 'no answer at all' };
  },
});

type OrgName = Pick<CompleteListing, 'org' | 'id'>;
const emptyListing = (name: OrgName): CompleteListing => ({
  kind: 'complete',
  ...name,
  members: [],
  teams: [],
  orgRoles: [],
  collaborators: undefined,
  unread: [],
});

export type TargetOptions = Shared &
  Partial<
    Pick<PermitOptions, 'apiKey' | 'mayWrite' | 'readTimeoutMs' | 'writeTimeoutMs' | 'pace' | 'paceTiming'>
  > & {
    /** Sees the observer as well. */
    readonly watch?: Partial<RequestObserver>;
  };

/** For tests that are not about pacing: they would last as long as a run does. */
const NO_PACE: PaceLimits = {
  requestsPerMinute: Number.POSITIVE_INFINITY,
  writesPerMinute: Number.POSITIVE_INFINITY,
  deletesPerMinute: Number.POSITIVE_INFINITY,
  bulkPer10Minutes: Number.POSITIVE_INFINITY,
  schemaPostsPerMinute: Number.POSITIVE_INFINITY,
};

/** The real Permit reader and writer, with short waits. */
export function openTarget({ url }: { readonly url: string }, options: TargetOptions = {}) {
  const control = controlOf(options);
  const { stop } = control;
  const { observer, ended, began } = recordingObserver();
  const sdk = openPermit({
    apiUrl: url,
    pdpUrl: url,
    apiKey: options.apiKey ?? ENVIRONMENT_KEY,
    mayWrite: options.mayWrite ?? true,
    readTimeoutMs: options.readTimeoutMs ?? 10_000,
    writeTimeoutMs: options.writeTimeoutMs ?? 10_000,
    stop,
    observer: together(observer, options.watch),
    pace: options.pace ?? NO_PACE,
    ...(options.paceTiming ? { paceTiming: options.paceTiming } : {}),
  });
  const retry = options.retry ?? FAST;
  return {
    sdk,
    reader: createPermitReader({ sdk, stop, retry }),
    writer: createPermitWriter({ sdk, stop, retry }),
    control,
    ended,
    began,
  };
}

const together = (
  observer: RequestObserver,
  { onStart, onEnd, onWait }: Partial<RequestObserver> = {},
): RequestObserver => ({
  onStart: (service) => {
    observer.onStart(service);
    onStart?.(service);
  },
  onEnd: (...how) => {
    observer.onEnd(...how);
    onEnd?.(...how);
  },
  onWait: (...what) => onWait?.(...what) ?? (() => undefined),
});

const none = { kind: 'ratio', ratio: 1 } as const;
/** For tests that are not about limits. */
export const NO_LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  removals: [none],
  demotions: [none],
  moves: [none],
  floors: {},
};

export type ReconcileOptions = SourceOptions &
  TargetOptions & {
    readonly request?: Partial<ReconcileRequest>;
    readonly dryRun?: boolean;
    readonly pause?: (attempt: number) => Promise<void>;
  };

/** One whole run in this process, through the real adapters, without limits unless given. */
export function reconcileOnce(
  stage: {
    readonly github: { readonly url: string } | GitHubSource;
    readonly permit: { readonly url: string };
  },
  options: ReconcileOptions = {},
): Promise<ReconcileResult> {
  const control = controlOf(options);
  const github =
    'listOrg' in stage.github ? stage.github : openSource(stage.github, { ...options, control }).port;
  const { reader, writer, sdk } = openTarget(stage.permit, {
    ...options,
    control,
    mayWrite: options.dryRun !== true,
  });
  const request: ReconcileRequest = {
    rules: defaultRules('default'),
    configuredOrgs: ['acme'],
    owner: 'default',
    listedOrgs: options.request?.configuredOrgs ?? ['acme'],
    tenant: 'default',
    manages: [],
    userKeyChosen: true,
    userSettings: userSettings(),
    mode: 'sync',
    limits: NO_LIMITS,
    overrides: {},
    ...options.request,
  };
  return reconcile(request, {
    github,
    reader,
    writer: options.dryRun === true ? undefined : writer,
    pause: options.pause ?? noPause,
    now: () => new Date(),
    schedule: {
      forecast: sdk.forecast,
      remainingMs: control.stop.remainingMs,
      timeoutMs: options.timeoutMs ?? 60_000,
    },
    announce: () => undefined,
  });
}

/** The numeric id of `acme` in `githubOf`. */
export const ACME_ID = 9000 as OrgId;

/** GitHub as a value, for tests that are about Permit and about many people. */
export function githubOf(members: readonly Member[]): GitHubSource {
  const roles = new Map(members.map((member) => [member.id, member]));
  return {
    listOrg: async (org) => ({ ...emptyListing({ org, id: ACME_ID }), members }),
    lookUp: async (people) =>
      new Map(
        people.map(({ id }) => {
          const role = roles.get(id)?.role ?? provenAbsence({ kind: 'answered otherwise', org: ACME_ID });
          const login = roles.get(id)?.login ?? `was-${id}`;
          const nothing = { teams: new Map(), collaborates: new Map(), orgRoles: new Map() };
          return [id, { kind: 'clear', id, login, roles: new Map([[ACME_ID, role]]), ...nothing }];
        }),
      ),
  };
}

/** Stands in for the wait before Permit is read again. */
export const noPause = async (): Promise<void> => undefined;

/** How the changes of a run ended: the number of each outcome. */
export function outcomes({ results }: Pick<ReconcileResult, 'results'>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of results) counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
  return counts;
}

/** GitHub and Permit side by side. */
export type Pair = { readonly github: GitHubEmulator; readonly permit: PermitEmulator };

/** One foreign attribute and one foreign grant, which nothing may ever take. */
const SEAT = { seat: 7 };
export const FOREIGN_GRANT = 'default/billing';

/**
 * GitHub and Permit as they were in agreement, and then a change of every kind on GitHub: 3 people left, one of the
 * leavers holds a foreign grant, 2 owners were demoted, 2 members promoted, 4 joined, one changed the case of the
 * login. Beside them a service user by hand.
 */
export async function driftedPair({
  steady = 20,
  switches = {},
}: {
  readonly steady?: number;
  readonly switches?: Partial<PermitSwitches>;
} = {}): Promise<Pair> {
  const github = await githubWithAcme();
  const world = permitWorld();
  addRole(world, 'billing');
  const held = (login: string, grants: readonly string[], key = login): void => {
    const mark = markOf(github.world, login);
    addPermitUser(world, { key, attributes: { ...SEAT, ...mark, github_login: key }, grants });
  };
  const lives = (
    login: string,
    role: 'admin' | 'member',
    heldRole: 'admin' | 'member' = role,
    key = login,
  ): void => {
    addMember(github.world, 'acme', { login, role });
    held(login, [`default/${heldRole}`], key);
  };
  const left = (login: string, ...more: readonly string[]): void => {
    addUser(github.world, login);
    held(login, ['default/member', ...more]);
  };
  held('owner', ['default/admin']);
  for (let i = 1; i <= steady; i++) lives(`steady-${i}`, 'member');
  for (const i of [1, 2]) lives(`demoted-${i}`, 'member', 'admin');
  for (const i of [1, 2]) lives(`promoted-${i}`, 'admin', 'member');
  lives('Cased', 'member', 'member', 'cased');
  for (const i of [1, 2, 3]) left(`leaver-${i}`);
  left('released', FOREIGN_GRANT);
  for (const i of [1, 2, 3, 4]) addMember(github.world, 'acme', { login: `joiner-${i}` });
  addPermitUser(world, { key: 'svc-deploy', attributes: { team: 'platform' }, grants: ['default/admin'] });

  const permit = await startPermitEmulator(world, switches);
  onTestFinished(() => permit.close());
  return { github, permit };
}

/** The mark that a user of this person carries, as `created`. */
export const markOf = (world: GitHubWorld, login: string) => ({
  github_id: userOf(world, login).id,
  github_login: login,
  github_orgs: [orgOf(world, 'acme').id],
  managed_by: 'gh-permit-sync:default',
  managed_origin: 'created',
});

/** Everything in which Permit differs from GitHub, or has lost something that is not ours; empty is agreement. */
export function differences({ github, permit }: Pair): readonly string[] {
  const held = snapshot(permit.world);
  const found: string[] = [];
  const seen = new Set<string>();
  for (const [id, { role, state }] of orgOf(github.world, 'acme').members) {
    const login = github.world.users.get(id)?.login;
    if (state !== 'active' || login === undefined) continue;
    const key = Object.keys(held).find((one) => one.toLowerCase() === login.toLowerCase());
    const user = key === undefined ? undefined : held[key];
    if (key === undefined || !user) {
      found.push(`${login} is not there`);
      continue;
    }
    seen.add(key);
    const { seat, ...mark } = user.attributes ?? {};
    const isJoiner = login.startsWith('joiner');
    if (JSON.stringify(sorted(mark)) !== JSON.stringify(sorted(markOf(github.world, login))))
      found.push(`${login} has another mark`);
    if (!isJoiner && login !== 'owner' && seat !== SEAT.seat) found.push(`${login} has lost an attribute`);
    if (user.grants.join() !== `default/${role}`) found.push(`${login} holds ${user.grants.join()}`);
  }
  for (const [key, { attributes, grants }] of Object.entries(held)) {
    if (seen.has(key)) continue;
    const text = JSON.stringify({ attributes, grants });
    const stays =
      key === 'svc-deploy'
        ? { attributes: { team: 'platform' }, grants: ['default/admin'] }
        : key === 'released'
          ? { attributes: { ...SEAT, github_id: userOf(github.world, key).id }, grants: [FOREIGN_GRANT] }
          : undefined;
    if (text !== JSON.stringify(stays)) found.push(`${key} is ${text}`);
  }
  for (const key of ['svc-deploy', 'released']) if (!held[key]) found.push(`${key} is gone`);
  return found;
}

const sorted = (record: object): object => Object.fromEntries(Object.entries(record).toSorted());

export const orgIdOf = (world: GitHubWorld, org = 'acme'): OrgId => orgOf(world, org).id as OrgId;

/** Every way in which a value may get printed: none of them may contain a secret. */
export function everyPrint(value: unknown): string {
  const prints = [
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(value, Object.getOwnPropertyNames(value ?? {})),
    safeJson(value),
    String(value),
  ];
  for (let at: unknown = value; at instanceof Error; at = at.cause) prints.push(at.stack ?? '', at.message);
  return prints.join('\n');
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

/** What was thrown. @throws when nothing was. */
export async function thrownBy(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

export const withoutScope = (requests: readonly RecordedRequest[]): readonly RecordedRequest[] =>
  requests.filter(({ path }) => path !== '/v2/api-key/scope');

export const writesOf = (requests: readonly RecordedRequest[]): readonly string[] =>
  requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path.split('/').slice(5).join('/')}`);

/** Asks the emulated GitHub about repositories. */
export function openInspector({ url }: GitHubEmulator, token = OWNER_TOKEN) {
  const control = startStop(60_000);
  onTestFinished(() => control.dispose());
  const clientOf = createGitHubClients({
    apiUrl: url,
    credentials: { kind: 'token', token },
    userAgent: 'gh-permit-sync/0.0.0-test',
    stop: control.stop,
    observer: { onStart: () => undefined, onEnd: () => undefined },
    retry: FAST,
  });
  return createRepositoryInspector(clientOf, { kind: 'token', inActions: false });
}
