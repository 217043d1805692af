import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Change, compareChanges } from '../../src/model/change.ts';
import { grantId } from '../../src/model/grant.ts';
import { parseGitHubId, type UserKey } from '../../src/model/identity.ts';
import { MARK_KEYS, readMark } from '../../src/model/mark.ts';
import type { ClearLookup } from '../../src/model/member.ts';
import { changesOf, type Plan } from '../../src/model/plan.ts';
import type { PermitUser } from '../../src/model/user.ts';
import { applyLookups } from '../../src/plan/apply-lookups.ts';
import { isTemporaryKey } from '../../src/plan/keys/user-key.ts';
import { makePlan, type PlanInput } from '../../src/plan/make-plan.ts';
import { applyToUsers } from '../support/apply-to-users.ts';
import { absent, OWNER, stillListed } from '../support/builders.ts';
import { idsHeld, isProtected, managedGrants, wantedGrants } from './oracle.ts';
import { RUNS, reordered, shifted, type World, withUnread, worlds } from './worlds.ts';

const always = (says: (world: World) => void, options?: Parameters<typeof worlds>[0]): void =>
  fc.assert(fc.property(worlds(options), says), RUNS);

const byKey = (users: readonly PermitUser[]): ReadonlyMap<UserKey, PermitUser> =>
  new Map(users.map((user) => [user.key, user]));

const deletedBy = (plan: Plan): readonly UserKey[] =>
  changesOf(plan)
    .filter(({ kind }) => kind === 'deleteUser')
    .map(({ user }) => user);

const takes = ({ kind }: Change): boolean => kind === 'deleteUser' || kind === 'unassignRole';

/** The users that something is taken from. Whoever moves loses what is not carried to the new user. */
function losing(plan: Plan, users: readonly PermitUser[]): ReadonlySet<UserKey> {
  const before = byKey(users);
  return new Set(
    plan.people.flatMap(({ changes, move, user }) =>
      changes
        .filter(takes)
        .filter((change) => {
          if (change.kind !== 'deleteUser' || move?.from !== change.user) return true;
          const carried = new Set(idsHeld(before.get(user)));
          for (const one of changes) if (one.kind === 'assignRole') carried.add(grantId(one.grant));
          return idsHeld(before.get(change.user)).some((id) => !carried.has(id));
        })
        .map((change) => change.user),
    ),
  );
}

/** Where a user's grants and attributes are after the plan. */
const successorOf = (plan: Plan, key: UserKey): UserKey =>
  plan.people.find(({ move }) => move?.from === key)?.user ?? key;

/** What a person who moves had before, which comes along. */
const broughtAlong = ({ users }: PlanInput, { move }: Plan['people'][number]): readonly string[] =>
  move === undefined ? [] : idsHeld(users.find(({ key }) => key === move.from));

/** Whether a user may become ours, or is. */
function mayBeWritten({ input, whose }: World, user: PermitUser): boolean {
  const { adopt } = input.userSettings;
  switch (whose.get(user.key)) {
    case 'ours':
    case 'released':
      return true;
    case 'other tool':
      return adopt === 'all';
    case 'unmarked':
      return adopt === 'all' || (adopt === 'plain' && idsHeld(user).every(managedGrants(input).has));
    case 'bad mark':
      return adopt === 'all' && user.attributes.managed_by !== 'gh-permit-sync:other';
    default:
      return false;
  }
}

const foreignAttributes = ({ attributes }: PermitUser): string =>
  JSON.stringify(
    Object.entries(attributes).filter(([key]) => !(MARK_KEYS as readonly string[]).includes(key)),
  );

