import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { SyncError } from '../../model/errors.ts';
import { review } from '../../plan/review.ts';
import { reviewCsv } from '../../report/pages/review/csv.ts';
import { reviewEnd, reviewHtml } from '../../report/pages/review/html.ts';
import type { ReviewReport } from '../../report/pages/review/report.ts';
import type { RunReport } from '../../report/run-report.ts';
import type { FinishedRun } from '../../run/run-once.ts';
import { readAudit } from '../../sync/audit/audit-history.ts';
import { type NamedPath, replaceFile, requireFilePlace } from '../../sync/file-place.ts';
import { VERSION } from '../../version.ts';
import type { Context } from '../command.ts';
import { namedPath } from '../new-file.ts';
import { type AuditOptions, runUrlOf } from './run-audit.ts';

type ReviewOptions = AuditOptions & { readonly out?: string | undefined };

type Format = 'html' | 'csv';
const FORMATS: Readonly<Record<string, Format>> = { '.html': 'html', '.csv': 'csv' };

/** Writes the files of `--review` once the run has ended. @throws SyncError `USAGE` if a file cannot be written. */
export type ReviewWriter = (
  run: RunReport,
  made: Pick<FinishedRun, 'request' | 'reconciled'> & { readonly configDigest: string },
) => void;

/** A review names people: only its owner reads it. */
const PRIVATE = 0o600;

/**
 * Checks the files before any request, and reads the audit file.
 * @throws SyncError `USAGE`
 */
export function openReview(
  files: readonly string[],
  options: ReviewOptions,
  { terminal, log }: Pick<Context<Settings>, 'terminal' | 'log'>,
): ReviewWriter {
  const places = placesOf(files, options);
  const auditPlace = namedPath('--audit', options.audit);
  const history = auditPlace && readAudit(auditPlace);
  const runUrl = runUrlOf(options, terminal.env);
  return (run, { request, configDigest, reconciled: { plannedFrom, plan } }) => {
    const report: ReviewReport = {
      review: review({ ...request, ...plannedFrom }, plan, history?.sinceOf ?? (() => undefined)),
      run,
      rules: request.rules,
      time: plannedFrom.now.toISOString(),
      version: VERSION,
      configDigest,
      audit: auditPlace && {
        name: auditPlace.name,
        exists: history !== undefined,
        unreadable: history?.unreadable ?? 0,
      },
      runUrl,
      concealed: terminal.concealed,
    };
    for (const { format, place: file } of places) {
      let digest = '';
      const onDigest = (made: string): void => {
        digest = made;
      };
      replaceFile(file, bytesOf(format, report, onDigest), PRIVATE);
      log.info(`the access review is in ${file.name}, SHA-256 ${digest}`);
    }
  };
}

/**
 * @throws SyncError `USAGE`: a name without a known ending, a file that this run already uses, or that can't be
 * written.
 */
function placesOf(
  files: readonly string[],
  { audit, out }: ReviewOptions,
): readonly { readonly format: Format; readonly place: NamedPath }[] {
  const taken = new Set([namedPath('--audit', audit)?.path, namedPath('--out', out)?.path]);
  return files.map((file) => {
    const place = namedPath('--review', file);
    const format = FORMATS[extname(place?.path ?? '').toLowerCase()];
    if (place === undefined || format === undefined) {
      const message = `--review: ${place?.name ?? file} is neither .html nor .csv`;
      throw new SyncError('USAGE', message, 'name a file such as review.html or review.csv');
    }
    if (taken.has(place.path)) {
      const message = `--review: ${place.name} is already used by this run`;
      throw new SyncError('USAGE', message, 'give --review another file');
    }
    taken.add(place.path);
    requireFilePlace(place);
    return { format, place };
  });
}

/**
 * The file, a line at a time. @param onDigest called with the SHA-256 of what the reader can verify, in hexadecimal.
 */
function* bytesOf(
  format: Format,
  report: ReviewReport,
  onDigest: (digest: string) => void,
): Generator<Uint8Array> {
  const hash = createHash('sha256');
  for (const line of format === 'html' ? reviewHtml(report) : reviewCsv(report)) {
    const bytes = Buffer.from(line);
    hash.update(bytes);
    yield bytes;
  }
  const digest = hash.digest('hex');
  onDigest(digest);
  if (format === 'html') yield Buffer.from(reviewEnd(digest));
}
