import { HttpFailure } from '../http/http-failure.ts';
import { MAX_PAGES } from '../http/sizes.ts';
import { SyncError } from '../model/errors.ts';
import { type Grant, grantId } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import { parseAssignment, parseListing } from './answers.ts';
import type { PermitSdk } from './permit-sdk.ts';
import { unbelievable } from './read-listing.ts';
import { ABSENT, absent, type Read } from './requests.ts';

/**
 * The largest page of role assignments by Permit's newest description, and by an older one, which answers 422 to
 * more.
 */
const MAX_PAGE_SIZE = 1000;
const OLDER_MAX_PAGE_SIZE = 100;
/** Pages shift if someone else writes meanwhile. How many more times to read a listing that does not add up. */
const REREADS = 3;

/**
 * Reads every grant of one user, including those on resource instances, which `GET …/users/{key}` does not show.
 * Usually one request.
 * @throws SyncError PERMIT_UNAVAILABLE if the pages never add up: a grant that was not read could be lost.
 */
export function openGrantsReader(sdk: PermitSdk, read: Read): (user: UserKey) => Promise<readonly Grant[]> {
  let perPage = MAX_PAGE_SIZE;
  const list = (user: UserKey, page: number): Promise<unknown> =>
    sdk.api.roleAssignments.list({ user, page, perPage, includeTotalCount: true });
  const readPage = (user: UserKey, page: number) =>
    read(
      async () => {
        const asked = perPage;
        try {
          return await list(user, page);
        } catch (error) {
          const isTooLarge = error instanceof HttpFailure && error.status === 422 && asked === MAX_PAGE_SIZE;
          if (!isTooLarge) return absent(error);
          perPage = OLDER_MAX_PAGE_SIZE;
          return list(user, page);
        }
      },
      (body) => (body === ABSENT ? { items: [], total: undefined } : parseListing(body, parseAssignment)),
    );

  /** @returns undefined when the pages hold fewer than Permit counts. */
  const readOnce = async (user: UserKey): Promise<readonly Grant[] | undefined> => {
    const grants = new Map<string, Grant>();
    const known = new Set<string>();
    let received = 0;
    for (let page = 1; ; page++) {
      const { items, total } = await readPage(user, page);
      const before = known.size;
      received += items.length;
      for (const item of items) {
        known.add(`${item.user} ${grantId(item.grant)}`);
        if (item.user === user) grants.set(grantId(item.grant), item.grant);
      }
      // A list without a total may be truncated at any page: only a page with nothing new is the last.
      const isNew = known.size > before;
      if (total === undefined ? !isNew : received >= total && (isNew || page === 1))
        return [...grants.values()];
      if (!isNew) return undefined;
      if (page === MAX_PAGES) {
        throw unbelievable('role assignments', `it has no end after ${MAX_PAGES} pages`);
      }
    }
  };

  return async (user) => {
    for (let reading = 0; reading <= REREADS; reading++) {
      const grants = await readOnce(user);
      if (grants) return grants;
    }
    throw new SyncError(
      'PERMIT_UNAVAILABLE',
      `Permit's list of the role assignments of ${user} does not add up, even after ${REREADS + 1} readings`,
      'run again; if it stays so, see status.permit.io',
    );
  };
}