describe('applying a plan', () => {
  test('converges, and leaves nothing to do', () => {
    always(({ input }) => {
      const reached = applyToUsers(makePlan(input), input.users);
      expect(makePlan({ ...input, users: reached }).people).toEqual([]);
    });
  });

  test('leaves to each member exactly what the rules give, unless the plan says that it leaves them alone', () => {
    always(
      ({ input }) => {
        const plan = makePlan(input);
        const reached = applyToUsers(plan, input.users);
        const managed = managedGrants(input);
        for (const [id, wanted] of wantedGrants(input)) {
          if (wanted.size === 0 || plan.skipped.some((skipped) => skipped.id === id)) continue;
          if (protectedUsers(plan).some((key) => keysOf(input, id).includes(key.toLowerCase()))) continue;
          const user = reached.find(({ attributes }) => {
            const reading = readMark(attributes);
            return reading.kind === 'valid' && reading.mark.owner === OWNER && reading.mark.id === id;
          });
          expect(idsHeld(user).filter(managed.has)).toEqual([...wanted.keys()].sort());
        }
      },
      { whole: true },
    );
  });

  test('leaves nothing that is managed to a user of ours whom nothing is given, unless it says so', () => {
    always(
      ({ input, whose }) => {
        const plan = makePlan(input);
        const wanted = wantedGrants(input);
        const managed = managedGrants(input);
        const skipped = new Set<number | undefined>(plan.skipped.map(({ id }) => id));
        for (const user of applyToUsers(plan, input.users)) {
          const id = parseGitHubId(user.attributes.github_id);
          if (whose.get(user.key) !== 'ours' || id === undefined || skipped.has(id)) continue;
          if ((wanted.get(id)?.size ?? 0) > 0 || isProtected(input, user.key)) continue;
          expect(idsHeld(user).filter(managed.has)).toEqual([]);
          // The mark stays as long as it takes to report what nothing governs, under whom there still is somebody.
          const reported = wanted.has(id) && idsHeld(user).length > 0;
          if (input.userSettings.onLeave === 'delete' && !reported)
            expect(user.attributes.managed_by).toBeUndefined();
        }
      },
      { whole: true },
    );
  });

  test('gives nobody anything that the rules do not', () => {
    always(({ input }) => {
      const wanted = wantedGrants(input);
      for (const person of makePlan(input).people) {
        for (const change of person.changes) {
          if (change.kind !== 'assignRole' || broughtAlong(input, person).includes(grantId(change.grant)))
            continue;
          expect(wanted.get(person.id)?.has(grantId(change.grant))).toBe(true);
        }
      }
    });
  });

  test('gives nobody anything that an organization which was not listed might forbid', () => {
    fc.assert(
      fc.property(worlds({ whole: true }), fc.nat(2), ({ input }, missing) => {
        const known = wantedGrants(input);
        const plan = makePlan({ ...input, listings: input.listings.toSpliced(missing, 1) });
        for (const person of plan.people) {
          for (const change of person.changes) {
            if (change.kind !== 'assignRole' || broughtAlong(input, person).includes(grantId(change.grant)))
              continue;
            expect(known.get(person.id)?.has(grantId(change.grant))).toBe(true);
          }
        }
      }),
      RUNS,
    );
  });

  test('neither gives nor takes what depends on a team or on collaborators that could not be read', () => {
    fc.assert(
      fc.property(
        worlds({ whole: true }).chain((world) => fc.tuple(fc.constant(world), withUnread(world.input))),
        ([{ input }, unread]) => {
          const known = wantedGrants(input);
          const plan = makePlan(unread);
          const before = byKey(input.users);
          for (const person of plan.people) {
            const { id, user, changes, move } = person;
            const along = broughtAlong(input, person);
            for (const change of changes) {
              if (change.kind === 'assignRole' && !along.includes(grantId(change.grant))) {
                expect(known.get(id)?.has(grantId(change.grant))).toBe(true);
              }
              // Under someone else's login nothing is kept, no matter what could not be read.
              if (change.kind === 'unassignRole' && person.claimant === undefined)
                expect(known.get(id)?.has(grantId(change.grant)) ?? false).toBe(false);
              // What a former user held is with the new one, or was decided.
              if (change.kind !== 'deleteUser' || move !== undefined) continue;
              for (const held of idsHeld(before.get(user)))
                expect(known.get(id)?.has(held) ?? false).toBe(false);
            }
          }
        },
      ),
      RUNS,
    );
  });

  const protectedUsers = ({ notes }: Plan): readonly string[] =>
    notes.filter(({ code }) => code === 'PROTECTED').flatMap(({ users }) => users);

  /** The keys under which a person may stand, in lower case. */
  const keysOf = (
    { listings, userSettings, users }: PlanInput,
    id: number | undefined,
  ): readonly string[] => [
    ...listings
      .flatMap(({ members, collaborators = [] }) =>
        [...members, ...collaborators].filter((one) => one.id === id),
      )
      .map(({ login }) =>
        userSettings.key.replace('{login}', login).replace('{id}', String(id)).toLowerCase(),
      ),
    ...users.filter(({ attributes }) => attributes.github_id === id).map(({ key }) => key.toLowerCase()),
  ];
});

