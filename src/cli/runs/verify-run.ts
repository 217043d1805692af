import { didYouMean } from '../../config/problem.ts';
import type { Settings } from '../../config/settings.ts';
import { SyncError } from '../../model/errors.ts';
import type { PermitReader } from '../../model/ports.ts';
import { instanceOf, REPOSITORY_TYPE } from '../../model/repositories/access-model.ts';
import type { RepositorySettings } from '../../model/repositories/facts.ts';
import type { PermitGraph } from '../../model/repositories/graph.ts';
import type { RepositoryInspector } from '../../model/repositories/ports.ts';
import type { MirroredRepository } from '../../model/repositories/verification.ts';
import { tenantFor } from '../../model/rule.ts';
import { openPdp } from '../../permit/permit-pdp.ts';
import { createPermitReader } from '../../permit/permit-reader.ts';
import { openPermit } from '../../permit/permit-sdk.ts';
import type { VerifyReport } from '../../report/pages/verify.ts';
import { gitHubOptions } from '../../run/clients.ts';
import { openRepositoryInspector } from '../../run/repository-inspector.ts';
import { namedRepositories, sampleRepositories, sorted } from '../../verify/choose-repositories.ts';
import { identifyUsers } from '../../verify/compare-access.ts';
import { verifyAccess } from '../../verify/verify-access.ts';
import type { Context } from '../command.ts';
import { lastingWarnings } from './run-notes.ts';

/**
 * Compares all mirrored repositories, or those that are named, or a sample of them.
 * @throws SyncError if nothing is mirrored, or a name matches no mirrored repository.
 */
export async function runVerify(
  context: Context<Settings>,
  { names, sample, seed }: { names: readonly string[]; sample: number | undefined; seed: string },
): Promise<VerifyReport> {
  const { settings, counter, progress, facts, ports } = context;
  const { stop, observer } = ports;
  const mirror = requireMirror(settings);
  const github = openRepositoryInspector(gitHubOptions(settings.github, settings.github.auth, ports));
  const permit = { ...settings.permit, stop, observer };
  const reader = createPermitReader({ sdk: openPermit({ ...permit, mayWrite: false }), stop });
  progress.show('Listing repositories on GitHub, and users and links in Permit');
  const [all, users] = await Promise.all([mirroredRepositories(github, mirror), reader.readUsers()]);
  const chosen = names.length > 0 ? requireNamed(all, names) : all;
  const drawn = sample === undefined ? sorted(chosen) : sampleRepositories(chosen, sample, seed);
  const { tuples, instances } = await readLinks(
    reader,
    drawn.length === all.length ? 'all' : drawn.map(({ id }) => instanceOf(REPOSITORY_TYPE, id)),
  );
  const held = { users: identifyUsers(users, settings.owner), tuples };
  progress.show('Comparing GitHub with the PDP', drawn.length);
  const results = await verifyAccess(drawn, held, {
    github,
    pdp: openPdp(permit),
    onCompared: () => progress.did(1),
  });
  return {
    orgs: mirror.orgs,
    pdpUrl: settings.permit.pdpUrl,
    sample: sample === undefined ? undefined : { of: chosen.length, seed },
    results,
    nameOf: namesIn(instances),
    warnings: lastingWarnings(settings, counter.tokenExpiresMs()),
    ...facts(),
  };
}

/** What Permit links to some repositories. */
export type Links = Pick<PermitGraph, 'tuples' | 'instances'>;

/** What is linked to these repositories, with the instances on both sides. */
export async function readLinks(
  { readGraph }: Pick<PermitReader, 'readGraph'>,
  repositories: readonly string[] | 'all',
): Promise<Links> {
  if (readGraph === undefined) return { tuples: [], instances: new Map() };
  const linked = await readGraph({ instances: repositories, tuplesOf: repositories });
  if (repositories === 'all') return linked;
  const subjects = [...new Set(linked.tuples.map(({ subject }) => subject))];
  const { instances } = await readGraph({ instances: subjects, tuplesOf: [] });
  return { tuples: linked.tuples, instances: new Map([...linked.instances, ...instances]) };
}

/** @returns the name of an instance on GitHub, or the instance itself if it has none. */
export const namesIn =
  (instances: PermitGraph['instances']) =>
  (instance: string): string => {
    const known = instances.get(instance)?.attributes.github_name;
    return typeof known === 'string' ? known : instance;
  };

/** @throws SyncError `CONFIG_INVALID` */
export function requireMirror({ repositories, configFile }: Settings): RepositorySettings {
  if (repositories !== undefined && repositories.orgs.length > 0) return repositories;
  if (repositories !== undefined) {
    const message = 'the organizations of this run are not among repositories.orgs';
    throw new SyncError('CONFIG_INVALID', message, 'leave out --org, or name one of repositories.orgs');
  }
  const file = configFile ?? 'gh-permit-sync.yaml';
  const hint = `write "repositories: {}" into ${file}, and run "gh-permit-sync policy" and "reconcile" first`;
  throw new SyncError('CONFIG_INVALID', 'the config mirrors no repositories', hint);
}

/** Every mirrored repository of these organizations. @throws SyncError if a list is incomplete. */
export async function mirroredRepositories(
  github: Pick<RepositoryInspector, 'findRepositories'>,
  { orgs, tenant, match }: RepositorySettings,
): Promise<readonly MirroredRepository[]> {
  const lists = orgs.map(async (org) => {
    const found = await github.findRepositories(org, { match });
    return [...found.values()].map(({ id, name }) => ({ id, org, name, tenant: tenantFor(tenant, org) }));
  });
  return (await Promise.all(lists)).flat();
}

/** @throws SyncError `USAGE` for a name that matches none. */
export function requireNamed(
  all: readonly MirroredRepository[],
  names: readonly string[],
): readonly MirroredRepository[] {
  const { found, unknown } = namedRepositories(all, names);
  const [first] = unknown;
  if (first === undefined) return found;
  const known = all.map(({ org, name }) => (first.includes('/') ? `${org}/${name}` : name));
  throw new SyncError(
    'USAGE',
    `no mirrored repository is called ${first}: it does not exist, is archived, or repositories.match leaves it out`,
    didYouMean(first, known) ?? 'check the spelling, or repositories.match in the config file',
  );
}
