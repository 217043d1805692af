import { createHash } from 'node:crypto';
import { folded } from '../model/identity.ts';
import { type ConfigDigest, configDigest, type Hash } from '../model/saved-plan.ts';
import type { ReconcileRequest } from './run.ts';

/** The ids of the Permit project and environment that a run writes to. */
export type PermitPlace = { readonly project: string; readonly environment: string };

/** The servers that a run talks to. */
export type ApiUrls = { readonly github: string; readonly permit: string };

export const sha256: Hash = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** The name of a request's field in the config file, where it differs. */
const NAMES: { readonly [field in keyof ReconcileRequest]?: string } = {
  rules: 'grants',
  listedOrgs: 'organizations of this run',
  configuredOrgs: 'github.orgs',
  orgPins: 'ids in github.orgs',
  tenant: 'permit.tenant',
  userSettings: 'users',
  enterprise: 'github.enterprise',
};

/** Named when the environment is what differs. */
export const ENVIRONMENT = "Permit's environment (PERMIT_API_KEY)";

/**
 * Digests of every setting that a plan depends on. Four are left out: overrides only admit more of the same plan, a
 * saved plan stores its own narrowing, and neither whether users.key was set nor the command of a hint changes a plan.
 * @param place undefined before Permit was asked.
 */
export function digestOf(
  { overrides: _, logins: __, userKeyChosen: ___, policyCommand: ____, ...request }: ReconcileRequest,
  apiUrls: ApiUrls,
  place?: PermitPlace,
): ConfigDigest {
  // A new field of the request is in the digest unless it is left out above.
  const { listedOrgs, configuredOrgs, repositories, ...rest } = request;
  const named = Object.entries({
    ...rest,
    listedOrgs: unordered(listedOrgs),
    configuredOrgs: unordered(configuredOrgs),
    ...(repositories && { repositories: { ...repositories, orgs: unordered(repositories.orgs) } }),
  }).map(([field, value]) => [NAMES[field as keyof ReconcileRequest] ?? field, value] as const);
  return configDigest(
    {
      ...Object.fromEntries(named),
      'github.apiUrl': apiUrls.github,
      'permit.apiUrl': apiUrls.permit,
      ...(place === undefined ? {} : { [ENVIRONMENT]: place }),
    },
    sha256,
  );
}

const unordered = (names: readonly string[]): ReadonlySet<string> => new Set(names.map(folded));
