import { createHash } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import { folded } from '../model/identity.ts';
import { type ConfigDigest, configDigest, type Hash } from '../model/saved-plan.ts';
import type { ReconcileRequest } from '../sync/reconcile.ts';

/** Where Permit's facts are written: the ids of a project and an environment. */
export type PermitPlace = { readonly project: string; readonly environment: string };

export const sha256: Hash = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** What a request's field is called in the config file, where that is another name. */
const NAMES: { readonly [field in keyof ReconcileRequest]?: string } = {
  rules: 'grants',
  listedOrgs: 'organizations of this run',
  orgs: 'github.orgs',
  orgPins: 'ids in github.orgs',
  tenant: 'permit.tenant',
  userSettings: 'users',
};

/** Named where its digest differs though no setting does. */
export const ENVIRONMENT = "Permit's environment (PERMIT_API_KEY)";

/**
 * Digests of all that decides what a plan is and may do. Overrides are not among it, since they only let more of the
 * same through; nor is the narrowing to some people, which a saved plan brings along; nor is whether
 * users.key was set, which changes no plan.
 * @param place undefined as long as Permit was not asked.
 */
export function digestOf(
  { overrides: _, logins: __, userKeyChosen: ___, ...request }: ReconcileRequest,
  { github, permit }: Settings,
  place?: PermitPlace,
): ConfigDigest {
  // Whatever a request will hold one day is in the digest, unless it is left out above.
  const { listedOrgs, orgs, ...rest } = request;
  const named = Object.entries({ ...rest, listedOrgs: unordered(listedOrgs), orgs: unordered(orgs) }).map(
    ([field, value]) => [NAMES[field as keyof ReconcileRequest] ?? field, value] as const,
  );
  return configDigest(
    {
      ...Object.fromEntries(named),
      'github.apiUrl': github.apiUrl,
      'permit.apiUrl': permit.apiUrl,
      ...(place === undefined ? {} : { [ENVIRONMENT]: place }),
    },
    sha256,
  );
}

const unordered = (names: readonly string[]): ReadonlySet<string> => new Set(names.map(folded));
