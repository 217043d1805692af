import { kindsMatched } from '../model/locator.ts';
import type { ConfigDocument } from './document.ts';
import { quoted } from './flaw.ts';
import { type Problem, refuseProblems } from './problem.ts';
import type { Config } from './schema.ts';
import { textsAt } from './statement-rules.ts';
import type { Path } from './syntax.ts';
import { DEFAULT_USER_KEY } from './user-key.ts';

/**
 * The schema already knows what later releases do. Until then it is refused, since a config must not seem to work:
 * an `unless` that is passed over would let in whom it keeps out. This file goes when the last of it is built.
 * @throws SyncError `CONFIG_INVALID` with each place.
 */
export function refuseUnbuilt(document: ConfigDocument, { users, manages, grants }: Config): void {
  const problems: Problem[] = [];
  const object = (path: Path, what: string) =>
    problems.push({ path, part: 'value', what, mend: 'this release does not support it yet' });

  if ((users?.key ?? DEFAULT_USER_KEY) !== DEFAULT_USER_KEY) {
    object(['users', 'key'], `a user key other than ${quoted(DEFAULT_USER_KEY)}`);
  }
  if (users?.onLeave === 'unassign') object(['users', 'onLeave'], 'keeping the users of people who left');
  if ((users?.adopt ?? 'none') !== 'none') object(['users', 'adopt'], 'adopting users');
  if (users?.protect?.length) object(['users', 'protect'], 'protecting users');
  if (manages?.length) object(['manages'], 'governing grants that no statement gives');
  for (const [i, statement] of (grants ?? []).entries()) {
    if (statement.resource !== undefined) object(['grants', i, 'resource'], 'a grant on a resource instance');
    for (const { path, pattern } of ['subject', 'also', 'unless'].flatMap((key) => textsAt(statement, key))) {
      const unread = kindsMatched(pattern).filter((kind) => kind === 'team' || kind === 'collaborator');
      if (unread.length > 0) {
        object(['grants', i, ...path], `${quoted(pattern)} can match a ${unread.join(' or a ')}`);
      }
    }
  }
  refuseProblems(document, problems);
}
