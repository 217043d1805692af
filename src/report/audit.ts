import { type Change, plainChange } from '../model/change.ts';
import { MANAGED_BY_PREFIX, type MarkAttributes } from '../model/mark.ts';
import type { PersonPlan } from '../model/plan.ts';
import { GRAPH_CHANGES, type GraphChange } from '../model/repositories/graph-change.ts';
import { grantFields, jsonLine } from './json.ts';
import { graphChangeFields } from './pages/run-graph.ts';

/** What one change means for a person. */
export type AuditEvent = 'member.added' | 'member.changed' | 'member.removed';

/**
 * `member.added`: the person's user was created or adopted, or these are the first grants. `member.removed`: the
 * user was deleted or released, or these were the last grants. `member.changed`: everything else, including moves.
 */
export function auditEventOf(
  change: Change,
  { movement, move }: Pick<PersonPlan, 'movement' | 'move'>,
): AuditEvent {
  switch (change.kind) {
    case 'createUser':
      return change.from === undefined ? 'member.added' : 'member.changed';
    case 'deleteUser':
      return move === undefined ? 'member.removed' : 'member.changed';
    case 'updateUser': {
      const [before, after] = [isOurs(change.from), isOurs(change.to)];
      return before === after ? 'member.changed' : after ? 'member.added' : 'member.removed';
    }
    case 'assignRole':
      return movement === 'joining' ? 'member.added' : 'member.changed';
    case 'unassignRole':
      return movement === 'leaving' ? 'member.removed' : 'member.changed';
    default:
      return change satisfies never;
  }
}

const isOurs = ({ managed_by }: MarkAttributes): boolean =>
  typeof managed_by === 'string' && managed_by.startsWith(MANAGED_BY_PREFIX);

/** Which plan, and when. */
type AuditLineFacts = {
  /** ISO 8601. */
  readonly time: string;
  readonly fingerprint: string;
  /** Address of the run; undefined if nobody named one. */
  readonly runUrl?: string | undefined;
};

/** One applied change as a line of JSON, with its line break. It holds no attribute but our mark. */
export function auditLine(
  change: Change,
  person: PersonPlan,
  { time, fingerprint, runUrl }: AuditLineFacts,
): string {
  const entry = {
    time,
    event: auditEventOf(change, person),
    user: change.user,
    login: person.login,
    githubId: person.id,
    change: change.kind,
    ...beforeAndAfter(change),
    reason: change.reason,
    fingerprint,
    ...(runUrl === undefined ? {} : { runUrl }),
  };
  return `${jsonLine(entry)}\n`;
}

const GRAPH_EVENTS = { '+': 'added', '~': 'changed', '-': 'removed' } as const;

/** The same for a change to the graph of repositories: `instance.added`, `link.removed`. */
export function graphAuditLine(change: GraphChange, { time, fingerprint, runUrl }: AuditLineFacts): string {
  const { noun, sign } = GRAPH_CHANGES[change.kind];
  const { kind, reason, ...fields } = graphChangeFields(change);
  const entry = {
    time,
    event: `${noun}.${GRAPH_EVENTS[sign]}`,
    change: kind,
    ...fields,
    reason,
    fingerprint,
    ...(runUrl === undefined ? {} : { runUrl }),
  };
  return `${jsonLine(entry)}\n`;
}

/** The mark or the grant that the change is about; null where there is none. */
function beforeAndAfter(applied: Change) {
  const change = plainChange(applied);
  switch (change.kind) {
    case 'createUser':
      return { before: null, after: change.mark };
    case 'updateUser':
      return { before: change.from, after: change.to };
    case 'deleteUser':
      return { before: change.last, after: null };
    case 'assignRole':
      return { before: null, after: grantFields(change.grant) };
    case 'unassignRole':
      return { before: grantFields(change.grant), after: null };
    default:
      return change satisfies never;
  }
}
