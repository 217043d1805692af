import { expect, test } from 'vitest';
import type { Identity } from '../../../src/model/corporate-identity.ts';
import { changesOf } from '../../../src/model/plan.ts';
import { planDifferences, planScope, savePlan } from '../../../src/model/saved-plan.ts';
import type { PermitUser, Profile, UserSettings } from '../../../src/model/user.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import {
  gitHubId,
  keeps,
  listing,
  member,
  ours,
  planInput,
  user,
  userSettings,
} from '../../support/builders.ts';

const GRANTS = ['default/member'];
const withProfile = (one: PermitUser, profile: Profile): PermitUser => ({ ...one, profile });
const ANN = ours(1, 'ann', { grants: GRANTS });
const ADOPTED = ours(1, 'ann', { grants: GRANTS, origin: 'adopted' });
const MAILS = { 'saml.email': ['ann@x.example'] };

const identity = (id: number, names: Identity['names'], more: Partial<Identity> = {}): Identity => ({
  ...{ id: gitHubId(id), login: id === 1 ? 'ann' : 'bob', source: 'SAML of acme', names },
  ...more,
});

type Case = {
  readonly name: string;
  readonly users: readonly PermitUser[];
  readonly identities?: readonly Identity[];
  readonly flaw?: string;
  readonly profile?: UserSettings['profile'];
  readonly adopt?: UserSettings['adopt'];
  /** What is written to ann's user. */
  readonly written?: Profile | undefined;
  readonly kept?: readonly string[];
};

const planOf = ({
  users,
  identities = [identity(1, MAILS)],
  flaw,
  profile = ['email', 'name'],
  adopt = 'none',
}: Case) =>
  makePlan(
    planInput({
      listings: [listing('acme', member(1, 'ann'))],
      users,
      userSettings: userSettings({ profile, adopt }),
      identities: { identities, flaw },
    }),
  );

const NAMED = { firstName: 'Ann', lastName: 'Lee' };

test.each<Case>([
  { name: 'a new user', users: [], written: { email: 'ann@x.example' } },
  { name: 'a user of ours', users: [ANN], written: { email: 'ann@x.example' } },
  { name: 'an email that differs in case only', users: [withProfile(ANN, { email: 'ANN@x.example' })] },
  {
    name: 'a changed email',
    users: [withProfile(ANN, { email: 'old@x.example' })],
    written: { email: 'ann@x.example' },
  },
  { name: 'an adopted user with an email', users: [withProfile(ADOPTED, { email: 'own@x.example' })] },
  { name: 'an adopted user without one', users: [ADOPTED], written: { email: 'ann@x.example' } },
  {
    name: 'names, where names are filled',
    users: [withProfile(ANN, { email: 'ann@x.example', firstName: 'A' })],
    identities: [identity(1, MAILS, NAMED)],
    written: NAMED,
  },
  {
    name: 'names, where they are not',
    users: [withProfile(ANN, { email: 'ann@x.example' })],
    identities: [identity(1, MAILS, NAMED)],
    profile: ['email'],
  },
  {
    name: 'the email of a verified domain where there is no other',
    users: [ANN],
    identities: [identity(1, { email: ['ann@v.example'] })],
    written: { email: 'ann@v.example' },
  },
  {
    name: 'several emails',
    users: [ANN],
    identities: [identity(1, { 'saml.email': ['a@x.example', 'b@x.example'] })],
  },
  { name: 'what is no address', users: [ANN], identities: [identity(1, { 'saml.email': ['ann'] })] },
  {
    name: 'no identity never clears anything',
    users: [withProfile(ANN, { email: 'a@x.example' })],
    identities: [],
  },
  { name: 'a partial read', users: [ANN], flaw: 'partial', kept: ['NO_IDENTITY '] },
  {
    name: 'an email that another user has',
    users: [ANN, withProfile(user('svc'), { email: 'Ann@x.example' })],
    kept: ['EMAIL_TAKEN ann'],
  },
  {
    name: 'an email that the user has which is adopted',
    users: [withProfile(user('ann', { grants: GRANTS }), { email: 'Ann@x.example' })],
    adopt: 'plain',
  },
  {
    name: 'an email that an unmarked user has under the key that a user of ours should move to',
    users: [ours(1, 'old', { grants: GRANTS }), withProfile(user('ann'), { email: 'ann@x.example' })],
    kept: ['EMAIL_TAKEN ann'],
  },
  {
    name: 'an email that another person shows',
    users: [ANN],
    identities: [identity(1, MAILS), identity(2, MAILS)],
    kept: ['EMAIL_TAKEN ann'],
  },
])('filling a profile: $name', (one) => {
  const made = planOf(one);
  const written = changesOf(made).flatMap((change) => ('profile' in change ? [change.profile] : []));
  expect(written).toEqual(one.written ? [one.written] : []);
  expect(keeps(made)).toEqual(one.kept ?? []);
});

test('a saved plan tells which fields are written, and holds no value of them', () => {
  const made = planOf({ name: '', users: [ANN], identities: [identity(1, MAILS, NAMED)] });
  const facts = {
    createdAt: '',
    verdict: 'pass',
    scope: planScope(['acme'], undefined, 'sync', 'none'),
  } as const;
  const saved = savePlan(made, { ...facts, config: { digest: '', parts: {} } }, String, (text) => text);
  expect(JSON.stringify(saved)).not.toMatch(/ann@x|Ann|Lee/);
  expect(saved.changes).toMatchObject([
    { kind: 'updateUser', profile: { email: '***', firstName: '***', lastName: '***' } },
  ]);
  expect(planDifferences(saved, saved)).toEqual([]);
});
