import type { ProvenAbsence } from '../absence.ts';
import type { GitHubId, OrgId } from '../identity.ts';
import type { BasePermission, Level, RepositoryRole } from './access-model.ts';

/** Which repositories of an organization are mirrored: patterns of their names, any case, `*` for any run of characters. */
export type RepositoryNeeds = {
  readonly match: readonly string[];
  /** Only these are read. Undefined: all of them. */
  readonly only?: RepositoryScope | undefined;
};

/** Repositories and teams by their ids. Nothing is known about any other, whether it exists or not. */
export type RepositoryScope = {
  readonly repositories: ReadonlySet<number>;
  /** Each with the repositories that it has access to. */
  readonly teams: ReadonlySet<number>;
};

/** Which organizations' repositories are mirrored into Permit, and where (CONTRACT §13, `repositories:`). */
export type RepositorySettings = Omit<RepositoryNeeds, 'only'> & {
  /** A part of the configured organizations. */
  readonly orgs: readonly string[];
  /** The tenant of all instances; may hold `{org}`. */
  readonly tenant: string;
};

export type Repository = {
  readonly id: number;
  readonly name: string;
  readonly visibility: string;
};

/** A team with its role on each mirrored repository. Its members are in `OrgFacts.teams`, under `#ID`. */
export type RepositoryTeam = {
  readonly id: number;
  readonly slug: string;
  /** By the id of the repository. `unread`: the list is incomplete, so nothing is given and nothing taken. */
  readonly access: ReadonlyMap<number, RepositoryRole> | 'unread';
};

/** Someone who was given access to one repository, a member of the organization or not. */
export type DirectCollaborator = { readonly login: string; readonly role: RepositoryRole };

/** Who and what has access to the repositories of one organization. */
export type RepositoryFacts = {
  /** Set where not everything was read. */
  readonly only?: RepositoryScope | undefined;
  readonly base: BasePermission;
  /** Those that are mirrored, by id. */
  readonly repositories: ReadonlyMap<number, Repository>;
  /** Those of the organization that are not, by id. */
  readonly leftOut: ReadonlyMap<number, 'archived' | 'excluded'>;
  /** Every team of the organization, by id. */
  readonly teams: ReadonlyMap<number, RepositoryTeam>;
  /** By the id of the repository. Repositories without any are left out. */
  readonly collaborators: ReadonlyMap<number, ReadonlyMap<GitHubId, DirectCollaborator> | 'unread'>;
  /** By the id of the repository: people about whom an empty list of direct collaborators proved nothing. */
  readonly unproven?: ReadonlyMap<number, ReadonlySet<GitHubId>>;
};

/** Something that Permit's graph holds and a listing no longer shows. It has to be confirmed before it is taken away. */
export type LinkLoss =
  /** The repository was deleted, archived, or now belongs to another organization. */
  | { readonly kind: 'repository'; readonly org: OrgId; readonly id: number }
  | { readonly kind: 'team'; readonly org: OrgId; readonly id: number }
  /** The team no longer has this role on the repository. */
  | {
      readonly kind: 'access';
      readonly org: OrgId;
      readonly team: number;
      readonly repository: number;
      readonly role: RepositoryRole;
    }
  /** The organization role no longer gives its holders this on every repository. */
  | { readonly kind: 'org-role'; readonly org: OrgId; readonly id: number; readonly level: Level }
  /** The organization no longer gives its members this on every repository. */
  | { readonly kind: 'base'; readonly org: OrgId; readonly base: BasePermission };

/** One string for one loss, to be used as a key. */
export function linkLossId(loss: LinkLoss): string {
  switch (loss.kind) {
    case 'access':
      return `access ${loss.org} ${loss.team} ${loss.repository} ${loss.role}`;
    case 'base':
      return `base ${loss.org} ${loss.base}`;
    case 'org-role':
      return `org-role ${loss.org} ${loss.id} ${loss.level}`;
    case 'repository':
    case 'team':
      return `${loss.kind} ${loss.org} ${loss.id}`;
    default:
      return loss satisfies never;
  }
}

/** What GitHub answered about one loss. `holds`: it is still there. `why` is worded to follow a colon. */
export type LinkAnswer =
  | ProvenAbsence
  | { readonly kind: 'holds' }
  | { readonly kind: 'unclear'; readonly why: string };
