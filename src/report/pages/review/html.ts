import { createHash } from 'node:crypto';
import type { Rule } from '../../../model/rule.ts';
import { count, quantity } from '../../../model/text/text.ts';
import type { ReviewRow, ReviewStatus } from '../../../model/views/review.ts';
import { warningsOf } from '../../warnings.ts';

import { summarize } from '../run-summary.ts';
import { plainCell, type ReviewReport } from './report.ts';
import { STYLE } from './style.ts';

/** Our own markup, in which everything from outside is escaped. */
type Markup = { readonly html: string };
type HtmlPart = Markup | string;

const MEANINGS: { readonly [status in ReviewStatus]: string } = {
  held: 'Permit holds the grant, and the rules and facts next to it give it.',
  'to be assigned': 'Permit does not hold the grant yet. The next run assigns it.',
  'to be removed': 'Permit holds the grant, but no rule gives it anymore. The next run removes it.',
  kept: 'Permit holds the grant, and no rule gives it. The next run keeps it: see “What could not be seen”.',
  undecided: 'Permit holds the grant. Whether a rule gives it depends on something that could not be read.',
  unmanaged: 'Permit holds the grant, and this tool does not decide about it.',
  'no grants': 'The person holds nothing here.',
};

/** What a reviewer should check carefully. */
const ALERTS: ReadonlySet<ReviewStatus> = new Set(['to be removed', 'kept', 'undecided', 'unmanaged']);

/** The page of an access review, a line at a time; `reviewEnd` makes its last line. */
export function* reviewHtml(report: ReviewReport): Generator<string> {
  const { review, rules, run } = report;
  const html = writer(report);
  const orgs = run.orgs.join(', ');
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n';
  yield line(html`<meta http-equiv="Content-Security-Policy" content="${policy}">`);
  yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n';
  yield line(html`<title>Access review of ${orgs}, ${report.time.slice(0, 10)}</title>`);
  yield `<style>${STYLE}</style>\n</head>\n<body>\n`;
  yield line(html`<h1>Access review of ${orgs}</h1>`);
  yield '<p>Who holds what in Permit, by which rule and which fact on GitHub, and since when.</p>\n<dl>\n';
  for (const [term, value] of factsOf(report)) {
    if (value !== undefined) yield line(html`<dt>${term}</dt><dd>${value}</dd>`);
  }
  yield '</dl>\n<h2>What could not be seen</h2>\n';
  const unseen = unseenBy(report);
  yield* unseen.length === 0
    ? ['<p>Nothing: GitHub and Permit were read completely, and every user has a valid mark.</p>\n']
    : tableOf(
        '',
        ['Code', 'What'],
        unseen.map(([code, message]) => html`<tr><td><code>${code}</code></td><td>${message}</td></tr>`),
      );
  yield '<h2>Access</h2>\n';
  yield* tableOf('access', ACCESS_COLUMNS, rowsOf(review.rows, html));
  yield '<h2>Rules</h2>\n';
  yield* tableOf(
    '',
    ['Rule', 'Effect', 'For', 'Roles', 'Where', 'Until'],
    rules.map((rule, index) => ruleRow(rule, index + 1, html)),
  );
  yield '<h2>How to read this page</h2>\n<dl>\n';
  for (const [status, meaning] of Object.entries(MEANINGS))
    yield line(html`<dt>${status}</dt><dd>${meaning}</dd>`);
  for (const [term, meaning] of LEGEND) yield line(html`<dt>${term}</dt><dd>${meaning}</dd>`);
  yield '</dl>\n<h2>Sign-off</h2>\n';
  yield* tableOf('sign', ['Reviewer', 'Date', 'Signature'], [html`<tr><td></td><td></td><td></td></tr>`]);
}

/** @param digest SHA-256 of everything before it, in hexadecimal. */
export const reviewEnd = (digest: string): string =>
  `<p id="digest">SHA-256 of all lines but this one: <code>${digest}</code>. To verify it: <code>sed '$d' FILE | sha256sum</code></p></body></html>\n`;

const LEGEND: readonly (readonly [string, string])[] = [
  [
    'administrator',
    'Owns an organization on GitHub, or holds a role in Permit whose key contains “admin” or “owner”. Administrators come first.',
  ],
  [
    'Since',
    'When this tool assigned the grant, by the audit file, in UTC. — means that no audit file records it.',
  ],
  [
    'Decision',
    'The reviewer’s. Change the membership on GitHub or the rule in the config, then run the review again.',
  ],
];

type Write = (
  strings: TemplateStringsArray,
  ...values: readonly (HtmlPart | readonly HtmlPart[])[]
) => Markup;

