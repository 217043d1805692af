import { fork } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Order, Served } from './services.ts';

/** The bundle of the benchmark. */
export const BUNDLED = dirname(fileURLToPath(import.meta.url));

/** Starts both services (services.ts) in a process of their own, so that their CPU does not count. */
export function startServices(): {
  readonly order: (what: Order) => Promise<Served>;
  readonly kill: () => void;
} {
  const services = fork(join(BUNDLED, 'listing/services.js'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    order: async (what) => {
      const answer = once(services, 'message');
      services.send(what);
      return (await answer)[0] as Served;
    },
    kill: () => void services.kill('SIGKILL'),
  };
}
