import type { Service } from './http-failure.ts';

/** Sees every request that is put on the wire, repeated ones included. */
export type Wire = {
  readonly began: (service: Service) => void;
  /** @param status undefined when no answer arrived. @param request method and path, without the query. */
  readonly ended: (service: Service, request: string, status: number | undefined, durationMs: number) => void;
};
