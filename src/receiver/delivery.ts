import {
  folded,
  type GitHubId,
  isSameName,
  type OrgId,
  parseGitHubId,
  parseOrgId,
} from '../model/identity.ts';
import type { OrgNeeds } from '../model/member.ts';
import { globMatches } from '../model/text/glob.ts';
import { parseJson } from '../model/text/record.ts';
import {
  HANDLED_ACTIONS,
  isQueuedEvent,
  LOGIN_PATTERN,
  ORG_PATTERN,
  type QueuedEvent,
  type QueueEntry,
  WORD_PATTERN,
} from '../model/webhooks/queue.ts';

/** A delivery with a valid signature. */
export type Delivery = {
  /** GitHub's GUID of the delivery, or one of our own. */
  readonly id: string;
  /** `X-GitHub-Event`. */
  readonly event: string;
  readonly payload: unknown;
  /** When it arrived, ISO 8601. */
  readonly at: string;
};

type DeliveryVerdict =
  /** A transferred repository concerns two organizations; any other event one. */
  | { readonly kind: 'queue'; readonly entries: readonly [QueueEntry, ...QueueEntry[]] }
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'invalid'; readonly why: string };

/** What the config can need from an organization. */
export type NeedsOf = (org: string) => OrgNeeds;

/**
 * Decides what a delivery asks for. The payload comes from outside although it is signed, so only ids and names are
 * taken from it, each after a check.
 * @param orgs logins of the configured organizations, compared without regard to case; undefined for any.
 * @param needsOf undefined if the config is not known: any team may matter then, and no repository does.
 */
export function judgeDelivery(
  { id, event, payload, at }: Delivery,
  orgs: readonly string[] | undefined,
  needsOf?: NeedsOf,
): DeliveryVerdict {
  if (!isQueuedEvent(event)) return { kind: 'ignored', why: 'not an event that changes who has access' };
  const root = fieldsOf(payload);
  const action = root.action;
  if (typeof action !== 'string') return { kind: 'invalid', why: `${event} delivery without an action` };
  if (!HANDLED_ACTIONS[event].has(action))
    return { kind: 'ignored', why: 'not an action that changes who has access' };
  if (isAboutNobody(event, root)) return { kind: 'ignored', why: 'the payload names no person' };
  const subject = subjectOf(event, action, root);
  if (subject === undefined) return { kind: 'invalid', why: `${event} ${action} without its subject` };
  const concerned = orgsIn(event, action, root);
  if (concerned.length === 0) {
    // A repository may be a person's own.
    const mayHaveNone = (event === 'member' || event === 'repository') && root.organization === undefined;
    return mayHaveNone
      ? { kind: 'ignored', why: 'not a repository of an organization' }
      : { kind: 'invalid', why: `${event} ${action} without its organization` };
  }
  const isConfigured = (name: string | undefined): name is string =>
    name !== undefined && (orgs === undefined || orgs.some((one) => isSameName(one, name)));
  let why = 'not a configured organization';
  const entries: QueueEntry[] = [];
  for (const { login, formerLogin, orgId } of concerned) {
    const org = [login, formerLogin].find(isConfigured);
    if (org === undefined) continue;
    const reason = reasonToIgnore(event, root, needsOf?.(org));
    if (reason === undefined) entries.push({ delivery: id, event, action, org, orgId, ...subject, at });
    else why = reason;
  }
  const [first, ...others] = entries;
  return first === undefined ? { kind: 'ignored', why } : { kind: 'queue', entries: [first, ...others] };
}

/**
 * Why nothing can depend on an event of a configured organization; undefined if something can. Where repositories are
 * mirrored, every team and every person counts, even if no rule names them.
 */
