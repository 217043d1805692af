import { CHANGES } from '../../model/change.ts';
import type { Grant } from '../../model/grant.ts';
import { changesOf } from '../../model/plan.ts';
import type { Warning } from '../../model/problem.ts';
import { type Rule, tenantFor } from '../../model/rule.ts';
import { globMatches } from '../../model/text/glob.ts';
import { defined } from '../../model/text/record.ts';
import type { Explanation, Trace } from '../../model/views/explanation.ts';
import { endFields, grantFields, warningFields } from '../json.ts';
import {
  cautionRow,
  joinPhrases,
  name,
  type Page,
  type Phrase,
  type Remark,
  type Row,
  type Section,
  type Span,
  warningsSection,
} from '../page.ts';
import type { Cost } from '../run-report.ts';
import { changePhrase, grantPhrase } from '../words.ts';
import { changeFields } from './run-document.ts';

export type ExplainReport = Cost & {
  readonly explanation: Explanation;
  readonly orgs: readonly string[];
  readonly warnings: readonly Warning[];
};

/** Which rules give or deny one person what, what Permit holds, and the drift. */
export function explainPage(report: ExplainReport): Page {
  const { explanation } = report;
  return {
    heading: 'gh-permit-sync explain',
    title: whoIs(report),
    sections: explanation.id === undefined ? [] : sectionsOf(report),
    document: documentOf(report),
  };
}

const namesOf = (names: readonly string[], between: string): readonly (string | Span)[] =>
  joinPhrases(
    names.map((one) => [name(one)]),
    between,
  );

/** Who the person is, in one sentence. */
function whoIs({ explanation, orgs }: ExplainReport): Phrase {
  const { login, id, known, standing, user = '', occupant } = explanation;
  const all = namesOf(orgs, ', ');
  if (id === undefined) {
    return [
      name(login),
      ' is a stranger: neither a member of ',
      ...all,
      ' nor a user that is managed here. No rule gives this person anything.',
    ];
  }
  const holds: { readonly [standing in Explanation['standing']]: readonly (string | Span)[] } = {
    none: ['no user in Permit'],
    ours: ['user ', name(user), ' in Permit, managed here'],
    unmarked: ['user ', name(user), ' in Permit, which is not managed here'],
    'another person': ['no user in Permit; the user ', name(user), ` there belongs to GitHub id ${occupant}`],
    'another owner': ['user ', name(user), ' in Permit, managed by another owner'],
    'bad mark': ['user ', name(user), ' in Permit, whose mark is not valid'],
  };
  const where = known ? [] : [', in none of ', ...all];
  return [name(login), ` (GitHub id ${id})`, ...where, ': ', ...holds[standing], '.'];
}

function sectionsOf({ explanation, warnings }: ExplainReport): readonly Section[] {
  const { locators, identity, traces, wanted, held, drift } = explanation;
  const rows = (title: string, columns: readonly string[], of: readonly Row[]): Section => ({
    kind: 'rows',
    title,
    columns,
    rows: of.map((row) => (row.sign || row.bullet ? row : { ...row, bullet: ' ' })),
  });
  const because = (text: string): readonly Remark[] => [{ text, tone: 'faint' }];
  return [
    rows(
      'On GitHub',
      ['Fact'],
      locators.map((locator) => ({ label: [name(locator)] })),
    ),
    ...(identity ? [rows('Identity', ['Name', 'Source'], identityRows(identity))] : []),
    rows(
      'Rules',
      ['Rule', 'Applies'],
      traces.map((trace) => ({
        label: rulePhrase(trace),
        remarks: because(verdictOf(trace)),
        ...(trace.holds === 'no' && trace.nearly === undefined ? { shown: 'with --full' as const } : {}),
      })),
    ),
    rows(
      'Should hold',
      ['Grant', 'Because of'],
      [
        ...wanted.map((one) => ({ label: grantPhrase(one.grant), remarks: because(one.because.join(', ')) })),
        ...undecidedGrants(explanation).map((one) => ({
          label: grantPhrase(one.grant),
          remarks: because(one.because),
        })),
      ],
    ),
    rows(
      'Holds in Permit',
      ['Grant', ''],
      held.map(({ grant, managed }) => ({
        label: grantPhrase(grant),
        remarks: managed ? [] : because('unmanaged'),
      })),
    ),
    driftSection(drift),
    warningsSection([...warnings, ...drift.notes], 'Notes'),
  ];
}

const identityRows = ({ values, why }: NonNullable<Explanation['identity']>): readonly Row[] => [
  ...values.map((one): Row => {
    const remarks = [{ text: one.source, tone: 'faint' as const }];
    return { label: [`${one.name} `, name(one.value)], remarks };
  }),
  ...(why === undefined ? [] : [cautionRow([why])]),
];

