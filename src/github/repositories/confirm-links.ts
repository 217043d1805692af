import { type ProvenAbsence, provenAbsence } from '../../model/absence.ts';
import type { OrgFacts } from '../../model/member.ts';
import { openPhaseMemory, type PhaseMemory } from '../../model/once.ts';
import type { GitHubSource } from '../../model/ports.ts';
import { type LinkAnswer, type LinkLoss, linkLossId } from '../../model/repositories/facts.ts';
import type { CredentialKind } from '../explain-failure.ts';
import type { ClientOf } from '../github-client.ts';
import { mirroredTeam, notFound, readOrganization, requireTeam } from '../membership.ts';
import { readOrgRoleLevel, readOrgRoles } from '../needs/list-org-roles.ts';
import {
  type AskedOrg,
  anotherOrg,
  answeredOtherwise,
  MAX_WITNESSES,
  orgClientOf,
  Unclear,
  whyUnclear,
  witnessOfOrg,
} from '../witnesses.ts';
import { parseTeamAccess } from './answers.ts';
import { type ConfiguredOrg, type Elsewhere, openElsewhere } from './elsewhere.ts';
import { listTeamNames } from './list-repositories.ts';
import { findRepositoryById, requireListedRepository, requireNoPrivate } from './repository.ts';

/** Asks GitHub to show a team's role on the repository: without it, it says only that there is one. */
const REPOSITORY_MEDIA_TYPE = 'application/vnd.github.v3.repository+json';

const HOLDS: LinkAnswer = { kind: 'holds' };

/** What the questions of one phase share. */
export type ProofPhase = {
  readonly memory: PhaseMemory;
  readonly elsewhere: Elsewhere;
};

/** `not found` still has to be proven. */
type UnprovenLinkAnswer = LinkAnswer | 'not found';

/** Asks about each loss by itself, then proves what was not found (CONTRACT §6.2). One request for each loss. */
export function openLinkConfirmation(
  clientOf: ClientOf,
  credentials: CredentialKind,
  configured: readonly ConfiguredOrg[],
): NonNullable<GitHubSource['confirmLinkLosses']> {
  return async (losses, listings) => {
    const memory = openPhaseMemory();
    const elsewhere = openElsewhere(listings, configured, clientOf);
    const phase: ProofPhase = { memory, elsewhere };
    /** A failed request affects only what it asked about. */
    const answer = async (
      loss: LinkLoss,
      ask: (org: AskedOrg) => Promise<UnprovenLinkAnswer>,
    ): Promise<readonly [LinkLoss, UnprovenLinkAnswer]> => {
      const listing = listings.find(({ id }) => id === loss.org);
      if (listing === undefined) return [loss, { kind: 'unclear', why: 'its organization was not read' }];
      try {
        return [loss, await ask({ client: await clientOf(listing.org), listing })];
      } catch (error) {
        return [loss, { kind: 'unclear', why: whyUnclear(error, listing.org, credentials) }];
      }
    };
    const found = await Promise.all(losses.map((loss) => answer(loss, (org) => find(loss, org, phase))));
    // Only now: a witness that answered before a 404 arrived does not support that 404.
    const proven = await Promise.all(
      found.map(([loss, one]) =>
        one === 'not found' ? answer(loss, (org) => prove(loss, org, phase)) : ([loss, one] as const),
      ),
    );
    return new Map(proven.map(([loss, one]) => [linkLossId(loss), one === 'not found' ? UNPROVEN : one]));
  };
}

const UNPROVEN: LinkAnswer = {
  kind: 'unclear',
  why: 'GitHub does not find it, which proves nothing by itself',
};

