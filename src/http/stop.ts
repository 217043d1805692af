import { setMaxListeners } from 'node:events';
import { SyncError } from '../model/errors.ts';

/** Why a run ends early. */
export type StopReason =
  | { readonly kind: 'timeout'; readonly timeoutMs: number }
  | { readonly kind: 'signal'; readonly name: string };

/**
 * Ends a run early: reads are aborted, writes under way are awaited, and no new request begins.
 */
export type Stop = {
  readonly signal: AbortSignal;
  /** Aborted when not even writes under way are awaited any more. They end in doubt. */
  readonly abandoned: AbortSignal;
  readonly reason: () => StopReason | undefined;
  /** Until the timeout; 0 once the run is stopped. */
  readonly remainingMs: () => number;
};

/** A stop and how to trigger it. `dispose` lets the program end before the timeout. */
export type StopControl = {
  readonly stop: Stop;
  readonly end: (reason: StopReason) => void;
  /** Stops waiting for writes under way, after `end`. */
  readonly abandon: () => void;
  readonly dispose: () => void;
};

/** @param timeoutMs infinite for a process that ends on a signal only. */
export function startStop(timeoutMs: number, now: () => number = Date.now): StopControl {
  const controller = new AbortController();
  const abandonment = new AbortController();
  // Every request and every wait listens. Node would warn about a leak on stderr.
  setMaxListeners(0, controller.signal, abandonment.signal);
  const deadline = now() + timeoutMs;
  let reason: StopReason | undefined;
  const end = (why: StopReason): void => {
    if (reason) return;
    reason = why;
    controller.abort(stopError(why));
  };
  // Node would take an infinite delay for 1 ms.
  const timer = Number.isFinite(timeoutMs)
    ? setTimeout(() => end({ kind: 'timeout', timeoutMs }), timeoutMs).unref()
    : undefined;
  return {
    stop: {
      signal: controller.signal,
      abandoned: abandonment.signal,
      reason: () => reason,
      remainingMs: () => (reason ? 0 : Math.max(0, deadline - now())),
    },
    end,
    abandon: () => abandonment.abort(controller.signal.reason),
    dispose: () => clearTimeout(timer),
  };
}

/** A stop with its own time limit, which also ends when `outer` does. */
export function startStopWithin(outer: Stop, timeoutMs: number): StopControl {
  const control = startStop(timeoutMs);
  const end = (): void => {
    const reason = outer.reason();
    if (reason) control.end(reason);
  };
  if (outer.signal.aborted) end();
  else outer.signal.addEventListener('abort', end, { once: true });
  return {
    ...control,
    stop: { ...control.stop, abandoned: outer.abandoned },
    dispose: () => {
      outer.signal.removeEventListener('abort', end);
      control.dispose();
    },
  };
}

/** The error of a run that was stopped before it wrote anything. */
export function stopError(reason: StopReason): SyncError {
  return reason.kind === 'timeout'
    ? new SyncError(
        'TIMEOUT',
        `the run did not end within ${Math.round(reason.timeoutMs / 1000)} s, the limit that --timeout sets`,
        'give it more time with --timeout, or narrow it with --user',
      )
    : new SyncError(
        'INTERRUPTED',
        `ended by ${reason.name}`,
        'run it again: it continues where this run ended',
      );
}
