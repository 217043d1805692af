import type { GitHubId, UserKey } from '../identity.ts';
import type { BasePermission, Level, RepositoryRole } from './access-model.ts';
import type { Repository, RepositoryNeeds } from './facts.ts';
import type { AccessSource, MirroredRepository } from './verification.ts';

/** Someone with access to a repository, directly or not, and the highest role that GitHub says they have there. */
export type EffectiveAccess = {
  readonly id: GitHubId;
  readonly login: string;
  readonly role: RepositoryRole;
};

/** A custom repository role and the level it is based on. */
export type CustomRole = { readonly name: string; readonly level: Level };

/**
 * What `verify`, `policy` and `doctor` ask of GitHub. Each list is complete, or the call fails.
 * @throws SyncError `GITHUB_INCOMPLETE`, `GITHUB_UNAVAILABLE`, `GITHUB_AUTH` or `GITHUB_NOT_FOUND`.
 */
export type RepositoryInspector = {
  /**
   * Everyone with access according to GitHub: through the organization, through a team, or given directly. That a
   * repository is public gives nobody access here. One request for each 100 people. `GITHUB_INCOMPLETE` where GitHub
   * does not show the list of this repository.
   */
  readonly listEffectiveAccess: (
    org: string,
    repository: Pick<Repository, 'id'>,
  ) => Promise<readonly EffectiveAccess[]>;
  /** The sources of one person's access on GitHub. One request. @returns undefined if GitHub does not show them. */
  readonly readAccessSources: (
    repository: Pick<MirroredRepository, 'id' | 'org' | 'name'>,
    person: { readonly id: GitHubId; readonly login: string },
  ) => Promise<readonly AccessSource[] | undefined>;
  /**
   * One request. @returns undefined if GitHub shows none to this credential: its plan or server has no custom roles,
   * or the credential may not read them.
   */
  readonly listCustomRoles: (org: string) => Promise<readonly CustomRole[] | undefined>;
  /** The repositories of an organization that are mirrored, by id. One request for each 100 repositories. */
  readonly findRepositories: (
    org: string,
    needs: RepositoryNeeds,
  ) => Promise<ReadonlyMap<number, Repository>>;
  /** One request. @returns undefined if GitHub does not show it to this credential. */
  readonly readBasePermission: (org: string) => Promise<BasePermission | undefined>;
};

/** May a user do `action` on an instance of a resource in this tenant? */
type AccessQuestion = {
  readonly user: UserKey;
  readonly action: Level;
  readonly resource: { readonly type: string; readonly key: string; readonly tenant: string };
};

/** What `verify` asks of the PDP. @throws SyncError `PERMIT_AUTH`, `PERMIT_UNAVAILABLE`: there is no decision. */
export type AccessDecider = {
  /** The keys of all users, managed or not, that the PDP allows an action on an instance. One request. */
  readonly listAllowed: (question: Omit<AccessQuestion, 'user'>) => Promise<readonly UserKey[]>;
  /** One answer for each question, in their order. In bulk, within the limits of the Cloud PDP. */
  readonly allowedBulk: (questions: readonly AccessQuestion[]) => Promise<readonly boolean[]>;
};
