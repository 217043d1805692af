import { describe, expect, test } from 'vitest';
import type { CompleteListing, Team, TeamRole } from '../../../src/model/member.ts';
import type { PlanInput } from '../../../src/plan/make-plan.ts';
import {
  allow,
  deny,
  gitHubId,
  keeps,
  listing,
  member,
  ours,
  outline,
  planFor,
} from '../../support/builders.ts';

type Case = Partial<PlanInput> & { readonly name: string; readonly expected: readonly string[] };

const team = (ref: string, members: { readonly [id: number]: TeamRole }): Team => ({
  ref,
  asked: 'name',
  members: new Map(Object.entries(members).map(([id, role]) => [gitHubId(Number(id)), role])),
});

const having = (one: CompleteListing, more: Partial<CompleteListing>): CompleteListing => ({
  ...one,
  ...more,
});

const unreadTeam = (ref: string) => ({ what: { kind: 'team', ref } as const, message: 'not found' });
const unreadCollaborators = { what: { kind: 'collaborators' } as const, message: 'forbidden' };

const ANN = member(1, 'ann');
const BOB = member(2, 'bob');
const STAFF = allow('github:acme:role:*', 'staff');
const DEPLOYER = allow('github:acme:team:platform:*', 'deployer');
const held = (...roles: readonly string[]) => ({ grants: roles.map((role) => `default/${role}`) });

describe('teams and collaborators give and take like roles', () => {
  const acme = listing('acme', ANN, BOB);

  test.each<Case>([
    {
      name: 'by a team',
      rules: [DEPLOYER],
      listings: [having(acme, { teams: [team('platform', { 1: 'member' })] })],
      expected: ['ann joining: created +default/deployer'],
    },
    {
      name: 'by a role in a team',
      rules: [allow('github:acme:team:#42:maintainer', 'lead')],
      listings: [having(acme, { teams: [team('#42', { 1: 'member', 2: 'maintainer' })] })],
      expected: ['bob joining: created +default/lead'],
    },
    {
      name: 'unless in a team',
      rules: [allow('github:acme:role:*', 'insider', { unless: ['github:acme:team:contractors:*'] })],
      listings: [having(acme, { teams: [team('contractors', { 1: 'member' })] })],
      expected: ['bob joining: created +default/insider'],
    },
    {
      name: 'nothing by a team to somebody who is not in its organization',
      rules: [DEPLOYER],
      listings: [
        having(listing('acme', BOB), { teams: [team('platform', { 1: 'member' })] }),
        listing('labs', ANN),
      ],
      expected: [],
    },
    {
      name: 'as an outside collaborator',
      rules: [allow('github:acme:collaborator', 'guest', { tenant: '{org}' })],
      listings: [having(acme, { collaborators: [{ id: gitHubId(3), login: 'cat' }] })],
      expected: ['cat joining: created +acme/guest'],
    },
    {
      name: 'a collaborator is denied by login too',
      rules: [allow('github:acme:collaborator', 'guest'), deny('github:*:user:*-bot', '*')],
      listings: [having(acme, { collaborators: [{ id: gitHubId(3), login: 'ci-bot' }] })],
      expected: [],
    },
    {
      name: 'leaving the team loses what it gave',
      rules: [DEPLOYER, STAFF],
      listings: [having(listing('acme', ANN), { teams: [team('platform', {})] })],
      users: [ours(1, 'ann', held('deployer', 'staff'))],
      expected: ['ann demoted: -default/deployer'],
    },
  ])('$name', ({ name: _, expected, ...input }) => {
    expect(outline(planFor(input))).toEqual(expected);
  });
});

