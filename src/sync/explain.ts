import type { Explanation } from '../model/explanation.ts';
import { folded } from '../model/identity.ts';
import type { CompleteListing, IncompleteListing, Unread } from '../model/member.ts';
import type { GitHubAcquaintance, GitHubSource } from '../model/ports.ts';
import { explain } from '../plan/explain.ts';
import { describeMissing, type Lack } from './preflight.ts';
import { listEverything, type ReconcilePorts, type ReconcileRequest } from './reconcile.ts';

export type Explained = {
  readonly explanation: Explanation;
  readonly incomplete: readonly IncompleteListing[];
  readonly unread: readonly Unread[];
  /** What this person waits for, since Permit does not have it. */
  readonly lacks: readonly Lack[];
};

type ExplainPorts = Pick<ReconcilePorts, 'reader' | 'announce'> & {
  readonly github: GitHubSource & Pick<GitHubAcquaintance, 'findAccount'>;
};

/**
 * Lists as a run does, and shows the arithmetic for one person. Who has a login that no listing shows is asked of
 * GitHub: a mark only tells who had it. @throws SyncError
 */
export async function explainPerson(
  request: ReconcileRequest,
  ports: ExplainPorts,
  login: string,
): Promise<Explained> {
  const { complete, incomplete, unread, users, preflight } = await listEverything(request, ports);
  const org = complete[0]?.org ?? '';
  const today = isListed(complete, login) ? undefined : await ports.github.findAccount(login, org);
  const { explanation } = await preflight.plan((missing) => {
    const explained = explain({ ...request, listings: complete, users, missing }, login, today);
    return { explanation: explained, plan: explained.drift };
  });
  return {
    explanation,
    incomplete,
    unread,
    lacks: describeMissing(preflight.missing(), explanation.drift).filter(({ waiting }) => waiting > 0),
  };
}

const isListed = (listings: readonly CompleteListing[], login: string): boolean =>
  listings.some(({ members, collaborators = [] }) =>
    [...members, ...collaborators].some((one) => folded(one.login) === folded(login)),
  );
