import { onHttpFailure } from '../../http/http-failure.ts';
import { MAX_PAGES } from '../../http/sizes.ts';
import type { Identity, IdentityNeeds, IdentityReading } from '../../model/corporate-identity.ts';
import type { GitHubSource } from '../../model/ports.ts';
import { type CredentialKind, explainFailure } from '../explain-failure.ts';
import type { ClientOf, GitHubClient } from '../github-client.ts';
import { below, externalIdentity, type IdentityPage, parseIdentityPage, verifiedEmails } from './answers.ts';
import {
  type ExternalFilter,
  enterpriseIdentities,
  MEMBER_EMAILS,
  organizationIdentities,
  PERSON_EMAILS,
} from './queries.ts';

/** The largest page that GitHub serves, and the smallest that is tried where it takes too long. */
const MAX_PAGE_SIZE = 100;
const MIN_PAGE_SIZE = 10;

/** Why a list is not believed. Never leaves this file. */
class NotWhole extends Error {}

type IdentityList = readonly Identity[] | 'not visible';

type Variables = Readonly<Record<string, string>>;

/**
 * Reads identities over GraphQL, in pages of 100: those of the organization's identity provider, or where it shows none
 * those of the enterprise, and emails of verified domains. An organization without a visible provider concludes
 * nothing.
 */
export function createIdentityReader(
  clientOf: ClientOf,
  credentials: CredentialKind,
): NonNullable<GitHubSource['readIdentities']> {
  let enterprise: Promise<IdentityList> | undefined;
  /** Read once for all organizations. */
  const readEnterprise = (client: GitHubClient, slug: string): Promise<IdentityList> => {
    enterprise ??= listEnterprise(client, slug);
    return enterprise;
  };
  return async (org, needs, logins) => {
    const read = async (): Promise<IdentityReading> => {
      const client = await clientOf(org);
      const identities = logins
        ? await lookUp(client, org, needs, logins)
        : await list(client, org, needs, readEnterprise);
      return { identities, flaw: undefined };
    };
    const explained = onHttpFailure((failure): never => {
      // Throws where the credentials themselves are refused.
      explainFailure(failure, org, credentials);
      throw new NotWhole(failure.answer);
    });
    return read()
      .catch(explained)
      .catch((error: unknown) => {
        if (!(error instanceof NotWhole)) throw error;
        return { identities: [], flaw: `the identities of ${org} could not be read (${error.message})` };
      });
  };
}

async function list(
  client: GitHubClient,
  org: string,
  needs: IdentityNeeds,
  readEnterprise: (client: GitHubClient, slug: string) => Promise<IdentityList>,
): Promise<readonly Identity[]> {
  const external = needs.external ? await listOrganization(client, org) : 'not visible';
  const { enterprise } = needs;
  const isElsewhere = needs.external && external === 'not visible' && enterprise !== undefined;
  const identities = isElsewhere ? await readEnterprise(client, enterprise) : external;
  return withEmails(identities, needs, () => listEmails(client, org));
}

async function withEmails(
  external: IdentityList,
  { emails }: IdentityNeeds,
  read: () => Promise<readonly Identity[]>,
): Promise<readonly Identity[]> {
  const found = external === 'not visible' ? [] : external;
  const isNeeded = emails === 'always' || (emails === 'without a provider' && external === 'not visible');
  return isNeeded ? [...found, ...(await read())] : found;
}

const listOrganization = (client: GitHubClient, org: string, filter?: Filter): Promise<IdentityList> =>
  readPages(
    client,
    organizationIdentities(filter?.by),
    { org, ...variablesOf(filter) },
    (data) => below(data, 'organization', 'samlIdentityProvider', 'externalIdentities'),
    externalIdentity(`SAML of ${org}`),
  );

const listEnterprise = (client: GitHubClient, enterprise: string, filter?: Filter): Promise<IdentityList> =>
  readPages(
    client,
    enterpriseIdentities(filter?.by),
    { enterprise, ...variablesOf(filter) },
    (data) => below(data, 'enterprise', 'ownerInfo', 'samlIdentityProvider', 'externalIdentities'),
    externalIdentity(`SAML of the enterprise ${enterprise}`),
  );

type Filter = { readonly by: ExternalFilter; readonly value: string };

