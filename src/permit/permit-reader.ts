import pLimit from 'p-limit';
import { compareGrants, distinctGrants } from '../model/grant.ts';
import { compareText, type UserKey } from '../model/identity.ts';
import type { PermitReader } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { openUsersPages, parseUser } from './answers.ts';
import { findMissing } from './find-missing.ts';
import { openGrantsReader } from './read-grants.ts';
import { type ListingPage, PER_PAGE, readListing } from './read-listing.ts';
import { openRead, type Read, type RequestOptions, readOne } from './requests.ts';

/** Permit may have at most 40 requests of ours in flight (CONTRACT §11); 10,000 users are four round trips then. */
const CONCURRENT_READS = 36;

const usersPage = (page: number, perPage: number): string => `users?page=${page}&per_page=${perPage}`;

export function createPermitReader(options: RequestOptions): PermitReader {
  const read = openRead(options);
  const readGrants = openGrantsReader(options.sdk, read);
  const limit = pLimit(CONCURRENT_READS);
  const limited: Read = (ask, parse) => limit(() => read(ask, parse));
  let readGraph: PermitReader['readGraph'];
  /** Without grants on resource instances. */
  const get = (key: UserKey): Promise<PermitUser | undefined> =>
    readOne(limited, () => options.sdk.api.users.get(key), parseUser);
  return {
    readUsers: async (likely) => {
      const parse = openUsersPages();
      const page = (page: number): Promise<ListingPage<PermitUser>> =>
        limited(() => options.sdk.facts(usersPage(page, PER_PAGE)), parse);
      const isThere = async ({ key }: PermitUser): Promise<boolean> => (await get(key)) !== undefined;
      const listing = { what: 'users', page, keyOf: ({ key }: PermitUser) => key, isThere };
      const users = await readListing(listing, likely);
      return [...users.values()].sort((a, b) => compareText(a.key, b.key));
    },
    readUser: async (key) => {
      const [found, grants] = await Promise.all([get(key), limit(() => readGrants(key))]);
      if (found === undefined) return undefined;
      // A grant that both answers hold counts once: two would look like two grants.
      return { ...found, grants: distinctGrants([...found.grants, ...grants]).toSorted(compareGrants) };
    },
    countUsers: async () => {
      const { total } = await read(() => options.sdk.facts(usersPage(1, 1)), openUsersPages());
      return total;
    },
    readGraph: async (scope) => {
      const { openGraphReader } = await import('./repositories/read-graph.ts');
      readGraph ??= openGraphReader(options, limited);
      return readGraph(scope);
    },
    findMissing: (grants, users, kinds) => findMissing(options.sdk, read, grants, users, kinds),
  };
}
