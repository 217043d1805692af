import type { Warning } from '../../model/problem.ts';
import {
  LEVELS,
  levelOf,
  type RepositoryRole,
  repositoryRole,
} from '../../model/repositories/access-model.ts';
import type { AccessPath } from '../../model/repositories/access-paths.ts';
import type {
  AccessMismatch,
  AccessSource,
  MirroredRepository,
  Verification,
} from '../../model/repositories/verification.ts';
import { defined, groupBy } from '../../model/text/record.ts';
import { count, enumerate, quantity } from '../../model/text/text.ts';
import { endFields, warningFields } from '../json.ts';
import {
  type Group,
  joinPhrases,
  name,
  type Page,
  type Phrase,
  type Remark,
  type Row,
  warningsSection,
} from '../page.ts';
import type { Cost } from '../run-report.ts';
import { costOf, personPhrase } from '../words.ts';

/** `verified`: GitHub and the PDP agree. `partial`: they agree, but not everything could be compared. */
type VerifyStatus = 'verified' | 'mismatch' | 'partial';

export type VerifyReport = Cost & {
  readonly orgs: readonly string[];
  readonly pdpUrl: string;
  /** Where only some were drawn: how many there are, and the seed. */
  readonly sample?: { readonly of: number; readonly seed: string } | undefined;
  readonly results: readonly Verification[];
  /** What GitHub calls an instance in Permit, where that is known. */
  readonly nameOf: (instance: string) => string;
  readonly warnings: readonly Warning[];
};

const BADGE: { readonly [status in VerifyStatus]: string } = {
  verified: '✅ GitHub and the PDP agree',
  mismatch: '⛔ GitHub and the PDP differ',
  partial: '⚠️ partly verified',
};

const TONE = { verified: 'good', mismatch: 'alarm', partial: 'caution' } as const;

type Compared = Extract<Verification, { readonly kind: 'compared' }>;

/** A mismatch outranks anything that could not be compared. */
export function verifyStatus(results: readonly Verification[]): VerifyStatus {
  if (results.some((one) => one.kind === 'compared' && one.mismatches.length > 0)) return 'mismatch';
  return results.some(({ kind }) => kind === 'unknown') ? 'partial' : 'verified';
}

/** Every person for whom GitHub and the PDP differ, by repository, with the explanation of each side. */
export function verifyPage(report: VerifyReport): Page {
  const { results, sample, pdpUrl } = report;
  const status = verifyStatus(results);
  const compared = results.filter((one): one is Compared => one.kind === 'compared');
  const differing = compared.filter(({ mismatches }) => mismatches.length > 0);
  const drawn =
    sample && `${count(results.length, 'repository', 'repositories')} of ${quantity(sample.of)}, seed `;
  return {
    heading: `gh-permit-sync verify: ${BADGE[status]}`,
    title: [{ text: 'Access to repositories', strong: true }, ': GitHub against the PDP'],
    where: [['PDP ', name(pdpUrl)], ...(sample && drawn ? [[`Sample: ${drawn}`, name(sample.seed)]] : [])],
    sections: [
      {
        kind: 'groups',
        title: 'Differences',
        columns: ['Repository', 'Person', 'GitHub', 'By', 'Permit', 'By'],
        noun: ['repository', 'repositories'],
        groups: differing.map((one) => groupOf(one, report.nameOf)),
      },
      warningsSection([...unknownRepositories(results), ...report.warnings]),
    ],
    summary: {
      tone: TONE[status],
      sentence: sentenceOf(compared, differing, results.length - compared.length),
      facts: costOf(report),
      ...(status === 'mismatch' ? { next: NEXT } : {}),
    },
    ...(status === 'verified' && report.warnings.length === 0 ? { isSilent: 'with --quiet' } : {}),
    document: documentOf(report, status),
    actions: {
      errors: differing.map(({ repository, mismatches }) => ({
        title: 'Access differs',
        message: `${fullName(repository)}: ${count(mismatches.length, 'person', 'people')} may do more or less in Permit than on GitHub`,
      })),
      warnings: unknownRepositories(results).map(({ code, message }) => ({ title: code, message })),
      outputs: { status, mismatches: mismatchesIn(differing) },
    },
  };
}

const NEXT =
  'Most differences are changes that gh-permit-sync reconcile would make, or has just made: the PDP lags by seconds.';

const fullName = ({ org, name: own }: MirroredRepository): string => `${org}/${own}`;

const mismatchesIn = (compared: readonly Compared[]): number =>
  compared.reduce((sum, { mismatches }) => sum + mismatches.length, 0);

function sentenceOf(compared: readonly Compared[], differing: readonly Compared[], unknown: number): string {
  const repositories = count(compared.length, 'repository', 'repositories');
  const pairs = count(
    compared.reduce((sum, { people }) => sum + people, 0),
    'comparison',
  );
  const found =
    differing.length === 0
      ? `GitHub and the PDP agree on ${repositories}, in ${pairs} of one person each`
      : `${count(mismatchesIn(differing), 'difference')} in ${differing.length} of ${repositories}, in ${pairs} of one person each`;
  return unknown === 0 ? found : `${found}; ${count(unknown, 'repository', 'repositories')} not compared`;
}

/** One warning for each reason, however many repositories it kept from being compared. */
function unknownRepositories(results: readonly Verification[]): readonly Warning[] {
  const unknown = results.filter((one) => one.kind === 'unknown');
  const byReason = groupBy(unknown, ({ problem }) => `${problem.code} ${problem.message}`);
  return [...byReason.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const names = enumerate(all.map(({ repository }) => fullName(repository)));
    const message = `${names} ${all.length === 1 ? 'was' : 'were'} not compared: ${first.problem.message}`;
    return [{ code: first.problem.code, message }];
  });
}

