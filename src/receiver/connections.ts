import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { SyncError } from '../model/errors.ts';

/** Each connection costs memory and a file descriptor; many systems allow 1,024 descriptors. */
const MAX_CONNECTIONS = 900;
/** GitHub waits for each answer before it sends the next request on a connection, as proxies and Prometheus do. */
const MAX_REQUESTS_AHEAD = 4;

export type Connections = {
  /** The connection's request is making progress. */
  readonly progressed: (socket: Socket) => void;
  /** The connection's request has a valid signature. */
  readonly proved: (socket: Socket) => void;
  /** Ends the connection at once. */
  readonly drop: (socket: Socket) => void;
  /** Closes each connection as soon as it has no request under way. */
  readonly endIdle: () => void;
};

/**
 * Limits the number of connections without refusing new ones: at the limit, the connection that has made no progress
 * for the longest time is dropped. Connections whose latest request had a valid signature go last.
 *
 * All may come from one address, that of a reverse proxy, so a share per address decides only where one address holds
 * more than half of the unproven connections: then one of those goes.
 * @param dropped called for each connection that is dropped.
 */
export function watchConnections(server: Server, dropped: () => void): Connections {
  /** How many requests each connection has under way. */
  const underWay = new Map<Socket, number>();
  // Both hold the connection with the most recent progress last.
  const unproven = new Set<Socket>();
  const proven = new Set<Socket>();
  const addresses = new Map<Socket, string>();
  let ending = false;

  const moveTo = (set: Set<Socket>, socket: Socket): void => {
    unproven.delete(socket);
    proven.delete(socket);
    if (underWay.has(socket)) set.add(socket);
  };
  const drop = (socket: Socket): void => {
    forget(socket);
    dropped();
    socket.destroy();
  };
  const forget = (socket: Socket): void => {
    for (const all of [underWay, unproven, proven, addresses]) all.delete(socket);
  };
  const victim = (newcomer: Socket): Socket => {
    const crowded = crowdedAddress(unproven, addresses);
    for (const socket of unproven) {
      if (socket !== newcomer && (crowded === undefined || addresses.get(socket) === crowded)) return socket;
    }
    for (const socket of proven) if (underWay.get(socket) === 0) return socket;
    return newcomer;
  };

  server.on('connection', (socket) => {
    underWay.set(socket, 0);
    unproven.add(socket);
    addresses.set(socket, socket.remoteAddress ?? '');
    socket.once('close', () => forget(socket));
    if (underWay.size > MAX_CONNECTIONS) drop(victim(socket));
  });
  const begin = ({ socket }: { readonly socket: Socket }, response: NodeJS.EventEmitter): void => {
    const requests = (underWay.get(socket) ?? 0) + 1;
    if (!underWay.has(socket)) return;
    if (requests > MAX_REQUESTS_AHEAD) {
      drop(socket);
      return;
    }
    underWay.set(socket, requests);
    moveTo(unproven, socket);
    response.once('close', () => {
      const left = (underWay.get(socket) ?? 1) - 1;
      if (underWay.has(socket)) underWay.set(socket, left);
      if (ending && left === 0) socket.end();
    });
  };
  server.on('request', begin);
  server.on('checkContinue', begin);
  return {
    progressed: (socket) => moveTo(unproven, socket),
    proved: (socket) => moveTo(proven, socket),
    drop,
    // Node's own `closeIdleConnections` spares connections that have not sent a request yet.
    endIdle: () => {
      ending = true;
      for (const [socket, requests] of underWay) if (requests === 0) socket.destroy();
    },
  };
}

/** @returns the address of more than half of the connections; undefined if there is none. */
function crowdedAddress(
  sockets: ReadonlySet<Socket>,
  addresses: ReadonlyMap<Socket, string>,
): string | undefined {
  const counts = new Map<string, number>();
  for (const socket of sockets) {
    const address = addresses.get(socket) ?? '';
    const count = (counts.get(address) ?? 0) + 1;
    if (count * 2 > sockets.size) return address;
    counts.set(address, count);
  }
  return undefined;
}

/** Connections that may wait to be accepted while the program is busy. The system may allow fewer. */
const BACKLOG = 2_048;

/**
 * Makes a server listen.
 * @param graceMs how long requests under way may take after `close`.
 * @throws SyncError `USAGE` if the address can't be listened on.
 */
export async function listen(
  server: Server,
  connections: Pick<Connections, 'endIdle'>,
  { host, port, graceMs }: { readonly host: string; readonly port: number; readonly graceMs: number },
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => reject(explain(error, host, port));
    server.once('error', refuse);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
  // One connection that can't be accepted (too many open files) must not end the program.
  server.on('error', () => undefined);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        connections.endIdle();
      }),
  };
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): SyncError {
  const place = `${host}:${port}`;
  const code = error.code ?? 'unknown reason';
  const [why, hint] = KNOWN[code] ?? [
    ` (${code})`,
    'use an address of this machine for --host, such as 127.0.0.1, or 0.0.0.0 for all of them',
  ];
  return new SyncError('USAGE', `can't listen on ${place}${why}`, hint, { cause: error });
}

const KNOWN: { readonly [code: string]: readonly [why: string, hint: string] } = {
  EADDRINUSE: [': the port is taken', 'stop what listens there, or choose another port with --port'],
  EACCES: [': not allowed', 'choose a port of 1024 or above with --port'],
};
