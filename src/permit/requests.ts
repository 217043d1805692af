import { HttpFailure, onHttpFailure } from '../http/http-failure.ts';
import { type RetryPolicy, withRetry } from '../http/retry.ts';
import type { Stop } from '../http/stop.ts';
import { SyncError } from '../model/errors.ts';
import { ROLE_KEY_PATTERN } from '../model/identity.ts';
import { WriteError } from '../model/ports.ts';
import { defined, isRecord } from '../model/text/record.ts';
import { explainFailure, undocumented } from './permit-failure.ts';
import type { PermitSdk } from './permit-sdk.ts';

/** Shared by readers and writers of Permit: sends one request with retries, and explains its failure. */

export type RequestOptions = {
  readonly sdk: PermitSdk;
  readonly stop: Stop;
  readonly retry?: RetryPolicy | undefined;
};

/** Sends a request, retries it if that may help, and parses the answer. @throws SyncError */
export type Read = <T>(ask: () => Promise<unknown>, parse: (body: unknown) => T | undefined) => Promise<T>;

/** A partial read is a failure, never a shorter list: an answer that can't be parsed is retried, then an error. */
export function openRead({ sdk, stop, retry }: RequestOptions): Read {
  return async (ask, parse) => {
    const attempt = async () => {
      stop.signal.throwIfAborted();
      await sdk.ready();
      const value = parse(await ask());
      if (value === undefined) throw undocumented('GET');
      return value;
    };
    const policy = defined({ policy: retry, onWait: sdk.onWait });
    return withRetry(attempt, { stop, repeatable: true, ...policy }).catch(throwExplained);
  };
}

/**
 * The ids of the project and the environment that the API key is for.
 * @throws SyncError PERMIT_AUTH: a key that is refused, or not of one environment; PERMIT_UNAVAILABLE.
 */
export const readEnvironment = ({
  sdk,
  stop,
  retry: policy,
}: RequestOptions & { readonly retry: RetryPolicy }): ReturnType<PermitSdk['environment']> =>
  withRetry(sdk.environment, { stop, repeatable: true, policy }).catch(throwExplained);

/**
 * The keys of the project and the environment that the API key is for, or the id of each whose key can't be read: an
 * API key need not be allowed to. Nothing is retried, since a name is not worth a wait.
 * @param withProject whether to read the project's key as well, and when that is known. It costs an extra request.
 * @throws as `PermitSdk.environment` does.
 */
export async function readEnvironmentKeys(
  sdk: Pick<PermitSdk, 'environment' | 'readProject'>,
  withProject: boolean | Promise<boolean>,
): ReturnType<PermitSdk['environment']> {
  const { project, environment } = await sdk.environment();
  const keyOf = async (id: string, path: string): Promise<string> => {
    const found = await sdk.readProject(path).catch(() => undefined);
    return isRecord(found) && typeof found.key === 'string' && ROLE_KEY_PATTERN.test(found.key)
      ? found.key
      : id;
  };
  const [projectKey, environmentKey] = await Promise.all([
    (async () => ((await withProject) ? keyOf(project, project) : project))(),
    keyOf(environment, `${project}/envs/${environment}`),
  ]);
  return { project: projectKey, environment: environmentKey };
}

/** What `absent` returns for a 404. */
export const ABSENT = Symbol('404');

/** For `catch`: when one item is requested by key, a 404 is an answer. */
export function absent(error: unknown): typeof ABSENT {
  if (error instanceof HttpFailure && error.status === 404) return ABSENT;
  throw error;
}

/** Requests one item by key. @returns undefined for a 404. @throws SyncError */
export async function readOne<T>(
  read: Read,
  ask: () => Promise<unknown>,
  parse: (body: unknown) => T | undefined,
): Promise<T | undefined> {
  const found = await read(
    () => ask().catch(absent),
    (body) => (body === ABSENT ? ABSENT : parse(body)),
  );
  return found === ABSENT ? undefined : found;
}

/** For `catch`: throws an HttpFailure as the SyncError that the operator reads. */
const throwExplained = onHttpFailure((failure): never => {
  throw explainPermitFailure(failure);
});

const explainPermitFailure = (failure: HttpFailure): SyncError =>
  explainFailure(failure, {
    unasked: `Permit could not be asked (${failure.request})`,
    refused: `Permit refuses the API key for ${failure.request}`,
    keyHint: 'set PERMIT_API_KEY to a key of the environment (Permit › Settings › API keys)',
    unusable: `Permit gave no usable answer to ${failure.request}`,
    hint: 'see status.permit.io and PERMIT_API_URL, then run again',
  });

/** How a write may be sent, and what its failures mean. */
export type WriteKind = {
  /** Statuses that mean: Permit does not hold what was expected. */
  readonly conflicts: readonly number[];
  /** Whether sending it twice does no harm. If not, a request that may have been processed is never sent again here. */
  readonly repeatable?: boolean;
};

/** @throws WriteError */
export async function write<T>(
  { sdk, stop, retry }: RequestOptions,
  ask: () => Promise<T>,
  { conflicts, repeatable = false }: WriteKind,
): Promise<T> {
  let inDoubt: HttpFailure | undefined;
  const attempt = async (): Promise<T> => {
    if (stop.signal.aborted) throw new WriteError('stopped', ENDED_BEFORE);
    await sdk.ready();
    try {
      return await ask();
    } catch (error) {
      if (error instanceof HttpFailure && error.ambiguous && !/^GET\b/.test(error.request)) inDoubt = error;
      throw error;
    }
  };
  try {
    return await withRetry(attempt, { stop, repeatable, ...defined({ policy: retry, onWait: sdk.onWait }) });
  } catch (error) {
    const failure = toWriteError(error, stop, conflicts);
    // Stopped before it could be repeated: it may have been done the first time.
    const wasSent = inDoubt && (stop.signal.aborted || isStopped(failure));
    throw wasSent ? toWriteError(inDoubt, stop, conflicts) : failure;
  }
}

const ENDED_BEFORE = 'the run ended before it';

const isStopped = (error: unknown): boolean => error instanceof WriteError && error.kind === 'stopped';

function toWriteError(error: unknown, stop: Stop, conflicts: readonly number[]): unknown {
  if (error instanceof HttpFailure) {
    const message = `Permit answered ${error.status ?? 'nothing'} to ${error.request}: ${error.reply}`;
    if (error.ambiguous) return new WriteError('ambiguous', message);
    const status = error.status ?? 0;
    // A key that is refused now will be refused for the next item too. So will a proxy that redirects this write.
    const hopeless = status === 401 || status === 403 || (status >= 300 && status < 400);
    if (error.throttled || !error.sent || hopeless) return new WriteError('unavailable', message);
    return new WriteError(conflicts.includes(status) ? 'conflict' : 'refused', message, error.culprits);
  }
  if (stop.signal.aborted && error === stop.signal.reason) return new WriteError('stopped', ENDED_BEFORE);
  if (!(error instanceof SyncError)) return error;
  switch (error.code) {
    case 'PERMIT_AUTH':
    case 'PERMIT_UNAVAILABLE':
      return new WriteError('unavailable', error.message);
    case 'INTERNAL':
      return error;
    default:
      // `beforeWrite` objects: nothing was sent, and nothing more may be.
      return new WriteError('stopped', error.message);
  }
}
