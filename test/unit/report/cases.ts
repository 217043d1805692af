import type { Finding } from '../../../src/model/finding.ts';
import type { GitHubId, UserKey } from '../../../src/model/identity.ts';
import { LocatorPattern } from '../../../src/model/locator.ts';
import type { PersonPlan } from '../../../src/model/plan.ts';
import type { PolicyChange, PolicyResult } from '../../../src/model/policy.ts';
import type { Rule } from '../../../src/model/rule.ts';
import type { Explanation, Trace } from '../../../src/model/views/explanation.ts';
import type { ListedEntry, QueueEntry } from '../../../src/model/webhooks/queue.ts';
import type { RedeliveryResult } from '../../../src/model/webhooks/redelivery.ts';
import type { CheckReport } from '../../../src/report/pages/check.ts';
import type { DoctorReport } from '../../../src/report/pages/doctor.ts';
import type { ExplainReport } from '../../../src/report/pages/explain.ts';
import type { PolicyReport } from '../../../src/report/pages/policy.ts';
import type { QueueReport } from '../../../src/report/pages/queue.ts';
import type { RedeliverReport } from '../../../src/report/pages/redeliver.ts';
import type { VerifyReport } from '../../../src/report/pages/verify.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import {
  assign,
  create,
  FAILED,
  hostileReport,
  joiner,
  leaver,
  PARTIAL,
  people,
  person,
  plan,
  REFUSED,
  remove,
  report,
  unassign,
  update,
} from './reports.ts';

const requests = { github: 6, permit: 4 } as const;

const mover = (from: string, to: string): PersonPlan => ({
  ...person(to, 'moved', [
    create(`renamed from ${from}`),
    assign('member', `renamed from ${from}`),
    { ...unassign('member', `renamed to ${to}`), user: from },
    { ...remove(`renamed to ${to}`), user: from },
  ]),
  move: { from: from as UserKey, cause: 'rename' },
});

/** Names of wide characters, as identity providers have them. */
const wide = [
  person(
    '山田太郎',
    'joining',
    [create('github:acme:role:member'), assign('member', 'github:acme:role:member')],
    '山田太郎@example.jp',
  ),
  person('🦊fox', 'changed', [update('login changed to 🦊fox'), assign('管理者', 'github:acme:team:開発:*')]),
];

export const RUNS: Readonly<Record<string, RunReport>> = {
  'in-sync': report([]),
  pending: report([leaver('mona'), mover('lisa', 'monalisa'), joiner('octocat'), ...wide], {
    dryRun: true,
    status: 'pending',
    outcome: { kind: 'planned' },
    orgs: ['acme', 'labs'],
    target: { project: 'proj_1', environment: 'env_2', apiUrl: 'https://api.permit.io' },
    owner: 'acme-identity',
    config: 'gh-permit-sync.yaml',
  }),
  partial: PARTIAL,
  refused: REFUSED,
  failed: FAILED,
  large: report([], {
    plan: plan([
      ...people(45, leaver),
      mover('lisa', 'monalisa'),
      person('hubot', 'demoted', [unassign('admin', 'github:*:role:admin no longer holds')]),
      ...people(70, (login) => joiner(`x-${login}`)),
    ]),
  }),
  first: report([joiner('mona'), joiner('octocat')], {
    status: 'refused',
    flags: ['--org', 'acme'],
    outcome: { kind: 'skipped', why: 'refused by a limit' },
    plan: plan([joiner('mona'), joiner('octocat')], {
      existing: { people: 120, adoptable: { template: '{login}', plain: 117, all: 3 } },
    }),
    verdict: {
      verdict: 'refused',
      violations: [{ limit: 'duplicates', allowed: 0, planned: 120, override: '--allow-duplicates 120' }],
    },
  }),
  taken: report([], {
    status: 'partial',
    plan: plan([], {
      skipped: [
        ...['a', 'b', 'c', 'd'].map((user) => ({
          id: undefined,
          user,
          code: 'KEY_TAKEN' as const,
          message: `the user ${user} is not managed`,
          adoption: user === 'd' ? ('all' as const) : ('plain' as const),
        })),
        { id: undefined, user: 'zoe', code: 'BAD_MARK', message: 'its mark is not valid' },
      ],
      notes: [
        {
          code: 'KEPT_OUT_OF_SCOPE',
          users: people(12).map(({ user }) => user),
          message: 'user-000000 and 11 more: kept',
        },
      ],
      unmanaged: people(30).map(({ user }) => ({ user, grant: { tenant: 'default', role: 'admin' } })),
    }),
  }),
  drain: report([leaver('mona')], {
    command: 'drain',
    status: 'partial',
    queue: { settled: 3, failed: 1, waiting: 2 },
    warnings: [{ code: 'QUEUE_WAITING', message: '2 entries wait for the next drain' }],
  }),
  apply: report([joiner('octocat')], { command: 'apply' }),
  hostile: hostileReport('x](http://evil) <b>&#64;all</b> | `tick` ::error::no'),
};