describe('what is not ours', () => {
  test('a user of somebody else survives, byte for byte', () => {
    always((world) => {
      const { input } = world;
      const reached = byKey(applyToUsers(makePlan(input), input.users));
      for (const user of input.users) {
        if (mayBeWritten(world, user) && !isProtected(input, user.key)) continue;
        expect(JSON.stringify(reached.get(user.key))).toBe(JSON.stringify(user));
      }
    });
  });

  test('a released user is re-adopted only for the person with its id', () => {
    always(({ input, whose }) => {
      const plan = makePlan(input);
      for (const user of input.users) {
        if (whose.get(user.key) !== 'released') continue;
        const touched = plan.people.filter(
          (person) => person.user === user.key || person.move?.from === user.key,
        );
        // Somebody else may take a key that its user moved away from.
        const heirs = touched.filter(({ move }) => move?.from !== user.key);
        if (heirs.length < touched.length) {
          expect(touched.find(({ move }) => move?.from === user.key)?.id).toBe(user.attributes.github_id);
        } else expect(heirs.map(({ id }) => id)).toEqual(heirs.map(() => user.attributes.github_id));
      }
    });
  });

  test('a person whose id a user carries never gets a second user', () => {
    always(
      ({ input, whose }) => {
        const reached = applyToUsers(makePlan(input), input.users);
        for (const user of input.users) {
          if (whose.get(user.key) !== 'released' || user.key.includes('@') || user.key.includes('|'))
            continue;
          const id = user.attributes.github_id;
          if (input.userSettings.key !== '{login}' || isProtected(input, user.key)) continue;
          const rivals = input.users.filter(({ attributes }) => attributes.github_id === id);
          if (rivals.length > 1) continue;
          expect(reached.filter(({ attributes }) => attributes.github_id === id)).toHaveLength(1);
        }
      },
      { whole: true },
    );
  });

  test('foreign grants and attributes survive, and nobody who holds such a grant is deleted', () => {
    always(({ input, whose }) => {
      const plan = makePlan(input);
      const managed = managedGrants(input);
      const reached = byKey(applyToUsers(plan, input.users));
      const deleted = new Set(
        changesOf(plan)
          .filter(({ kind }) => kind === 'deleteUser')
          .map(({ user }) => user),
      );
      for (const user of input.users) {
        const foreign = idsHeld(user).filter((id) => !managed.has(id));
        const moved = successorOf(plan, user.key) !== user.key;
        if (deleted.has(user.key) && !moved) {
          expect(whose.get(user.key)).toBe('ours');
          expect(user.attributes.managed_origin).toBe('created');
          expect(foreign).toEqual([]);
          continue;
        }
        const now = reached.get(successorOf(plan, user.key)) as PermitUser;
        expect(idsHeld(now).filter((id) => !managed.has(id))).toEqual(foreign);
        expect(foreignAttributes(now)).toBe(foreignAttributes(user));
      }
    });
  });

  test('the plan writes to users of ours, to those it may take up, and to new ones under a free key', () => {
    always((world) => {
      const { input } = world;
      const before = byKey(input.users);
      const plan = makePlan(input);
      const created = new Set<UserKey>(
        changesOf(plan).flatMap(({ kind, user }) =>
          kind === 'createUser' && isTemporaryKey(user) ? [user] : [],
        ),
      );
      for (const change of changesOf(plan)) {
        if (change.kind === 'createUser') {
          const there = input.users.filter(({ key }) => key.toLowerCase() === change.user.toLowerCase());
          // Who had the key goes in the same plan; where only the case differs, it may come later in the list.
          for (const { key } of there) expect(deletedBy(plan)).toContain(key);
          created.add(change.user);
        }
        const user = before.get(change.user);
        if (!created.has(change.user)) expect(user && mayBeWritten(world, user)).toBe(true);
      }
      expect(new Set(changesOf(plan).filter(({ kind }) => kind === 'createUser')).size).toBe(created.size);
    });
  });

  test('of two users with one id, neither is written', () => {
    always(({ input, whose }) => {
      const plan = makePlan(input);
      const ours = input.users.filter(({ key }) => whose.get(key) === 'ours');
      for (const user of ours) {
        const twins = ours.filter(({ attributes }) => attributes.github_id === user.attributes.github_id);
        if (twins.length < 2) continue;
        expect(changesOf(plan).map((change) => change.user)).not.toContain(user.key);
        expect(plan.people.map(({ id }) => id)).not.toContain(user.attributes.github_id);
      }
    });
  });
});

