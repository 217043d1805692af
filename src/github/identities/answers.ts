import type { Identity } from '../../model/corporate-identity.ts';
import { parseGitHubId } from '../../model/identity.ts';
import { isRecord, parseEach } from '../../model/text/record.ts';

/** Parses what the queries answer. Undefined is what is not as the schema says. */

/** One page of a connection. */
export type IdentityPage = {
  /** Without unlinked identities, which have no user. */
  readonly identities: readonly Identity[];
  readonly size: number;
  /** Undefined on the last page. */
  readonly next: string | undefined;
};

type Fields = Readonly<Record<string, unknown>>;

/** @returns the value below these fields; `null` where one of them is null. */
export function below(data: unknown, ...path: readonly string[]): unknown {
  let at = data;
  for (const name of path) at = isRecord(at) ? (at[name] ?? null) : null;
  return at;
}

export function parseIdentityPage(
  connection: unknown,
  parse: (node: Fields) => Identity | 'unlinked' | undefined,
): IdentityPage | undefined {
  if (!isRecord(connection) || !Array.isArray(connection.nodes) || !isRecord(connection.pageInfo))
    return undefined;
  const { hasNextPage, endCursor } = connection.pageInfo;
  const found = parseEach(connection.nodes, (node) =>
    node === null ? 'unlinked' : isRecord(node) ? parse(node) : undefined,
  );
  if (found === undefined || typeof hasNextPage !== 'boolean') return undefined;
  if (hasNextPage && typeof endCursor !== 'string') return undefined;
  return {
    identities: found.filter((one) => one !== 'unlinked'),
    size: connection.nodes.length,
    next: hasNextPage ? String(endCursor) : undefined,
  };
}

/** A SAML or SCIM identity. */
export const externalIdentity =
  (source: string) =>
  ({ samlIdentity, scimIdentity, user }: Fields): Identity | 'unlinked' | undefined => {
    const account = accountOf(user);
    if (account === undefined || account === 'unlinked') return account;
    const saml = isRecord(samlIdentity) ? samlIdentity : {};
    const scim = isRecord(scimIdentity) ? scimIdentity : {};
    const emails = saml.emails ?? [];
    if (!Array.isArray(emails)) return undefined;
    const name = textsOf(saml.givenName ?? scim.givenName)[0];
    return {
      ...{ id: account.id, login: account.login, source },
      names: {
        'saml.nameId': textsOf(saml.nameId),
        'saml.email': emails.flatMap((email) => textsOf(below(email, 'value'))),
        'scim.userName': textsOf(scim.username),
      },
      firstName: name ?? account.name,
      lastName: textsOf(saml.familyName ?? scim.familyName)[0],
    };
  };

/** A user and the emails of verified domains. */
export const verifiedEmails =
  (source: string) =>
  (user: Fields): Identity | 'unlinked' | undefined => {
    const account = accountOf(user);
    if (account === undefined || account === 'unlinked') return account;
    const emails = parseEach(user.organizationVerifiedDomainEmails, (email) =>
      typeof email === 'string' ? withoutTag(email) : undefined,
    );
    if (emails === undefined) return undefined;
    const { id, login, name: firstName } = account;
    return { id, login, source, names: { email: emails }, firstName };
  };

/** GitHub adds a plus tag to some addresses: `user+abc123@example.com`. */
const withoutTag = (email: string): string => email.replace(/^([^@+]+)\+[^@]*(?=@)/, '$1');

type NamedAccount = Pick<Identity, 'id' | 'login'> & { readonly name: string | undefined };

function accountOf(user: unknown): NamedAccount | 'unlinked' | undefined {
  if (user === null) return 'unlinked';
  if (!isRecord(user) || typeof user.login !== 'string') return undefined;
  if (user.databaseId === null) return 'unlinked';
  const id = parseGitHubId(user.databaseId);
  return id === undefined ? undefined : { id, login: user.login, name: textsOf(user.name)[0] };
}

/** No text, or one. */
const textsOf = (value: unknown): readonly string[] =>
  typeof value === 'string' && value.trim() !== '' ? [value.trim()] : [];
