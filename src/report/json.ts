import type { Result } from '../model/change.ts';
import type { Grant } from '../model/grant.ts';
import { changesOf } from '../model/plan.ts';
import { describeWaysOn } from './first-run.ts';
import { resultsOf } from './results.ts';
import type { RunReport, Warning } from './run-report.ts';
import { countKinds, countOutcome, countPeople } from './tally.ts';
import { warningsOf } from './warnings.ts';

/** The document of CONTRACT §9. Text from outside stays as it is, written so that it does nothing on a terminal. */
export function renderJson(report: RunReport): string {
  return jsonText(documentOf(report));
}

/** Any document, written so that it does nothing on a terminal or to GitHub's runner. Ends with a line break. */
export function jsonText(document: unknown): string {
  return `${escapeInvisible(JSON.stringify(document, null, 2))}\n`;
}

/** The same on one line, without the line break: for files of a document a line. */
export const jsonLine = (document: unknown): string => escapeInvisible(JSON.stringify(document));

function documentOf(report: RunReport) {
  const { plan, verdict, error } = report;
  const results = resultsOf(report);
  return {
    version: 1,
    command: report.command,
    dryRun: report.dryRun,
    status: report.status,
    orgs: report.orgs,
    summary: {
      members: plan?.members ?? 0,
      managed: plan?.managedBefore ?? 0,
      unmanaged: plan?.unmanaged.length ?? 0,
      changes: countKinds(plan === undefined ? [] : changesOf(plan)),
      people: countPeople(plan?.people ?? []),
      failed: countOutcome(results, 'failed'),
    },
    changes: results.map(changeOf),
    guard: {
      verdict: verdict.verdict,
      violations: verdict.violations.map(({ limit, allowed, planned, earlier, override }) => ({
        limit,
        allowed,
        planned,
        ...(earlier === undefined ? {} : { earlier }),
        override,
      })),
    },
    unmanaged: (plan?.unmanaged ?? []).map(({ user, grant, govern }) => ({
      user,
      ...grantOf(grant),
      ...(govern === undefined ? {} : { manages: govern }),
    })),
    warnings: [...aboutFirstRun(report), ...warningsOf(report)].map(({ code, message }) => ({
      code,
      message,
    })),
    ...(report.queue === undefined ? {} : { queue: report.queue }),
    requests: { github: report.requests.github, permit: report.requests.permit },
    durationMs: report.durationMs,
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message, hint: error.hint } }),
  };
}

/** What a person reads in a section of its own. */
function aboutFirstRun(report: RunReport): readonly Warning[] {
  const message = describeWaysOn(report).join('\n');
  return message === '' ? [] : [{ code: 'EXISTING_USER', message }];
}

function changeOf({ change, outcome }: Result) {
  return {
    kind: change.kind,
    user: change.user,
    ...('grant' in change ? grantOf(change.grant) : {}),
    reason: change.reason,
    outcome: outcome.kind,
    ...(outcome.kind === 'failed' ? { error: { code: outcome.code, message: outcome.message } } : {}),
    ...(outcome.kind === 'skipped' ? { why: outcome.why } : {}),
  };
}

/** A grant's fields, as every document has them. */
export function grantOf({ role, tenant, resource }: Grant) {
  return { role, tenant, ...(resource === undefined ? {} : { resource }) };
}

/**
 * JSON leaves DEL, the C1 controls, line separators and format characters (bidirectional overrides among them)
 * bare, and `##[` is a workflow command to GitHub's runner. All of them can only stand inside strings, where an
 * escape means the same.
 */
function escapeInvisible(json: string): string {
  return json
    .replace(/[\u007F-\u009F\u2028\u2029\p{Cf}]/gu, (character) =>
      Array.from({ length: character.length }, (_, unit) => escapeUnit(character.charCodeAt(unit))).join(''),
    )
    .replaceAll('##[', `##${escapeUnit('['.charCodeAt(0))}`);
}

const escapeUnit = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;
