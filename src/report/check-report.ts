import { inert } from './inert.ts';
import { jsonText } from './json.ts';
import { code } from './markdown-text.ts';
import { palette } from './palette.ts';

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
  readonly durationMs: number;
};

/** One line: who may (not) do what, and where. */
export function renderCheckText(report: CheckReport, { color }: { readonly color: boolean }): string {
  const paint = palette(color);
  const verdict = report.allowed ? paint.sign['+']('allow') : paint.sign['-']('deny');
  return `${verdict}: ${inert(sentence(report, (text) => text))}\n`;
}

export const renderCheckMarkdown = (report: CheckReport): string =>
  `**${report.allowed ? '✅ allow' : '⛔ deny'}:** ${sentence(report, code)}\n`;

function sentence(
  { allowed, login, user, action, resource, tenant }: CheckReport,
  name: (text: string) => string,
) {
  const who = login === user ? name(login) : `${name(login)} (${name(user)})`;
  return `${who} may ${allowed ? '' : 'not '}${name(action)} on ${name(resource)} in the tenant ${name(tenant)}`;
}

export function renderCheckJson(report: CheckReport): string {
  const { allowed, login, user, action, resource, tenant, pdpUrl, durationMs } = report;
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
    durationMs,
  });
}
