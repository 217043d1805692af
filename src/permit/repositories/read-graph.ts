import { typeOf } from '../../model/grant.ts';
import { openPhaseMemory } from '../../model/once.ts';
import type { PermitReader } from '../../model/ports.ts';
import {
  MODEL_TYPES,
  type ModelType,
  ORG_TYPE,
  REPOSITORY_TYPE,
} from '../../model/repositories/access-model.ts';
import { type PermitInstance, type Tuple, tupleId } from '../../model/repositories/graph.ts';
import { parseInstance, parsePage, parseTuple } from '../answers.ts';
import { findInstances, readInstance } from '../find-instances.ts';
import { createPolicyReader } from '../permit-schema.ts';
import type { PermitSdk } from '../permit-sdk.ts';
import { type ListingPage, PER_PAGE, readListing } from '../read-listing.ts';
import type { Read, RequestOptions } from '../requests.ts';

/**
 * Reads the model's resource types, their instances and the tuples of repositories, completely or not at all. Three
 * requests for the types, which are read once, one for each hundred instances of each type, and one for each hundred
 * tuples.
 *
 * The plain lists are asked for their totals: the detailed ones repeat every tuple with each instance, and every
 * instance with each tuple.
 * @param read sends one request, and limits how many are in flight.
 * @returns a function that throws a SyncError: PERMIT_UNAVAILABLE or PERMIT_AUTH.
 */
export function openGraphReader(options: RequestOptions, read: Read): NonNullable<PermitReader['readGraph']> {
  const { sdk } = options;
  const { readResource } = createPolicyReader(options, read);
  const memory = openPhaseMemory('forgotten');
  const readType = async (type: ModelType) => ({ type, has: await memory(type, () => readResource(type)) });
  return async ({ instances: names, tuplesOf, usesOf } = { instances: 'all', tuplesOf: 'all' }) => {
    const shown = await Promise.all(MODEL_TYPES.map(readType));
    // `policy` has not created the others, so nothing of their type exists.
    const types = shown.flatMap(({ type, has }) => (has === undefined ? [] : [type]));
    const ofModel = (all: readonly string[]): readonly string[] => [
      ...new Set(all.filter((name) => types.some((type) => type === typeOf(name)))),
    ];
    const hasRepositories = types.includes(REPOSITORY_TYPE);
    const [instances, tuples, used] = await Promise.all([
      names === 'all' ? listInstances(sdk, read, types) : readInstances(sdk, read, ofModel(names)),
      hasRepositories ? readTuples(sdk, read, tuplesOf === 'all' ? 'all' : ofModel(tuplesOf)) : [],
      usesOf && readUses(listTuples(sdk, read), usesOf),
    ]);
    const roles = shown.flatMap(({ type, has }) =>
      [...(has?.roles.keys() ?? [])].map((key) => `${type}#${key}`),
    );
    const relations = shown.find(({ type }) => type === REPOSITORY_TYPE)?.has?.relations.keys() ?? [];
    const model = { roles: new Set(roles), relations: new Set(relations) };
    return { instances, tuples, model, ...(used ? { uses: { of: new Set(usesOf), tuples: used } } : {}) };
  };
}

async function listInstances(
  sdk: PermitSdk,
  read: Read,
  types: readonly string[],
): Promise<ReadonlyMap<string, PermitInstance>> {
  const lists = types.map((type) =>
    readListing<PermitInstance, string>({
      what: `resource instances of ${type}`,
      page: listPage(sdk, read, `resource_instances?resource=${type}`, parseInstance),
      keyOf: ({ name }) => name,
      isThere: async ({ name }) => (await readInstance(sdk, read, name)) !== undefined,
    }),
  );
  const found = await Promise.all(lists);
  return new Map(found.flatMap((one) => [...one]));
}

/** The list that is searched shows every tuple of an instance. An organization has too many: it is requested alone. */
async function readInstances(
  sdk: PermitSdk,
  read: Read,
  names: readonly string[],
): Promise<ReadonlyMap<string, PermitInstance>> {
  const isOrg = (name: string): boolean => typeOf(name) === ORG_TYPE;
  const [found, orgs] = await Promise.all([
    findInstances(
      sdk,
      read,
      names.filter((name) => !isOrg(name)),
    ),
    Promise.all(names.filter(isOrg).map((name) => readInstance(sdk, read, name))),
  ]);
  return new Map([...found, ...orgs.flatMap((org) => (org ? [[org.name, org] as const] : []))]);
}

type TupleFilter = Readonly<Record<string, string>>;
type ListTuples = (filter: TupleFilter) => Promise<ReadonlyMap<string, Tuple>>;

const listTuples =
  (sdk: PermitSdk, read: Read): ListTuples =>
  (filter) =>
    readListing({
      what: 'relationship tuples',
      page: listPage(sdk, read, tuplesPath(filter), parseTuple),
      keyOf: tupleId,
      isThere: async (tuple) =>
        (await listPage(sdk, read, tuplesPath(tuple), parseTuple)(1)).items.length > 0,
    });

/** The tuples of so many instances of a type are requested one by one. Of more, those of the whole type are listed. */
const MAX_SINGLE_READS = 20;

/** The tuples in which one of these is the subject, or the object; those to a repository are known already. */
async function readUses(list: ListTuples, names: readonly string[]): Promise<readonly Tuple[]> {
  const filters = MODEL_TYPES.flatMap((type): readonly TupleFilter[] => {
    const own = names.filter((name) => typeOf(name) === type);
    const ends = type === REPOSITORY_TYPE ? ['subject'] : ['subject', 'object'];
    return ends.flatMap((end) =>
      own.length > MAX_SINGLE_READS ? { [`${end}_type`]: type } : own.map((name) => ({ [end]: name })),
    );
  });
  return (await Promise.all(filters.map(list))).flatMap((found) => [...found.values()]);
}

/** @param of the instances whose tuples to read. A repository is the object of its tuples, all others are subjects. */
async function readTuples(
  sdk: PermitSdk,
  read: Read,
  of: readonly string[] | 'all',
): Promise<readonly Tuple[]> {
  const list = listTuples(sdk, read);
  const type = { object_type: REPOSITORY_TYPE };
  if (of === 'all') return [...(await list(type)).values()];
  const lists = of.map((name) =>
    list(typeOf(name) === REPOSITORY_TYPE ? { object: name } : { subject: name, ...type }),
  );
  const found = await Promise.all(lists);
  return [...new Map(found.flatMap((one) => [...one])).values()];
}

const tuplesPath = (filter: TupleFilter): string => `relationship_tuples?${new URLSearchParams(filter)}`;

const listPage =
  <T>(sdk: PermitSdk, read: Read, path: string, parse: (item: unknown) => T | undefined) =>
  (page: number): Promise<ListingPage<T>> =>
    read(
      () => sdk.facts(`${path}&include_total_count=true&page=${page}&per_page=${PER_PAGE}`),
      (body) => parsePage(body, parse),
    );
