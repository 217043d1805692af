import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SyncError } from '../model/errors.ts';
import type { Connections } from './connections.ts';

/** Connections that wait to be accepted while the program is busy; the system may allow fewer. */
const BACKLOG = 2_048;

type Listening = { readonly port: number; readonly close: () => Promise<void> };

/**
 * Makes a server listen, and gives the means to end it in good order.
 * @param graceMs what is under way may take that long at the end.
 * @throws SyncError `USAGE` when the address can't be had.
 */
export async function listen(
  server: Server,
  connections: Pick<Connections, 'endIdle'>,
  { host, port, graceMs }: { readonly host: string; readonly port: number; readonly graceMs: number },
): Promise<Listening> {
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
    'give an address of this machine by --host, such as 127.0.0.1, or 0.0.0.0 for all of them',
  ];
  return new SyncError('USAGE', `can't listen on ${place}${why}`, hint, { cause: error });
}

const KNOWN: { readonly [code: string]: readonly [why: string, hint: string] } = {
  EADDRINUSE: [': the port is taken', 'end what listens there, or choose another by --port'],
  EACCES: [': not allowed', 'choose a port of 1024 or above by --port'],
};
