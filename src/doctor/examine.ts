import { SyncError } from '../model/errors.ts';
import { AREAS, type Area, type Finding, findingsIn } from '../model/finding.ts';

/** Begins with the area: `github.owners:acme`. */
export type ProbeId = `${Area}.${string}`;

/** One check. Its error becomes a finding, so that no probe stops another. */
export type Probe = {
  readonly id: ProbeId;
  /** "the PDP": names what did not answer when time runs out. */
  readonly subject: string;
  readonly look: () => Promise<readonly Finding[]>;
};

/**
 * Runs all probes concurrently.
 * @param signal ends the examination. A probe that has not answered by then becomes a failed finding.
 * @returns the findings in the order of AREAS, then of the probes; equal answers give equal findings.
 */
export async function examine(probes: readonly Probe[], signal: AbortSignal): Promise<readonly Finding[]> {
  const findings = (await Promise.all(probes.map((probe) => lookInto(probe, signal)))).flat();
  return findings.toSorted((a, b) => AREAS.indexOf(a.area) - AREAS.indexOf(b.area));
}

async function lookInto(probe: Probe, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return await beforeEnd(probe.look(), signal);
  } catch (error) {
    return [failedFinding(probe.id, signal.aborted ? unanswered(probe, signal.reason) : error)];
  }
}

/** A probe that ignores the signal must not keep the others waiting. */
function beforeEnd<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}

/** @param reason what ended the examination. */
function unanswered({ subject }: Probe, reason: unknown): SyncError {
  if (reason instanceof SyncError && reason.code === 'INTERRUPTED') {
    return new SyncError('INTERRUPTED', `${subject} had not answered: ${reason.message}`, 'run doctor again');
  }
  return new SyncError(
    'TIMEOUT',
    `${subject} did not answer in time`,
    'check the network, or raise --timeout',
  );
}

/** An error as a finding. */
export function failedFinding(id: ProbeId, error: unknown): Finding {
  const [area] = id.split('.') as [Area];
  const { failed } = findingsIn(area);
  if (error instanceof SyncError) return failed(id, error.message, error.hint);
  const message = error instanceof Error ? error.message : String(error);
  return failed(id, message, 'this is a bug: please report it');
}
