import { isSameName } from '../model/identity.ts';
import { accountsIn, type CompleteListing } from '../model/member.ts';
import type { GitHubSource, PersonLookup } from '../model/ports.ts';
import type { Explanation } from '../model/views/explanation.ts';
import { explain } from '../plan/explain.ts';
import { describeMissing } from './preflight.ts';
import { listEverything } from './reconcile.ts';
import type { ReconcilePorts, ReconcileRequest, ReconcileResult } from './run.ts';

/** `lacks`: what this person waits for because Permit lacks it. */
type ExplainResult = Pick<ReconcileResult, 'incomplete' | 'unread' | 'lacks'> & {
  readonly explanation: Explanation;
};

type ExplainPorts = Pick<ReconcilePorts, 'reader' | 'announce' | 'now'> & {
  readonly github: GitHubSource & Pick<PersonLookup, 'findAccount'>;
};

/**
 * Lists like a run, and explains one person's grants. If no listing shows the login, GitHub is asked who has it
 * today: a mark only shows who had it. @throws SyncError
 */
export async function explainPerson(
  request: ReconcileRequest,
  ports: ExplainPorts,
  login: string,
): Promise<ExplainResult> {
  const { observation, preflight } = await listEverything(request, ports);
  const { now, listings, users, identities, incomplete, unread } = observation;
  const org = listings[0]?.org ?? '';
  const today = isListed(listings, login) ? undefined : await ports.github.findAccount(login, org);
  const { explanation } = await preflight.plan((missing) => {
    const explained = explain({ ...request, now, listings, users, identities, missing }, login, today);
    return { explanation: explained, plan: explained.drift };
  });
  return {
    explanation,
    incomplete,
    unread,
    lacks: describeMissing(preflight.missing(), explanation.drift, request.policyCommand).filter(
      ({ waiting }) => waiting > 0,
    ),
  };
}

const isListed = (listings: readonly CompleteListing[], login: string): boolean =>
  accountsIn(listings).some((one) => isSameName(one.login, login));
