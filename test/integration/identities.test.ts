import { expect, test } from 'vitest';
import {
  addMember,
  addToken,
  addUser,
  type GitHubEmulator,
  linkIdentity,
  OWNER_TOKEN,
  orgOf,
  renameUser,
  userOf,
} from '../../src/demo/github/github.ts';
import type { FaultAction } from '../../src/demo/server.ts';
import type { IdentityNeeds, IdentityReading } from '../../src/model/corporate-identity.ts';
import { githubWithAcme, openSource, type SourceOptions } from '../support/adapters.ts';
import { openGraphQLJudge } from '../support/graphql-schema.ts';

const SAML: IdentityNeeds = { external: true, emails: 'never' };
const EMAILS: IdentityNeeds = { external: false, emails: 'always' };
const APP = { kind: 'installation', permissions: { members: 'read' } } as const;

async function read(
  github: GitHubEmulator,
  needs: IdentityNeeds,
  { logins, ...options }: SourceOptions & { readonly logins?: readonly string[] } = {},
): Promise<IdentityReading> {
  const reading = await openSource(github, options).port.readIdentities?.('acme', needs, logins);
  if (reading === undefined) throw new Error('the source reads no identities');
  return reading;
}

/** `login: name, name` for each person, sorted. */
const told = ({ identities }: IdentityReading): readonly string[] =>
  identities.map(({ login, names }) => `${login}: ${Object.values(names).flat().join(', ')}`).sort();

const queries = ({ requests }: GitHubEmulator) => requests.filter(({ path }) => path.endsWith('/graphql'));

const setEmails = ({ world }: GitHubEmulator, login: string, verifiedEmails: readonly string[]): void => {
  const account = userOf(world, login);
  world.users.set(account.id, { ...account, verifiedEmails });
};

async function twoPeople(...parameters: Parameters<typeof githubWithAcme>): Promise<GitHubEmulator> {
  const github = await githubWithAcme(...parameters);
  for (const login of ['ann', 'bob']) {
    addMember(github.world, 'acme', { login });
    linkIdentity(github.world, 'acme', login, {
      nameId: `${login}@x`,
      emails: [`${login}@mail`],
      scimUserName: `u-${login}`,
    });
    setEmails(github, login, [`${login}@corp`, `${login}+gh12@corp`]);
  }
  return github;
}

const BOTH = ['ann: ann@x, ann@mail, u-ann', 'bob: bob@x, bob@mail, u-bob'];

test('2,000 members with SAML cost 20 requests, and unlinked identities and leavers are left out', async () => {
  const github = await githubWithAcme({ members: 1999 });
  for (const id of orgOf(github.world, 'acme').members.keys()) {
    const login = github.world.users.get(id)?.login ?? '';
    orgOf(github.world, 'acme').identities ??= [];
    orgOf(github.world, 'acme').identities?.push({ userId: id, nameId: `${login}@x` });
  }
  orgOf(github.world, 'acme').identities?.push({ nameId: 'nobody@x' });
  addUser(github.world, 'former');
  linkIdentity(github.world, 'acme', 'former', { nameId: 'former@x' });
  const { identities, flaw } = await read(github, SAML);
  expect({ people: identities.length, flaw, requests: github.requests.length }).toEqual({
    people: 2000,
    flaw: undefined,
    requests: 20,
  });
});

test('the identity provider of the enterprise is asked where the organization shows none', async () => {
  const github = await githubWithAcme();
  const { id } = addMember(github.world, 'acme', { login: 'ann' });
  const owners = [userOf(github.world, 'owner').id];
  github.world.enterprises.set('acme-corp', {
    slug: 'acme-corp',
    owners,
    identities: [{ userId: id, nameId: 'ann@x' }],
  });
  const needs = { ...SAML, enterprise: 'acme-corp' };
  const token = 'ghp_enterprise';
  addToken(github.world, token, {
    kind: 'pat',
    userId: owners[0] ?? 0,
    scopes: ['read:org', 'read:enterprise'],
  });
  const asOwner = { credentials: { kind: 'token', token } as const };
  expect(told(await read(github, needs, asOwner))).toEqual(['ann: ann@x']);
  expect(told(await read(github, needs, { ...asOwner, logins: ['ann'] }))).toEqual([
    'ann: ann@x',
    'ann: ann@x',
  ]);
  // Neither says that nobody has an identity: they are not visible.
  expect(await read(github, SAML, asOwner)).toEqual({ identities: [], flaw: undefined });
  expect(await read(github, needs)).toEqual({ identities: [], flaw: undefined });
});