function reasonToIgnore(
  event: QueuedEvent,
  root: PayloadFields,
  needs: OrgNeeds | undefined,
): string | undefined {
  if (needs?.repositories !== undefined) return undefined;
  switch (event) {
    case 'organization':
      return undefined;
    case 'repository':
      return 'repositories of this organization are not mirrored';
    case 'member':
      return needs?.collaborators === true ? undefined : 'no rule needs collaborators';
    case 'membership':
    case 'team': {
      // Any team may give its members an organization role.
      const mayGiveRole = event === 'membership' && needs !== undefined && needs.orgRoles.length > 0;
      const matters = needs === undefined || mayGiveRole || concernsTeam(root, needs.teams);
      return matters ? undefined : 'no rule can match this team';
    }
    default:
      return event satisfies never;
  }
}

/** What the log shows of a payload. Fields with values that GitHub would not send are undefined. */
export function outlinePayload(payload: unknown): {
  readonly action: string | undefined;
  readonly org: string | undefined;
} {
  const { action, organization } = fieldsOf(payload);
  return { action: word(action), org: matching(fieldsOf(organization).login, ORG_PATTERN) };
}

/** @returns undefined if `value` is not the name of an event or an action. */
export const word = (value: unknown): string | undefined => matching(value, WORD_PATTERN);

type Subject = Pick<QueueEntry, 'login' | 'id' | 'team' | 'repository'>;
const NOBODY: Subject = { login: undefined, id: undefined, team: undefined, repository: undefined };

/** @returns undefined if the payload does not say who or what it is about. */
function subjectOf(event: QueuedEvent, action: string, root: PayloadFields): Subject | undefined {
  const team = positiveInteger(fieldsOf(root.team).id);
  const repository = positiveInteger(fieldsOf(root.repository).id);
  switch (event) {
    case 'organization':
      if (action === 'renamed' || action === 'deleted') return NOBODY;
      return person(fieldsOf(root.membership).user);
    case 'membership': {
      const member = person(root.member);
      return member && { ...member, team };
    }
    case 'member': {
      const member = person(root.member);
      return member && { ...member, repository };
    }
    case 'team':
      if (team === undefined) return undefined;
      return {
        ...NOBODY,
        team,
        repository: isAboutRepository(action, root.changes) ? repository : undefined,
      };
    case 'repository':
      return repository === undefined ? undefined : { ...NOBODY, repository };
    default:
      return event satisfies never;
  }
}

/** Whether an event of a team changes only what the team may do with one repository. */
function isAboutRepository(action: string, changes: unknown): boolean {
  if (action !== 'edited') return action === 'added_to_repository' || action === 'removed_from_repository';
  const changed = Object.keys(fieldsOf(changes));
  return changed.length === 1 && changed[0] === 'repository';
}

/** GitHub's schema lets the person be null, for accounts that are gone. */
function isAboutNobody(event: QueuedEvent, root: PayloadFields): boolean {
  if (event === 'membership' || event === 'member') return root.member === null;
  if (event !== 'organization') return false;
  return root.membership === null || fieldsOf(root.membership).user === null;
}

/** The id identifies the person. The login is only shown. */
function person(value: unknown): Subject | undefined {
  const { id, login } = fieldsOf(value);
  const known: GitHubId | undefined = parseGitHubId(id);
  return known && { ...NOBODY, id: known, login: matching(login, LOGIN_PATTERN) };
}

/** An organization that an event concerns. The config may have either name of one that was renamed. */
type ConcernedOrg = {
  readonly login: string;
  readonly formerLogin?: string | undefined;
  readonly orgId: OrgId | undefined;
};

/**
 * Usually one. A transferred repository concerns the organization that gains it and the one that loses it. Both get the
 * delivery, and GitHub doesn't say which of them `organization` is then. Either may be a person instead.
 */
