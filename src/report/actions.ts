import { changesOf } from '../model/plan.ts';
import { resultsOf } from './results.ts';
import type { RunReport } from './run-report.ts';
import { inertLines } from './sanitize-line.ts';
import { summarize } from './summary.ts';
import { fewWarningsOf } from './warnings.ts';
import { amount, describeChange, describeViolation } from './words.ts';

type Annotation = { readonly title: string; readonly message: string };

/** GitHub shows ten errors and ten warnings of a step and drops the rest without a word. */
const MOST_SHOWN = 10;

/** Workflow commands for GitHub's runner, one a line; "" where there is nothing to annotate. */
export function annotations(report: RunReport): string {
  const errors = [...runErrors(report), ...failedChanges(report)];
  const warnings = fewWarningsOf(report).map(({ code, message }) => ({ title: code, message }));
  const lines = [
    ...shown(errors, 'error').map((annotation) => command('error', annotation)),
    ...shown(warnings, 'warning').map((annotation) => command('warning', annotation)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Lines for the file that `GITHUB_OUTPUT` names. `changes` counts those of the plan, whatever came of them. */
export function outputs(report: RunReport): string {
  const changes = report.plan === undefined ? 0 : changesOf(report.plan).length;
  return `status=${report.status}\nchanges=${changes}\nrefused=${report.status === 'refused'}\n`;
}

function runErrors(report: RunReport): readonly Annotation[] {
  const { status, error, verdict } = report;
  if (status === 'refused') {
    const limits = verdict.violations.map(
      (violation) => `${describeViolation(violation)} (${violation.override})`,
    );
    return [
      { title: 'Refused by a limit', message: [`${summarize(report).sentence}.`, ...limits].join('\n') },
    ];
  }
  if (status !== 'error') return [];
  if (error === undefined) return [{ title: 'INTERNAL', message: `${summarize(report).sentence}.` }];
  return [{ title: error.code, message: [error.message, error.hint].filter(Boolean).join('\n') }];
}

function failedChanges(report: RunReport): readonly Annotation[] {
  return resultsOf(report).flatMap(({ change, outcome }) =>
    outcome.kind === 'failed'
      ? [
          {
            title: outcome.code,
            message: `${change.user}: ${describeChange(change, change.user)}: ${outcome.message}`,
          },
        ]
      : [],
  );
}

/** The last of the ten says how many others there are. */
function shown(annotations: readonly Annotation[], noun: string): readonly Annotation[] {
  if (annotations.length <= MOST_SHOWN) return annotations;
  const first = annotations.slice(0, MOST_SHOWN - 1);
  const rest = amount(annotations.length - first.length, `more ${noun}`);
  return [...first, { title: rest, message: `${rest}; the job summary and --output json have them all.` }];
}

/** `::error title=…::…`, escaped as the runner unescapes it (ActionCommand.cs: `%` first). */
function command(level: 'error' | 'warning', { title, message }: Annotation): string {
  const property = escapeData(`gh-permit-sync: ${title}`).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${level} title=${property}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return inertLines(text).join('\n').replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
