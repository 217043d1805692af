import type { Probe } from '../../doctor/examine.ts';
import { judgeModel, judgeRepositories } from '../../doctor/repositories.ts';
import { SyncError } from '../../model/errors.ts';
import type { PermitReader } from '../../model/ports.ts';
import type { RepositorySettings } from '../../model/repositories/facts.ts';
import type { RepositoryInspector } from '../../model/repositories/ports.ts';
import { isRecord } from '../../model/text/record.ts';
import type { PermitSdk } from '../../permit/permit-sdk.ts';
import { withRepositoryModel } from '../../policy/repository-model.ts';

/** Whether the credential sees what is to be mirrored. */
export const repositoryProbes = (
  { orgs, match }: RepositorySettings,
  { findRepositories, readBasePermission, listCustomRoles }: RepositoryInspector,
): readonly Probe[] =>
  orgs.map((org) => ({
    id: `github.repositories:${org}`,
    subject: `GitHub, asked about the repositories of ${org},`,
    look: async () => {
      const [found, base, roles] = await Promise.all([
        findRepositories(org, { match }),
        readBasePermission(org),
        listCustomRoles(org),
      ]);
      const customRoles = roles?.map(({ name }) => name);
      return judgeRepositories(org, { repositories: found.size, base, customRoles });
    },
  }));

type PermitAccess = {
  readonly sdk: Pick<PermitSdk, 'environment' | 'readProject'>;
  readonly reader: Pick<PermitReader, 'readGraph'>;
};

/** Whether Permit has the model, custom roles included where GitHub shows them. */
export const modelProbe = (
  settings: RepositorySettings,
  { sdk, reader }: PermitAccess,
  inspector: Pick<RepositoryInspector, 'listCustomRoles'> | undefined,
): Probe => ({
  id: 'permit.repository-model',
  subject: 'Permit, asked about the repository model,',
  look: async () => {
    const [graph, isReBacDisabled, ...custom] = await Promise.all([
      reader.readGraph?.({ instances: [], tuplesOf: [] }),
      readReBac(sdk),
      ...settings.orgs.map((org) => inspector?.listCustomRoles(org).catch(ignoreRefusal)),
    ]);
    const model = withRepositoryModel(
      { resources: {}, roles: {}, tenants: {} },
      settings,
      custom.flatMap((one) => one ?? []),
    );
    const roles = Object.entries(model.resourceRoles ?? {}).flatMap(([type, own]) =>
      Object.keys(own).map((role) => `${type}#${role}`),
    );
    const relations = Object.values(model.relations ?? {}).flatMap(Object.keys);
    return graph === undefined ? [] : judgeModel({ roles, relations }, graph.model, isReBacDisabled);
  },
});

/** The probe of the organization says why GitHub does not answer. */
function ignoreRefusal(error: unknown): undefined {
  if (!(error instanceof SyncError)) throw error;
}

/** `settings.rebac_disabled` of the environment; undefined if the API key may not read it. */
async function readReBac(sdk: PermitAccess['sdk']): Promise<boolean | undefined> {
  const { project, environment } = await sdk.environment();
  const found = await sdk.readProject(`${project}/envs/${environment}`).catch(() => undefined);
  if (!isRecord(found)) return undefined;
  return isRecord(found.settings) && found.settings.rebac_disabled === true;
}
