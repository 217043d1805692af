import type { Explanation } from '../model/explanation.ts';
import type { IncompleteListing, Unread } from '../model/member.ts';
import { explain } from '../plan/explain.ts';
import { listEverything, type ReconcilePorts, type ReconcileRequest } from './reconcile.ts';

export type Explained = {
  readonly explanation: Explanation;
  readonly incomplete: readonly IncompleteListing[];
  readonly unread: readonly Unread[];
};

/** Lists as a run does, and shows the arithmetic for one person. @throws SyncError */
export async function explainPerson(
  request: ReconcileRequest,
  ports: Pick<ReconcilePorts, 'github' | 'reader' | 'announce'>,
  login: string,
): Promise<Explained> {
  const { complete, incomplete, unread, users } = await listEverything(request, ports);
  return { explanation: explain({ ...request, listings: complete, users }, login), incomplete, unread };
}
