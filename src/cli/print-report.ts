import type { SyncError } from '../model/errors.ts';
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
export function refusal({
  verdict,
  command,
  dryRun,
}: RunReport): Pick<SyncError, 'code' | 'message' | 'hint'> {
  const violations = verdict.violations.map(describeViolation);
  const overrides = verdict.violations.map(({ override }) => override).join(' ');
  if (command === 'drain') {
    return {
      code: 'GUARD_REFUSED',
      message: ['some people wait in the queue, since they would cross a limit', ...violations].join('\n'),
      hint: [
        'gh-permit-sync queue list shows who waits; if it is right, allow just this much:',
        overrides,
      ].join('\n'),
    };
  }
  return {
    code: 'GUARD_REFUSED',
    message: ['the plan crosses a limit, and nothing was written', ...violations].join('\n'),
    hint: [
      dryRun
        ? 'if the plan is right, allow just this much, in the run itself as well:'
        : 'look at the plan with --dry-run; if it is right, allow just this much:',
      overrides,
    ].join('\n'),
  };
}
