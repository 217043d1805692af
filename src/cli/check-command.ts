import { optionalGitHubAuth } from '../config/credentials.ts';
import { concealing, loadPermitSettings } from '../config/load.ts';
import type { PermitSettings } from '../config/settings.ts';
import { fromFlag, refuse } from '../config/source.ts';
import { tenantFlaw } from '../config/tenant.ts';
import { createGitHubSource } from '../github/github-source.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import { type Stop, type StopControl, startStop, stopError } from '../http/stop.ts';
import { SyncError } from '../model/errors.ts';
import { ROLE_KEY_PATTERN } from '../model/identity.ts';
import { namesOrganization, ORG_PLACEHOLDER, tenantFor } from '../model/rule.ts';
import { enumerate } from '../model/text.ts';
import { findUnknown } from '../permit/find-unknown.ts';
import { openPdp, type Question } from '../permit/permit-pdp.ts';
import { createPermitReader } from '../permit/permit-reader.ts';
import { openPermit } from '../permit/permit-sdk.ts';
import {
  type CheckReport,
  renderCheckJson,
  renderCheckMarkdown,
  renderCheckText,
} from '../report/check-report.ts';
import { renderErrorJson } from '../report/error-json.ts';
import type { Warning } from '../report/run-report.ts';
import { VERSION } from '../version.ts';
import type { CheckOptions } from './check-options.ts';
import { type CheckPorts, userOf } from './check-user.ts';
import { warningAbout } from './check-warnings.ts';
import { inGitHubActions } from './github-actions.ts';
import { type Log, openLog } from './log.ts';
import { logOptions } from './options.ts';
import { countingObserver } from './services.ts';
import { type Terminal, wantsColor } from './terminal.ts';

const DENIED = 5;

/** @returns 0 for allow, 5 for deny, 1 for an error: what is not clearly a decision is an error. */
export async function checkCommand(options: CheckOptions, terminal: Terminal): Promise<0 | 1 | 5> {
  const log = openLog(terminal, logOptions(options));
  try {
    const report = await check(options, terminal, log);
    terminal.out(render(report, options, terminal));
    return report.allowed ? 0 : DENIED;
  } catch (error) {
    const known = error instanceof SyncError ? error : bug(error);
    log.error(known);
    if (options.output === 'json') terminal.out(renderErrorJson('check', known));
    return 1;
  }
}

const bug = (error: unknown): SyncError =>
  new SyncError(
    'INTERNAL',
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    'this is a bug: please report it',
  );

async function check(options: CheckOptions, terminal: Terminal, log: Log): Promise<CheckReport> {
  const began = performance.now();
  const { action, login } = options;
  // The tenant that is asked about may be any: it is no part of a mapping, which `{org}` keeps valid.
  const flags = { ...options, tenant: options.tenant === undefined ? undefined : ORG_PLACEHOLDER };
  const settings = loadPermitSettings({ flags, env: terminal.env, cwd: process.cwd() });
  terminal.conceal(settings.secrets);
  const resource = { ...parseResource(options.resource), tenant: tenantOf(options, settings) };
  requireKey('ACTION', action);
  const control = startStop(settings.timeoutMs);
  try {
    const observer = countingObserver(log);
    const { stop } = control;
    const service = { ...settings.permit, stop, observer };
    const permit = { sdk: openPermit({ ...service, mayWrite: false }), stop };
    const person = { template: settings.users.key, owner: settings.owner };
    const { key: user, verify } = await userOf(login, person, {
      ...createPermitReader(permit),
      findAccount: accountFinder(settings, terminal, { stop, observer }),
    });
    const question = { user, action, resource };
    const allowed = await openPdp(service)(question);
    const warnings = allowed
      ? await verify()
      : await warningsOf(async () => [
          ...(await verify()),
          ...(await findUnknown(permit, question)).map(warningAbout),
        ]);
    return {
      allowed,
      login,
      user,
      action,
      resource: options.resource,
      tenant: resource.tenant,
      pdpUrl: settings.permit.pdpUrl,
      warnings,
      durationMs: Math.round(performance.now() - began),
    };
  } catch (error) {
    throw stoppedOr(error, control);
  } finally {
    control.dispose();
  }
}

