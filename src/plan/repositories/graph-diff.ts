import type { OrgId } from '../../model/identity.ts';
import { TEAM_TYPE } from '../../model/repositories/access-model.ts';
import { type LinkLoss, linkLossId } from '../../model/repositories/facts.ts';
import type { PermitGraph } from '../../model/repositories/graph.ts';
import type { GraphChange } from '../../model/repositories/graph-change.ts';
import type { PlanInput } from '../plan-input.ts';
import type { MirroredOrg, WantedInstance } from './desired-graph.ts';
import type { OwnedInstance } from './owned-instance.ts';

/** What the diff found so far. */
export type GraphDiff = {
  readonly input: PlanInput;
  /** Of all instances; may hold `{org}`. */
  readonly tenant: string;
  readonly graph: PermitGraph;
  readonly listings: ReadonlyMap<OrgId, MirroredOrg>;
  /** The names of the listed organizations that are not mirrored. */
  readonly notMirrored: ReadonlyMap<OrgId, string>;
  readonly wanted: ReadonlyMap<string, WantedInstance>;
  /** Our instances in the organizations that were read, by name. */
  readonly owned: ReadonlyMap<string, OwnedInstance>;
  readonly changes: GraphChange[];
  readonly losses: Map<string, LinkLoss>;
  /** Instances that are no longer mirrored. They are deleted, unless others use them. */
  readonly gone: Set<string>;
  /** What others do with instances, see `foreignUseIn`. Found when it is first needed: few plans drop an instance. */
  readonly foreignUse: () => ReadonlyMap<string, readonly string[]>;
  /** What `policy` has to create first, and how much waits for it. */
  readonly waiting: Map<string, number>;
};

export const addWaiting = (waiting: Map<string, number>, name: string): void => {
  waiting.set(name, (waiting.get(name) ?? 0) + 1);
};

/** The organization whose repositories include it: as listed now, or where only a part was read, as Permit has it. */
export function orgOf({ wanted, owned, listings }: GraphDiff, name: string): OrgId | undefined {
  const now = wanted.get(name)?.org;
  if (now !== undefined) return now;
  const known = owned.get(name);
  return known && !isAsked(known, listings) ? known.org : undefined;
}

/** Whether the listing of its organization shows if an instance should exist. */
export function isAsked(
  { type, id, org }: Pick<OwnedInstance, 'type' | 'id' | 'org'>,
  listings: GraphDiff['listings'],
): boolean {
  const only = listings.get(org)?.repositories.only;
  if (only === undefined) return true;
  return type === TEAM_TYPE ? only.teams.has(id) : only.repositories.has(id);
}

export const mayTake = ({ input }: Pick<GraphDiff, 'input'>): boolean => input.mode !== 'upsert-only';

/** Whether GitHub still has to confirm it, or already did. */
export function isLost(loss: LinkLoss, { input, losses }: GraphDiff): boolean {
  const id = linkLossId(loss);
  if (!mayTake({ input }) || input.keptLinks?.has(id)) return false;
  losses.set(id, loss);
  return true;
}
