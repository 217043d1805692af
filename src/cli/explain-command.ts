import { loadSettings } from '../config/load.ts';
import type { Explanation } from '../model/explanation.ts';
import {
  type ExplainReport,
  renderExplainJson,
  renderExplainMarkdown,
  renderExplainText,
} from '../report/explain.ts';
import { unreadWarning } from '../report/unread.ts';
import { explainPerson } from '../sync/explain.ts';
import { boundedRun } from './bounded-run.ts';
import { inGitHubActions } from './github-actions.ts';
import { openLog } from './log.ts';
import { type CommonOptions, logOptions } from './options.ts';
import { openProgress } from './progress.ts';
import { requestOf } from './requests.ts';
import { lackWarning } from './run-notes.ts';
import { countingObserver, openServices } from './services.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** Says which rules give or deny one person what, what Permit holds, and the drift. @returns the exit code. */
export async function explainCommand(
  login: string,
  options: CommonOptions,
  terminal: Terminal,
): Promise<number> {
  const began = performance.now();
  const log = openLog(terminal, logOptions(options));
  const settings = loadSettings({ flags: options, env: terminal.env, cwd: process.cwd() });
  terminal.conceal(settings.secrets);
  const progress = await openProgress(terminal, options.quiet === true);
  const observer = countingObserver(log, progress);
  try {
    const { explanation, incomplete, unread, lacks } = await boundedRun(
      settings.timeoutMs,
      { log, observer },
      ({ stop }) => {
        const inActions = inGitHubActions(terminal.env);
        const services = openServices(settings, { stop, observer, mayWrite: false, inActions });
        const announce = (): void => progress.show('Listing members on GitHub and users in Permit');
        return explainPerson(requestOf(settings), { ...services, announce }, login);
      },
    );
    progress.done();
    const report: ExplainReport = {
      explanation,
      orgs: settings.orgs,
      warnings: [
        ...unread.map(unreadWarning),
        ...lacks.map((lack) => lackWarning(lack, options)),
        ...incomplete.map(({ code, message, hint }) => ({ code, message: `${message}; ${hint}` })),
      ],
      requests: { ...observer.requests },
      durationMs: Math.round(performance.now() - began),
    };
    terminal.out(render(report, options, terminal));
    if (report.warnings.length > 0) return 4;
    return isStranger(explanation) ? 1 : 0;
  } finally {
    progress.done();
  }
}

/** Neither a member nor anyone who has a user: most likely a typing error. */
const isStranger = ({ id, known, standing }: Explanation): boolean =>
  id === undefined || (!known && standing === 'none');

function render(report: ExplainReport, options: CommonOptions, terminal: Terminal): string {
  switch (options.output) {
    case 'json':
      return renderExplainJson(report);
    case 'markdown':
      return renderExplainMarkdown(report);
    case 'text':
      return renderExplainText(report, {
        color: wantsColor(options.color, terminal.env, terminal.outIsTty),
        verbose: options.verbose === true,
        ...(terminal.width ? { width: terminal.width } : {}),
      });
    default:
      return options.output satisfies never;
  }
}
