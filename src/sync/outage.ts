/** Distinguishes an outage of Permit, which ends the run, from single changes on which Permit fails. */
export type Outage = {
  /** Records that Permit is up: it processed a write, or refused it. */
  readonly answered: () => void;
  /** How many times so far. */
  readonly answers: () => number;
  /** A single write ended without a usable answer. @returns whether Permit appears to be down. */
  readonly writeFailed: () => boolean;
  /**
   * A batch kept failing, and so did every single write of it that was tried.
   * @returns whether Permit appears to be down.
   */
  readonly batchFailed: () => boolean;
};

/**
 * This many failed single writes in a row mean an outage. More than the number of people whose writes always fail that
 * one run is expected to find, since these may be next to each other.
 */
const WRITES_IN_A_ROW = 25;
/** One batch may hold only people whose writes always fail; the next one has others. */
const BATCHES_IN_A_ROW = 2;

export function openOutage(): Outage {
  let answers = 0;
  let writes = 0;
  let batches = 0;
  return {
    answered: () => {
      answers += 1;
      writes = 0;
      batches = 0;
    },
    answers: () => answers,
    writeFailed: () => ++writes >= WRITES_IN_A_ROW,
    batchFailed: () => ++batches >= BATCHES_IN_A_ROW,
  };
}
