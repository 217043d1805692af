import type { Change, Outcome } from '../../../src/model/change.ts';
import type { GitHubId, UserKey } from '../../../src/model/identity.ts';
import { changesOf, type Movement, type PersonPlan, type Plan } from '../../../src/model/plan.ts';
import type { RunReport } from '../../../src/report/run-report.ts';

type AnyChange<C> = C extends Change ? Omit<C, 'user'> & { user?: string } : never;

/** A person with changes for that person's user key, unless a change names another. */
export function person(
  login: string,
  movement: Movement,
  changes: readonly AnyChange<Change>[],
  user = login,
): PersonPlan {
  return {
    id: 583231 as GitHubId,
    login,
    user: user as UserKey,
    movement,
    changes: changes.map((change) => ({ ...change, user: change.user ?? user }) as Change),
  };
}

export const assign = (role: string, reason: string, tenant = 'default') =>
  ({ kind: 'assignRole', grant: { tenant, role }, reason }) as const;
export const unassign = (role: string, reason: string, tenant = 'default') =>
  ({ kind: 'unassignRole', grant: { tenant, role }, reason }) as const;
export const create = (reason: string) => ({ kind: 'createUser', mark: {}, reason }) as const;
export const remove = (reason: string) => ({ kind: 'deleteUser', last: {}, reason }) as const;
export const update = (reason: string) => ({ kind: 'updateUser', from: {}, to: {}, reason }) as const;

export const joiner = (login: string): PersonPlan =>
  person(login, 'joining', [create('github:acme:role:member'), assign('member', 'github:acme:role:member')]);
export const leaver = (login: string): PersonPlan => person(login, 'leaving', [remove('no longer in acme')]);

export function plan(people: readonly PersonPlan[], rest: Partial<Plan> = {}): Plan {
  return {
    people,
    skipped: [],
    notes: [],
    unmanaged: [],
    holders: [],
    waiting: [],
    unsettled: [],
    members: 412,
    managedBefore: 410,
    ...rest,
  };
}

/** A report on `people`, with `outcome` for every change; in sync if there are no people. */
export function report(
  people: readonly PersonPlan[],
  { outcome, ...rest }: Partial<RunReport> & { outcome?: Outcome } = {},
): RunReport {
  const made = 'plan' in rest ? rest.plan : plan(people);
  const changes = made === undefined ? [] : changesOf(made);
  return {
    command: 'reconcile',
    dryRun: false,
    status: changes.length === 0 ? 'in-sync' : 'applied',
    orgs: ['acme'],
    plan: made,
    results: changes.map((change) => ({ change, outcome: outcome ?? { kind: 'applied' } })),
    verdict: { verdict: 'pass', violations: [] },
    warnings: [],
    requests: { github: 6, permit: 4 },
    durationMs: 431,
    error: undefined,
    ...rest,
  };
}

/** A report in which every text from outside is `text`. */
export function hostileReport(text: string): RunReport {
  const made = plan(
    [
      person(text, 'joining', [
        create(text),
        { kind: 'assignRole', grant: { tenant: text, role: text, resource: text }, reason: text },
      ]),
    ],
    {
      skipped: [{ id: undefined, user: text, code: 'KEY_TAKEN', message: text }],
      notes: [{ code: 'KEPT_UNCONFIRMED', users: [text], message: text }],
      unmanaged: [{ user: text as UserKey, grant: { tenant: text, role: text }, govern: text }],
    },
  );
  return report([], {
    plan: made,
    status: 'partial',
    orgs: [text],
    outcome: { kind: 'failed', code: 'PERMIT_REFUSED', message: text },
    warnings: [{ code: 'GITHUB_INCOMPLETE', message: text }],
    verdict: { verdict: 'pass', violations: [{ limit: 'floors', allowed: 1, planned: 0, override: text }] },
    error: { code: 'INTERNAL', message: `first ${text}`, hint: `then ${text}` },
  });
}

export const REFUSED = report([leaver('mona'), leaver('hubot')], {
  status: 'refused',
  outcome: { kind: 'skipped', why: 'refused by a limit' },
  verdict: {
    verdict: 'refused',
    violations: [
      { limit: 'removals', allowed: 1, planned: 2, override: '--allow-removals 2' },
      { limit: 'floors', allowed: 1, planned: 0, override: '--allow-floor default/admin=0' },
    ],
  },
});

export const FAILED = report([], {
  plan: undefined,
  status: 'error',
  error: {
    code: 'PERMIT_MISSING_ROLE',
    message: 'Permit lacks 2 roles:\n  deployer\n  insider',
    hint: 'create them with\n  gh-permit-sync policy',
  },
});

/** Somebody of each kind: who lost a role in part, left, moved and came. */
export const PARTIAL: RunReport = (() => {
  const people = [
    person('hubot', 'demoted', [
      assign('member', 'github:acme:role:member'),
      unassign('admin', 'github:*:role:admin no longer holds'),
    ]),
    leaver('mona'),
    person('monalisa', 'moved', [
      create('renamed from lisa'),
      assign('member', 'renamed from lisa'),
      { ...unassign('member', 'renamed to monalisa'), user: 'lisa' },
      { ...remove('renamed to monalisa'), user: 'lisa' },
    ]),
    person(
      'octocat',
      'joining',
      [
        create('github:acme:role:member'),
        {
          kind: 'assignRole',
          grant: { tenant: 'default', role: 'owner', resource: 'repository:payments-api' },
          reason: 'github:acme:team:#4242:maintainer',
        },
      ],
      'github|583231',
    ),
  ];
  const applied = report([], {
    status: 'partial',
    durationMs: 64_300,
    warnings: [{ code: 'TEAM_UNREADABLE', message: 'the team acme/platform could not be read' }],
    plan: plan(people, {
      skipped: [{ id: undefined, user: 'Kees', code: 'KEY_TAKEN', message: 'the user kees is not ours' }],
      notes: [{ code: 'KEPT_UNCONFIRMED', users: ['ann'], message: 'ann: kept as they are' }],
      unmanaged: [
        { user: 'svc-ci' as UserKey, grant: { tenant: 'default', role: 'admin' } },
        { user: 'hubot' as UserKey, grant: { tenant: 'prod', role: 'audit' }, govern: 'prod/audit' },
      ],
    }),
  });
  const outcomes: readonly Outcome[] = [
    { kind: 'failed', code: 'PERMIT_REFUSED', message: 'Permit answered 422' },
    { kind: 'skipped', why: 'the role that replaces it could not be assigned' },
  ];
  const [hubot] = people;
  const ofHubot = new Map(hubot?.changes.map((change, index) => [change, outcomes[index]]));
  const results = applied.results.map((result) => ({
    ...result,
    outcome: ofHubot.get(result.change) ?? result.outcome,
  }));
  return { ...applied, results };
})();

export const people = (n: number, make: (login: string) => PersonPlan = joiner): readonly PersonPlan[] =>
  Array.from({ length: n }, (_, index) => make(`user-${String(index).padStart(6, '0')}`));
