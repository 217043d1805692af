import type { Rule } from '../../../model/rule.ts';
import { sanitizeLine } from '../../../model/text/text.ts';
import type { Review } from '../../../model/views/review.ts';
import type { RunReport } from '../../run-report.ts';

/** An access review, and what proves how it was made. */
export type ReviewReport = {
  readonly review: Review;
  readonly run: RunReport;
  readonly rules: readonly Rule[];
  /** When GitHub and Permit had been read, ISO 8601 in UTC. */
  readonly time: string;
  readonly version: string;
  /** Of every setting that the plan depends on, as in a saved plan. */
  readonly configDigest: string;
  /** The audit file that says since when; undefined without `--audit`. */
  readonly audit:
    | { readonly name: string; readonly exists: boolean; readonly unreadable: number }
    | undefined;
  /** Address of the run; undefined if nobody named one. */
  readonly runUrl: string | undefined;
  /** Hides secrets. */
  readonly concealed: (text: string) => string;
};

/** Text from outside, sanitized for a review. Each format escapes it after that. */
export const plainCell = (text: string, { concealed }: Pick<ReviewReport, 'concealed'>): string =>
  concealed(sanitizeLine(text));
