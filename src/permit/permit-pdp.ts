import { HttpFailure, onHttpFailure } from '../http/http-failure.ts';
import { PROXY_HINTS } from '../http/proxy.ts';
import { type RetryPolicy, withRetry } from '../http/retry.ts';
import { openTransport, type Transport } from '../http/transport.ts';
import { SyncError } from '../model/errors.ts';
import { isRecord } from '../model/text/record.ts';
import { adapterOver, type PermitOptions, pdpHttpOf, sendForJson, silentPermit } from './permit-sdk.ts';

/** May `user` do `action` on a resource of this type (on the instance `key` of it) in this tenant? */
export type Question = {
  readonly user: string;
  readonly action: string;
  readonly resource: { readonly type: string; readonly key?: string; readonly tenant: string };
};

type PdpOptions = Omit<
  PermitOptions,
  'mayWrite' | 'pace' | 'paceTiming' | 'readTimeoutMs' | 'writeTimeoutMs' | 'beforeWrite'
> & {
  readonly requestTimeoutMs?: number;
  readonly retry?: RetryPolicy;
};

/** Somebody waits for the answer: shorter than a run, which nobody watches. */
const REQUEST_TIMEOUT_MS = 10_000;
const RETRY: RetryPolicy = { retries: 3, firstWaitMs: 300, longestWaitMs: 2_000 };

/**
 * Asks the PDP by the SDK's `permit.check`.
 * @throws SyncError PERMIT_AUTH where the PDP refuses the key; PERMIT_UNAVAILABLE where no decision can be had. What
 *   is not clearly a decision is never taken for one.
 */
export function openPdp(options: PdpOptions): (question: Question) => Promise<boolean> {
  const { stop, retry = RETRY } = options;
  const send = openTransport({
    service: 'Permit',
    proxies: options.proxies,
    stop,
    observer: options.observer,
    // A question changes nothing, though it is a POST. Credentials are not led elsewhere: no POST is redirected.
    mayWrite: false,
    isWrite: () => false,
    timeoutMs: () => options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    secrets: () => [options.apiKey],
  });
  return async (question) => {
    return withRetry(() => askOnce(options, send, question), { stop, repeatable: true, policy: retry }).catch(
      onHttpFailure((failure) => {
        throw explainPdpFailure(failure, options.pdpUrl);
      }),
    );
  };
}

/**
 * The SDK hides why it has no decision, and would take an answer without `allow` for a deny and a text for an allow:
 * so the answer is looked at before the SDK sees it. One SDK for one question: the failure is then known to be its own.
 */
async function askOnce(
  options: PdpOptions,
  send: Transport,
  { user, action, resource }: Question,
): Promise<boolean> {
  const permit = silentPermit(options);
  let failure: unknown;
  pdpHttpOf(permit).defaults.adapter = adapterOver(async (request) => {
    try {
      const reply = await sendForJson(send, { ...request, url: `${options.pdpUrl}/allowed` }, options.apiKey);
      if (!holdsDecision(reply.data)) throw noDecision();
      return reply;
    } catch (error) {
      failure = error;
      throw error;
    }
  });
  try {
    return (await permit.check(user, action, resource)) === true;
  } catch {
    // The SDK's own error may hold the key.
    throw failure ?? noDecision();
  }
}

const ASKED = 'POST /allowed';

const noDecision = (): HttpFailure =>
  new HttpFailure({
    service: 'Permit',
    request: ASKED,
    reply: 'the answer holds no decision: it was cut short, or no PDP answers there',
  });

/** `{allow}`, or `{result: {allow}}`, each a truth value: the two forms that the SDK understands. */
function holdsDecision(body: unknown): boolean {
  if (!isRecord(body)) return false;
  if ('allow' in body) return typeof body.allow === 'boolean';
  return isRecord(body.result) && typeof body.result.allow === 'boolean';
}

function explainPdpFailure(failure: HttpFailure, pdpUrl: string): SyncError {
  if (failure.trouble === 'proxy-refused' || failure.trouble === 'proxy-unreachable') {
    const message = `the PDP at ${pdpUrl} could not be asked: ${failure.reply}`;
    return new SyncError('PERMIT_UNAVAILABLE', message, PROXY_HINTS[failure.trouble]);
  }
  const said = failure.answer;
  if (failure.status === 401 || failure.status === 403) {
    return new SyncError(
      'PERMIT_AUTH',
      `the PDP at ${pdpUrl} refuses the API key (${said})`,
      'PERMIT_API_KEY must be of the environment that this PDP serves; see PERMIT_PDP_URL',
    );
  }
  return new SyncError(
    'PERMIT_UNAVAILABLE',
    failure.sent
      ? `the PDP at ${pdpUrl} gives no decision (${said})`
      : `the PDP at ${pdpUrl} can't be reached (${said})`,
    "see that a PDP runs there, and set PERMIT_PDP_URL (or permit.pdpUrl) to its address; Permit's API is not a PDP",
  );
}
