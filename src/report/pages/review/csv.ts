import type { ReviewRow } from '../../../model/views/review.ts';
import { plainCell, type ReviewReport } from './report.ts';

const COLUMNS: { readonly [name: string]: (row: ReviewRow) => string | number | undefined } = {
  login: ({ login }) => login,
  github_id: ({ id }) => id,
  github: ({ onGitHub }) => onGitHub.join('; '),
  administrator: ({ isAdmin }) => (isAdmin ? 'yes' : 'no'),
  user: ({ user }) => user,
  role: ({ grant }) => grant?.role,
  tenant: ({ grant }) => grant?.tenant,
  resource: ({ grant }) => grant?.resource,
  status: ({ status }) => status,
  rules: ({ rules }) => rules.join('; '),
  facts: ({ facts }) => facts.join('; '),
  since: ({ since }) => since,
  decision: () => '',
  note: () => '',
};

/** The rows of an access review as CSV (RFC 4180): one line at a time, the names of the columns first. */
export function* reviewCsv(report: ReviewReport): Generator<string> {
  const columns = Object.values(COLUMNS);
  yield `${Object.keys(COLUMNS).join(',')}\r\n`;
  for (const row of report.review.rows) {
    const cells = columns.map((cellOf) => csvCell(plainCell(String(cellOf(row) ?? ''), report)));
    yield `${cells.join(',')}\r\n`;
  }
}

/** A spreadsheet runs a cell that begins like a formula, unless an apostrophe precedes it (OWASP, "CSV Injection"). */
function csvCell(text: string): string {
  const inert = /^\s*[=+\-@＝＋－＠]|^[\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
