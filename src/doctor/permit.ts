import { type Finding, findingsIn } from '../model/finding.ts';
import type { Grant } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import { isWaitingFor, type Missing } from '../model/missing.ts';
import { count, enumerate } from '../model/text/text.ts';

const { ok, warning, failed } = findingsIn('permit');

type PermitProbe = {
  /**
   * Asks which environment the key is for.
   * @throws SyncError for a key that is refused or not of one environment.
   */
  readonly environment: () => Promise<{ readonly project: string; readonly environment: string }>;
  /** Which of these grants name a role, a tenant or a resource instance that Permit does not have. */
  readonly findMissing: (grants: readonly Grant[]) => Promise<Missing>;
  /** Every grant that the rules can give; undefined if the rules are not known. */
  readonly grants: readonly Grant[] | undefined;
};

/** The key, and whether everything that a run can assign exists. */
export async function examinePermit(probe: PermitProbe): Promise<readonly Finding[]> {
  const { project, environment } = await probe.environment();
  const accepted = ok(
    'permit.key',
    `Permit accepts the API key, which is for the environment ${environment} in the project ${project}`,
  );
  const { grants } = probe;
  if (grants === undefined || grants.length === 0) return [accepted];
  const missing = await probe.findMissing(grants);
  // As in a run: what exists is assigned, and the rest waits.
  const flaw = grants.every(isWaitingFor(missing)) ? failed : warning;
  const roles = distinct(grants.filter(({ resource }) => resource === undefined).map(({ role }) => role));
  const tenants = distinct(grants.map(({ tenant }) => tenant));
  const instances = distinct(grants.flatMap(({ resource }) => resource ?? []));
  const judge = (
    kind: 'roles' | 'resource-roles' | 'tenants' | 'instances',
    wanted: readonly string[],
    lacking: readonly string[],
    place: string,
  ): readonly Finding[] => {
    if (wanted.length === 0) return [];
    const id = `permit.${kind}`;
    const noun = kind.replace(/^resource-|s$/g, '');
    if (lacking.length === 0) {
      return [ok(id, `the ${nouns(noun, wanted)} ${wanted.length === 1 ? 'exists' : 'exist'}`)];
    }
    const them = lacking.length === 1 ? 'it' : 'them';
    const byHand = `create ${them} in Permit (${place}), or correct the rules`;
    const isByPolicy = kind !== 'instances';
    const hint = isByPolicy ? `run gh-permit-sync policy, which creates ${them}, ${byHand}` : byHand;
    return [flaw(id, `Permit does not have the ${nouns(noun, lacking)}, which the rules give`, hint)];
  };
  const ofResources = missing.roles.filter((name) => !roles.includes(name));
  return [
    accepted,
    ...judge(
      'roles',
      roles,
      missing.roles.filter((name) => roles.includes(name)),
      'Policy › Roles',
    ),
    ...judge('resource-roles', ofResources, ofResources, 'Policy › Resources'),
    ...judge('tenants', tenants, missing.tenants, 'Directory › Tenants'),
    ...judge('instances', instances, missing.instances, 'Directory › Instances'),
  ];
}

const nouns = (what: string, keys: readonly string[]): string =>
  `${count(keys.length, what).replace(/^\d+ /, '')} ${enumerate(keys)}`;

const distinct = (keys: readonly string[]): readonly string[] => [...new Set(keys)].sort(compareText);

/**
 * Asks the PDP about a person who does not exist. Any decision shows that it works.
 * @param ask throws a SyncError when there is none.
 */
export async function examinePdp(address: string, ask: () => Promise<unknown>): Promise<readonly Finding[]> {
  await ask();
  return [findingsIn('pdp').ok('pdp.answer', `the PDP at ${address} answers`)];
}
