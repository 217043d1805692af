import { CHANGE_KINDS, type Change } from '../../model/change.ts';
import { changesOf, type Plan } from '../../model/plan.ts';
import { GRAPH_KINDS } from '../../model/repositories/graph-change.ts';
import { defined } from '../../model/text/record.ts';
import { endFields, grantFields, outcomeFields, warningFields } from '../json.ts';
import {
  allResultsOf,
  countKinds,
  countOutcome,
  countPeople,
  graphResultsOf,
  type RunReport,
  resultsOf,
} from '../run-report.ts';
import { warningsOf } from '../warnings.ts';
import { describeWaysOn } from './first-run.ts';
import { graphFields } from './run-graph.ts';

/** The document of CONTRACT §9. */
export function documentOf(report: RunReport) {
  const { plan, verdict } = report;
  const fieldsOf = changeFields(plan);
  return {
    version: 1,
    command: report.command,
    dryRun: report.dryRun,
    status: report.status,
    orgs: report.orgs,
    ...whereFields(report),
    summary: {
      members: plan?.members ?? 0,
      managed: plan?.managedBefore ?? 0,
      unmanaged: plan?.unmanaged.length ?? 0,
      changes: {
        ...countKinds(CHANGE_KINDS, plan === undefined ? [] : changesOf(plan)),
        ...(plan?.graph ? countKinds(GRAPH_KINDS, plan.graph.changes) : {}),
      },
      people: countPeople(plan?.people ?? []),
      failed: countOutcome(allResultsOf(report), 'failed'),
    },
    changes: [
      ...resultsOf(report).map(({ change, outcome }) => ({ ...fieldsOf(change), ...outcomeFields(outcome) })),
      ...graphResultsOf(report).map(graphFields),
    ],
    guard: {
      verdict: verdict.verdict,
      violations: verdict.violations.map(({ limit, allowed, planned, earlier, override }) =>
        defined({ limit, allowed, planned, earlier, override }),
      ),
    },
    unmanaged: (plan?.unmanaged ?? []).map(({ user, grant, govern }) => ({
      user,
      ...grantFields(grant),
      ...(govern === undefined ? {} : { manages: govern }),
    })),
    warnings: warningFields([...firstRunWarnings(report), ...warningsOf(report)]),
    ...(report.queue === undefined ? {} : { queue: report.queue }),
    ...endFields(report),
  };
}

/** What is written to, and by which config, as far as it is known. */
export const whereFields = ({ target, owner, config }: Pick<RunReport, 'target' | 'owner' | 'config'>) =>
  defined({ target, owner, config });

/** The fields of a plan's changes, as every document has them. */
export function changeFields(plan: Plan | undefined) {
  const logins = new Map(
    plan?.people.flatMap(({ login, changes }) => changes.map((change) => [change, login] as const)),
  );
  return (change: Change) => ({
    kind: change.kind,
    user: change.user,
    login: logins.get(change) ?? change.user,
    ...('grant' in change ? grantFields(change.grant) : {}),
    reason: change.reason,
  });
}

/** The text has a section for it. */
function firstRunWarnings(report: RunReport): RunReport['warnings'] {
  const message = describeWaysOn(report).join('\n');
  return message === '' ? [] : [{ code: 'EXISTING_USER', message }];
}