const FINDINGS: readonly Finding[] = [
  { id: 'settings.config', area: 'settings', status: 'ok', message: 'gh-permit-sync.yaml is valid' },
  {
    id: 'mapping.admins',
    area: 'mapping',
    status: 'warning',
    message:
      'any member can create the team acme/platform again under this slug and would then get its roles',
    hint: 'name the team by its id: github:acme:team:#4242:*',
  },
  { id: 'github.owners:acme', area: 'github', status: 'ok', message: 'acme has 3 owners' },
  { id: 'github.rate-limit', area: 'github', status: 'skipped', message: 'not asked for' },
  {
    id: 'permit.roles',
    area: 'permit',
    status: 'failed',
    message: 'Permit lacks 2 roles:\ndeployer\ninsider',
    hint: 'create them with gh-permit-sync policy',
  },
];

export const DOCTORS: Readonly<Record<string, DoctorReport>> = {
  doctor: { status: 'failed', orgs: ['acme'], findings: FINDINGS, requests, durationMs: 431 },
  ok: { status: 'ok', orgs: ['acme'], findings: FINDINGS.slice(0, 1), requests, durationMs: 431 },
};

const rule = (subject: string, role: string): Rule => ({
  subject: [new LocatorPattern(subject)],
  also: [],
  unless: [],
  effect: 'allow',
  roles: [role],
  tenant: 'default',
});
const trace = (number: number, rest: Partial<Trace>): Trace => ({
  number,
  rule: rule('github:*:role:member', 'member'),
  holds: 'yes',
  by: ['github:acme:role:member'],
  nearly: undefined,
  deniedBy: [],
  ...rest,
});
const EXPLANATION: Explanation = {
  login: 'octocat',
  id: 583231 as GitHubId,
  known: true,
  locators: ['github:acme:role:member', 'github:acme:user:octocat'],
  traces: [
    trace(1, { rule: rule('github:*:role:admin', 'admin'), holds: 'no', by: [] }),
    trace(2, { deniedBy: [4] }),
    trace(3, {
      rule: rule('github:acme:team:platform:*', 'deployer'),
      holds: 'undecided',
      by: ['github:acme:team:platform:*'],
    }),
    trace(4, {
      rule: rule('github:acme:collaborator', 'guest'),
      holds: 'no',
      by: [],
      nearly: 'ended on 2026-03-31',
    }),
  ],
  wanted: [{ grant: { tenant: 'default', role: 'member' }, because: ['github:acme:role:member'] }],
  undecided: ['default/deployer'],
  user: 'github|583231',
  standing: 'ours',
  occupant: undefined,
  held: [
    { grant: { tenant: 'default', role: 'admin' }, managed: true },
    { grant: { tenant: 'prod', role: 'audit' }, managed: false },
  ],
  drift: plan([
    person('octocat', 'demoted', [
      unassign('admin', 'github:*:role:admin no longer holds'),
      assign('member', 'github:acme:role:member'),
    ]),
  ]),
};

export const EXPLAINS: Readonly<Record<string, ExplainReport>> = {
  explain: {
    explanation: EXPLANATION,
    orgs: ['acme'],
    warnings: [{ code: 'TEAM_UNREADABLE', message: 'the team acme/platform could not be read' }],
    requests,
    durationMs: 431,
  },
  'in-sync': {
    explanation: { ...EXPLANATION, undecided: [], traces: [trace(1, {})], drift: plan([]) },
    orgs: ['acme'],
    warnings: [],
    requests,
    durationMs: 431,
  },
  stranger: {
    explanation: {
      ...EXPLANATION,
      login: 'nobody',
      id: undefined,
      known: false,
      locators: [],
      traces: [],
      wanted: [],
      undecided: [],
      user: undefined,
      standing: 'none',
      held: [],
      drift: plan([]),
    },
    orgs: ['acme', 'labs'],
    warnings: [],
    requests,
    durationMs: 431,
  },
};

const CHECK: CheckReport = {
  allowed: true,
  login: 'octocat',
  user: 'github|583231',
  action: 'read',
  resource: 'document:1',
  tenant: 'default',
  pdpUrl: 'https://cloudpdp.api.permit.io',
  warnings: [],
  durationMs: 431,
};
export const CHECKS: Readonly<Record<string, CheckReport>> = {
  allow: CHECK,
  deny: {
    ...CHECK,
    allowed: false,
    user: 'octocat',
    warnings: [
      {
        code: 'PERMIT_MISSING_ROLE',
        message: 'Permit has no resource document: gh-permit-sync policy creates it',
      },
    ],
  },
};

