import { loadSettings } from '../../config/load.ts';
import { noFile } from '../../config/parser.ts';
import type { Environment } from '../../config/settings.ts';
import { startStopWithin, stopError } from '../../http/stop.ts';
import type { Answers } from '../../init/answers.ts';
import { SyncError } from '../../model/errors.ts';
import { NOTHING_MISSING } from '../../model/missing.ts';
import type { ExistingUsers } from '../../model/plan.ts';
import { openServices, requestOf } from '../../run/services.ts';
import { reconcile } from '../../sync/reconcile.ts';
import type { Context } from '../command.ts';

/** An existing config file says nothing about the one that init writes. */
const notThere = (): never => {
  throw Object.assign(new Error('no file'), { code: 'ENOENT' });
};

/** Someone is waiting at the terminal. */
const MAX_WAIT_MS = 60_000;

/**
 * Plans a first run with these answers, and writes nothing, to find Permit users who are members already.
 * @returns undefined without credentials for both services, if there are none, or if the plan could not be made
 * (logged).
 */
export async function findExistingUsers(
  { orgs, tenant, userKey }: Answers,
  { terminal, log, ports }: Pick<Context<unknown>, 'terminal' | 'log' | 'ports'>,
): Promise<ExistingUsers['adoptable']> {
  const env: Environment = { ...terminal.env, GH_PERMIT_SYNC_CONFIG: undefined, REDIS_URL: undefined };
  const hasGitHub = env.GH_TOKEN || env.GITHUB_TOKEN || env.GITHUB_APP_ID;
  if (!env.PERMIT_API_KEY || !hasGitHub) return undefined;
  const control = startStopWithin(ports.stop, MAX_WAIT_MS);
  const { stop } = control;
  try {
    const settings = loadSettings({
      flags: { org: [...orgs], tenant, userKey },
      env,
      cwd: process.cwd(),
      ...{ readFile: notThere, parse: noFile },
    });
    const services = openServices(settings, { ...ports, stop, mayWrite: false });
    const { plan } = await reconcile(requestOf(settings), {
      ...services,
      // Roles that policy has not created yet would hide the people who get them.
      reader: { ...services.reader, findMissing: async () => NOTHING_MISSING },
      announce: () => undefined,
    });
    return plan.existing?.adoptable;
  } catch (error) {
    const reason = stop.reason();
    const shown = reason ? stopError(reason) : error;
    if (!(shown instanceof SyncError)) throw error;
    log.info(
      `note: Permit and GitHub could not be compared, so the config uses the defaults: ${shown.message}`,
    );
    return undefined;
  } finally {
    control.dispose();
  }
}
