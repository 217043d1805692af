import { CHANGES } from '../model/change.ts';
import type { Explanation, Trace } from '../model/explanation.ts';
import { changesOf } from '../model/plan.ts';
import type { Rule } from '../model/rule.ts';
import { type Row, renderRows, wrap } from './columns.ts';
import { undecidedGrants } from './explain-undecided.ts';
import { grantOf, jsonText } from './json.ts';
import { code, prose } from './markdown-text.ts';
import { palette } from './palette.ts';
import { sanitizeLine } from './sanitize-line.ts';
import { describeChange, describeGrant, type Sign } from './words.ts';

/** What `explain` has to say besides the explanation itself. */
export type ExplainReport = {
  readonly explanation: Explanation;
  readonly orgs: readonly string[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
};

/** A titled list of rows: a label, and a remark beside it. */
type Section = {
  readonly title: string;
  readonly rows: readonly { readonly label: string; readonly remark: string; readonly sign?: Sign | '!' }[];
};

/** Who the person is, in one sentence. */
function headline({ explanation, orgs }: ExplainReport): string {
  const { login, id, known, standing, user, occupant } = explanation;
  if (id === undefined) {
    return `${login} is a stranger: neither a member of ${orgs.join(', ')} nor a user that is managed here. Nothing is given.`;
  }
  const where = known ? '' : `, in none of ${orgs.join(', ')}`;
  const holds = {
    none: 'no user in Permit',
    ours: `user ${user} in Permit, managed here`,
    unmarked: `user ${user} in Permit, which is not ours`,
    'another person': `no user in Permit; the user ${user} there belongs to GitHub id ${occupant}`,
    'another owner': `user ${user} in Permit, managed by another owner`,
    'bad mark': `user ${user} in Permit, whose mark is not valid`,
  }[standing];
  return `${login} (GitHub id ${id})${where}: ${holds}.`;
}

function sectionsOf({ explanation, warnings }: ExplainReport, verbose: boolean): readonly Section[] {
  const { locators, traces, wanted, held, drift } = explanation;
  const shown = verbose
    ? traces
    : traces.filter(({ holds, nearly }) => holds !== 'no' || nearly !== undefined);
  return [
    { title: 'Is, on GitHub', rows: locators.map((label) => ({ label, remark: '' })) },
    {
      title: 'Rules',
      rows: shown.map((trace) => ({ label: describeRule(trace), remark: verdictOf(trace) })),
    },
    {
      title: 'Should hold',
      rows: [
        ...wanted.map(({ grant, because }) => ({ label: describeGrant(grant), remark: because.join(', ') })),
        ...undecidedGrants(explanation).map(({ grant, because }) => ({
          label: describeGrant(grant),
          remark: because,
        })),
      ],
    },
    {
      title: 'Holds in Permit',
      rows: held.map(({ grant, managed }) => ({
        label: describeGrant(grant),
        remark: managed ? '' : 'not governed by this config',
      })),
    },
    driftSection(drift),
    {
      title: 'Notes',
      rows: [...warnings, ...drift.notes].map(({ code: label, message }) => ({
        label,
        remark: message,
      })),
    },
  ];
}

/** A person whom every run skips is not in sync, though no run would change anything. */
function driftSection(drift: Explanation['drift']): Section {
  const refusals = drift.skipped.map(({ code: label, message }) => ({
    label,
    remark: message,
    sign: '!' as const,
  }));
  const changes = changesOf(drift).map((change) => ({
    label: describeChange(change, change.user),
    remark: change.reason,
    sign: CHANGES[change.kind].sign,
  }));
  const title =
    changes.length > 0
      ? 'Drift: the next run would'
      : refusals.length > 0
        ? 'Drift: the next run leaves it, and exits 4'
        : 'Drift: none';
  return { title, rows: [...changes, ...refusals] };
}

/** `2. allow github:*:role:member → member in default`. */
function describeRule({ number, rule }: Trace): string {
  const { effect, subject, roles } = rule;
  return `${number}. ${effect} ${subject.map(({ text }) => text).join(' or ')} → ${roles.join(', ')} ${placeOf(rule)}`;
}

const placeOf = ({ tenant, resource }: Rule): string =>
  resource === undefined ? `in ${tenant}` : `on ${resource} in ${tenant}`;

function verdictOf({ holds, by, nearly, deniedBy }: Trace): string {
  if (nearly !== undefined) return `no: ${nearly}`;
  if (holds === 'no') return 'no';
  const denied =
    deniedBy.length === 0 ? '' : `; taken away by ${deniedBy.map((number) => `rule ${number}`).join(', ')}`;
  return `${holds === 'yes' ? 'holds' : 'undecided'}, by ${by.join(', ')}${denied}`;
}

export function renderExplainText(
  report: ExplainReport,
  {
    color,
    verbose = false,
    width,
  }: { readonly color: boolean; readonly verbose?: boolean; readonly width?: number },
): string {
  const paint = palette(color);
  const sections = sectionsOf(report, verbose)
    .filter(({ rows, title }) => rows.length > 0 || title.startsWith('Drift'))
    .map(({ title, rows }) => {
      const lines = renderRows(
        rows.map(
          ({ label, remark, sign }): Row => ({
            indent: '  ',
            sign: sign ?? ' ',
            signPaint: sign === '!' ? paint.caution : sign ? paint.sign[sign] : paint.plain,
            label: sanitizeLine(label),
            remarks: remark === '' ? [] : [{ text: sanitizeLine(remark), paint: paint.faint }],
          }),
        ),
        width,
      );
      return [paint.strong(title), ...lines].join('\n');
    });
  const known = report.explanation.id !== undefined;
  return `${[wrap(sanitizeLine(headline(report)), width).join('\n'), ...(known ? sections : [])].join('\n\n')}\n`;
}

export function renderExplainMarkdown(report: ExplainReport): string {
  const sections = sectionsOf(report, true)
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }) => {
      const lines = rows.map(
        ({ label, remark }) => `- ${code(label)}${remark === '' ? '' : `: ${prose(remark)}`}`,
      );
      return [`### ${title}`, '', ...lines].join('\n');
    });
  return `${[prose(headline(report)), ...sections].join('\n\n')}\n`;
}

