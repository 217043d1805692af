import { type PermitGraph, type PermitInstance, tupleId } from '../../src/model/repositories/graph.ts';
import type { GraphChange } from '../../src/model/repositories/graph-change.ts';

/**
 * What Permit's graph holds after these changes, in their order. As strict as Permit at its worst: what does not fit
 * what is there is an error.
 */
export function applyToGraph(changes: readonly GraphChange[], graph: PermitGraph): PermitGraph {
  const instances = new Map<string, PermitInstance>(graph.instances);
  const tuples = new Map(graph.tuples.map((tuple) => [tupleId(tuple), tuple]));
  const must = (is: boolean, change: GraphChange): void => {
    if (!is) throw new Error(`does not fit what Permit holds: ${JSON.stringify(change)}`);
  };
  for (const change of changes) {
    switch (change.kind) {
      case 'createInstance':
      case 'updateInstance': {
        const { name, tenant, attributes } = change;
        must(instances.has(name) === (change.kind === 'updateInstance'), change);
        instances.set(name, { name, tenant, attributes });
        break;
      }
      case 'createTuple': {
        const { subject, relation, object } = change;
        must(!tuples.has(tupleId(change)) && instances.has(subject) && instances.has(object), change);
        tuples.set(tupleId(change), { subject, relation, object });
        break;
      }
      case 'deleteTuple':
        must(tuples.delete(tupleId(change)), change);
        break;
      case 'deleteInstance':
        must(instances.delete(change.name), change);
        for (const [id, { subject, object }] of tuples)
          if (subject === change.name || object === change.name) tuples.delete(id);
        break;
      default:
        change satisfies never;
    }
  }
  return { ...graph, instances, tuples: [...tuples.values()] };
}
