import type { Service } from './http-failure.ts';

/** Sees every request, retries included. */
export type RequestObserver = {
  readonly onStart: (service: Service, isWrite?: boolean) => void;
  /**
   * A request waits for a rate limit before it is sent.
   * @param limit "Permit's limit of 60 DELETEs a minute". @param ms how long the wait will be.
   * @returns called when the wait is over.
   */
  readonly onWait?: (limit: string, ms: number) => () => void;
  /** GitHub said when the personal access token expires. @param expiresMs since the epoch. */
  readonly onTokenExpiry?: (expiresMs: number) => void;
  /** GitHub said how many requests its rate limit still allows. */
  readonly onRateLimit?: (remaining: number) => void;
  /** A credential was obtained that is not in the settings: the token of an App's installation. */
  readonly onCredential?: (secret: string) => void;
  /**
   * @param request method, path and the harmless part of the query.
   * @param status undefined if no answer arrived.
   * @param isWrite as for `onStart`.
   */
  readonly onEnd: (
    service: Service,
    request: string,
    status: number | undefined,
    durationMs: number,
    isWrite?: boolean,
  ) => void;
};