export function renderExplainJson(report: ExplainReport): string {
  const { explanation, orgs, warnings, requests, durationMs } = report;
  const { login, id, known, locators, traces, wanted, user, standing, occupant, held, drift } = explanation;
  return jsonText({
    version: 1,
    command: 'explain',
    login,
    id: id ?? null,
    member: known,
    orgs,
    user: user ?? null,
    standing,
    ...(occupant === undefined ? {} : { occupant }),
    locators,
    rules: traces.map(({ number, rule, holds, by, nearly, deniedBy }) => ({
      number,
      effect: rule.effect,
      subject: rule.subject.map(({ text }) => text),
      roles: rule.roles,
      tenant: rule.tenant,
      ...(rule.resource === undefined ? {} : { resource: rule.resource }),
      holds,
      by,
      ...(nearly === undefined ? {} : { nearly }),
      ...(deniedBy.length === 0 ? {} : { deniedBy }),
    })),
    wanted: wanted.map(({ grant, because }) => ({ ...grantOf(grant), because })),
    undecided: undecidedGrants(explanation).map(({ grant, because }) => ({ ...grantOf(grant), because })),
    held: held.map(({ grant, managed }) => ({ ...grantOf(grant), managed })),
    drift: changesOf(drift).map((change) => ({
      kind: change.kind,
      user: change.user,
      ...('grant' in change ? grantOf(change.grant) : {}),
      reason: change.reason,
    })),
    warnings: [...warnings, ...drift.skipped, ...drift.notes].map(({ code: name, message }) => ({
      code: name,
      message,
    })),
    requests,
    durationMs,
  });
}