describe('nothing is taken', () => {
  test('from a person with an org behind the grants that was not listed', () => {
    always(({ input, whose }) => {
      const taken = losing(makePlan(input), input.users);
      const listed = new Set<unknown>(input.listings.map(({ id }) => id));
      for (const { key, attributes } of input.users) {
        if (whose.get(key) !== 'ours') continue;
        const behind = attributes.github_orgs as readonly number[];
        if (!behind.every((org) => listed.has(org))) expect(taken).not.toContain(key);
      }
    });
  });

  test('in upsert-only', () => {
    always(({ input }) => {
      expect(losing(makePlan({ ...input, mode: 'upsert-only' }), input.users)).toEqual(new Set());
    });
  });

  test('from a person whose losses a second lookup did not confirm', () => {
    always(({ input }) => {
      for (const { id, changes } of makePlan(input).people) {
        if (id !== undefined && input.unconfirmed?.has(id)) expect(changes.filter(takes)).toEqual([]);
      }
    });
  });

  test('from anybody, when everybody is unconfirmed', () => {
    always(({ input }) => {
      const everybody = stillListed(
        ...input.users.flatMap(({ attributes }) => parseGitHubId(attributes.github_id) ?? []),
        ...input.listings.flatMap(({ members, collaborators = [] }) =>
          [...members, ...collaborators].map(({ id }) => id),
        ),
      );
      expect(losing(makePlan({ ...input, unconfirmed: everybody }), input.users)).toEqual(new Set());
    });
  });
});

describe('equal input', () => {
  test('in any order gives the equal plan', () => {
    fc.assert(
      fc.property(
        worlds().chain(({ input }) => fc.tuple(fc.constant(input), reordered(input))),
        ([input, other]) => {
          expect(JSON.stringify(makePlan(other))).toBe(JSON.stringify(makePlan(input)));
        },
      ),
      RUNS,
    );
  });

  test('gives sorted changes', () => {
    always(({ input }) => {
      const plan = makePlan(input);
      expect(changesOf(plan)).toEqual(changesOf(plan).toSorted(compareChanges));
    });
  });

  test('gives the same when second looks outweigh listings that shifted', () => {
    fc.assert(
      fc.property(
        worlds({ whole: true }).chain(({ input }) => fc.tuple(fc.constant(input), shifted(input))),
        ([input, { listings }]) => {
          const lookups = new Map(allLookups(input).map((one) => [one.id, one]));
          expect(makePlan({ ...input, listings: applyLookups(listings, lookups) })).toEqual(makePlan(input));
        },
      ),
      RUNS,
    );
  });

  test('gives the same when second looks say what the listings said', () => {
    always(
      ({ input }) => {
        const lookups = new Map(allLookups(input).map((one) => [one.id, one]));
        expect(makePlan({ ...input, listings: applyLookups(input.listings, lookups) })).toEqual(
          makePlan(input),
        );
      },
      { whole: true },
    );
  });

  const allLookups = ({ listings }: PlanInput): readonly ClearLookup[] => {
    const people = new Map(
      listings
        .flatMap(({ members, collaborators = [] }) => [...members, ...collaborators])
        .map(({ id, login }) => [id, login]),
    );
    return [...people].map(([id, login]) => ({
      kind: 'clear',
      id,
      login,
      roles: new Map(
        listings.map((one) => [one.id, one.members.find((member) => member.id === id)?.role ?? absent]),
      ),
      teams: new Map(
        listings.map((one) => [
          one.id,
          new Map(one.teams.map(({ ref, members }) => [ref, members.get(id) ?? absent])),
        ]),
      ),
      orgRoles: new Map(),
      collaborates: new Map(
        listings.map((one) => [
          one.id,
          (one.collaborators ?? []).some((account) => account.id === id) ? (true as const) : absent,
        ]),
      ),
    }));
  };
});

describe('what the plan says about people whom it leaves alone', () => {
  test('names nobody twice in one note, and lists nobody both as written and as left alone', () => {
    always(({ input }) => {
      const plan = makePlan(input);
      const written = new Set<string>(changesOf(plan).map(({ user }) => user));
      for (const { users } of plan.notes) expect(users).toEqual([...new Set(users)]);
      for (const { code, user } of plan.skipped) if (code === 'BAD_MARK') expect(written).not.toContain(user);
    });
  });
});

describe('a plan narrowed to some people', () => {
  test('is a part of the whole plan', () => {
    always(({ input: { logins, ...input } }) => {
      const whole = makePlan(input).people;
      const part = makePlan({ ...input, logins: logins ?? ['ann', 'bob'] });
      // People who wait for someone outside the run stay where they are.
      const waiting = new Set(part.skipped.map(({ id }) => id));
      for (const person of part.people) {
        if (!waiting.has(person.id)) expect(whole).toContainEqual(person);
      }
    });
  });

  test('to everybody is the whole plan', () => {
    always(({ input: { logins: _, ...input } }) => {
      const everybody = [
        ...input.listings.flatMap(({ members, collaborators = [] }) =>
          [...members, ...collaborators].map(({ login }) => login),
        ),
        ...input.users.map(({ key }) => key),
      ];
      expect(makePlan({ ...input, logins: everybody })).toEqual(makePlan(input));
    });
  });
});
