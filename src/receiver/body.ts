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
  /** Once a body has been arriving for this many milliseconds, it must have kept up `leastBytesPerSecond`. */
  readonly rateAfterMs: number;
  readonly leastBytesPerSecond: number;
};

export const BODY_LIMITS: BodyLimits = {
  mostBytes: 25 * 1024 * 1024,
  mostInFlightBytes: 64 * 1024 * 1024,
  wholeMs: 30_000,
  idleMs: 10_000,
  rateAfterMs: 5_000,
  leastBytesPerSecond: 2_000,
};

/** Deliveries about members have some 10 kB. A part of the room is left to bodies that are no larger than this. */
const SMALL_BODY_BYTES = 64 * 1024;
const SHARE_OF_SMALL_BODIES = 1 / 8;
/** A body has made progress when it has grown by this much: single bytes would come too cheap. */
const PROGRESS_BYTES = 4 * 1024;

export type Body =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  /** Read to its end and dropped, as it was wished. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'tooLarge' | 'tooSlow' | 'overloaded' }
  /** The client hung up. */
  | { readonly kind: 'gone' };

export type Intake = {
  /**
   * Reads a body and lets `use` work on it; its bytes count until that is done.
   * @param keep false for a body that is only counted, and takes no room.
   */
  readonly withBody: <T>(
    request: IncomingMessage,
    keep: boolean,
    use: (body: Body) => Promise<T>,
  ) => Promise<T>;
  readonly bytesInFlight: () => number;
};

/** A body on its way, whose sender has not proven to know the secret. */
type Upload = { heldBytes: number; readonly beganMs: number; giveUp: () => void };

/**
 * Only bytes that have arrived count, not those announced. When there is no room for more, the body that has taken the
 * most room for the longest time is given up, and never a small one that has just begun: whoever fills the room with
 * slow uploads loses them and keeps nobody out.
 * @param progressed called whenever a body has grown noticeably.
 */
export function openIntake(limits: BodyLimits, progressed: (request: IncomingMessage) => void): Intake {
  const arriving = new Set<Upload>();
  let inFlight = 0;

  const release = (upload: Upload): void => {
    inFlight -= upload.heldBytes;
    upload.heldBytes = 0;
  };
  const roomFor = ({ heldBytes }: Upload): number =>
    limits.mostInFlightBytes * (heldBytes > SMALL_BODY_BYTES ? 1 - SHARE_OF_SMALL_BODIES : 1);
  const hold = (upload: Upload, bytes: number): void => {
    inFlight += bytes;
    upload.heldBytes += bytes;
    while (inFlight > roomFor(upload) && arriving.has(upload)) {
      const costliest = costliestOf(arriving, performance.now()) ?? upload;
      arriving.delete(costliest);
      release(costliest);
      costliest.giveUp();
    }
  };

  return {
    bytesInFlight: () => inFlight,
    withBody: async (request, keep, use) => {
      const upload: Upload = { heldBytes: 0, beganMs: performance.now(), giveUp: () => undefined };
      if (keep) arriving.add(upload);
      try {
        const body = await collect(request, limits, keep, {
          hold: (bytes) => hold(upload, bytes),
          onGiveUp: (giveUp) => {
            upload.giveUp = giveUp;
          },
          arrived: () => arriving.delete(upload),
          progressed: () => progressed(request),
        });
        if (body.kind !== 'read') release(upload);
        return await use(body);
      } finally {
        release(upload);
      }
    },
  };
}

/** The cost of an upload is the room it takes times how long it has taken it. */
function costliestOf(uploads: ReadonlySet<Upload>, nowMs: number): Upload | undefined {
  let costliest: Upload | undefined;
  let most = -1;
  for (const upload of uploads) {
    const cost = upload.heldBytes * (nowMs - upload.beganMs + 1);
    if (cost > most) [costliest, most] = [upload, cost];
  }
  return costliest;
}

/** What its `Content-Length` says; a body without one is counted as it comes. */
export function isAnnouncedTooLarge(request: IncomingMessage, { mostBytes }: BodyLimits): boolean {
  return Number(request.headers['content-length'] ?? 0) > mostBytes;
}

type Account = {
  /** Counts bytes that have arrived; may give up this body or another one. */
  readonly hold: (bytes: number) => void;
  readonly onGiveUp: (giveUp: () => void) => void;
  /** Called once nothing more is read of it, however it ended. */
  readonly arrived: () => void;
  readonly progressed: () => void;
};

function collect(
  request: IncomingMessage,
  { mostBytes, wholeMs, idleMs, rateAfterMs, leastBytesPerSecond }: BodyLimits,
  keep: boolean,
  account: Account,
): Promise<Body> {
  return new Promise((resolve) => {
    const kept = growingBuffer(mostBytes);
    const beganMs = performance.now();
    let size = 0;
    let sizeAtProgress = 0;
    let ended = false;
    const slow = (): void => done({ kind: 'tooSlow' });
    const whole = setTimeout(slow, wholeMs);
    const idle = setTimeout(slow, idleMs);
    const done = (body: Body): void => {
      if (ended) return;
      ended = true;
      clearTimeout(whole);
      clearTimeout(idle);
      request.off('data', take);
      account.arrived();
      resolve(body);
    };
    const isTooSlow = (): boolean => {
      const elapsedMs = performance.now() - beganMs;
      return elapsedMs > rateAfterMs && size * 1000 < leastBytesPerSecond * elapsedMs;
    };
    const take = (chunk: Buffer): void => {
      idle.refresh();
      size += chunk.length;
      if (size > mostBytes) done({ kind: 'tooLarge' });
      else if (isTooSlow()) done({ kind: 'tooSlow' });
      if (ended) return;
      if (size - sizeAtProgress >= PROGRESS_BYTES) {
        sizeAtProgress = size;
        account.progressed();
      }
      if (!keep) return;
      account.hold(chunk.length);
      if (!ended) kept.add(chunk);
    };
    account.onGiveUp(() => done({ kind: 'overloaded' }));
    request.on('data', take);
    request.once('end', () => done(keep ? { kind: 'read', bytes: kept.bytes() } : { kind: 'dropped' }));
    // Without a listener an abort would end the program. After the end of the body both of these change nothing.
    request.on('error', () => done({ kind: 'gone' }));
    request.once('close', () => done({ kind: 'gone' }));
  });
}

/** One buffer rather than a list of pieces: pieces of one byte would each take some hundred. */
function growingBuffer(mostBytes: number): {
  readonly add: (chunk: Buffer) => void;
  readonly bytes: () => Buffer;
} {
  let room: Buffer = Buffer.alloc(0);
  let size = 0;
  return {
    add: (chunk) => {
      const needed = size + chunk.length;
      if (size === 0) {
        // Nearly every delivery comes in one piece.
        room = chunk;
      } else {
        if (needed > room.length) {
          const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * room.length, mostBytes)));
          room.copy(grown, 0, 0, size);
          room = grown;
        }
        chunk.copy(room, size);
      }
      size = needed;
    },
    bytes: () => room.subarray(0, size),
  };
}
