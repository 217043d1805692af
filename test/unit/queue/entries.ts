import type { GitHubId, OrgId } from '../../../src/model/identity.ts';
import type { QueueEntry } from '../../../src/model/webhooks/queue.ts';

/** A hint about one person, as the receiver writes it. */
export const entry = (login: string, over: Partial<QueueEntry> = {}): QueueEntry => ({
  delivery: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
  event: 'organization',
  action: 'member_added',
  org: 'acme',
  orgId: 9919 as OrgId,
  login,
  id: 583231 as GitHubId,
  team: undefined,
  repository: undefined,
  at: '2026-01-02T03:04:05.678Z',
  ...over,
});
