/** A request as a fault's `match` sees it. */
export type FaultRequest = {
  readonly method: string;
  /** As it was sent, percent-encoded, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /**
   * Its number, from 1, among the requests of this method and path since the fault was put in. The query does not
   * matter, and retries count: `nth === 3` on a listing is its third request, whichever page that asks for.
   */
  readonly nth: number;
};

/** An answer made up by a fault. `body`: an object is sent as JSON, a string as it is (HTML), `null` as JSON `null`. */
export type FaultAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

export type FaultAction =
  /** Answers this instead of doing the work. */
  | ({ readonly kind: 'answer' } & FaultAnswer)
  /** Resets the connection, before or after the work was done. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  /** Does the work, then answers with this error. */
  | ({ readonly kind: 'failAfter' } & FaultAnswer)
  /** Never answers; the connection stays open until the emulator is closed. */
  | { readonly kind: 'hang'; readonly when: 'before' | 'after' }
  /** Does the work, sends half of the body under the whole content-length, then destroys the connection. */
  | { readonly kind: 'truncate' }
  /** Waits before the work is done. Adds to other faults, where all others exclude one another. */
  | { readonly kind: 'delay'; readonly ms: number };

export type Fault = {
  readonly match: (request: FaultRequest) => boolean;
  /** How often it strikes; for ever when left out. */
  readonly times?: number;
  readonly do: FaultAction;
};

/** What the faults do to one request: at most one action, and the milliseconds of all delays together. */
export type Struck = {
  readonly action: Exclude<FaultAction, { kind: 'delay' }> | undefined;
  readonly delayMs: number;
};

/**
 * Watches over a list of faults that tests push to while requests come in.
 * @returns decides for one request, in the order of arrival; the first matching fault that isn't a delay wins.
 */
export function watchFaults(faults: readonly Fault[]): (request: Omit<FaultRequest, 'nth'>) => Struck {
  const states = new WeakMap<Fault, { struck: number; readonly arrivals: Map<string, number> }>();
  return (request) => {
    let action: Struck['action'];
    let delayMs = 0;
    for (const fault of faults) {
      const state = states.get(fault) ?? { struck: 0, arrivals: new Map<string, number>() };
      states.set(fault, state);
      const kind = `${request.method} ${request.path}`;
      const nth = (state.arrivals.get(kind) ?? 0) + 1;
      state.arrivals.set(kind, nth);
      if (state.struck >= (fault.times ?? Number.POSITIVE_INFINITY)) continue;
      if (fault.do.kind !== 'delay' && action !== undefined) continue;
      if (!fault.match({ ...request, nth })) continue;
      state.struck += 1;
      if (fault.do.kind === 'delay') delayMs += fault.do.ms;
      else action = fault.do;
    }
    return { action, delayMs };
  };
}
