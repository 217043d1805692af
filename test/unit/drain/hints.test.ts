import { describe, expect, test } from 'vitest';
import { readHints } from '../../../src/drain/hints.ts';
import type { QueueEntry, TakenEntry } from '../../../src/model/webhooks/queue.ts';
import { allow, gitHubId, orgId } from '../../support/builders.ts';

let next = 0;
const taken = (entry: Partial<QueueEntry> | undefined): TakenEntry => ({
  id: `${++next}-0`,
  attempts: 0,
  lookup: 1,
  entry: entry && {
    ...{ delivery: 'd', event: 'organization', action: 'member_added', org: 'acme', orgId: orgId(100) },
    ...{ login: undefined, id: undefined, team: undefined, repository: undefined },
    at: '2026-01-01T00:00:00Z',
    ...entry,
  },
});

const PLAIN = { configuredOrgs: ['acme', 'labs'], rules: [allow('github:acme:role:*', 'member')] };
const TEAMS = { ...PLAIN, rules: [allow('github:acme:team:core:*', 'deployer')] };
const MIRRORED = { ...PLAIN, repositories: { orgs: ['acme'], match: ['*'], tenant: 'default' } };

describe('an entry', () => {
  test('with an id is about that person, whatever its login', () => {
    const { people, logins } = readHints(
      [taken({ id: gitHubId(1), login: 'ann' }), taken({ id: gitHubId(1), login: 'anna' })],
      PLAIN,
    );
    expect([...people].map(([id, hints]) => [id, hints.length])).toEqual([[1, 2]]);
    expect(logins.size).toBe(0);
  });

  test('with a login alone is about that login, in any case', () => {
    const { logins } = readHints([taken({ login: 'Ann' }), taken({ login: 'ann' })], PLAIN);
    expect([...logins].map(([login, hints]) => [login, hints.length])).toEqual([['ann', 2]]);
  });

  test.each([
    [
      'of a person in an organization that is not configured: a look does no harm',
      { id: gitHubId(1), org: 'other' },
      'people',
    ],
    ['of an organization', { action: 'renamed' }, 'orgs'],
    ['of an organization in another case', { action: 'deleted', org: 'ACME' }, 'orgs'],
    ['of an organization that is not configured', { action: 'renamed', org: 'other' }, 'idle'],
    ['of a team', { event: 'team', action: 'edited', team: 4 }, 'idle'],
    [
      'of what a team may do with a repository',
      { event: 'team', action: 'added_to_repository', team: 4 },
      'idle',
    ],
  ] as const)('%s', (_, entry, where) => {
    const hints = readHints([taken(entry)], PLAIN);
    expect({ people: hints.people.size, orgs: hints.orgs.length, idle: hints.idle.length }).toEqual({
      ...{ people: 0, orgs: 0, idle: 0 },
      [where]: 1,
    });
  });

  test('of a team is about everyone, if a rule names teams of that organization', () => {
    const of = (entry: Partial<QueueEntry>) =>
      readHints([taken({ event: 'team', action: 'deleted', ...entry })], TEAMS);
    expect(of({}).orgs).toHaveLength(1);
    expect(of({ org: 'labs' }).idle).toHaveLength(1);
    expect(of({ action: 'removed_from_repository' }).idle).toHaveLength(1);
  });

  test.each([
    ['renamed, or moved to another parent', { event: 'team', action: 'edited', team: 4 }, 'orgs'],
    [
      'deleted, and its members leave the teams above it',
      { event: 'team', action: 'deleted', team: 4 },
      'orgs',
    ],
    ['new', { event: 'team', action: 'created', team: 4 }, 'graph'],
    ['given another role', { event: 'team', action: 'edited', team: 4, repository: 5 }, 'graph'],
    ['given a repository', { event: 'team', action: 'added_to_repository', team: 4, repository: 5 }, 'graph'],
  ] as const)('of a team where repositories are mirrored: %s', (_, entry, where) => {
    const { orgs, graph } = readHints([taken(entry)], MIRRORED);
    expect({ orgs: orgs.length, graph: graph.length }).toEqual({ orgs: 0, graph: 0, [where]: 1 });
  });

  test('that can’t be read is set apart', () => {
    expect(readHints([taken(undefined)], PLAIN).unreadable).toHaveLength(1);
  });
});