async function find(
  loss: LinkLoss,
  org: AskedOrg,
  { memory, elsewhere }: ProofPhase,
): Promise<UnprovenLinkAnswer> {
  const { client, listing } = org;
  switch (loss.kind) {
    case 'repository': {
      const answer = await findRepositoryById(client, loss.id);
      if (answer === 'not found') return answer;
      if (answer.owner !== listing.id) elsewhere.requireReadOwner(answer);
      return answer.owner === listing.id && !answer.isArchived ? HOLDS : answeredOtherwise(org);
    }
    case 'team':
      return requireTeam(orgClientOf(org), mirroredTeam(loss)).then(
        (): UnprovenLinkAnswer => HOLDS,
        notFound,
      );
    case 'access': {
      const address = addressOf(loss, listing);
      const name = await nameOf(loss, org, memory);
      if (name === 'not found') return name;
      const parameters = { org: listing.org, team_slug: address, owner: listing.org, repo: name };
      const answer = await client
        .get('/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}', parameters, parseTeamAccess, {
          accept: REPOSITORY_MEDIA_TYPE,
        })
        .then(({ body }) => body, notFound);
      if (answer === 'not found') return answer;
      if (answer.id !== loss.repository) throw new Unclear(`${name} is another repository now`);
      if (answer.role === loss.role) return HOLDS;
      await requireSameTeam(org, address, loss.team, memory, 'answering');
      return answeredOtherwise(org);
    }
    case 'org-role': {
      const level = await readOrgRoleLevel(client, listing.org, loss.id).catch(notFound);
      return level === 'not found' ? level : level === loss.level ? HOLDS : answeredOtherwise(org);
    }
    case 'base': {
      const { id, base } = await memory(`organization ${listing.id}`, () =>
        readOrganization(client, listing.org),
      );
      if (id !== listing.id) throw new Unclear(anotherOrg(listing.org, id));
      if (base === undefined) throw new Unclear('GitHub does not show the base permission');
      return base === loss.base ? HOLDS : answeredOtherwise(org);
    }
    default:
      return loss satisfies never;
  }
}

/** After GitHub's own 404. @throws HttpFailure; Unclear where there is no witness. */
async function prove(loss: LinkLoss, org: AskedOrg, phase: ProofPhase): Promise<LinkAnswer> {
  const { memory } = phase;
  const { client, listing } = org;
  switch (loss.kind) {
    case 'repository':
      return proveRepositoryGone(org, loss.id, phase);
    case 'team': {
      const answer = await proveTeamGone(org, loss.id, memory);
      return answer === 'listed' ? HOLDS : answer;
    }
    case 'access': {
      const address = addressOf(loss, listing);
      const name = await nameOf(loss, org, memory);
      if (name === 'not found') return proveRepositoryGone(org, loss.repository, phase);
      await requireSameTeam(org, address, loss.team, memory, 'as a witness');
      const repository = await memory(`repository ${loss.repository}`, () =>
        findRepositoryById(client, loss.repository),
      );
      if (repository === 'not found' || repository.owner !== listing.id || repository.name !== name)
        throw new Unclear(`${listing.org}/${name} does not answer either, or no longer has this name`);
      return provenAbsence({ kind: 'not found beside a witness', org: listing.id, witness: name });
    }
    case 'org-role': {
      await witnessOfOrg(org, memory);
      const roles = await memory(`organization roles of ${listing.id}`, () =>
        readOrgRoles(client, listing.org),
      );
      if (roles.some(({ id }) => id === loss.id)) return HOLDS;
      return provenAbsence({
        kind: 'not found beside a witness',
        org: listing.id,
        witness: 'the list of roles',
      });
    }
    case 'base':
      throw new Unclear('the organization does not answer');
    default:
      return loss satisfies never;
  }
}

/**
 * Proves that a repository is gone, after GitHub's own 404 of it: the organization answers, and another repository of
 * it, and no organization that was not read has it now. @throws HttpFailure; Unclear where there is no witness.
 */
export async function proveRepositoryGone(
  org: AskedOrg,
  repository: number,
  { memory, elsewhere }: ProofPhase,
): Promise<ProvenAbsence> {
  await witnessOfOrg(org, memory);
  const { id } = org.listing;
  const witness = await memory(`repository of ${id}`, () => requireRepository(org));
  await elsewhere.requireNowhere(repository, id);
  return provenAbsence({ kind: 'not found beside a witness', org: id, witness });
}

