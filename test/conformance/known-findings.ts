import type { ServiceName } from './descriptions.ts';

/** A finding that will be fixed. Every part must occur in the finding as it is printed. */
export type KnownFinding = {
  readonly service: ServiceName;
  readonly operation: string;
  readonly reason: string;
  readonly fixedBy: string;
};

/** Empty unless a fix is on its way: a finding that no longer occurs fails the test until it is removed here. */
export const KNOWN_FINDINGS: readonly KnownFinding[] = [];
