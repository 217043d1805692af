import type { Change } from '../../model/change.ts';
import { type Ledger, type OnApplied, openLedger } from '../../model/ledger.ts';
import { type GraphChange, type GraphResult, isGraphLoss } from '../../model/repositories/graph-change.ts';
import { openOutage } from '../outage.ts';
import { applyGraph, type GraphPorts, instancesNotCreated } from './apply-graph.ts';

/** The two parts of a plan's changes to the graph, between which users and their grants are written. */
export type GraphSteps = {
  /**
   * Instances and links that are new or changed.
   * @returns instances that could not be created: nobody can be given anything on them.
   */
  readonly gain: (people: Ledger<Change>) => Promise<ReadonlySet<string>>;
  /** Links and instances that are taken away. */
  readonly lose: (people: Ledger<Change>) => Promise<void>;
  /** How each change ended, in the plan's order. */
  readonly results: () => readonly GraphResult[];
};

export function openGraphSteps(
  changes: readonly GraphChange[],
  ports: Pick<GraphPorts, 'writer' | 'readGraph' | 'pause' | 'oneAlone'> & {
    readonly onApplied: OnApplied<GraphChange> | undefined;
  },
): GraphSteps {
  const ledger = openLedger<GraphChange>(ports.onApplied);
  const graphPorts: GraphPorts = { ...ports, ledger, outage: openOutage() };
  const losses = changes.filter(isGraphLoss);
  const gains = changes.filter((change) => !isGraphLoss(change));
  let gained: readonly GraphResult[] = [];
  /** What stops one stops the other: Permit is down, the run was stopped, or the lock is lost. */
  const apply = async (
    part: readonly GraphChange[],
    people: Ledger<Change>,
  ): Promise<readonly GraphResult[]> => {
    const [own, theirs] = [ledger.halted(), people.halted()];
    if (theirs !== undefined) ledger.halt(theirs);
    else if (own !== undefined) people.halt(own);
    const results = part.length === 0 ? [] : await applyGraph(part, graphPorts, gained);
    const trouble = ledger.halted();
    if (trouble !== undefined) people.halt(trouble);
    return results;
  };
  return {
    gain: async (people) => {
      gained = await apply(gains, people);
      return instancesNotCreated(gained);
    },
    lose: async (people) => {
      await apply(losses, people);
    },
    results: () => ledger.results(changes),
  };
}
