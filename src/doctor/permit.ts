import type { Finding } from '../model/finding.ts';
import type { Grant } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import { isWaitingFor, type Missing } from '../model/missing.ts';
import { count, enumerate } from '../model/text.ts';

export type PermitProbe = {
  /**
   * Asks which environment the key is for.
   * @throws SyncError for a key that is refused or not of one environment.
   */
  readonly environment: () => Promise<{ readonly project: string; readonly environment: string }>;
  /** Which of these grants name a role, a tenant or a resource instance that Permit does not have. */
  readonly findMissing: (grants: readonly Grant[]) => Promise<Missing>;
  /** Every grant that the rules can give; undefined where the rules are not known. */
  readonly grants: readonly Grant[] | undefined;
};

/** The key, and whether everything that a run can assign is there. */
export async function examinePermit(probe: PermitProbe): Promise<readonly Finding[]> {
  const { project, environment } = await probe.environment();
  const accepted: Finding = {
    id: 'permit.key',
    area: 'permit',
    status: 'ok',
    message: `Permit accepts the API key, which is of the environment ${environment} in the project ${project}`,
  };
  const { grants } = probe;
  if (grants === undefined || grants.length === 0) return [accepted];
  const missing = await probe.findMissing(grants);
  // As in a run: whatever can be given is given, and the rest waits.
  const status = grants.every(isWaitingFor(missing)) ? 'failed' : 'warning';
  const roles = distinct(grants.filter(({ resource }) => resource === undefined).map(({ role }) => role));
  const tenants = distinct(grants.map(({ tenant }) => tenant));
  const instances = distinct(grants.flatMap(({ resource }) => (resource === undefined ? [] : [resource])));
  return [
    accepted,
    ...judgeKeys(
      'role',
      roles,
      missing.roles.filter((name) => roles.includes(name)),
      'Policy › Roles',
      status,
    ),
    ...judgeResourceRoles(
      missing.roles.filter((name) => !roles.includes(name)),
      status,
    ),
    ...judgeKeys('tenant', tenants, missing.tenants, 'Directory › Tenants', status),
    ...judgeKeys('instance', instances, missing.instances, 'Directory › Instances', status),
  ];
}

/** Roles of resources that Permit lacks: `policy` creates roles of the environment only. */
function judgeResourceRoles(missing: readonly string[], status: 'warning' | 'failed'): readonly Finding[] {
  if (missing.length === 0) return [];
  const message = `Permit does not have the ${nouns('role', missing)}, which the rules give`;
  const them = missing.length === 1 ? 'it' : 'them';
  const mend = `create ${them} in Permit (Policy › Resources), or correct the rules`;
  return [{ id: 'permit.resource-roles', area: 'permit', status, message, mend }];
}

/** Whether everything that the rules name exists. @param status of a finding about something missing. */
function judgeKeys(
  what: 'role' | 'tenant' | 'instance',
  wanted: readonly string[],
  missing: readonly string[],
  place: string,
  status: 'warning' | 'failed',
): readonly Finding[] {
  if (wanted.length === 0) return [];
  const id = `permit.${what}s`;
  if (missing.length === 0) {
    const message = `the ${nouns(what, wanted)} ${wanted.length === 1 ? 'is' : 'are'} there`;
    return [{ id, area: 'permit', status: 'ok', message }];
  }
  const message = `Permit does not have the ${nouns(what, missing)}, which the rules give`;
  const them = missing.length === 1 ? 'it' : 'them';
  const mend =
    what === 'instance'
      ? `create ${them} in Permit (${place}), or correct the rules`
      : `run gh-permit-sync policy, which creates ${them}, create ${them} in Permit (${place}), or correct the rules`;
  return [{ id, area: 'permit', status, message, mend }];
}

const nouns = (what: string, keys: readonly string[]): string =>
  `${count(keys.length, what).replace(/^\d+ /, '')} ${enumerate(keys)}`;

const distinct = (keys: readonly string[]): readonly string[] => [...new Set(keys)].sort(compareText);

/**
 * The PDP, asked about somebody who does not exist: any decision shows that it works.
 * @param ask throws a SyncError when there is none.
 */
export async function examinePdp(address: string, ask: () => Promise<unknown>): Promise<readonly Finding[]> {
  await ask();
  return [{ id: 'pdp.answer', area: 'pdp', status: 'ok', message: `the PDP at ${address} answers` }];
}