const POLICY_CHANGES: readonly PolicyChange[] = [
  { kind: 'createResource', resource: 'membership', label: { name: 'Membership' } },
  { kind: 'createAction', resource: 'membership', action: 'create-repo' },
  { kind: 'createRole', role: 'admin', label: { name: 'Admin' } },
  { kind: 'addPermission', role: 'admin', permission: 'membership:create-repo' },
  { kind: 'createRole', role: 'guest', label: {}, bare: true },
  { kind: 'updateRole', role: 'member', from: { name: 'Old' }, to: { name: 'Member' } },
  { kind: 'removePermission', role: 'member', permission: 'membership:delete-repo' },
  { kind: 'updateTenant', tenant: 'default', from: { name: '' }, to: { name: 'Default' } },
];
const policyResults = (outcome: PolicyResult['outcome']): readonly PolicyResult[] =>
  POLICY_CHANGES.map((change) => ({ change, outcome }));
const POLICY: PolicyReport = {
  dryRun: false,
  status: 'applied',
  plan: { changes: POLICY_CHANGES, kept: [] },
  results: policyResults({ kind: 'applied' }),
  verdict: { verdict: 'pass', violations: [] },
  warnings: [],
  requests: { github: 0, permit: 7 },
  durationMs: 431,
  error: undefined,
};
export const POLICIES: Readonly<Record<string, PolicyReport>> = {
  policy: POLICY,
  pending: {
    ...POLICY,
    dryRun: true,
    status: 'pending',
    results: policyResults({ kind: 'planned' }),
    warnings: [{ code: 'KEPT_UPSERT_ONLY', message: 'the role member keeps membership:x beyond the policy' }],
  },
  partial: {
    ...POLICY,
    status: 'partial',
    results: policyResults({ kind: 'applied' }).map((result, index) =>
      index === 1
        ? { ...result, outcome: { kind: 'failed', code: 'PERMIT_REFUSED', message: 'Permit answered 422' } }
        : index === 2
          ? { ...result, outcome: { kind: 'skipped', why: 'the run was stopped' } }
          : result,
    ),
  },
  refused: {
    ...POLICY,
    status: 'refused',
    results: policyResults({ kind: 'skipped', why: 'refused by a limit' }),
    verdict: {
      verdict: 'refused',
      violations: [{ limit: 'revocations', allowed: 0, planned: 1, override: '--allow-revoke 1' }],
    },
  },
  failed: {
    ...POLICY,
    status: 'error',
    plan: undefined,
    results: [],
    error: { code: 'PERMIT_AUTH', message: 'Permit refused the API key', hint: 'check PERMIT_API_KEY' },
  },
};

const ENTRY: QueueEntry = {
  delivery: 'c0ffee00-0000-4000-8000-000000000001',
  event: 'organization',
  action: 'member_added',
  org: 'acme',
  orgId: undefined,
  login: 'octocat',
  id: 583231 as GitHubId,
  team: undefined,
  repository: undefined,
  at: '2026-11-20T09:30:12.000Z',
};
const LISTED: readonly ListedEntry[] = [
  {
    id: '1732095012000-0',
    entry: ENTRY,
    attempts: 0,
    lookup: 1,
    state: 'waiting',
    reason: undefined,
    ageSeconds: 45,
  },
  {
    id: '1732095012001-0',
    entry: { ...ENTRY, event: 'membership', action: 'removed', login: undefined, id: undefined, team: 4242 },
    attempts: 3,
    lookup: 1,
    state: 'failed',
    reason: 'Permit answered 422',
    ageSeconds: 7_260,
  },
  {
    id: '1732095012001-1',
    entry: {
      ...{ ...ENTRY, event: 'repository', action: 'renamed', login: undefined, id: undefined },
      repository: 1296269,
    },
    attempts: 0,
    lookup: 1,
    state: 'taken',
    reason: undefined,
    ageSeconds: 7_260,
  },
  {
    id: '1732095012002-0',
    entry: undefined,
    attempts: 10,
    lookup: 1,
    state: 'dead',
    reason: 'unreadable',
    ageSeconds: 300_000,
  },
];
export const QUEUES: Readonly<Record<string, QueueReport>> = {
  status: { kind: 'status', status: { pending: 12, dead: 1, oldestSeconds: 75 } },
  list: { kind: 'list', dead: false, entries: LISTED },
  retry: { kind: 'retry', asked: 3, done: 2 },
  discard: { kind: 'discard', asked: undefined, done: 4 },
};

