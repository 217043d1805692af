/** Tells an outage of Permit from single changes on which Permit fails: the one ends the run, the others do not. */
export type Outage = {
  /** Permit did a write, or refused it in so many words: it is there. */
  readonly answered: () => void;
  /** How many times it did, so far. */
  readonly answers: () => number;
  /** A single write ended without a usable answer. @returns whether Permit looks down. */
  readonly writeFailed: () => boolean;
  /** A batch failed again and again, and so did every single write that was tried of it. @returns as above. */
  readonly batchFailed: () => boolean;
};

/**
 * So many single writes in a row, with nothing going through in between, are no coincidence any more. More than the
 * people whom one run is expected to find broken, since they may stand side by side.
 */
const WRITES_IN_A_ROW = 25;
/** One batch may be all broken people; the next one has others in it. */
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
