import { SyncError } from '../model/errors.ts';
import { type Answered, type Finding, findingsIn, type OrgView, type Quota } from '../model/finding.ts';
import { count, enumerate, quantity } from '../model/text/text.ts';
import { describeTokenExpiry, renewalHint, type TokenExpiry } from '../model/token-expiry.ts';
import { failedFinding } from './examine.ts';

const { ok, warning, failed } = findingsIn('github');

export type GitHubProbe = {
  /** "the token in GH_TOKEN", "the GitHub App 4711". */
  readonly credential: string;
  /** Whether each organization has its own credential (an App's installation). */
  readonly perOrg: boolean;
  readonly orgs: readonly string[];
  /** @throws SyncError if the credentials themselves are refused. */
  readonly quota: (org: string) => Promise<Answered<Quota | undefined>>;
  readonly inspect: (org: string) => Promise<OrgView>;
  /** How to see all members. */
  readonly visibilityHint: (org: string) => string;
  /** Read after GitHub has answered. Undefined if GitHub does not say, and for an App. */
  readonly tokenExpiry: () => TokenExpiry | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** Too few for a run. */
const FEW_REQUESTS = 100;

/** Examines the credentials, their rate limit, and what they see of each organization. */
export async function examineGitHub(probe: GitHubProbe): Promise<readonly Finding[]> {
  const { orgs, perOrg, credential } = probe;
  if (perOrg && orgs.length === 0) {
    const message = `${credential} can't be checked without an organization that it is installed in`;
    const hint = 'name the organizations with --org or GITHUB_ORG';
    return [warning('github.credential', message, hint)];
  }
  let quotas: readonly { readonly org: string; readonly quota: Answered<Quota | undefined> }[];
  try {
    const asked = perOrg ? orgs : orgs.slice(0, 1);
    quotas = await Promise.all(
      (asked.length === 0 ? [''] : asked).map(async (org) => ({ org, quota: await probe.quota(org) })),
    );
  } catch (error) {
    if (error instanceof SyncError && error.code === 'GITHUB_AUTH') {
      return [failedFinding('github.credential', error)];
    }
    throw error;
  }
  const refused = quotas.flatMap(({ org, quota }) => (quota.kind === 'refused' ? [{ org, ...quota }] : []));
  if (refused.length === quotas.length && !perOrg) {
    return refused.map(({ message, hint }) => failed('github.credential', message, hint));
  }
  const seen = perOrg ? orgs.filter((org) => !refused.some((one) => one.org === org)) : orgs;
  const views = await Promise.all(seen.map(async (org) => judgeOrg(org, await probe.inspect(org), probe)));
  return [
    ...(seen.length > 0 || !perOrg ? [accepted(credential, perOrg ? seen : [])] : []),
    ...quotas.flatMap(({ org, quota }) =>
      quota.kind === 'answered' ? [judgeQuota(perOrg ? org : undefined, quota.value, probe.now())] : [],
    ),
    ...judgeTokenExpiry(probe.tokenExpiry(), probe.now()),
    ...refused.map(({ org, message, hint }) => failed(`github.organization:${org}`, message, hint)),
    ...views.flat(),
  ];
}

const accepted = (credential: string, orgs: readonly string[]): Finding =>
  ok(
    'github.credential',
    `GitHub accepts ${credential}${orgs.length > 0 ? `, which is installed in ${enumerate(orgs)}` : ''}`,
  );

/** @param expiry undefined if GitHub names no date. */
function judgeTokenExpiry(expiry: TokenExpiry | undefined, now: number): readonly Finding[] {
  if (expiry === undefined) return [];
  const message = describeTokenExpiry(expiry, now);
  const hint = renewalHint(expiry, now);
  const id = 'github.token-expiry';
  return [hint === undefined ? ok(id, message) : warning(id, message, hint)];
}

/** @param org the organization that the limit is for. Undefined if one limit covers all organizations. */
export function judgeQuota(org: string | undefined, quota: Quota | undefined, now: number): Finding {
  const id = org === undefined ? 'github.rate-limit' : `github.rate-limit:${org}`;
  const where = org === undefined ? '' : ` for ${org}`;
  if (quota === undefined) return ok(id, `GitHub sets no rate limit${where}`);
  const { limit, remaining, resetMs } = quota;
  const minutes = Math.max(1, Math.ceil((resetMs - now) / 60_000));
  const message = `${quantity(remaining)} of ${count(limit, 'request')} an hour are left${where}`;
  if (remaining >= Math.min(FEW_REQUESTS, limit)) return ok(id, message);
  const wait = `wait ${count(minutes, 'minute')} for new ones`;
  return warning(id, message, `${wait}, or use a GitHub App, which has its own limit`);
}

/** Judges what the credentials see of one organization. */
function judgeOrg(
  org: string,
  view: OrgView,
  { visibilityHint }: Pick<GitHubProbe, 'visibilityHint'>,
): readonly Finding[] {
  const { organization, owners, concealed } = view;
  if (organization.kind === 'refused') {
    return [failed(`github.organization:${org}`, organization.message, organization.hint)];
  }
  const findings = [
    ok(`github.organization:${org}`, `the organization ${org} exists (id ${organization.value.id})`),
  ];
  if (owners?.kind === 'refused') {
    findings.push(failed(`github.owners:${org}`, owners.message, owners.hint));
  } else if (owners?.value.shown === 0) {
    const message = `GitHub shows no owner of ${org}, but every organization has one`;
    findings.push(failed(`github.owners:${org}`, message, visibilityHint(org)));
  } else if (owners !== undefined) {
    const number = `${owners.value.more ? 'more than ' : ''}${count(owners.value.shown, 'owner')}`;
    const verb = owners.value.shown === 1 && !owners.value.more ? 'is' : 'are';
    findings.push(ok(`github.owners:${org}`, `${number} of ${org} ${verb} visible`));
  }
  if (concealed?.kind === 'refused') {
    findings.push(failed(`github.members:${org}`, concealed.message, concealed.hint));
  } else if (concealed?.value === true) {
    findings.push(ok(`github.members:${org}`, `concealed members of ${org} are visible`));
  } else if (concealed !== undefined) {
    const message = `only the public members of ${org} are visible: the credentials can't read memberships`;
    findings.push(failed(`github.members:${org}`, message, visibilityHint(org)));
  }
  return findings;
}