const HOOK = { org: 'acme', id: 7, place: 'https://hooks.example/github-membership' } as const;
const APP_HOOK = { app: 'acme-sync', place: 'https://app.example/github-membership' } as const;
const lost = (outcome: RedeliveryResult['outcome'], hour: number): RedeliveryResult => ({
  lost: {
    hook: HOOK,
    guid: `c0ffee00-0000-4000-8000-00000000000${hour}`,
    event: 'organization',
    action: 'member_removed',
    attempts: hour,
    firstAtMs: Date.UTC(2026, 10, 20, hour, 30, 12),
    last: {
      id: `1234567890123456${hour}`,
      deliveredAtMs: Date.UTC(2026, 10, 20, hour, 31),
      status: 'failed to connect to host',
      statusCode: hour === 1 ? 0 : 503,
    },
  },
  outcome,
});
const REDELIVERY: RedeliverReport = {
  dryRun: false,
  status: 'partial',
  orgs: ['acme'],
  sinceMs: Date.UTC(2026, 10, 19),
  hooks: [HOOK, APP_HOOK],
  deliveries: 40,
  ignored: 2,
  underWay: 1,
  results: [
    lost({ kind: 'requested' }, 1),
    lost({ kind: 'failed', code: 'GITHUB_UNAVAILABLE', message: 'GitHub answered 502' }, 2),
    lost({ kind: 'skipped', why: 'the run was stopped' }, 3),
  ],
  warnings: [{ code: 'GITHUB_AUTH', message: 'the webhooks of labs could not be read' }],
  error: undefined,
  requests: { github: 6, permit: 0 },
  durationMs: 431,
};
export const REDELIVERIES: Readonly<Record<string, RedeliverReport>> = {
  redeliver: REDELIVERY,
  pending: {
    ...REDELIVERY,
    dryRun: true,
    status: 'pending',
    results: [lost({ kind: 'planned' }, 1)],
    warnings: [],
  },
  'in-sync': { ...REDELIVERY, status: 'in-sync', results: [], warnings: [] },
};

const repository = (id: number, name: string) => ({ id, org: 'acme', name, tenant: 'default' });
const verification = (results: VerifyReport['results'], more: Partial<VerifyReport> = {}): VerifyReport => ({
  ...{
    orgs: ['acme'],
    pdpUrl: 'https://cloudpdp.api.permit.io',
    results,
    warnings: [],
    requests,
    durationMs: 431,
  },
  nameOf: (instance) => (instance === 'github_team:42' ? 'acme/platform' : instance),
  ...more,
});

export const VERIFICATIONS: Readonly<Record<string, VerifyReport>> = {
  verified: verification([
    { kind: 'compared', repository: repository(1, 'payments-api'), people: 80, mismatches: [] },
    { kind: 'compared', repository: repository(2, 'next.js'), people: 12, mismatches: [] },
  ]),
  mismatch: verification(
    [
      {
        kind: 'compared',
        repository: repository(1, 'payments-api'),
        people: 80,
        mismatches: [
          {
            ...{ id: 583231 as GitHubId, login: 'octocat', user: 'github|583231' as UserKey },
            ...{
              gitHub: undefined,
              allowed: ['read', 'triage', 'write'],
              differing: ['read', 'triage', 'write'],
            },
            paths: [
              {
                grant: { tenant: 'default', role: 'member', resource: 'github_team:42' },
                ...{ relation: 'team_push', role: 'writer' },
              },
              {
                grant: { tenant: 'default', role: 'reader', resource: 'repository:1' },
                role: 'reader',
              },
            ],
          },
          {
            ...{ id: 7 as GitHubId, login: 'newcomer', user: undefined, gitHub: 'custom_ops_write' },
            ...{ allowed: [], differing: ['read', 'triage', 'write'], paths: [] },
            sources: [
              { kind: 'Team', name: 'platform', role: 'ops' },
              { kind: 'Organization', name: 'acme', role: 'read' },
            ],
          },
          {
            ...{ id: 8 as GitHubId, login: 'svc\u001b[31m', user: 'svc' as UserKey, gitHub: 'reader' },
            ...{ allowed: ['read', 'admin'], differing: ['admin'], paths: [] },
          },
        ],
      },
      {
        kind: 'unknown',
        repository: repository(2, 'next.js'),
        problem: {
          code: 'PERMIT_UNAVAILABLE',
          message: 'the PDP gives no decision (503)',
          hint: 'run again',
        },
      },
    ],
    { sample: { of: 4000, seed: 'k3x9ab' } },
  ),
};
