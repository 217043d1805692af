import type { Warning } from '../../model/problem.ts';
import { warningFields } from '../json.ts';
import { name, type Page, warningsSection } from '../page.ts';

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
  /** Why the answer may not be a real decision: Permit lacks something, or GitHub was not asked who has the login. */
  readonly warnings: readonly Warning[];
  readonly durationMs: number;
};

/** Who may (not) do what, and where. */
export function checkPage(report: CheckReport): Page {
  const { allowed, login, user, action, resource, tenant, pdpUrl, warnings, durationMs } = report;
  const status = allowed ? 'allow' : 'deny';
  return {
    heading: `gh-permit-sync check: ${allowed ? '✅' : '⛔'} ${status}`,
    title: [
      { text: `${status}:`, tone: allowed ? 'good' : 'alarm' },
      ' ',
      name(login),
      ...(login === user ? [] : [' (', name(user), ')']),
      ` may ${allowed ? '' : 'not '}`,
      name(action),
      ' on ',
      name(resource),
      ' in the tenant ',
      name(tenant),
    ],
    sections: [warningsSection(warnings, '')],
    document: {
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
      warnings: warningFields(warnings),
      durationMs,
    },
  };
}
