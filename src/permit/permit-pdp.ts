import { HttpFailure, onHttpFailure } from '../http/http-failure.ts';
import { openPace, type Pace } from '../http/pace.ts';
import { type RetryPolicy, withRetry } from '../http/retry.ts';
import { openTransport } from '../http/transport.ts';
import type { SyncError } from '../model/errors.ts';
import type { UserKey } from '../model/identity.ts';
import { byLimit } from '../model/pace.ts';
import type { AccessDecider } from '../model/repositories/ports.ts';
import { chunks, isRecord, parseEach } from '../model/text/record.ts';
import { explainFailure } from './permit-failure.ts';
import { type PermitOptions, sendForJson } from './permit-sdk.ts';

/** May `user` do `action` on a resource of this type (on the instance `key` of it) in this tenant? */
export type Question = {
  readonly user: string;
  readonly action: string;
  readonly resource: { readonly type: string; readonly key?: string; readonly tenant: string };
};

type PdpOptions = Omit<
  PermitOptions,
  'mayWrite' | 'pace' | 'readTimeoutMs' | 'writeTimeoutMs' | 'beforeWrite'
> & {
  readonly requestTimeoutMs?: number;
  readonly retry?: RetryPolicy;
};

type Pdp = AccessDecider & {
  /** @throws SyncError as `AccessDecider` does. What is not clearly a decision is never taken for one. */
  readonly check: (question: Question) => Promise<boolean>;
};

/** Shorter than in a run: someone waits for this answer. */
const REQUEST_TIMEOUT_MS = 10_000;
const PDP_RETRY: RetryPolicy = { retries: 3, firstWaitMs: 300, longestWaitMs: 2_000 };
/** What the Cloud PDP allows to one address; it answers 429 beyond. */
const BULK_CALLS_PER_MINUTE = 200;
const LISTS_PER_MINUTE = 500;
const QUESTIONS_PER_CALL = 100;
const CALLS_AT_ONCE = 4;

/** Asks the PDP with our own requests: the SDK hides why it has no decision, and takes any text for an allow. */
export function openPdp(options: PdpOptions): Pdp {
  const { stop, observer, pdpUrl, apiKey, retry = PDP_RETRY } = options;
  const send = openTransport({
    service: 'Permit',
    proxies: options.proxies,
    stop,
    observer,
    // A question changes nothing, though it is a POST. Credentials stay here: no POST is redirected.
    mayWrite: false,
    isWrite: () => false,
    timeoutMs: () => options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    secrets: () => [apiKey],
  });
  const headers = {
    authorization: `Bearer ${apiKey}`,
    accept: 'application/json',
    'content-type': 'application/json',
  };
  const paceOf = (requestsPerMinute: number): Pace =>
    openPace(
      { ...byLimit(() => Number.POSITIVE_INFINITY), requestsPerMinute },
      stop.signal,
      observer.onWait,
      options.paceTiming,
    );
  const [bulkPace, listPace] = [paceOf(BULK_CALLS_PER_MINUTE), paceOf(LISTS_PER_MINUTE)];
  const ask = <T>(
    path: string,
    question: unknown,
    parse: (answer: unknown) => T | undefined,
    pace?: Pace,
  ): Promise<T> => {
    const askOnce = async (): Promise<T> => {
      await pace?.turn('read');
      const request = { method: 'POST', url: `${pdpUrl}${path}`, headers, body: JSON.stringify(question) };
      const { data } = await sendForJson(send, request, apiKey);
      const answer = parse(data);
      if (answer === undefined) throw noDecision(path);
      return answer;
    };
    return withRetry(askOnce, { stop, repeatable: true, policy: retry }).catch(
      onHttpFailure((failure) => {
        throw explainPdpFailure(failure, pdpUrl);
      }),
    );
  };
  return {
    check: (question) => ask('/allowed', toQuery(question), parseDecision),
    listAllowed: (question) => ask('/authorized_users', { ...question, context: {} }, parseUsers, listPace),
    allowedBulk: async (questions) => {
      const askSome = (some: readonly Question[]): Promise<readonly boolean[]> =>
        ask('/allowed/bulk', some.map(toQuery), (answer) => parseDecisions(answer, some.length), bulkPace);
      const answers: boolean[] = [];
      for (const round of chunks(questions, QUESTIONS_PER_CALL * CALLS_AT_ONCE)) {
        const some = await Promise.all([...chunks(round, QUESTIONS_PER_CALL)].map(askSome));
        answers.push(...some.flat());
      }
      return answers;
    },
  };
}

const toQuery = ({ user, action, resource }: Question) => ({
  user: { key: user },
  action,
  resource,
  context: {},
});

const noDecision = (path: string): HttpFailure =>
  new HttpFailure({
    service: 'Permit',
    request: `POST ${path}`,
    reply: 'the answer holds no decision: it was cut short, or no PDP answers there',
  });

/** The PDP answers with an object, or with one under `result`. */
function parseAnswer(body: unknown, field: string): Record<string, unknown> | undefined {
  if (!isRecord(body) || field in body) return isRecord(body) ? body : undefined;
  return isRecord(body.result) ? body.result : undefined;
}

/** `{allow}`, a truth value. */
function parseDecision(body: unknown): boolean | undefined {
  const allow = parseAnswer(body, 'allow')?.allow;
  return typeof allow === 'boolean' ? allow : undefined;
}

/** `{allow: [{allow}, …]}`, one for each question. */
function parseDecisions(body: unknown, questions: number): readonly boolean[] | undefined {
  const decisions = parseEach(parseAnswer(body, 'allow')?.allow, parseDecision);
  return decisions?.length === questions ? decisions : undefined;
}

/** `{users: {KEY: [assignment, …]}}` */
function parseUsers(body: unknown): readonly UserKey[] | undefined {
  const users = parseAnswer(body, 'users')?.users;
  return isRecord(users) ? (Object.keys(users) as UserKey[]) : undefined;
}

const explainPdpFailure = (failure: HttpFailure, pdpUrl: string): SyncError =>
  explainFailure(failure, {
    unasked: `the PDP at ${pdpUrl} could not be asked`,
    refused: `the PDP at ${pdpUrl} refuses the API key`,
    keyHint: 'PERMIT_API_KEY must be of the environment that this PDP serves; see PERMIT_PDP_URL',
    unusable: `the PDP at ${pdpUrl} ${failure.sent ? 'gives no decision' : "can't be reached"}`,
    hint: "see that a PDP runs there, and set PERMIT_PDP_URL (or permit.pdpUrl) to its address; Permit's API is not a PDP",
  });
