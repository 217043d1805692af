import type { SyncError } from '../model/errors.ts';
import { describeWaysOn } from '../report/first-run.ts';
import { renderJson } from '../report/json.ts';
import { renderMarkdown } from '../report/markdown.ts';
import type { RunReport } from '../report/run-report.ts';
import { renderText } from '../report/text.ts';
import { describeViolation } from '../report/words.ts';
import type { CommonOptions } from './options.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** Prints a run's report on stdout, in the form that was asked for. */
export function printReport(
  report: RunReport,
  options: Pick<CommonOptions, 'output' | 'quiet' | 'color' | 'verbose'>,
  terminal: Terminal,
): void {
  switch (options.output) {
    case 'json':
      terminal.out(renderJson(report));
      return;
    case 'markdown':
      terminal.out(renderMarkdown(report));
      return;
    case 'text': {
      // What went wrong stands on stderr; a second telling on stdout would only be in the way.
      if (report.status === 'error' || (options.quiet && report.status === 'in-sync')) return;
      const color = wantsColor(options.color, terminal.env, terminal.outIsTty);
      const verbose = options.verbose === true;
      terminal.out(
        renderText(report, { color, verbose, ...(terminal.width ? { width: terminal.width } : {}) }),
      );
      return;
    }
    default:
      options.output satisfies never;
  }
}

/** What a refused run says on stderr. */
export function refusal(report: RunReport): Pick<SyncError, 'code' | 'message' | 'hint'> {
  const { verdict, command, dryRun } = report;
  const violations = verdict.violations.map(describeViolation);
  if (command === 'drain') {
    return {
      code: 'GUARD_REFUSED',
      message: ['some people wait in the queue, since they would cross a limit', ...violations].join('\n'),
      hint: hintOf(
        'gh-permit-sync queue list shows who waits; if it is right, allow just this much:',
        report,
      ),
    };
  }
  return {
    code: 'GUARD_REFUSED',
    message: ['the plan crosses a limit, and nothing was written', ...violations].join('\n'),
    hint: hintOf(
      dryRun
        ? 'if the plan is right, allow just this much, in the run itself as well:'
        : 'look at the plan with --dry-run; if it is right, allow just this much:',
      report,
    ),
  };
}

/** Users that exist already leave a choice, where any other limit leaves a number to allow. */
function hintOf(overriding: string, report: RunReport): string {
  const { violations } = report.verdict;
  const overrides = violations.map(({ override }) => override).join(' ');
  const only = violations.every(({ limit }) => limit === 'duplicates');
  return [...(only ? [] : [overriding, overrides]), ...describeWaysOn(report)].join('\n');
}