/**
 * Proves that a team is gone, after GitHub's own 404 of it: the organization answers, and a list of its teams that is
 * read now does not show it. @returns `listed` where it does. @throws HttpFailure; Unclear where there is no witness.
 */
export async function proveTeamGone(
  org: AskedOrg,
  id: number,
  memory: PhaseMemory,
): Promise<ProvenAbsence | 'listed'> {
  const { listing } = org;
  await witnessOfOrg(org, memory);
  const teams = await memory(`teams of ${listing.id}`, () => listTeamNames(orgClientOf(org)));
  if (teams.some((team) => team.id === id)) return 'listed';
  const witness = teams[0]?.slug ?? listing.org;
  return provenAbsence({ kind: 'not found beside a witness', org: listing.id, witness });
}

type AccessLoss = Extract<LinkLoss, { kind: 'access' }>;

/** How GitHub is asked about a link: by the team's slug, as it was listed. @throws Unclear */
function addressOf({ team }: AccessLoss, { repositories: facts }: OrgFacts): string {
  const address = facts?.teams.get(team)?.slug;
  if (address === undefined) throw new Unclear('its team was not listed');
  return address;
}

/**
 * And by the repository's name, as it was listed. Where few repositories were read, this one may not be among them. Then
 * it is asked for by its id, before the link: what proves the loss has to find it under the same name afterwards.
 * @throws HttpFailure; Unclear
 */
async function nameOf(
  { repository }: AccessLoss,
  { client, listing }: AskedOrg,
  memory: PhaseMemory,
): Promise<string | 'not found'> {
  const listed = listing.repositories?.repositories.get(repository);
  if (listed !== undefined) return listed.name;
  if (listing.repositories?.only === undefined) throw new Unclear('its repository was not listed');
  const found = await memory(`name of repository ${repository}`, () =>
    findRepositoryById(client, repository),
  );
  if (found === 'not found') return found;
  if (found.owner !== listing.id) throw new Unclear(`${found.name} belongs to another owner now`);
  return found.name;
}

/** @throws HttpFailure; Unclear where the slug now names another team. */
async function requireSameTeam(
  org: AskedOrg,
  slug: string,
  id: number,
  memory: PhaseMemory,
  when: 'answering' | 'as a witness',
): Promise<void> {
  const found = await memory(`team ${slug} of ${org.listing.id} ${when}`, () =>
    requireTeam(orgClientOf(org), slug),
  );
  if (found !== id) throw new Unclear(`the slug ${slug} names another team now`);
}

/**
 * Requires that the credentials still see a private repository of the organization. A public one is not a witness: it
 * stays visible to credentials that have lost access to the private ones. It is enough only in an organization that has
 * no private ones, and none is needed where GitHub counts no repository at all.
 * @returns the repository's name. @throws HttpFailure; Unclear
 */
async function requireRepository({ client, listing }: AskedOrg): Promise<string> {
  const { repositories: facts, org } = listing;
  if (facts === undefined) throw new Unclear(`the repositories of ${org} could not be read`);
  if (facts.only) return requireListedRepository({ client, org, id: listing.id });
  const mirrored = [...facts.repositories.values()];
  const isPublic = ({ visibility }: { readonly visibility: string }): boolean => visibility === 'public';
  const candidates = [
    mirrored.filter((one) => !isPublic(one)).map(({ id }) => id),
    [...facts.leftOut.keys()],
    mirrored.filter(isPublic).map(({ id }) => id),
  ].flatMap((ids) => ids.slice(0, MAX_WITNESSES));
  let seen: string | undefined;
  for (const id of candidates) {
    const repository = await findRepositoryById(client, id);
    if (repository === 'not found' || repository.owner !== listing.id) continue;
    if (repository.isPrivate) return repository.name;
    seen ??= repository.name;
  }
  return requireNoPrivate(orgClientOf({ client, listing }), seen);
}