const variablesOf = (filter: Filter | undefined): Variables => (filter ? { [filter.by]: filter.value } : {});

async function listEmails(client: GitHubClient, org: string): Promise<readonly Identity[]> {
  const listed = await readPages(
    client,
    MEMBER_EMAILS,
    { org },
    (data) => below(data, 'organization', 'membersWithRole'),
    verifiedEmails(verifiedDomainsOf(org)),
  );
  if (listed === 'not visible') throw new NotWhole('GitHub does not show the organization');
  return listed;
}

const verifiedDomainsOf = (org: string): string => `verified domains of ${org}`;

/** Reads all pages of one list, one after the other: each names the next. A query that takes too long asks for less. */
async function readPages(
  client: GitHubClient,
  query: string,
  variables: Variables,
  connectionIn: (data: unknown) => unknown,
  parse: Parameters<typeof parseIdentityPage>[1],
): Promise<IdentityList> {
  const identities: Identity[] = [];
  let after: string | undefined;
  let first = MAX_PAGE_SIZE;
  for (let pages = 0; pages < MAX_PAGES; ) {
    const answer = await client.query(query, {
      ...variables,
      first,
      ...(after === undefined ? {} : { after }),
    });
    if (answer === 'too much') {
      if (first === MIN_PAGE_SIZE) throw new NotWhole(`GitHub gives up on ${first} people at a time`);
      first = Math.max(MIN_PAGE_SIZE, Math.floor(first / 2));
      continue;
    }
    if (answer.errors.length > 0) throw new NotWhole(answer.errors.join('; '));
    const connection = connectionIn(answer.data);
    if (connection === null && after === undefined) return 'not visible';
    const page: IdentityPage | undefined = parseIdentityPage(connection, parse);
    if (page === undefined || page.size > first)
      throw new NotWhole('the answer is not what GitHub documents');
    for (const identity of page.identities) identities.push(identity);
    if (page.next === undefined) return identities;
    if (page.next === after) throw new NotWhole('the same page came twice');
    after = page.next;
    pages += 1;
  }
  throw new NotWhole(`the list has no end after ${MAX_PAGES} pages`);
}

/** The identities of a few people, and of anyone else who shares one of them. */
async function lookUp(
  client: GitHubClient,
  org: string,
  needs: IdentityNeeds,
  logins: readonly string[],
): Promise<readonly Identity[]> {
  const found = await Promise.all(
    logins.map(async (login) => {
      const external = needs.external
        ? await lookUpExternal(client, org, needs.enterprise, login)
        : 'not visible';
      return withEmails(external, needs, () => lookUpEmails(client, org, login));
    }),
  );
  return found.flat();
}

async function lookUpExternal(
  client: GitHubClient,
  org: string,
  enterprise: string | undefined,
  login: string,
): Promise<IdentityList> {
  const inOrg = (filter: Filter) => listOrganization(client, org, filter);
  const inEnterprise = (filter: Filter): Promise<IdentityList> =>
    enterprise === undefined ? Promise.resolve('not visible') : listEnterprise(client, enterprise, filter);
  for (const ask of [inOrg, inEnterprise]) {
    const own = await ask({ by: 'login', value: login });
    if (own === 'not visible') continue;
    const names = own.flatMap(
      ({ names: { 'saml.nameId': nameIds = [], 'scim.userName': userNames = [] } }) => [
        ...nameIds,
        ...userNames,
      ],
    );
    const sharing = await Promise.all([...new Set(names)].map((value) => ask({ by: 'userName', value })));
    return [...own, ...sharing.flatMap((list) => (list === 'not visible' ? [] : list))];
  }
  return 'not visible';
}

async function lookUpEmails(client: GitHubClient, org: string, login: string): Promise<readonly Identity[]> {
  const answer = await client.query(PERSON_EMAILS, { org, login });
  if (answer === 'too much') throw new NotWhole('GitHub gives up on a single person');
  if (answer.errors.length > 0) throw new NotWhole(answer.errors.join('; '));
  const user = below(answer.data, 'user');
  const nodes = { nodes: [user], pageInfo: { hasNextPage: false, endCursor: null } };
  const page = parseIdentityPage(nodes, verifiedEmails(verifiedDomainsOf(org)));
  if (page === undefined) throw new NotWhole('the answer is not what GitHub documents');
  return page.identities;
}