/** A template tag that escapes every value that is not our own markup. */
function writer(report: ReviewReport): Write {
  const written = (value: HtmlPart): string =>
    typeof value === 'string' ? escapeHtml(plainCell(value, report)) : value.html;
  return (strings, ...values) => ({
    html: String.raw({ raw: strings }, ...values.map((value) => [value].flat().map(written).join(''))),
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

const line = ({ html }: Markup): string => `${html}\n`;

function* tableOf(style: string, columns: readonly string[], rows: Iterable<Markup>): Generator<string> {
  const heads = columns.map((column) => `<th scope="col">${column}</th>`).join('');
  yield `<table class="${style}">\n<thead><tr>${heads}</tr></thead>\n<tbody>\n`;
  for (const row of rows) yield line(row);
  yield '</tbody>\n</table>\n';
}

/** What proves how the review was made, and how much it covers. */
function factsOf(report: ReviewReport): readonly (readonly [term: string, value: string | undefined])[] {
  const { review, run, time, version, configDigest, audit, runUrl } = report;
  const { target, owner, config } = run;
  return [
    ['Made by', `gh-permit-sync ${version}`],
    ['Made at', `${time.slice(0, 19).replace('T', ' ')} UTC`],
    ['Run', runUrl],
    ['Permit project', target?.project],
    ['Permit environment', target && `${target.environment} at ${target.apiUrl}`],
    ['Owner of the marks', owner],
    ['Config file', config ?? 'none: the default rules'],
    ['Config digest', configDigest],
    ['Audit file', describeAudit(audit)],
    ['State', `${summarize(run).verdict}: ${summarize(run).sentence}`],
    ['People', quantity(review.people)],
    ['Administrators', quantity(review.admins)],
  ];
}

function describeAudit(audit: ReviewReport['audit']): string {
  if (audit === undefined) return 'none was given: the review does not say since when';
  if (!audit.exists) return `${audit.name}, which does not exist yet`;
  return audit.unreadable === 0
    ? audit.name
    : `${audit.name}, of which ${count(audit.unreadable, 'line')} could not be read`;
}

function unseenBy({ review, run }: ReviewReport): readonly (readonly [code: string, message: string])[] {
  const { otherOwners, unlistedUsers, withoutCollaborators } = review;
  return [
    ...warningsOf(run).map(({ code, message }) => [code, message] as const),
    ...[...otherOwners].map(
      ([owner, users]) =>
        [
          'FOREIGN_OWNER',
          `${count(users, 'user')} managed by the owner ${owner}: not part of this review`,
        ] as const,
    ),
    ...withoutCollaborators.map(
      (org) =>
        [
          'NOT_LISTED',
          `outside collaborators of ${org}: no rule needs them, so they were not listed`,
        ] as const,
    ),
    ...(unlistedUsers === 0
      ? []
      : [
          [
            'NOT_LISTED',
            `${count(unlistedUsers, 'user')} in Permit without a mark and without a managed grant`,
          ] as const,
        ]),
  ];
}

const ACCESS_COLUMNS = [
  'Person',
  'On GitHub',
  'Grant',
  'Status',
  'Rule and fact',
  'Since',
  'Decision',
  'Note',
];

function* rowsOf(rows: readonly ReviewRow[], html: Write): Generator<Markup> {
  const DECISION = html`<span class="box"></span>keep<br><span class="box"></span>remove`;
  const listed = (items: readonly string[]): readonly Markup[] =>
    items.map((item, index) => (index === 0 ? html`${item}` : html`<br>${item}`));
  for (const row of rows) {
    const { login, id, onGitHub, isAdmin, user, grant, status, rules, facts, since } = row;
    const person = [
      login === undefined ? html`<span class="alert">not known</span>` : html`<b>${login}</b>`,
      ...(isAdmin ? [html` <span class="tag">administrator</span>`] : []),
      ...(id === undefined ? [] : [html`<br><span class="faint">GitHub id ${String(id)}</span>`]),
      ...(user === undefined ? [] : [html`<br><code>${user}</code>`]),
    ];
    const github = onGitHub.length > 0 ? listed(onGitHub) : [html`<span class="alert">in no listing</span>`];
    const what = grant
      ? [
          html`<b>${grant.role}</b> in ${grant.tenant}`,
          ...(grant.resource === undefined ? [] : [html`<br>on <code>${grant.resource}</code>`]),
        ]
      : ['—'];
    const why = [
      ...(rules.length === 0 ? [] : [html`rule ${rules.join(', ')}`]),
      ...facts.map((fact) => html`<code>${fact}</code>`),
    ].flatMap((one, index) => (index === 0 ? [one] : [html`<br>`, one]));
    const state = ALERTS.has(status) ? html`<span class="alert">${status}</span>` : html`${status}`;
    const when = since === undefined ? '—' : html`${since.slice(0, 10)}<br>${since.slice(11, 16)}`;
    yield html`<tr${isAdmin ? html` class="admin"` : html``}><td>${person}</td><td>${github}</td><td>${what}</td><td>${state}</td><td>${why.length === 0 ? '—' : why}</td><td class="when">${when}</td><td>${DECISION}</td><td></td></tr>`;
  }
}

function ruleRow(
  { effect, subject, also, unless, roles, tenant, resource, until }: Rule,
  number: number,
  html: Write,
): Markup {
  const patterns = (word: string, list: Rule['subject']): readonly Markup[] =>
    list.map(({ text }) => html`${word} <code>${text}</code><br>`);
  const who = [...patterns('', subject), ...patterns('also', also), ...patterns('unless', unless)];
  const where = resource === undefined ? html`${tenant}` : html`<code>${resource}</code> in ${tenant}`;
  return html`<tr><td>${String(number)}</td><td>${effect}</td><td>${who}</td><td>${roles.join(', ')}</td><td>${where}</td><td>${until ?? ''}</td></tr>`;
}
