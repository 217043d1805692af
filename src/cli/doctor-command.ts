import { examine } from '../doctor/examine.ts';
import { startStop } from '../http/stop.ts';
import { SyncError } from '../model/errors.ts';
import { type Finding, worst } from '../model/finding.ts';
import { renderDoctorJson } from '../report/doctor-json.ts';
import { renderDoctorMarkdown } from '../report/doctor-markdown.ts';
import type { DoctorReport } from '../report/doctor-report.ts';
import { renderDoctorText } from '../report/doctor-text.ts';
import { renderErrorJson } from '../report/error-json.ts';
import type { DoctorOptions } from './doctor-options.ts';
import { probesOf } from './doctor-probes.ts';
import { type KnownSettings, loadKnownSettings } from './doctor-settings.ts';
import { openLog } from './log.ts';
import { logOptions } from './options.ts';
import { openProgress } from './progress.ts';
import { type CountingObserver, countingObserver } from './services.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** @returns 1 when something is broken, 0 otherwise. Nothing is ever written. */
export async function doctorCommand(options: DoctorOptions, terminal: Terminal): Promise<0 | 1> {
  const log = openLog(terminal, logOptions(options));
  const progress = await openProgress(terminal, options.quiet === true);
  try {
    const began = performance.now();
    const known = loadKnownSettings({ flags: options, env: terminal.env, cwd: process.cwd() });
    terminal.conceal(known.secrets);
    progress.show('Asking GitHub, Permit, the PDP and Redis');
    const observer = countingObserver(log);
    const found = await examineAll(known, options, terminal, observer);
    progress.done();
    const findings = [...known.findings, ...found];
    terminal.out(
      render(
        {
          status: worst(findings),
          orgs: known.settings?.orgs ?? [],
          findings,
          requests: { ...observer.requests },
          durationMs: Math.round(performance.now() - began),
        },
        options,
        terminal,
      ),
    );
    return worst(findings) === 'failed' ? 1 : 0;
  } catch (error) {
    progress.done();
    // Only a flag can be wrong by now, or the program itself.
    if (!(error instanceof SyncError)) throw error;
    log.error(error);
    if (options.output === 'json') terminal.out(renderErrorJson('doctor', error));
    return 1;
  }
}

async function examineAll(
  known: KnownSettings,
  options: DoctorOptions,
  terminal: Terminal,
  observer: CountingObserver,
): Promise<readonly Finding[]> {
  const control = startStop(known.timeoutMs);
  const { stop } = control;
  try {
    return await examine(probesOf(known, options, terminal, { stop, observer }), stop.signal);
  } finally {
    control.dispose();
  }
}

function render(report: DoctorReport, options: DoctorOptions, terminal: Terminal): string {
  switch (options.output) {
    case 'json':
      return renderDoctorJson(report);
    case 'markdown':
      return renderDoctorMarkdown(report);
    case 'text':
      return renderDoctorText(report, {
        color: wantsColor(options.color, terminal.env, terminal.outIsTty),
        quiet: options.quiet === true,
        width: terminal.width,
      });
  }
}
