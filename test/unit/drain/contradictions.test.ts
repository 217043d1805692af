import { describe, expect, test } from 'vitest';
import {
  answersIn,
  findContradictions,
  lookupsOf,
  tooEarlyToTake,
} from '../../../src/drain/contradictions.ts';
import type { Hint } from '../../../src/drain/hints.ts';
import type { OrgId } from '../../../src/model/identity.ts';
import type { CompleteListing } from '../../../src/model/member.ts';
import type { QueueEntry } from '../../../src/model/webhooks/queue.ts';
import { gitHubId, listing, member } from '../../support/builders.ts';

const ANN = gitHubId(1);
const BEN = gitHubId(2);
const PLATFORM = 4242;

/** ann is in acme and in the team platform; ben is in neither. */
const acme: CompleteListing = {
  ...listing('acme', member(1, 'ann')),
  teams: [
    { ref: 'platform', id: PLATFORM, asked: 'name', members: new Map([[ANN, 'member']]) },
    { ref: '#77', asked: 'name', members: new Map([[ANN, 'member']]) },
    { ref: 'unnumbered', asked: 'pattern', members: new Map([[ANN, 'member']]) },
  ],
};
const observed = answersIn([acme], () => true);

const entry = (about: Partial<QueueEntry>): QueueEntry => ({
  ...{ delivery: 'd', event: 'organization', action: 'member_removed', org: 'acme', orgId: acme.id },
  ...{ login: undefined, id: ANN, team: undefined, repository: undefined, at: '2026-01-01T00:00:00Z' },
  ...about,
});

let ids = 0;
const hint = (about: Partial<QueueEntry>, lookup = 1): Hint => ({
  id: `${++ids}-0`,
  attempts: 0,
  lookup,
  entry: entry(about),
});
const find = (hints: readonly Hint[], isThere = observed) =>
  findContradictions({ people: new Map([[hints[0]?.entry.id ?? ANN, hints]]) }, isThere);

describe('GitHub answers the opposite', () => {
  test.each<[string, Partial<QueueEntry>]>([
    ['removed, and still a member', { action: 'member_removed' }],
    ['added, and not a member', { action: 'member_added', id: BEN }],
    ['added under a name in another case', { action: 'member_added', id: BEN, org: 'ACME' }],
    ['added, without the number of the organization', { action: 'member_added', id: BEN, orgId: undefined }],
    ['removed from a team, and still in it', { event: 'membership', action: 'removed', team: PLATFORM }],
    [
      'removed from a team that a rule names by its number',
      { event: 'membership', action: 'removed', team: 77 },
    ],
    ['added to a team, and not in it', { event: 'membership', action: 'added', team: PLATFORM, id: BEN }],
  ])('%s', (_, about) => {
    expect(find([hint(about)])).toHaveLength(1);
  });

  test.each<[string, Partial<QueueEntry>]>([
    ['added, and a member', { action: 'member_added' }],
    ['removed, and no member', { action: 'member_removed', id: BEN }],
    ['added to a team, and in it', { event: 'membership', action: 'added', team: PLATFORM }],
    [
      'removed from a team, and not in it',
      { event: 'membership', action: 'removed', team: PLATFORM, id: BEN },
    ],
    ['another organization', { org: 'labs', orgId: undefined }],
    ['another organization of the same name', { orgId: 99 as OrgId }],
    ['a team that no rule names', { event: 'membership', action: 'removed', team: 5 }],
    ['no team at all', { event: 'membership', action: 'removed', team: undefined }],
    ['an action that says nothing of a membership', { action: 'renamed' }],
    ['an action that is named like a property', { action: 'constructor' }],
    ['nobody', { id: undefined }],
  ])('not where the entry says: %s', (_, about) => {
    expect(find([hint(about)])).toEqual([]);
  });

  test('not where GitHub did not answer about the person', () => {
    const silent = answersIn([acme], () => false);
    expect(find([hint({ action: 'member_added', id: BEN })], silent)).toEqual([]);
    expect(find([hint({ event: 'membership', action: 'added', team: 77, id: BEN })], silent)).toEqual([]);
  });
});

describe('of the entries of one person', () => {
  test('only the newest can be contradicted', () => {
    const removed = hint({ action: 'member_removed' });
    const added = hint({ action: 'member_added' });
    expect(find([removed, added])).toEqual([]);
    expect(lookupsOf(find([added, removed]))).toEqual(new Map([[removed.id, 1]]));
  });

  test('those about another organization or team are another question', () => {
    const removed = hint({ action: 'member_removed' });
    const others = [
      hint({ action: 'member_added', org: 'labs', orgId: undefined }),
      hint({ event: 'membership', action: 'added', team: PLATFORM }),
      hint({ action: 'renamed' }),
    ];
    expect([...lookupsOf(find([removed, ...others])).keys()]).toEqual([removed.id]);
  });

  test('nothing is taken on the first lookup, nor on one that came too early', () => {
    expect(tooEarlyToTake(find([hint({ action: 'member_added', id: BEN }, 1)]))).toEqual(new Set([BEN]));
    expect(tooEarlyToTake(find([hint({ action: 'member_added', id: BEN }, 2)]))).toEqual(new Set());
  });

  test('the newest is believed, though an older one says what GitHub answers: nothing is taken on the first lookup', () => {
    const swapped = [hint({ action: 'member_removed', id: BEN }), hint({ action: 'member_added', id: BEN })];
    expect(find(swapped)).toHaveLength(1);
    expect(tooEarlyToTake(find(swapped))).toEqual(new Set([BEN]));
  });
});
