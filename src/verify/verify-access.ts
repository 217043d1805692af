import { type ErrorCode, SyncError } from '../model/errors.ts';
import type { UserKey } from '../model/identity.ts';
import type { Problem } from '../model/problem.ts';
import { instanceOf, LEVELS, type Level, REPOSITORY_TYPE } from '../model/repositories/access-model.ts';
import type { Tuple } from '../model/repositories/graph.ts';
import type { AccessDecider, RepositoryInspector } from '../model/repositories/ports.ts';
import type { AccessMismatch, MirroredRepository, Verification } from '../model/repositories/verification.ts';
import { groupBy } from '../model/text/record.ts';
import {
  candidatesOf,
  compareAccess,
  type IdentifiedUser,
  indexUsers,
  type UserIndex,
} from './compare-access.ts';

type VerifyPorts = {
  readonly github: Pick<RepositoryInspector, 'listEffectiveAccess' | 'readAccessSources'>;
  readonly pdp: AccessDecider;
  /** Called after each repository. */
  readonly onCompared: () => void;
};

/** What Permit holds, to explain a difference. */
type HeldAccess = { readonly users: readonly IdentifiedUser[]; readonly tuples: readonly Tuple[] };

/** GitHub and the PDP each answer several questions about a repository, and keep their own limits. */
const AT_ONCE = 4;

/** For this many differences, GitHub is asked for the ways of access: one request each. `explain` shows the others. */
const MAX_EXPLAINED = 100;

/**
 * Compares GitHub's own answer with the PDP's, for every level and everyone on either side. A repository that could not
 * be asked about is `unknown`. Once a service is down, so are all remaining repositories.
 * @throws SyncError for what would fail for every repository: bad credentials, a stopped run.
 */
export async function verifyAccess(
  repositories: readonly MirroredRepository[],
  held: HeldAccess,
  ports: VerifyPorts,
): Promise<readonly Verification[]> {
  const tuples = groupBy(held.tuples, ({ object }) => object);
  const users = indexUsers(held.users);
  const done: Verification[] = [];
  while (done.length < repositories.length) {
    const next = repositories.slice(done.length, done.length + AT_ONCE);
    const own = ({ id }: MirroredRepository) => tuples.get(instanceOf(REPOSITORY_TYPE, id)) ?? [];
    const round = await Promise.all(next.map((one) => verifyOne(one, users, own(one), ports)));
    done.push(...round);
    const problem = outageIn(round);
    if (problem === undefined) continue;
    const rest = repositories.slice(done.length);
    done.push(...rest.map((repository) => ({ kind: 'unknown' as const, repository, problem })));
  }
  return withSources(done, ports.github);
}

/** Adds the ways by which GitHub gives access, if it gives any. */
async function withSources(
  results: readonly Verification[],
  { readAccessSources }: VerifyPorts['github'],
): Promise<readonly Verification[]> {
  let left = MAX_EXPLAINED;
  const explain = async (repository: MirroredRepository, one: AccessMismatch): Promise<AccessMismatch> => {
    const { id, login, gitHub } = one;
    if (id === undefined || gitHub === undefined || left-- <= 0) return one;
    return { ...one, sources: await readAccessSources(repository, { id, login }) };
  };
  return Promise.all(
    results.map(async (one): Promise<Verification> => {
      if (one.kind !== 'compared' || one.mismatches.length === 0) return one;
      const mismatches = await Promise.all(one.mismatches.map((each) => explain(one.repository, each)));
      return { ...one, mismatches };
    }),
  );
}

/**
 * A service that gives no answer about any of several repositories is down: asking about more would only waste time.
 */
function outageIn(round: readonly Verification[]): Problem<ErrorCode> | undefined {
  const problems = round.flatMap((one) => (one.kind === 'unknown' ? [one.problem] : []));
  const isOutage = problems.every(
    ({ code }) => code === 'PERMIT_UNAVAILABLE' || code === 'GITHUB_UNAVAILABLE',
  );
  return isOutage && problems.length === round.length ? problems[0] : undefined;
}

async function verifyOne(
  repository: MirroredRepository,
  users: UserIndex,
  tuples: readonly Tuple[],
  ports: VerifyPorts,
): Promise<Verification> {
  try {
    return await compare(repository, users, tuples, ports);
  } catch (error) {
    if (!(error instanceof SyncError) || !MAY_CONCERN_ONE.has(error.code)) throw error;
    return { kind: 'unknown', repository, problem: error };
  } finally {
    ports.onCompared();
  }
}

const MAY_CONCERN_ONE: ReadonlySet<SyncError['code']> = new Set([
  'GITHUB_INCOMPLETE',
  'GITHUB_NOT_FOUND',
  'GITHUB_UNAVAILABLE',
  'PERMIT_UNAVAILABLE',
]);

async function compare(
  repository: MirroredRepository,
  users: UserIndex,
  tuples: readonly Tuple[],
  { github, pdp }: VerifyPorts,
): Promise<Verification> {
  const { id, org, tenant } = repository;
  const resource = { type: REPOSITORY_TYPE, key: String(id), tenant };
  const [listed, ...allowed] = await Promise.all([
    github.listEffectiveAccess(org, repository),
    ...LEVELS.map((action) => pdp.listAllowed({ action, resource })),
  ]);
  const candidates = candidatesOf(
    instanceOf(REPOSITORY_TYPE, id),
    listed,
    new Set(allowed.flat()),
    users,
    tuples,
  );
  const questions = candidates.flatMap(({ user }) =>
    user === undefined ? [] : LEVELS.map((action) => ({ user: user.key, action, resource })),
  );
  const answers = await pdp.allowedBulk(questions);
  const yes = new Set(questions.flatMap(({ user, action }, i) => (answers[i] ? [`${action} ${user}`] : [])));
  const allows = (user: UserKey, level: Level): boolean => yes.has(`${level} ${user}`);
  const mismatches = compareAccess(id, candidates, allows, tuples);
  return { kind: 'compared', repository, people: candidates.length, mismatches };
}
