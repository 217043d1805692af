import pLimit, { type LimitFunction } from 'p-limit';
import { compareText } from '../model/identity.ts';
import type { PermitReader } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { distinctGrants, openUsersPages, parseUser } from './answers.ts';
import { findMissing } from './find-missing.ts';
import type { PermitSdk } from './permit-sdk.ts';
import { openGrantsReader } from './read-grants.ts';
import { type Page, PER_PAGE, readListing } from './read-listing.ts';
import { ABSENT, absent, openRead, type Read, type RequestOptions } from './requests.ts';

const CONCURRENT_READS = 10;

export function createPermitReader(options: RequestOptions): PermitReader {
  const read = openRead(options);
  const readGrants = openGrantsReader(options.sdk, read);
  const limit = pLimit(CONCURRENT_READS);
  return {
    readUsers: () => readUsers(options.sdk, read, limit),
    readUser: async (key) => {
      const [found, grants] = await Promise.all([
        limit(() =>
          read(
            () => options.sdk.api.users.get(key).catch(absent),
            (body) => (body === ABSENT ? ABSENT : parseUser(body)),
          ),
        ),
        limit(() => readGrants(key)),
      ]);
      if (found === ABSENT) return undefined;
      return { ...found, grants: distinctGrants([...found.grants, ...grants]) };
    },
    countUsers: async () => {
      const { total } = await read(
        () => options.sdk.api.users.list({ page: 1, perPage: 1 }),
        openUsersPages(),
      );
      return total;
    },
    findMissing: (grants, users) => findMissing(options.sdk, read, grants, users),
  };
}

async function readUsers(sdk: PermitSdk, read: Read, limit: LimitFunction): Promise<readonly PermitUser[]> {
  const parse = openUsersPages();
  const page = (number: number): Promise<Page<PermitUser>> =>
    limit(() => read(() => sdk.api.users.list({ page: number, perPage: PER_PAGE }), parse));
  const users = await readListing('users', page, ({ key }) => key);
  return [...users.values()].sort((a, b) => compareText(a.key, b.key));
}
