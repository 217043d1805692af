import type { GitHubAuth, PermitSettings } from '../../config/settings.ts';
import { SyncError } from '../../model/errors.ts';
import type { Warning } from '../../model/problem.ts';
import { ORG_PLACEHOLDER } from '../../model/rule.ts';
import { type Context, defineCommand } from '../command.ts';
import { argument, commonFlags, requireLogin } from '../flags.ts';
import type { CheckPorts } from '../runs/check-user.ts';

const DENIED = 5;

export const check = defineCommand({
  name: 'check',
  summary: 'ask the PDP: allow or deny',
  description: 'Ask the PDP whether a person may do something, and print allow or deny.',
  args: {
    login: argument('<login>', 'login on GitHub'),
    action: argument('<action>', 'action of the resource, such as edit-repo'),
    resource: argument('<resource>', 'type of the resource, or TYPE:KEY of one instance'),
  },
  flags: commonFlags,
  about: [
    "Asks in the tenant that --tenant names, or in the tenant of the config; {org} in it is replaced by the organization. With a GitHub credential, GitHub is asked who has the login today. Without one, the answer is about the person who had it at the last sync, and a warning says so. The answer never comes from a user with another person's id. The PDP lags behind changes by a few seconds. After a deny, Permit is asked whether it knows the user, the tenant, the resource and the action, and a warning names each one that it does not know.",
    'Credentials come from the environment: PERMIT_API_KEY, and GH_TOKEN, GITHUB_TOKEN or a GitHub App.',
  ],
  examples: [
    'gh-permit-sync check octocat view-private-repo membership',
    'gh-permit-sync check octocat deploy repository:payments --tenant eu',
  ],
  exitCodes: '0 allow, 5 deny, 1 error.',
  validate: requireLogin,
  settings: async ({ flags, ...input }) => {
    const { loadPermitSettingsAndAuth } = await import('../../config/load.ts');
    // --tenant names any tenant to ask in; it is not part of the default rules, which the placeholder keeps valid.
    const tenant = flags.tenant === undefined ? undefined : ORG_PLACEHOLDER;
    return loadPermitSettingsAndAuth({ ...input, flags: { ...flags, tenant } });
  },
  run: async (context, { login, action, resource: resourceText, tenant: tenantFlag }) => {
    const { settings, facts } = context;
    const { stop, observer } = context.ports;
    const { parseResource, requireKey, tenantOf, warningAbout } = await import('../runs/check-question.ts');
    const resource = { ...parseResource(resourceText), tenant: tenantOf(tenantFlag, settings) };
    requireKey('ACTION', action);
    const { findUnknown } = await import('../../permit/find-unknown.ts');
    const { openPdp } = await import('../../permit/permit-pdp.ts');
    const { createPermitReader } = await import('../../permit/permit-reader.ts');
    const { openPermit } = await import('../../permit/permit-sdk.ts');
    const { userOf } = await import('../runs/check-user.ts');
    const service = { ...settings.permit, stop, observer };
    const permit = { sdk: openPermit({ ...service, mayWrite: false }), stop };
    const person = { template: settings.users.key, owner: settings.owner };
    const { key: user, verify } = await userOf(login, person, {
      ...createPermitReader(permit),
      findAccount: await accountFinder(context),
    });
    const question = { user, action, resource };
    const allowed = await openPdp(service).check(question);
    const doubts = allowed
      ? await verify()
      : await warningsOf(async () => [
          ...(await verify()),
          ...(await findUnknown(permit, question)).map(warningAbout),
        ]);
    const { lastingWarnings } = await import('../runs/run-notes.ts');
    const { auth, github } = settings;
    const asked = auth && { ...settings, github: { ...github, auth } };
    const aboutGitHub = asked ? lastingWarnings(asked, context.counter.tokenExpiresMs()) : [];
    const report = {
      ...{ allowed, login, user, action, resource: resourceText, tenant: resource.tenant },
      pdpUrl: settings.permit.pdpUrl,
      warnings: [...doubts, ...aboutGitHub],
      durationMs: facts().durationMs,
    };
    const { checkPage } = await import('../../report/pages/check.ts');
    return { exitCode: allowed ? 0 : DENIED, page: checkPage(report) };
  },
});

/** @returns undefined if GitHub can't be asked: without a credential, or with an App and no organization. */
async function accountFinder({
  settings: { orgs, github, auth },
  ports,
}: Context<PermitSettings & { readonly auth: GitHubAuth | undefined }>): Promise<CheckPorts['findAccount']> {
  const [org = ''] = orgs;
  if (!auth || (auth.kind === 'app' && org === '')) return undefined;
  const { createGitHubSource } = await import('../../github/github-source.ts');
  const { gitHubOptions } = await import('../../run/clients.ts');
  const { findAccount } = createGitHubSource(gitHubOptions(github, auth, ports));
  return (login) => findAccount(login, org);
}

/** A deny is reported even if Permit can't be asked about unknown names. */
async function warningsOf(find: () => Promise<readonly Warning[]>): Promise<readonly Warning[]> {
  try {
    return await find();
  } catch (error) {
    const isAway =
      error instanceof SyncError && (error.code === 'PERMIT_AUTH' || error.code === 'PERMIT_UNAVAILABLE');
    if (!isAway) throw error;
    const message = `could not ask Permit whether it knows every name in the question: ${error.message}`;
    return [{ code: error.code, message }];
  }
}