const groupOf = ({ repository, mismatches }: Compared, nameOf: VerifyReport['nameOf']): Group => ({
  title: [{ ...name(fullName(repository)), strong: true }],
  note: { text: count(mismatches.length, 'difference') },
  rows: mismatches.map((one): Row => {
    const isMore = one.differing.some((level) => one.allowed.includes(level));
    return {
      bullet: isMore ? '+' : '-',
      tone: 'alarm',
      label: one.user === undefined ? [name(one.login)] : personPhrase({ login: one.login, user: one.user }),
      remarks: [
        { lead: 'GitHub: ', text: describeRole(one.gitHub) },
        describeSources(one.sources),
        { lead: 'Permit: ', text: describeAllowed(one) },
        { lead: 'by ', text: describePaths(one, nameOf), tone: 'faint' },
      ],
    };
  }),
});

/** "write", "write (custom_ops_write)", "no access". */
export function describeRole(role: RepositoryRole | undefined): Phrase {
  if (role === undefined) return 'no access';
  const level = levelOf(role);
  if (level === undefined) return ['a role that the model lacks (', name(role), ')'];
  return repositoryRole(level) === role ? level : [`${level} (`, name(role), ')'];
}

/** `by team platform (write); organization acme (read)` */
function describeSources(sources: readonly AccessSource[] = []): Remark {
  if (sources.length === 0) return { text: '' };
  const each = sources.map((one) => [...sourcePhrase(one), ' (', name(one.role), ')']);
  return { lead: 'by ', text: joinPhrases(each, '; '), tone: 'faint' };
}

/** `team platform` */
export const sourcePhrase = ({ kind, name: own }: AccessSource) => [`${SOURCE_NAMES[kind]} `, name(own)];

const SOURCE_NAMES: { readonly [kind in AccessSource['kind']]: string } = {
  Organization: 'organization',
  Team: 'team',
  Repository: 'repository',
};

/** The highest level alone, unless a lower one is missing. */
function describeAllowed({ allowed, user, id, formerLogin }: AccessMismatch): Phrase {
  if (user === undefined) return 'no managed user yet, so no access';
  const highest = allowed.at(-1);
  const isWhole = highest !== undefined && allowed.length === LEVELS.indexOf(highest) + 1;
  const levels = isWhole ? highest : allowed.join(', ') || 'no access';
  if (id === undefined) return `${levels}, as a user that this tool does not manage`;
  return formerLogin === undefined ? levels : [`${levels}, under the former login `, name(formerLogin)];
}

function describePaths({ paths, allowed }: AccessMismatch, nameOf: VerifyReport['nameOf']): Phrase {
  if (paths.length > 0)
    return joinPhrases(
      paths.map((path) => pathPhrase(path, nameOf)),
      '; ',
    );
  return allowed.length === 0
    ? 'no grant and no link'
    : 'no grant of the model: a role in the tenant, or another policy';
}

/** `member on github_team:42 (acme/platform) over team_push`. */
export function pathPhrase({ grant, relation }: AccessPath, nameOf: VerifyReport['nameOf']) {
  const { role, resource } = grant;
  const known = nameOf(resource);
  return [
    name(role),
    ' on ',
    name(resource),
    ...(known === resource ? [] : [' (', name(known), ')']),
    ...(relation === undefined ? [] : [' over ', name(relation)]),
  ];
}

function documentOf(
  { results, orgs, pdpUrl, sample, nameOf, warnings, ...cost }: VerifyReport,
  status: VerifyStatus,
) {
  return {
    version: 1,
    command: 'verify',
    status,
    orgs,
    pdpUrl,
    ...(sample === undefined ? {} : { sample: { size: results.length, ...sample } }),
    repositories: results.map((one) => ({
      id: one.repository.id,
      name: fullName(one.repository),
      tenant: one.repository.tenant,
      ...(one.kind === 'unknown'
        ? { outcome: 'unknown', error: { code: one.problem.code, message: one.problem.message } }
        : { outcome: 'compared', people: one.people, mismatches: one.mismatches.length }),
    })),
    mismatches: results.flatMap((one) =>
      one.kind === 'compared' ? one.mismatches.map((own) => mismatchFields(one.repository, own, nameOf)) : [],
    ),
    warnings: warningFields([...unknownRepositories(results), ...warnings]),
    ...endFields(cost),
  };
}

function mismatchFields(
  repository: MirroredRepository,
  { id, login, formerLogin, user, gitHub, sources, allowed, differing, paths }: AccessMismatch,
  nameOf: VerifyReport['nameOf'],
) {
  return {
    repository: fullName(repository),
    login,
    ...(formerLogin === undefined ? {} : { formerLogin }),
    id: id ?? null,
    user: user ?? null,
    github: gitHubFields(gitHub, sources),
    permit: { allowed, paths: paths.map((path) => pathFields(path, nameOf)) },
    differing,
  };
}

/** What GitHub gives, as every document has it. `sources` is absent where GitHub did not tell. */
export const gitHubFields = (
  role: RepositoryRole | undefined,
  sources: readonly AccessSource[] | undefined,
) =>
  role === undefined
    ? null
    : {
        ...{ role, level: levelOf(role) ?? null },
        ...(sources && {
          sources: sources.map(({ kind, ...one }) => ({ source: SOURCE_NAMES[kind], ...one })),
        }),
      };

/** A way of access, as every document has it. */
export function pathFields({ grant, relation, role }: AccessPath, nameOf: VerifyReport['nameOf']) {
  const known = nameOf(grant.resource);
  return defined({
    role: grant.role,
    on: grant.resource,
    name: known === grant.resource ? undefined : known,
    relation,
    gives: role,
  });
}
