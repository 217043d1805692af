import type { IncomingMessage } from 'node:http';

export type BodyLimits = {
  /** Maximum size of one body, in bytes. GitHub sends at most 25 MB. */
  readonly mostBytes: number;
  /** Maximum size of all bodies that are being read or processed, in bytes. */
  readonly mostInFlightBytes: number;
  /** Milliseconds that a whole body may take. */
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

/** Deliveries about members are about 10 kB. A share of the room is reserved for bodies up to this size. */
const SMALL_BODY_BYTES = 64 * 1024;
const SHARE_OF_SMALL_BODIES = 1 / 8;
/** A body makes progress when it grows by this much. Single bytes don't count. */
const PROGRESS_BYTES = 4 * 1024;
/**
 * Each piece of a body costs the same time, however small it is, and one packet can hold 10,000 pieces of one byte. No
 * real sender does that, so after this many pieces their average size must be at least the second number.
 */
const MANY_PIECES = 1_000;
const MIN_PIECE_BYTES = 16;

export type Body =
  /** `pieces` in order. They are valid until `use` is done. */
  | { readonly kind: 'read'; readonly pieces: readonly Buffer[]; readonly size: number }
  /** Read to its end and discarded, as requested. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'tooLarge' | 'tooSlow' | 'overloaded' }
  /** The client hung up. */
  | { readonly kind: 'gone' };

export type Intake = {
  /**
   * Reads a body and passes it to `use`. Its bytes count until `use` is done.
   * @param keep false for a body that is dropped as it arrives, and takes no room.
   */
  readonly withBody: <T>(
    request: IncomingMessage,
    keep: boolean,
    use: (body: Body) => Promise<T>,
  ) => Promise<T>;
  readonly bytesInFlight: () => number;
};

/** A body that is arriving. Its sender has not yet proved that it knows the secret. */
type Upload = { heldBytes: number; readonly store: BodyStore; readonly beganMs: number; giveUp: () => void };

/**
 * Only bytes that have arrived count, not announced ones. When there is no more room, the body that has taken the most
 * room for the longest time is dropped, never a small one that has just begun. So someone who fills the room with slow
 * uploads loses them, and genuine deliveries still get in.
 * @param ports `progressed` is called whenever a body has grown noticeably; `drop` has to end the connection.
 */
export function openIntake(
  limits: BodyLimits,
  { progressed, drop }: { readonly [name in 'progressed' | 'drop']: (request: IncomingMessage) => void },
): Intake {
  const arriving = new Set<Upload>();
  const blocks = openBlocks();
  let inFlight = 0;

  const release = (upload: Upload): void => {
    inFlight -= upload.heldBytes;
    upload.heldBytes = 0;
    upload.store.free();
    if (inFlight === 0) blocks.clear();
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
      const upload: Upload = {
        ...{ heldBytes: 0, beganMs: performance.now(), giveUp: () => undefined },
        store: openStore(blocks),
      };
      if (keep) arriving.add(upload);
      try {
        const body = await collect(request, limits, keep, upload, {
          hold: (bytes) => hold(upload, bytes),
          onEnded: () => arriving.delete(upload),
          onProgress: () => progressed(request),
          drop: () => drop(request),
        });
        if (body.kind !== 'read') release(upload);
        return await use(body);
      } finally {
        release(upload);
      }
    },
  };
}

/** The cost of an upload is the room that it takes times how long it has taken it. */
function costliestOf(uploads: ReadonlySet<Upload>, nowMs: number): Upload | undefined {
  let costliest: Upload | undefined;
  let most = -1;
  for (const upload of uploads) {
    const cost = upload.heldBytes * (nowMs - upload.beganMs + 1);
    if (cost > most) [costliest, most] = [upload, cost];
  }
  return costliest;
}

/** Whether its `Content-Length` is too large. A body without one is counted as it arrives. */
export function isAnnouncedTooLarge(request: IncomingMessage, { mostBytes }: BodyLimits): boolean {
  return Number(request.headers['content-length'] ?? 0) > mostBytes;
}