test('looks up a few people alone, and everyone with the same identity', async () => {
  const github = await twoPeople();
  addMember(github.world, 'acme', { login: 'eve' });
  linkIdentity(github.world, 'acme', 'eve', { nameId: 'ann@x' });
  expect(new Set(told(await read(github, SAML, { logins: ['ann'] })))).toEqual(
    new Set([BOTH[0], 'eve: ann@x']),
  );
  expect(queries(github).length).toBe(3);
  expect(told(await read(github, EMAILS, { logins: ['bob'] }))).toEqual(['bob: bob@corp, bob@corp']);
});

test.each([
  ['visible', ['ann: ann@corp, ann@corp', 'bob: bob@corp, bob@corp', 'owner: ']],
  ['hidden', ['ann: ', 'bob: ', 'owner: ']],
] as const)(
  'emails of verified domains, without their tags; to an App they are %s',
  async (sight, expected) => {
    const github = await twoPeople({}, { verifiedEmailsForApps: sight });
    addToken(github.world, 'ghs_app', { ...APP, orgId: orgOf(github.world, 'acme').id });
    const credentials = { kind: 'token', token: 'ghs_app' } as const;
    expect(told(await read(github, EMAILS, { credentials }))).toEqual(expected);
    expect(told(await read(github, SAML, { credentials }))).toEqual(BOTH);
  },
);

test('a member who is not an owner sees no identities, which proves nothing', async () => {
  const github = await twoPeople();
  addToken(github.world, 'ghp_ann', {
    kind: 'pat',
    userId: userOf(github.world, 'ann').id,
    scopes: ['read:org'],
  });
  const credentials = { kind: 'token', token: 'ghp_ann' } as const;
  expect(await read(github, SAML, { credentials })).toEqual({ identities: [], flaw: undefined });
});

const answering = (body: unknown, status = 200): FaultAction => ({ kind: 'answer', status, body });
const page = (nodes: readonly unknown[], pageInfo: unknown) => ({
  data: { organization: { samlIdentityProvider: { externalIdentities: { nodes, pageInfo } } } },
});
const END = { hasNextPage: false, endCursor: null };

