import type { IncomingMessage } from 'node:http';

export type BodyLimits = {
  /** Of one body. GitHub sends no more than 25 MB. */
  readonly mostBytes: number;
  /** Of all bodies that are being read or worked on. */
  readonly mostInFlightBytes: number;
  /** Milliseconds for a whole body. */
  readonly wholeMs: number;
  /** Milliseconds between two pieces of a body. */
  readonly idleMs: number;
};

export const BODY_LIMITS: BodyLimits = {
  mostBytes: 25 * 1024 * 1024,
  mostInFlightBytes: 64 * 1024 * 1024,
  wholeMs: 30_000,
  idleMs: 10_000,
};

export type Body =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  /** Read to its end and dropped, as it was wished. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'tooLarge' | 'tooSlow' | 'overloaded' }
  /** The client hung up. */
  | { readonly kind: 'gone' };

export type Intake = {
  /**
   * Reads a body and lets `use` work on it; what it weighs counts until that is done.
   * @param keep false for a body that is only counted, and takes no room.
   */
  readonly withBody: <T>(
    request: IncomingMessage,
    keep: boolean,
    use: (body: Body) => Promise<T>,
  ) => Promise<T>;
  readonly bytesInFlight: () => number;
};

/**
 * What counts is what has arrived, not what was announced: a client that announces 25 MB and sends nothing takes no
 * room from the others.
 */
export function openIntake(limits: BodyLimits): Intake {
  let inFlight = 0;
  return {
    bytesInFlight: () => inFlight,
    withBody: async (request, keep, use) => {
      let held = 0;
      const hold = (bytes: number): boolean => {
        if (!keep) return true;
        if (inFlight + bytes > limits.mostInFlightBytes) return false;
        inFlight += bytes;
        held += bytes;
        return true;
      };
      const letGo = (): void => {
        inFlight -= held;
        held = 0;
      };
      try {
        const body = await collect(request, limits, keep, hold);
        if (body.kind !== 'read') letGo();
        return await use(body);
      } finally {
        letGo();
      }
    },
  };
}

/** What its `Content-Length` says; a body without one is counted as it comes. */
export function isAnnouncedTooLarge(request: IncomingMessage, { mostBytes }: BodyLimits): boolean {
  return Number(request.headers['content-length'] ?? 0) > mostBytes;
}

function collect(
  request: IncomingMessage,
  { mostBytes, wholeMs, idleMs }: BodyLimits,
  keep: boolean,
  hold: (bytes: number) => boolean,
): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const slow = (): void => done({ kind: 'tooSlow' });
    const whole = setTimeout(slow, wholeMs);
    const idle = setTimeout(slow, idleMs);
    const done = (body: Body): void => {
      clearTimeout(whole);
      clearTimeout(idle);
      request.off('data', take);
      resolve(body);
    };
    const take = (chunk: Buffer): void => {
      idle.refresh();
      size += chunk.length;
      if (size > mostBytes) done({ kind: 'tooLarge' });
      else if (!hold(chunk.length)) done({ kind: 'overloaded' });
      else if (keep) chunks.push(chunk);
    };
    request.on('data', take);
    request.once('end', () =>
      done(keep ? { kind: 'read', bytes: Buffer.concat(chunks, size) } : { kind: 'dropped' }),
    );
    // Without a listener an abort would end the program. After the end of the body both of these change nothing.
    request.on('error', () => done({ kind: 'gone' }));
    request.once('close', () => done({ kind: 'gone' }));
  });
}
