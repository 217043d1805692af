import type { Settings } from '../../config/settings.ts';
import { SyncError } from '../../model/errors.ts';
import type { GitHubId } from '../../model/identity.ts';
import type { OrgFacts } from '../../model/member.ts';
import type { PermitReader } from '../../model/ports.ts';
import { instanceOf, REPOSITORY_TYPE, TEAM_TYPE } from '../../model/repositories/access-model.ts';
import type { MirroredRepository } from '../../model/repositories/verification.ts';
import { enumerate } from '../../model/text/text.ts';
import { userKeyFor } from '../../plan/keys/user-key.ts';
import type { ExplainRepositoryReport } from '../../report/pages/explain-repository.ts';
import { unreadWarning } from '../../report/warnings.ts';
import { gitHubOptions } from '../../run/clients.ts';
import { openRepositoryInspector } from '../../run/repository-inspector.ts';
import { openServices } from '../../run/services.ts';
import { type IdentifiedUser, identifyUsers } from '../../verify/compare-access.ts';
import { accessWays, linkedTeams, questionAbout } from '../../verify/explain-access.ts';
import type { Context } from '../command.ts';
import { nobody } from './check-user.ts';
import { lastingWarnings } from './run-notes.ts';
import {
  type Links,
  mirroredRepositories,
  namesIn,
  readLinks,
  requireMirror,
  requireNamed,
} from './verify-run.ts';

/**
 * Asks GitHub about one person and one repository, and each link that Permit holds.
 * @throws SyncError `USAGE` if the login or the repository does not exist.
 */
export async function explainRepository(
  context: Context<Settings>,
  login: string,
  name: string,
): Promise<ExplainRepositoryReport> {
  const { settings, counter, progress, facts: cost, ports } = context;
  const mirror = requireMirror(settings);
  const inspector = openRepositoryInspector(gitHubOptions(settings.github, settings.github.auth, ports));
  const { github, reader } = openServices(settings, { ...ports, mayWrite: false });
  progress.show('Asking GitHub and Permit');
  const repository = requireOne(await mirroredRepositories(inspector, mirror), name);
  const { org } = repository;
  const instance = instanceOf(REPOSITORY_TYPE, repository.id);
  const needs = { teams: [], collaborators: false, orgRoles: [], repositories: mirror };
  const [id, facts, listed, links] = await Promise.all([
    github.findAccount(login, org),
    github.readOrgWithoutMembers(org, needs),
    inspector.listEffectiveAccess(org, repository),
    readLinks(reader, [instance]),
  ]);
  if (id === undefined) throw nobody(login);
  if (facts.kind === 'incomplete') throw new SyncError(facts.code, facts.message, facts.hint);
  const named = { ...facts, repositories: namedFacts(repository, links) };
  const questions = links.tuples.flatMap((tuple) => questionAbout(tuple, facts.id, repository.id) ?? []);
  const teams = linkedTeams(links.tuples).map((team) => `#${team}`);
  const atStake = new Map([[facts.id, { teams, repositories: new Map([[repository.id, 'read' as const]]) }]]);
  const access = listed.find((one) => one.id === id);
  const [lookups, answers, user, sources] = await Promise.all([
    github.lookUp([{ id, logins: [login], atStake }], [named]),
    github.confirmLinkLosses?.(questions, [named]) ?? new Map(),
    findUser(reader, { login, id }, settings),
    access && inspector.readAccessSources(repository, access),
  ]);
  const lookup = lookups.get(id);
  const asked = {
    ...{ repository, facts, answers, tuples: links.tuples, held: user?.grants ?? [] },
    lookup: lookup?.kind === 'clear' ? lookup : undefined,
  };
  return {
    ...{ repository, id, login: access?.login ?? login, user: user?.key },
    hasInstance: links.instances.has(instance),
    ...{ gitHub: access?.role, sources },
    ways: accessWays(asked),
    warnings: [
      ...(lookup?.kind === 'clear' ? [] : [unclear(login, lookup?.why)]),
      ...facts.unread.map(unreadWarning),
    ],
    nameOf: namesIn(links.instances),
    notes: lastingWarnings(settings, counter.tokenExpiresMs()),
    ...cost(),
  };
}

/**
 * The names used to ask GitHub about links: the repository's name today, and each team's name at the last run.
 */
const namedFacts = (
  { id, name }: MirroredRepository,
  { tuples, instances }: Links,
): NonNullable<OrgFacts['repositories']> => ({
  base: 'none',
  repositories: new Map([[id, { id, name, visibility: '' }]]),
  leftOut: new Map(),
  teams: new Map(
    linkedTeams(tuples).map((team) => {
      const slug = namesIn(instances)(instanceOf(TEAM_TYPE, team)).split('/').slice(1).join('/');
      return [team, { id: team, slug, access: 'unread' }];
    }),
  ),
  collaborators: new Map(),
});

/** @throws SyncError `USAGE` if none or several have that name. */
function requireOne(all: readonly MirroredRepository[], wanted: string): MirroredRepository {
  const [one, ...others] = requireNamed(all, [wanted]);
  if (one !== undefined && others.length === 0) return one;
  const names = [one, ...others].map((each) => `${each?.org}/${each?.name}`);
  throw new SyncError('USAGE', `${enumerate(names)} are all called ${wanted}`, 'name the organization too');
}

const unclear = (login: string, why = 'their access is unknown') => ({
  code: 'LOOKUP_FAILED',
  message: `GitHub gave no clear answer about ${login}: ${why}`,
});

/** Under the key that it should have, or wherever the person's user still is. */
async function findUser(
  { readUser, readUsers }: Pick<PermitReader, 'readUser' | 'readUsers'>,
  person: { readonly login: string; readonly id: GitHubId },
  { users: { key: template }, owner }: Pick<Settings, 'users' | 'owner'>,
): Promise<IdentifiedUser | undefined> {
  const due = userKeyFor(template, person);
  const user = due && (await readUser(due));
  const isTheirs = ({ id }: IdentifiedUser): boolean => id === person.id;
  const found = user && identifyUsers([user], owner).find(isTheirs);
  return found ?? identifyUsers(await readUsers(), owner).find(isTheirs);
}
