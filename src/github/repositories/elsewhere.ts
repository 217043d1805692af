import { HttpFailure } from '../../http/http-failure.ts';
import { SyncError } from '../../model/errors.ts';
import { isSameName, type OrgId } from '../../model/identity.ts';
import { isMirrored, type OrgFacts } from '../../model/member.ts';
import { openPhaseMemory } from '../../model/once.ts';
import { enumerate } from '../../model/text/text.ts';
import type { ClientOf, GitHubClient } from '../github-client.ts';
import { readOrganization } from '../membership.ts';
import { Unclear } from '../witnesses.ts';
import type { ListedRepository } from './answers.ts';
import { findRepositoryById, requireListedRepository } from './repository.ts';

/** An organization of the config, with its numeric id where that is known. */
export type ConfiguredOrg = { readonly org: string; readonly id: OrgId | undefined };

/**
 * Where else a repository may be that its organization no longer has. A transferred one keeps its id, so it stays
 * mirrored while it may be in a configured organization that did not show all of its repositories.
 */
export type Elsewhere = {
  /** @param repository as GitHub answered. @throws Unclear where the owner's part was not read. */
  readonly requireReadOwner: (repository: ListedRepository) => void;
  /**
   * After a 404 from its organization: asks every other one that was not read. No requests where all were, else up to
   * four for each. @param former that organization. @throws Unclear unless each answers, and shows others.
   */
  readonly requireNowhere: (id: number, former: OrgId) => Promise<void>;
};

export function openElsewhere(
  listings: readonly OrgFacts[],
  configured: readonly ConfiguredOrg[],
  clientOf: ClientOf,
): Elsewhere {
  const memory = openPhaseMemory();
  const missing = configured.filter(
    ({ org, id }) => !listings.some((one) => one.id === id || isSameName(one.org, org)),
  );
  const requireReadOwner = ({ id, owner, ownerName }: ListedRepository): void => {
    const listing = listings.find((one) => one.id === owner);
    const isUnread = listing
      ? isMirrored(listing) && !hasListed(listing, id)
      : ownerName !== undefined && missing.some((one) => one.id === undefined || one.id === owner);
    if (!isUnread) return;
    const unread = listing ? [listing.org] : missing.map(({ org }) => org);
    throw new Unclear(
      `it belongs to ${listing?.org ?? ownerName} now, and not all of ${enumerate(unread)} was read`,
    );
  };
  const requireNotIn = async ({ org, id: orgId }: ConfiguredOrg, id: number): Promise<void> => {
    try {
      const client = await clientOf(org);
      const found = await findRepositoryById(client, id);
      if (found !== 'not found') return requireReadOwner(found);
      // Only now: a witness that answered before the 404 arrived does not support it.
      await requireListedRepository({ client, org, id: orgId ?? (await idOf(client, org)) });
    } catch (error) {
      throw isSilence(error) ? new Unclear(`it may belong to ${org} now, which was not read`) : error;
    }
  };
  return {
    requireReadOwner,
    requireNowhere: async (id, former) => {
      const part = listings.filter(
        (one) => one.id !== former && isMirrored(one) && !isWhole(one) && !hasListed(one, id),
      );
      await Promise.all(
        [...missing, ...part].map((one) => memory(`${id} in ${one.org}`, () => requireNotIn(one, id))),
      );
    },
  };
}

const idOf = async (client: GitHubClient, org: string): Promise<OrgId> =>
  (await readOrganization(client, org)).id;

const isWhole = ({ repositories }: OrgFacts): boolean =>
  repositories !== undefined && repositories.only === undefined;

/** Whether the organization showed this repository, or was asked about it by itself. */
const hasListed = ({ repositories: facts }: OrgFacts, id: number): boolean =>
  facts !== undefined &&
  (facts.repositories.has(id) || facts.leftOut.has(id) || facts.only?.repositories.has(id) === true);

/** Whether this organization gave no answer. What ends the whole run is another matter. */
const isSilence = (error: unknown): boolean =>
  error instanceof HttpFailure ||
  error instanceof Unclear ||
  (error instanceof SyncError && error.code !== 'GITHUB_AUTH' && error.code.startsWith('GITHUB_'));
