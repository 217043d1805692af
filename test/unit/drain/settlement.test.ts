import { describe, expect, test } from 'vitest';
import type { Hint, Hints } from '../../../src/drain/hints.ts';
import { type GraphConcern, noMoreThanEntry } from '../../../src/drain/repository-scope.ts';
import {
  type Convergence,
  findUnconverged,
  settle,
  type Unconverged,
} from '../../../src/drain/settlement.ts';
import type { Outcome } from '../../../src/model/change.ts';
import { changesOf } from '../../../src/model/plan.ts';
import { gitHubId, listing, member, ours, planFor, user } from '../../support/builders.ts';

const hint = (id: string, org = 'acme'): Hint => ({
  id,
  attempts: 0,
  lookup: 1,
  entry: {
    ...{ delivery: 'd', event: 'organization', action: 'renamed', org, orgId: undefined },
    ...{ login: undefined, id: undefined, team: undefined, repository: undefined },
    at: '2026-01-01T00:00:00Z',
  },
});

const hints = (some: Partial<Hints>): Hints => ({
  ...{ people: new Map(), logins: new Map(), orgs: [], graph: [], idle: [], unreadable: [], strangers: [] },
  lookOnly: false,
  ...some,
});

const seen = (
  open: readonly (readonly [number, Unconverged])[] = [],
  more: Partial<Convergence> = {},
): Convergence => ({
  idsByLogin: new Map(),
  open: new Map(open.map(([id, why]) => [gitHubId(id), why])),
  openInstances: new Map(),
  concernOf: noMoreThanEntry,
  isSeen: () => true,
  contradicted: new Map(),
  ...more,
});

const WAITS: Unconverged = { kind: 'waits' };
const FAILED: Unconverged = { kind: 'failed', reason: 'KEY_TAKEN: taken' };

describe('an entry leaves the queue', () => {
  const people = new Map([
    [gitHubId(1), [hint('1-0'), hint('2-0')]],
    [gitHubId(2), [hint('3-0')]],
  ]);

  test('when its person has converged', () => {
    expect(settle(hints({ people }), seen([[2, FAILED]]))).toEqual({
      settled: ['1-0', '2-0'],
      failed: [{ id: '3-0', reason: 'KEY_TAKEN: taken' }],
      released: [],
      contradicted: [],
    });
  });

  test('not for an outage, which does not count as an attempt', () => {
    expect(settle(hints({ people }), seen([[1, WAITS]]))).toMatchObject({
      settled: ['3-0'],
      released: ['1-0', '2-0'],
    });
  });

  test('not while its organization could not be read', () => {
    const mixed = new Map([[gitHubId(1), [hint('1-0', 'labs'), hint('2-0', 'acme')]]]);
    const view = seen([], { isSeen: (org) => org !== 'labs' });
    expect(settle(hints({ people: mixed }), view)).toMatchObject({ settled: ['2-0'], released: ['1-0'] });
  });

  test('not while GitHub answers the opposite, until the last lookup', () => {
    const contradicted = (lookup: number) => seen([], { contradicted: new Map([['2-0', lookup]]) });
    for (const lookup of [1, 2, 3]) {
      expect(settle(hints({ people }), contradicted(lookup))).toEqual({
        ...{ settled: ['1-0', '3-0'], failed: [], released: [] },
        contradicted: [{ id: '2-0', lookup }],
      });
    }
    expect(settle(hints({ people }), contradicted(4)).settled).toEqual(['1-0', '2-0', '3-0']);
  });

  test('nor does an outage count as a lookup', () => {
    const view = seen([[1, WAITS]], { contradicted: new Map([['2-0', 1]]) });
    expect(settle(hints({ people }), view)).toMatchObject({ released: ['1-0', '2-0'], contradicted: [] });
  });

  test('about a whole organization when everyone has converged', () => {
    expect(settle(hints({ orgs: [hint('1-0')] }), seen()).settled).toEqual(['1-0']);
    expect(settle(hints({ orgs: [hint('1-0')] }), seen([[9, WAITS]])).released).toEqual(['1-0']);
    expect(settle(hints({ orgs: [hint('1-0')] }), seen([[9, FAILED]])).failed).toHaveLength(1);
    expect(
      settle(
        hints({ orgs: [hint('1-0')] }),
        seen([
          [8, FAILED],
          [9, WAITS],
        ]),
      ).released,
    ).toEqual(['1-0']);
  });

  test('about a repository when the people whom it concerns have converged', () => {
    const graph = [hint('1-0')];
    const concerns = (some: Partial<GraphConcern>) => ({
      concernOf: () => ({ instances: [], people: [], bystanders: [], ...some }),
    });
    const settleWith = (why: Unconverged, some: Partial<GraphConcern>) =>
      settle(hints({ graph }), seen([[1, why]], concerns(some)));
    const people = [gitHubId(1)];
    expect(settleWith(WAITS, {}).settled).toEqual(['1-0']);
    expect(settleWith(WAITS, { people }).released).toEqual(['1-0']);
    expect(settleWith(FAILED, { people }).failed).toHaveLength(1);
    expect(settleWith(WAITS, { bystanders: people }).released).toEqual(['1-0']);
    expect(settleWith(FAILED, { bystanders: people }).settled).toEqual(['1-0']);
  });

  test('about a login when everyone who has it has converged, or nobody has it', () => {
    const logins = new Map([['ann', [hint('1-0')]]]);
    const idsByLogin = new Map([['ann', [gitHubId(1), gitHubId(2)]]]);
    expect(settle(hints({ logins }), seen([], { idsByLogin })).settled).toEqual(['1-0']);
    expect(settle(hints({ logins }), seen([[2, WAITS]], { idsByLogin })).released).toEqual(['1-0']);
    const nobody = { idsByLogin: new Map([['ann', []]]) };
    expect(settle(hints({ logins }), seen([[2, WAITS]], nobody)).settled).toEqual(['1-0']);
    // GitHub did not say who has it.
    expect(settle(hints({ logins }), seen()).released).toEqual(['1-0']);
  });

  test('for the dead letters when it can’t be read, and for good when it has no consequences', () => {
    const unreadable = [{ id: '1-0', attempts: 0, lookup: 1, entry: undefined }];
    expect(settle(hints({ unreadable, idle: [hint('2-0')] }), seen())).toMatchObject({
      settled: ['2-0'],
      failed: [{ id: '1-0' }],
    });
  });
});

