import type { GitHubId } from '../model/identity.ts';
import type { IncompleteListing, Member, OrgListing, OrgRole } from '../model/member.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { type Account, parseAccounts, parseMembership, parseOrganization } from './answers.ts';
import { type CredentialKind, explainFailure, visibilityHint } from './explain-failure.ts';
import type { Answer, GitHubClient } from './github-client.ts';

/** The largest page that GitHub serves. */
const PER_PAGE = 100;
/** A list that changed while it was read is read again this many times. */
const REREADS = 2;
/** Owners who are asked about, in turn, where the one before has just left. */
const WITNESSES = 3;

/**
 * Lists an organization by its two role-filtered listings, since no listing tells the role, and proves that the
 * view is complete: every page arrived, there is an owner, and concealed members are seen.
 * Requests: the pages, at least one of each role, the organization's own, and one membership.
 */
export async function listOrg(
  clientOf: (org: string) => Promise<GitHubClient>,
  org: string,
  credentials: CredentialKind,
): Promise<OrgListing> {
  try {
    return await list(await clientOf(org), org, credentials);
  } catch (error) {
    if (error instanceof HttpFailure) return explainFailure(error, org, credentials);
    throw error;
  }
}

async function list(client: GitHubClient, org: string, credentials: CredentialKind): Promise<OrgListing> {
  const incomplete = (message: string, hint: string): IncompleteListing => ({
    kind: 'incomplete',
    org,
    code: 'GITHUB_INCOMPLETE',
    message,
    hint,
  });
  const [{ body: organization }, owners, others] = await Promise.all([
    client.get('/orgs/{org}', { org }, parseOrganization),
    listRole(client, org, 'admin'),
    listRole(client, org, 'member'),
  ]);
  if (owners === undefined || others === undefined) {
    return incomplete(
      `the list of members of ${org} did not come whole: a page was short while GitHub announced more`,
      'run again; if it stays so, tell GitHub support',
    );
  }
  if (owners.length === 0) {
    return incomplete(
      `GitHub shows no owner of ${org}, and every organization has one: the credentials see only a part of it`,
      visibilityHint(org, credentials),
    );
  }
  if (!(await seesConcealedMembers(client, org, owners))) {
    return incomplete(
      `the credentials see only the public members of ${org}: they may not read a membership`,
      visibilityHint(org, credentials),
    );
  }
  const members = await mergeRoles(client, org, owners, others);
  if (members === undefined) {
    return incomplete(
      `too many people were in both the list of owners and that of members of ${org}`,
      'roles are being changed right now: run again',
    );
  }
  return { kind: 'complete', org, id: organization.id, members };
}

/**
 * All pages of one role, side by side once the first has told how many there are.
 * @returns undefined where a page stayed short although more followed.
 */
async function listRole(
  client: GitHubClient,
  org: string,
  role: OrgRole,
): Promise<readonly Account[] | undefined> {
  const page = (number: number): Promise<Answer<readonly Account[]>> =>
    client.get('/orgs/{org}/members', { org, role, per_page: PER_PAGE, page: number }, parseAccounts);
  for (let reading = 0; reading <= REREADS; reading++) {
    const first = await page(1);
    const numbers = Array.from({ length: first.lastPage - 1 }, (_, index) => index + 2);
    const pages = [first, ...(await Promise.all(numbers.map(page)))];
    // Somebody joined while the pages were read.
    while (pages.at(-1)?.hasNext) pages.push(await page(pages.length + 1));
    const short = pages.slice(0, -1).some(({ body }) => body.length < PER_PAGE);
    if (!short) return pages.flatMap(({ body }) => body);
  }
  return undefined;
}

/**
 * GitHub answers a membership only to members and to Apps with the right permission; anybody else is shown the
 * public members with a 200 that looks like the whole list.
 */
async function seesConcealedMembers(
  client: GitHubClient,
  org: string,
  owners: readonly Account[],
): Promise<boolean> {
  for (const { login } of owners.slice(0, WITNESSES)) {
    const membership = await membershipOf(client, org, login);
    if (membership === 'hidden') return false;
    if (membership !== 'none') return true;
  }
  return false;
}

type MembershipAnswer = { readonly user: Account; readonly role: OrgRole | undefined } | 'none' | 'hidden';

async function membershipOf(client: GitHubClient, org: string, login: string): Promise<MembershipAnswer> {
  try {
    return (await client.get('/orgs/{org}/memberships/{username}', { org, username: login }, parseMembership))
      .body;
  } catch (error) {
    if (!(error instanceof HttpFailure) || error.throttled) throw error;
    if (error.status === 404) return 'none';
    if (error.status === 403 && error.ssoUrl === undefined) return 'hidden';
    throw error;
  }
}

/**
 * Whoever is in both lists was promoted or demoted between them, and is asked about.
 * @returns undefined where that is more than max(3, 1 %) of all.
 */
async function mergeRoles(
  client: GitHubClient,
  org: string,
  owners: readonly Account[],
  others: readonly Account[],
): Promise<readonly Member[] | undefined> {
  const members = new Map<GitHubId, Member>();
  for (const account of owners) members.set(account.id, { ...account, role: 'admin' });
  const inBoth: Account[] = [];
  for (const account of others) {
    const known = members.get(account.id);
    if (known?.role === 'admin') inBoth.push(account);
    else members.set(account.id, { ...account, role: 'member' });
  }
  if (inBoth.length > Math.max(3, members.size / 100)) return undefined;
  for (const account of inBoth) {
    const answer = await membershipOf(client, org, account.login);
    const role = typeof answer === 'string' || answer.user.id !== account.id ? undefined : answer.role;
    if (role === undefined) members.delete(account.id);
    else members.set(account.id, { ...account, role });
  }
  return [...members.values()];
}

/** A second look: the role of one person in one organization, asked for by the login that the person has today. */
export async function roleOf(
  client: GitHubClient,
  org: string,
  account: Account,
): Promise<{ readonly role: OrgRole | undefined } | 'unclear'> {
  const answer = await membershipOf(client, org, account.login);
  if (answer === 'hidden') return 'unclear';
  if (answer === 'none') return { role: undefined };
  // Between the two requests the login may have become somebody else's.
  return answer.user.id === account.id ? { role: answer.role } : 'unclear';
}