function collect(
  request: IncomingMessage,
  { mostBytes, wholeMs, idleMs, rateAfterMs, leastBytesPerSecond }: BodyLimits,
  keep: boolean,
  upload: Upload,
  account: {
    /** Counts bytes that have arrived. May drop this body or another one. */
    readonly hold: (bytes: number) => void;
    /** Called once, when reading of the body has ended for any reason. */
    readonly onEnded: () => void;
    readonly onProgress: () => void;
    readonly drop: () => void;
  },
): Promise<Body> {
  return new Promise((resolve) => {
    let size = 0;
    let pieces = 0;
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
      account.onEnded();
      resolve(body);
    };
    const isTooSlow = (): boolean => {
      const elapsedMs = performance.now() - upload.beganMs;
      return elapsedMs > rateAfterMs && size * 1000 < leastBytesPerSecond * elapsedMs;
    };
    const take = (chunk: Buffer): void => {
      idle.refresh();
      size += chunk.length;
      pieces++;
      if (pieces > MANY_PIECES && size < MIN_PIECE_BYTES * pieces) {
        done({ kind: 'gone' });
        account.drop();
      } else if (size > mostBytes) done({ kind: 'tooLarge' });
      else if (isTooSlow()) done({ kind: 'tooSlow' });
      if (ended) return;
      if (size - sizeAtProgress >= PROGRESS_BYTES) {
        sizeAtProgress = size;
        account.onProgress();
      }
      if (!keep) return;
      account.hold(chunk.length);
      if (!ended) upload.store.add(chunk);
    };
    upload.giveUp = () => done({ kind: 'overloaded' });
    request.on('data', take);
    request.once('end', () =>
      done(keep ? { kind: 'read', pieces: upload.store.pieces(), size } : { kind: 'dropped' }),
    );
    // Without a listener an abort would end the program. After the end of the body both have no effect.
    request.on('error', () => done({ kind: 'gone' }));
    request.once('close', () => done({ kind: 'gone' }));
  });
}

type BodyStore = {
  readonly add: (chunk: Buffer) => void;
  readonly pieces: () => readonly Buffer[];
  /** Returns the blocks. The pieces must not be read afterwards. */
  readonly free: () => void;
};

/**
 * A small body is one buffer that grows, and the rest of a large one fills blocks. Keeping the pieces as they arrive
 * would cost a few hundred bytes each, and growing one large buffer would create garbage.
 */
function openStore(blocks: Blocks): BodyStore {
  let first: Buffer = Buffer.alloc(0);
  let firstSize = 0;
  const further: Buffer[] = [];
  let lastSize = 0;
  const addToFirst = (chunk: Buffer): void => {
    const needed = firstSize + chunk.length;
    // Nearly every delivery comes in one piece.
    if (firstSize === 0) first = chunk;
    else {
      if (needed > first.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * first.length, SMALL_BODY_BYTES)));
        first.copy(grown, 0, 0, firstSize);
        first = grown;
      }
      chunk.copy(first, firstSize);
    }
    firstSize = needed;
  };
  const addToBlocks = (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length; ) {
      if (further.length === 0 || lastSize === BLOCK_BYTES) {
        further.push(blocks.take());
        lastSize = 0;
      }
      const copied = chunk.copy(further.at(-1) as Buffer, lastSize, at);
      lastSize += copied;
      at += copied;
    }
  };
  return {
    add: (chunk) => {
      const isSmall = further.length === 0 && firstSize + chunk.length <= SMALL_BODY_BYTES;
      if (isSmall || firstSize === 0) addToFirst(chunk);
      else addToBlocks(chunk);
    },
    pieces: () => [
      first.subarray(0, firstSize),
      ...further.map((block, i) => (i < further.length - 1 ? block : block.subarray(0, lastSize))),
    ],
    free: () => {
      for (const block of further.splice(0)) blocks.giveBack(block);
    },
  };
}

const BLOCK_BYTES = 64 * 1024;

type Blocks = {
  readonly take: () => Buffer;
  readonly giveBack: (block: Buffer) => void;
  /** Leaves the free blocks to the garbage collector. */
  readonly clear: () => void;
};

/** Reuses blocks. Under attack, buffers would be dropped faster than the garbage collector frees them. */
function openBlocks(): Blocks {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES),
    giveBack: (block) => void free.push(block),
    clear: () => void free.splice(0),
  };
}
