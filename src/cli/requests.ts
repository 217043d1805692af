import type { Settings } from '../config/settings.ts';
import type { ApiUrls } from '../sync/config-digest.ts';
import type { ReconcileRequest } from '../sync/reconcile.ts';

export const apiUrlsOf = ({ github, permit }: Settings): ApiUrls => ({
  github: github.apiUrl,
  permit: permit.apiUrl,
});

/** What the settings ask of a run; `logins` narrow it. */
export const requestOf = (settings: Settings, logins?: readonly string[]): ReconcileRequest => ({
  rules: settings.rules,
  orgs: settings.configuredOrgs,
  listedOrgs: settings.orgs,
  ...(settings.orgPins === undefined ? {} : { orgPins: settings.orgPins }),
  owner: settings.owner,
  tenant: settings.permit.tenant,
  manages: settings.manages,
  userSettings: settings.users,
  userKeyChosen: settings.userKeyChosen,
  mode: settings.mode,
  logins,
  limits: settings.limits,
  overrides: settings.overrides,
  retiredOrgs: settings.retiredOrgs,
  pruneUnmanaged: settings.pruneUnmanaged,
});