/** A person whom every run skips is not in sync, even though no run would change anything. */
function driftSection(drift: Explanation['drift']): Section {
  const refusals = drift.skipped.map(({ code, message }) =>
    cautionRow([name(code)], { text: message, tone: 'faint' }),
  );
  const changes = changesOf(drift).map(
    (change): Row => ({
      sign: CHANGES[change.kind].sign,
      label: changePhrase(change, change.user),
      remarks: [{ text: change.reason, tone: 'faint' }],
    }),
  );
  const title =
    changes.length > 0
      ? 'Drift: the next run would'
      : refusals.length > 0
        ? 'Drift: the next run leaves it, and exits 4'
        : 'Drift: none';
  const rows = [...changes, ...refusals];
  return { kind: 'rows', title, columns: ['Change', 'Reason'], rows, isAlwaysShown: true };
}

/** `2. allow github:*:role:member → member in default`. */
function rulePhrase({ number, rule }: Trace): Phrase {
  const { effect, subject, roles, tenant, resource, until } = rule;
  return [
    { text: `${number}. ${effect} ` },
    ...namesOf(
      subject.map(({ text }) => text),
      ' or ',
    ),
    ' → ',
    ...namesOf(roles, ', '),
    ...(resource === undefined ? [] : [' on ', name(resource)]),
    ' in ',
    name(tenant),
    ...(until === undefined ? [] : [` until ${until}`]),
  ];
}

function verdictOf({ holds, by, nearly, deniedBy }: Trace): string {
  if (nearly !== undefined) return `no: ${nearly}`;
  if (holds === 'no') return 'no';
  const denied =
    deniedBy.length === 0 ? '' : `; taken away by ${deniedBy.map((number) => `rule ${number}`).join(', ')}`;
  return `${holds === 'yes' ? 'holds' : 'undecided'}, by ${by.join(', ')}${denied}`;
}

/** Grants that depend on something that could not be read, and the rules that would decide them. */
function undecidedGrants({
  undecided,
  traces,
}: Explanation): readonly { readonly grant: Grant; readonly because: string }[] {
  return undecided.map((id) => {
    const grant = parseGrantId(id);
    const open = traces.filter(({ holds, rule }) => holds === 'undecided' && isAbout(rule, grant));
    const rules = open.map(({ number, by }) => `rule ${number} (${by.join(', ')})`).join(' and ');
    const depend = open.length > 1 ? 'depend' : 'depends';
    const what = rules === '' ? 'it depends' : `${rules} ${depend}`;
    return { grant, because: `unknown, and left as it is: ${what} on something that could not be read` };
  });
}

/** `tenant/role`, or `tenant/role@type:key`; no key of a tenant or a role holds `/` or `@`. */
function parseGrantId(id: string): Grant {
  const [, tenant = '', role = id, resource] = /^([^/]*)\/([^@]*)(?:@(.*))?$/s.exec(id) ?? [];
  return { tenant, role, ...(resource === undefined ? {} : { resource }) };
}

const isAbout = ({ roles, tenant }: Rule, grant: Grant): boolean =>
  roles.some((role) => globMatches(role, grant.role, 'exact case')) &&
  globMatches(tenantFor(tenant, '*'), grant.tenant);

function documentOf({ explanation, orgs, warnings, ...cost }: ExplainReport) {
  const { login, id, known, identity, locators, traces, wanted, user, standing, occupant, held, drift } =
    explanation;
  return {
    version: 1,
    command: 'explain',
    login,
    id: id ?? null,
    member: known,
    orgs,
    user: user ?? null,
    standing,
    ...(occupant === undefined ? {} : { occupant }),
    ...(identity ? { identity: { values: identity.values, why: identity.why ?? null } } : {}),
    locators,
    rules: traces.map(({ number, rule, holds, by, nearly, deniedBy }) => ({
      number,
      effect: rule.effect,
      subject: rule.subject.map(({ text }) => text),
      roles: rule.roles,
      tenant: rule.tenant,
      ...defined({ resource: rule.resource, until: rule.until }),
      holds,
      by,
      ...defined({ nearly, deniedBy: deniedBy.length === 0 ? undefined : deniedBy }),
    })),
    wanted: wanted.map(({ grant, because }) => ({ ...grantFields(grant), because })),
    undecided: undecidedGrants(explanation).map(({ grant, because }) => ({ ...grantFields(grant), because })),
    held: held.map(({ grant, managed }) => ({ ...grantFields(grant), managed })),
    drift: changesOf(drift).map(changeFields(drift)),
    warnings: warningFields([...warnings, ...drift.skipped, ...drift.notes]),
    ...endFields(cost),
  };
}
