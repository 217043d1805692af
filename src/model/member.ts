import type { Proven } from './absence.ts';
import type { ErrorCode } from './errors.ts';
import type { GitHubId, OrgId } from './identity.ts';

/** GitHub's role of a person in an organization: `admin` is an owner. */
export type OrgRole = 'admin' | 'member';

/** One active member of one organization, as GitHub lists or answers it. Invitations are not members. */
export type Member = { readonly id: GitHubId; readonly login: string; readonly role: OrgRole };

/** GitHub's role of a person in a team. */
export type TeamRole = 'maintainer' | 'member';

/**
 * How a rule names a team: its slug, which its maintainers may change, or `#` and its numeric id, which stays.
 * `*` in a slug stands for any run of characters.
 */
export type TeamRef = string;

/** A team that a rule can need, with everybody whom GitHub lists in it: members of child teams too. */
export type Team = {
  readonly ref: TeamRef;
  /** GitHub's numeric id, where it is known. */
  readonly id?: number | undefined;
  /** `name`: a rule names this very team, so that not being in it can matter. `pattern`: it was matched. */
  readonly asked: 'name' | 'pattern';
  readonly members: ReadonlyMap<GitHubId, TeamRole>;
};

/** An outside collaborator: somebody with access to a repository who is no member. */
export type Collaborator = { readonly id: GitHubId; readonly login: string };

/** What a listing has to hold beyond the members, since a rule can need it. */
export type OrgNeeds = { readonly teams: readonly TeamRef[]; readonly collaborators: boolean };

/** A team (or all teams that a pattern matches), or the collaborators, that could not be read. */
export type Unread = {
  readonly what: { readonly kind: 'team'; readonly ref: TeamRef } | { readonly kind: 'collaborators' };
  readonly message: string;
  /** Of a slug behind which another team stands than before, with what to do. */
  readonly changed?: { readonly hint: string };
};

/**
 * What GitHub said of one organization. Only a complete listing proves that somebody is *not* a member;
 * an incomplete one gives nothing and takes nothing, and says why.
 */
export type OrgListing =
  | {
      readonly kind: 'complete';
      readonly org: string;
      readonly id: OrgId;
      readonly members: readonly Member[];
      /** Those that were asked for and read. A pattern is read as the teams that it matches, each with its slug. */
      readonly teams: readonly Team[];
      /** Undefined unless they were asked for and read. */
      readonly collaborators: readonly Collaborator[] | undefined;
      /** People of whom nobody knows whether they are collaborators: a second reading of the list came empty. */
      readonly unproven?: ReadonlySet<GitHubId> | undefined;
      readonly unread: readonly Unread[];
    }
  | {
      readonly kind: 'incomplete';
      readonly org: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string;
    };

export type CompleteListing = Extract<OrgListing, { kind: 'complete' }>;
export type IncompleteListing = Extract<OrgListing, { kind: 'incomplete' }>;

/** What was read of an organization, whether all of its people were listed or a few were looked up. */
export type OrgFacts = Omit<CompleteListing, 'kind'>;

/**
 * An organization whose people were not listed. It says nothing about anyone but those who were looked up, so it must
 * never be planned from as if it were a listing.
 */
export type OrgIntroduction = OrgFacts & { readonly kind: 'introduced' };

/** A person to ask GitHub about: by id, and by the names under which the person is known, the latest first. */
export type Asked = {
  readonly id: GitHubId;
  /**
   * Asked about when GitHub shows no account of that id, as it does with managed users and hidden accounts. Undefined
   * before our users were read, which may hold a name; none where no user of ours carries the id, and nothing can be lost.
   */
  readonly logins: readonly string[] | undefined;
};

/** `unproven`: the list came empty with a 200, which proves nothing (CONTRACT §6.2). */
export type Collaboration = Proven<true> | 'unproven';

/**
 * What GitHub answered when asked about one person alone. Nothing is taken from anybody on an `unclear` one.
 * A `clear` one holds, for each organization that was asked, what the person is there or the proof of the absence.
 */
export type Lookup =
  | {
      readonly kind: 'clear';
      readonly id: GitHubId;
      /** Today's login; undefined where GitHub shows neither an account nor a membership. */
      readonly login: string | undefined;
      /** The role of an active membership. */
      readonly roles: ReadonlyMap<OrgId, Proven<OrgRole>>;
      /** By organization, the role in each team that was asked about. */
      readonly teams: ReadonlyMap<OrgId, ReadonlyMap<TeamRef, Proven<TeamRole>>>;
      /** The organizations whose collaborators were read again. */
      readonly collaborates: ReadonlyMap<OrgId, Collaboration>;
    }
  /** `why` is what stood in the way, in words that follow a colon. */
  | { readonly kind: 'unclear'; readonly id: GitHubId; readonly why: string };

export type ClearLookup = Extract<Lookup, { kind: 'clear' }>;