describe('people who have not converged', () => {
  const plan = planFor({
    listings: [listing('acme', member(1, 'ann'), member(2, 'bob'), member(3, 'taken'))],
    users: [user('taken'), ours(4, 'gone', { grants: ['default/member'] })],
  });
  const ended = (outcomes: Readonly<Record<string, Outcome>>) =>
    findUnconverged({
      plan,
      results: changesOf(plan).map((change) => ({
        change,
        outcome: outcomes[change.user] ?? { kind: 'applied' },
      })),
    });
  const refused: Outcome = { kind: 'failed', code: 'PERMIT_REFUSED', message: 'no' };
  const away: Outcome = { kind: 'failed', code: 'PERMIT_UNAVAILABLE', message: 'no answer' };
  const skipped: Outcome = { kind: 'skipped', why: 'ended by SIGTERM' };
  const taken: Unconverged = { kind: 'failed', reason: expect.stringMatching(/^KEY_TAKEN: /) };

  test('people who were skipped, as a failed attempt', () => {
    expect([...ended({})]).toEqual([[3, taken]]);
  });

  test('people whom Permit refused', () => {
    expect(ended({ ann: refused }).get(gitHubId(1))).toEqual({
      kind: 'failed',
      reason: 'PERMIT_REFUSED: no',
    });
  });

  test('people who were not reached, who wait', () => {
    expect(ended({ bob: skipped }).get(gitHubId(2))).toEqual(WAITS);
  });

  test('a person whose writes got no answer fails; if no write got one, everyone waits', () => {
    expect(ended({ ann: away }).get(gitHubId(1))).toMatchObject({ kind: 'failed' });
    const nobody = ended({ ann: away, bob: away, gone: away });
    expect([...nobody]).toEqual([
      [3, taken],
      [1, WAITS],
      [2, WAITS],
      [4, WAITS],
    ]);
  });

  test('people without any result', () => {
    const open = findUnconverged({ plan, results: [] });
    expect([...open.keys()]).toEqual([3, 1, 2, 4].map(gitHubId));
  });

  test('people who wait for a limit or for GitHub', () => {
    const open = findUnconverged({
      plan: planFor({
        ...{ listings: [listing('acme', member(1, 'ann'))], users: [ours(4, 'gone', { grants: [] })] },
        unconfirmed: new Map([[gitHubId(7), { kind: 'unanswered', why: 'a timeout' }]]),
      }),
      results: [],
      heldBack: new Set([gitHubId(4)]),
    });
    expect([open.get(gitHubId(4)), open.get(gitHubId(7))]).toEqual([WAITS, WAITS]);
  });
});