describe('what could not be read neither gives nor takes', () => {
  const lost = having(listing('acme', ANN), { unread: [unreadTeam('platform')] });

  test.each<Case>([
    { name: 'not given by an unread team', rules: [DEPLOYER], listings: [lost], expected: [] },
    {
      name: 'not given if also the unread team is needed',
      rules: [allow('github:acme:role:*', 'deployer', { also: ['github:acme:team:platform:*'] })],
      listings: [lost],
      expected: [],
    },
    {
      name: 'not given unless in the unread team',
      rules: [allow('github:acme:role:*', 'insider', { unless: ['github:acme:team:platform:*'] })],
      listings: [lost],
      expected: [],
    },
    {
      name: 'not given if the unread team may deny it',
      rules: [STAFF, deny('github:acme:team:platform:*', 'staff')],
      listings: [lost],
      expected: [],
    },
    {
      name: 'not removed, however it depends on the unread team',
      rules: [
        STAFF,
        DEPLOYER,
        allow('github:acme:role:*', 'on-call', { also: ['github:acme:team:platform:*'] }),
        allow('github:acme:role:*', 'insider', { unless: ['github:acme:team:platform:*'] }),
        allow('github:acme:role:*', 'reader'),
        deny('github:acme:team:platform:*', 'reader'),
      ],
      listings: [lost],
      users: [ours(1, 'ann', held('staff', 'deployer', 'on-call', 'insider', 'reader'))],
      expected: [],
    },
    {
      name: 'other grants are unaffected',
      rules: [allow('github:acme:role:admin', 'boss'), STAFF, DEPLOYER],
      listings: [lost],
      users: [ours(1, 'ann', held('boss', 'deployer'))],
      expected: ['ann demoted: +default/staff -default/boss'],
    },
    {
      name: 'still removed where a deny is certain',
      rules: [STAFF, DEPLOYER, deny('github:*:user:ann', 'deployer')],
      listings: [lost],
      users: [ours(1, 'ann', held('staff', 'deployer'))],
      expected: ['ann demoted: -default/deployer'],
    },
    {
      name: 'still removed from someone who left the organization',
      rules: [DEPLOYER],
      listings: [having(listing('acme', BOB), { unread: [unreadTeam('platform')] })],
      users: [ours(1, 'ann', held('deployer'))],
      expected: ['ann leaving: deleted'],
    },
    {
      name: 'nobody counts as gone while everything they hold depends on it',
      rules: [DEPLOYER],
      listings: [lost],
      users: [ours(1, 'ann', held('deployer'))],
      expected: [],
    },
    {
      name: 'collaborators: not given, not taken',
      rules: [allow('github:acme:collaborator', 'guest')],
      listings: [having(listing('acme', BOB), { unread: [unreadCollaborators] })],
      users: [ours(1, 'ann', held('guest')), ours(2, 'bob', held('guest'))],
      expected: ['bob leaving: deleted'],
    },
    {
      name: 'the organization stays in the mark with the grant',
      rules: [DEPLOYER, allow('github:labs:role:*', 'lab')],
      listings: [lost, listing('labs', ANN)],
      users: [ours(1, 'ann', { ...held('deployer', 'lab'), orgs: ['acme', 'labs'] })],
      expected: [],
    },
    {
      name: 'undecided only for members of that organization, all else being equal',
      rules: [allow('github:acme:role:*', 'insider', { unless: ['github:labs:team:#42:*'] })],
      listings: [listing('acme', ANN, BOB), having(listing('labs', BOB), { unread: [unreadTeam('#42')] })],
      expected: ['ann joining: created +default/insider'],
    },
  ])('$name', ({ name: _, expected, ...input }) => {
    const plan = planFor(input);
    expect(outline(plan)).toEqual(expected);
    expect(plan.skipped).toEqual([]);
    expect(keeps(plan)).toEqual([]);
  });
});

describe('an organization that was not listed gives nothing, and may forbid', () => {
  test.each<Case>([
    { name: 'gives nothing', rules: [allow('github:labs:role:*', 'lab')], expected: [] },
    {
      name: 'gives nothing in part',
      rules: [allow('github:acme:role:*', 'lab', { also: ['github:labs:role:*'] })],
      expected: [],
    },
    {
      name: 'may exclude: nothing is given',
      rules: [allow('github:acme:role:*', 'insider', { unless: ['github:labs:role:*'] })],
      expected: [],
    },
    {
      name: 'may deny: nothing is given',
      rules: [STAFF, deny('github:labs:user:*', '*')],
      expected: [],
    },
    {
      name: 'may deny by one of its teams',
      rules: [STAFF, deny('github:labs:team:#42:*', 'staff')],
      expected: [],
    },
    {
      name: 'grants that it can’t forbid are given',
      rules: [STAFF, deny('github:labs:user:*', '*', { tenant: 'labs' })],
      expected: ['ann joining: created +default/staff'],
    },
    {
      name: 'grants that it may forbid are not removed either',
      rules: [STAFF, deny('github:labs:user:*', '*')],
      users: [ours(1, 'ann', held('staff'))],
      expected: [],
    },
  ])('$name', ({ name: _, expected, ...input }) => {
    const plan = planFor({ listings: [listing('acme', ANN)], configuredOrgs: ['acme', 'labs'], ...input });
    expect(outline(plan)).toEqual(expected);
  });
});