/** @returns undefined where GitHub can't be asked: without a credential, or with an App and no organization. */
function accountFinder(
  { orgs, github }: PermitSettings,
  { env }: Terminal,
  { stop, observer }: { readonly stop: Stop; readonly observer: RequestObserver },
): CheckPorts['findAccount'] {
  const { auth } = concealing(env, () => ({ auth: optionalGitHubAuth(env) }));
  const [org = ''] = orgs;
  if (!auth || (auth.kind === 'app' && org === '')) return undefined;
  const { findAccount } = createGitHubSource({
    apiUrl: github.apiUrl,
    proxies: github.proxies,
    credentials: auth,
    userAgent: `gh-permit-sync/${VERSION}`,
    stop,
    observer,
    inActions: inGitHubActions(env),
  });
  return (login) => findAccount(login, org);
}

/** A deny stands, whether or not Permit says what the PDP may not have known. */
async function warningsOf(find: () => Promise<readonly Warning[]>): Promise<readonly Warning[]> {
  try {
    return await find();
  } catch (error) {
    if (
      !(error instanceof SyncError) ||
      (error.code !== 'PERMIT_AUTH' && error.code !== 'PERMIT_UNAVAILABLE')
    )
      throw error;
    const message = `Permit could not be asked whether it knows all that the question names: ${error.message}`;
    return [{ code: error.code, message }];
  }
}

function stoppedOr(error: unknown, { stop }: StopControl): unknown {
  const reason = stop.reason();
  return reason ? stopError(reason) : error;
}

/** `type`, or `type:key`; the key may hold colons of its own. */
function parseResource(text: string): Pick<Question['resource'], 'type' | 'key'> {
  const colon = text.indexOf(':');
  const type = colon < 0 ? text : text.slice(0, colon);
  requireKey('the type in RESOURCE', type);
  if (colon < 0) return { type };
  const key = text.slice(colon + 1);
  if (key.trim() !== '') return { type, key };
  throw new SyncError(
    'USAGE',
    'RESOURCE names no instance behind its colon',
    `give TYPE:KEY, or ${type} alone to ask about all of them`,
  );
}

function requireKey(what: string, text: string): void {
  if (ROLE_KEY_PATTERN.test(text)) return;
  throw new SyncError(
    'USAGE',
    `${what}: ${text.trim() === '' ? 'is empty' : `"${text}" can be no key in Permit`}`,
    'expected letters, digits, - and _',
  );
}

function tenantOf(options: CheckOptions, { permit, orgs }: PermitSettings): string {
  const said = fromFlag('--tenant', options.tenant);
  if (said !== undefined) refuse(said, tenantFlaw(said.text));
  const tenant = said?.text ?? permit.tenant;
  if (!namesOrganization(tenant)) return tenant;
  const [org, ...others] = orgs;
  if (org !== undefined && others.length === 0) return tenantFor(tenant, org);
  throw new SyncError(
    'USAGE',
    org === undefined
      ? `the tenant "${tenant}" is one for each organization, and no organization is named`
      : `the tenant "${tenant}" is another for each of ${enumerate(orgs)}`,
    'name the tenant to ask about by --tenant, or one organization by --org',
  );
}

function render(report: CheckReport, options: CheckOptions, terminal: Terminal): string {
  switch (options.output) {
    case 'json':
      return renderCheckJson(report);
    case 'markdown':
      return renderCheckMarkdown(report);
    case 'text':
      return renderCheckText(report, {
        color: wantsColor(options.color, terminal.env, terminal.outIsTty),
        width: terminal.width,
      });
  }
}
