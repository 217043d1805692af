import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { SyncError } from '../model/errors.ts';

export type Listening = { readonly port: number; readonly close: () => Promise<void> };

/**
 * Makes a server listen, and gives the means to end it in good order.
 * @param graceMs what is under way may take that long at the end.
 * @throws SyncError `USAGE` when the address can't be had.
 */
export async function listen(
  server: Server,
  { host, port, graceMs }: { readonly host: string; readonly port: number; readonly graceMs: number },
): Promise<Listening> {
  const working = watchConnections(server);
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => reject(explain(error, host, port));
    server.once('error', refuse);
    server.listen(port, host, () => {
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
        working.endIdle();
      }),
  };
}

/**
 * Knows which connections have a request under way. Node's own `closeIdleConnections` spares those that have not
 * asked anything yet, for which an end would then wait.
 */
function watchConnections(server: Server): { readonly endIdle: () => void } {
  const underWay = new Map<Socket, number>();
  let ending = false;
  const add = (socket: Socket, n: number): void => {
    const left = (underWay.get(socket) ?? 0) + n;
    if (socket.destroyed) underWay.delete(socket);
    else underWay.set(socket, left);
    if (ending && left === 0) socket.end();
  };
  server.on('connection', (socket) => {
    underWay.set(socket, 0);
    socket.once('close', () => underWay.delete(socket));
  });
  const watch = (request: { readonly socket: Socket }, response: NodeJS.EventEmitter): void => {
    add(request.socket, 1);
    response.once('close', () => add(request.socket, -1));
  };
  server.on('request', watch);
  server.on('checkContinue', watch);
  return {
    endIdle: () => {
      ending = true;
      for (const [socket, requests] of underWay) if (requests === 0) socket.destroy();
    },
  };
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): SyncError {
  const place = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new SyncError(
        'USAGE',
        `can't listen on ${place}: the port is taken`,
        'end what listens there, or choose another by --port',
        { cause: error },
      );
    case 'EACCES':
      return new SyncError(
        'USAGE',
        `can't listen on ${place}: not allowed`,
        'choose a port of 1024 or above by --port',
        { cause: error },
      );
    default:
      return new SyncError(
        'USAGE',
        `can't listen on ${place} (${error.code ?? 'unknown reason'})`,
        'give an address of this machine by --host, such as 127.0.0.1, or 0.0.0.0 for all of them',
        { cause: error },
      );
  }
}