function orgsIn(event: QueuedEvent, action: string, root: PayloadFields): readonly ConcernedOrg[] {
  const changes = fieldsOf(root.changes);
  const org = orgIn(root.organization);
  if (event === 'organization' && action === 'renamed')
    return org ? [{ ...org, formerLogin: matching(fieldsOf(changes.login).from, ORG_PATTERN) }] : [];
  const isTransfer = event === 'repository' && action === 'transferred';
  const { owner } = fieldsOf(root.repository);
  const gaining = isTransfer && fieldsOf(owner).type === 'Organization' ? orgIn(owner) : undefined;
  const losing = isTransfer ? orgIn(fieldsOf(fieldsOf(changes.owner).from).organization) : undefined;
  const found = [org, gaining, losing].flatMap((one) => one ?? []);
  return [...new Map(found.map((one) => [folded(one.login), one])).values()];
}

function orgIn(value: unknown): ConcernedOrg | undefined {
  const { id, login } = fieldsOf(value);
  const name = matching(login, ORG_PATTERN);
  return name === undefined ? undefined : { login: name, orgId: parseOrgId(id) };
}

/**
 * Whether rules can concern the team of a payload, by its present or former name.
 * @param refs as the rules name teams: slugs, patterns of slugs, `#` and a number.
 */
function concernsTeam(root: PayloadFields, refs: readonly string[]): boolean {
  if (refs.length === 0) return false;
  const { id, slug, parent } = fieldsOf(root.team);
  // Its members also count as members of every team above, which the payload does not name.
  if (typeof parent === 'object' && parent !== null) return true;
  const changes = fieldsOf(root.changes);
  // An edit that does not say what changed may have removed the team from its parent.
  if (root.action === 'edited' && !NAMED_CHANGES.some((change) => Object.hasOwn(changes, change)))
    return true;
  const before = fieldsOf(changes.name).from;
  const slugs = [slug, typeof before === 'string' ? slugOf(before) : slug];
  return refs.some((ref) =>
    ref.startsWith('#')
      ? ref === `#${id}`
      : slugs.some((one) => typeof one !== 'string' || globMatches(ref, one)),
  );
}

/** What `changes` of an edited team can name (GitHub's schema of `team.edited`). */
const NAMED_CHANGES = ['name', 'description', 'privacy', 'notification_setting', 'repository'];

/** Makes a slug from a team's name, as GitHub does. */
const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');

type PayloadFields = {
  readonly [name in
    | ('action' | 'organization' | 'membership' | 'member' | 'team' | 'repository' | 'changes')
    | ('user' | 'id' | 'login' | 'from' | 'slug' | 'parent' | 'name' | 'owner' | 'type')]?: unknown;
};

/** A value that is not an object has no fields. */
const fieldsOf = (value: unknown): PayloadFields =>
  typeof value === 'object' && value !== null ? value : {};

const matching = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value) ? value : undefined;

const positiveInteger = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;

/** GitHub's ids are GUIDs. @returns undefined if the header can't be the id of a delivery. */
export function parseDeliveryId(header: string | undefined): string | undefined {
  return header !== undefined && /^[0-9A-Za-z-]{1,64}$/.test(header) ? header : undefined;
}

/** The content types of a payload, chosen in the settings of the webhook. */
export type PayloadForm = 'json' | 'form';

/** @returns undefined for a `Content-Type` that GitHub's webhooks never have. */
export function payloadForm(contentType: string | undefined): PayloadForm | undefined {
  switch (contentType?.split(';', 1)[0]?.trim().toLowerCase()) {
    case 'application/json':
      return 'json';
    case 'application/x-www-form-urlencoded':
      return 'form';
    default:
      return undefined;
  }
}

// `fatal`, and with the byte order mark kept: the text has to give the same bytes again, since they are signed.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns undefined if the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

type Payload =
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'unreadable'; readonly why: string };

export function parsePayload(text: string | undefined, form: PayloadForm): Payload {
  if (text === undefined) return { kind: 'unreadable', why: 'the body is not UTF-8' };
  const json = form === 'json' ? text : new URLSearchParams(text).get('payload');
  if (json === null) return { kind: 'unreadable', why: 'the form has no field "payload"' };
  const value = parseJson(json);
  return value === undefined
    ? { kind: 'unreadable', why: 'the payload is not JSON' }
    : { kind: 'parsed', value };
}
