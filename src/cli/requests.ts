import type { Settings } from '../config/settings.ts';
import type { ReconcileRequest } from '../reconcile/reconcile.ts';

/** What the settings ask of a run; `logins` narrow it. */
export const requestOf = (settings: Settings, logins?: readonly string[]): ReconcileRequest => ({
  statements: settings.statements,
  orgs: settings.configuredOrgs,
  listedOrgs: settings.orgs,
  ...(settings.orgPins === undefined ? {} : { orgPins: settings.orgPins }),
  owner: settings.owner,
  tenant: settings.permit.tenant,
  manages: settings.manages,
  userRules: settings.users,
  userKeyChosen: settings.userKeyChosen,
  mode: settings.mode,
  logins,
  limits: settings.limits,
  overrides: settings.overrides,
  retiredOrgs: settings.retiredOrgs,
  pruneUnmanaged: settings.pruneUnmanaged,
});
