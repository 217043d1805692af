import { type Row, renderRows, wrapPainted } from './columns.ts';
import { jsonText } from './json.ts';
import { code, prose } from './markdown-text.ts';
import { INDENT, type TextOptions } from './page.ts';
import { palette } from './palette.ts';
import type { Warning } from './run-report.ts';
import { sanitizeLine } from './sanitize-line.ts';

/** What the PDP decided. */
export type CheckReport = {
  readonly allowed: boolean;
  readonly login: string;
  /** The user key in Permit. */
  readonly user: string;
  readonly action: string;
  /** `type`, or `type:key` of an instance. */
  readonly resource: string;
  readonly tenant: string;
  readonly pdpUrl: string;
  /** What may make this no decision: what Permit does not have, or that GitHub was not asked who is meant. */
  readonly warnings: readonly Warning[];
  readonly durationMs: number;
};

/** Who may (not) do what, and where; below it what may make this no decision at all. */
export function renderCheckText(report: CheckReport, { color, width }: TextOptions): string {
  const paint = palette(color);
  const verdict = report.allowed ? 'allow' : 'deny';
  const decided = report.allowed ? paint.sign['+'] : paint.sign['-'];
  const head = { text: sanitizeLine(sentence(report, (text) => text)), paint: paint.plain };
  const lines = wrapPainted([{ text: `${verdict}:`, paint: decided }, head], width);
  const rows = report.warnings.map(
    ({ code: name, message }): Row => ({
      indent: INDENT,
      sign: '!',
      signPaint: paint.caution,
      label: name,
      remarks: [{ text: sanitizeLine(message), paint: paint.plain }],
    }),
  );
  return `${[...lines, ...renderRows(rows, width)].join('\n')}\n`;
}

export const renderCheckMarkdown = (report: CheckReport): string =>
  [
    `**${report.allowed ? '✅ allow' : '⛔ deny'}:** ${sentence(report, code)}\n`,
    ...report.warnings.map(({ code: name, message }) => `- ⚠️ ${code(name)}: ${prose(message)}\n`),
  ].join('\n');

function sentence(
  { allowed, login, user, action, resource, tenant }: CheckReport,
  name: (text: string) => string,
) {
  const who = login === user ? name(login) : `${name(login)} (${name(user)})`;
  return `${who} may ${allowed ? '' : 'not '}${name(action)} on ${name(resource)} in the tenant ${name(tenant)}`;
}

export function renderCheckJson(report: CheckReport): string {
  const { allowed, login, user, action, resource, tenant, pdpUrl, warnings, durationMs } = report;
  const status = allowed ? 'allow' : 'deny';
  return jsonText({
    version: 1,
    command: 'check',
    status,
    allowed,
    login,
    user,
    action,
    resource,
    tenant,
    pdpUrl,
    warnings: warnings.map(({ code: name, message }) => ({ code: name, message })),
    durationMs,
  });
}