test.each<[string, FaultAction, RegExp]>([
  [
    'errors beside data',
    answering({ ...page([], END), errors: [{ type: 'FORBIDDEN', message: 'no' }] }),
    /\(FORBIDDEN: no\)$/,
  ],
  ['a page without its end', answering(page([], {})), /not what GitHub documents/],
  [
    'a person without a login',
    answering(page([{ samlIdentity: null, scimIdentity: null, user: {} }], END)),
    /documents/,
  ],
  ['more than was asked for', answering(page(Array(101).fill(null), END)), /documents/],
  [
    'the same page again',
    answering(page([], { hasNextPage: true, endCursor: 'x' })),
    /the same page came twice/,
  ],
  ['a refusal', answering({ message: 'Resource not accessible' }, 403), /403 Resource not accessible/],
  ['nothing but failures', answering({}, 503), /503/],
  ['a query that always takes too long', answering('<html>', 502), /gives up on 10 people at a time/],
])('%s: the list is incomplete', async (_, action, why) => {
  const github = await twoPeople();
  github.faults.push({ match: ({ path }) => path === '/graphql', do: action, times: 1000 });
  const { identities, flaw } = await read(github, SAML);
  expect(identities).toEqual([]);
  expect(flaw).toMatch(/^the identities of acme could not be read \(/);
  expect(flaw).toMatch(why);
});

test('refused credentials end the run', async () => {
  const github = await twoPeople();
  const credentials = { kind: 'token', token: 'ghp_wrong' } as const;
  await expect(read(github, SAML, { credentials })).rejects.toMatchObject({ code: 'GITHUB_AUTH' });
});

test.each([
  ['a 502', answering('<html>', 502)],
  [
    'partial data beyond the resource limits',
    answering({ data: null, errors: [{ type: 'RESOURCE_LIMITS_EXCEEDED' }] }),
  ],
])('after %s the query is sent again for half as many people', async (_, action) => {
  const github = await twoPeople();
  github.faults.push({ match: ({ path }) => path === '/graphql', do: action, times: 2 });
  expect(told(await read(github, SAML))).toEqual(BOTH);
  const sizes = queries(github).map(({ body }) => (body as { variables: { first: number } }).variables.first);
  expect(sizes).toEqual([100, 50, 25]);
});

test('GitHub Enterprise Server has GraphQL beside its REST API', async () => {
  const github = await twoPeople();
  const source = openSource({ url: `${github.url}/api/v3` });
  expect(told((await source.port.readIdentities?.('acme', SAML)) as IdentityReading)).toEqual(BOTH);
  expect(queries(github).map(({ path }) => path)).toEqual(['/api/graphql']);
});

const judge = await openGraphQLJudge();

test.skipIf(judge === undefined)('queries and answers are what the published schema allows', async () => {
  const user = 'query { user(login: "a") { databaseId login } }';
  expect(judge?.(user.replace('login }', 'mail }'), {})).toEqual([expect.stringMatching(/^query: /)]);
  expect(judge?.(user, { data: { user: { databaseId: 'x', login: null } } })).toHaveLength(2);
  const github = await twoPeople();
  github.world.enterprises.set('acme-corp', {
    slug: 'acme-corp',
    owners: [userOf(github.world, 'owner').id],
    identities: [
      { userId: userOf(github.world, 'ann').id, nameId: 'ann@x', emails: ['ann@x'] },
      { scimUserName: 'new' },
    ],
  });
  addToken(github.world, OWNER_TOKEN, {
    kind: 'pat',
    userId: userOf(github.world, 'owner').id,
    scopes: ['read:org', 'read:enterprise'],
  });
  const everything = { external: true, emails: 'always', enterprise: 'acme-corp' } as const;
  await read(github, everything);
  await read(github, everything, { logins: ['ann', 'nobody'] });
  orgOf(github.world, 'acme').identities = undefined as never;
  await read(github, everything);
  await read(github, everything, { logins: ['ann'] });
  renameUser(github.world, 'bob', 'rob');
  const asked = queries(github).map(({ body }) => body as { query: string });
  expect(new Set(asked.map(({ query }) => query)).size).toBe(8);
  for (const body of asked) {
    const answer = await fetch(`${github.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${OWNER_TOKEN}`,
        'user-agent': 'test',
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    expect({ query: body.query, found: judge?.(body.query, await answer.json()) }).toEqual({
      query: body.query,
      found: [],
    });
  }
});

test('the emulator refuses what the published schema does not know', async () => {
  const github = await twoPeople();
  const ask = async (query: string, variables = {}): Promise<unknown> => {
    const answer = await fetch(`${github.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${OWNER_TOKEN}`, 'user-agent': 'test' },
      body: JSON.stringify({ query, variables }),
    });
    return answer.json();
  };
  const wrong = [
    'query { organization(login: "acme") { saml } }',
    'query { organization(login: "acme") { samlIdentityProvider } }',
    'query ($org: String!) { organization(login: $org) { membersWithRole(first: 1) { nodes { login } } } }',
    'query { organization(login: $org) { membersWithRole(first: 1) { nodes { login } } } }',
    'query { organization(login: "acme") { membersWithRole { nodes { login } } } }',
    'query { organization(login: "acme") { membersWithRole(first: 101) { nodes { login } } } }',
  ];
  for (const query of wrong) expect(await ask(query)).toHaveProperty('errors');
});
