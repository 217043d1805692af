/**
 * The queries, by the published schema. `membersOnly` leaves out identities without a membership, and `login` and
 * `userName` (a NameID or SCIM userName) narrow the list.
 */
const MEMBERS = `
  nodes {
    samlIdentity { nameId emails { value } givenName familyName }
    scimIdentity { username givenName familyName }
    user { databaseId login name }
  }
  pageInfo { hasNextPage endCursor }`;

export type ExternalFilter = 'login' | 'userName';

export const organizationIdentities = (filter?: ExternalFilter): string => `
query OrganizationIdentities($org: String!, $first: Int!, $after: String${parameter(filter)}) {
  organization(login: $org) {
    samlIdentityProvider {
      externalIdentities(first: $first, after: $after, membersOnly: true${argument(filter)}) {${MEMBERS}
      }
    }
  }
}`;

export const enterpriseIdentities = (filter?: ExternalFilter): string => `
query EnterpriseIdentities($enterprise: String!, $first: Int!, $after: String${parameter(filter)}) {
  enterprise(slug: $enterprise) {
    ownerInfo {
      samlIdentityProvider {
        externalIdentities(first: $first, after: $after, membersOnly: true${argument(filter)}) {${MEMBERS}
        }
      }
    }
  }
}`;

const parameter = (filter: ExternalFilter | undefined): string => (filter ? `, $${filter}: String!` : '');
const argument = (filter: ExternalFilter | undefined): string => (filter ? `, ${filter}: $${filter}` : '');

export const MEMBER_EMAILS = `
query MemberEmails($org: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    membersWithRole(first: $first, after: $after) {
      nodes { databaseId login name organizationVerifiedDomainEmails(login: $org) }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

export const PERSON_EMAILS = `
query PersonEmails($org: String!, $login: String!) {
  user(login: $login) { databaseId login name organizationVerifiedDomainEmails(login: $org) }
}`;
