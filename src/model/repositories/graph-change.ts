import type { Result, Sign } from '../change.ts';
import { compareText } from '../identity.ts';
import type { Attributes } from '../user.ts';
import { type PermitInstance, type Tuple, tupleId } from './graph.ts';

/** What each kind of change to the graph holds in addition to its reason and names. */
type GraphFields = {
  readonly createInstance: PermitInstance;
  /** `from` are the attributes before. Permit replaces all of them. */
  readonly updateInstance: PermitInstance & { readonly from: Attributes };
  readonly deleteInstance: Pick<PermitInstance, 'name' | 'tenant'>;
  readonly createTuple: Tuple & { readonly tenant: string };
  /** `isReplaced`: another link between the two gives as much, so nothing is lost. */
  readonly deleteTuple: Tuple & { readonly tenant: string; readonly isReplaced: boolean };
};

export type GraphKind = keyof GraphFields;
export type GraphChangeOf<Kind extends GraphKind> = {
  [K in Kind]: {
    readonly kind: K;
    readonly reason: string;
    /** What the operator reads: `acme/payments-api`, and `acme/platform` where it is about a team. */
    readonly repository?: string;
    readonly team?: string;
  } & GraphFields[K];
}[Kind];

/** One idempotent step towards the desired graph. */
export type GraphChange = GraphChangeOf<GraphKind>;

/**
 * Everything that is known about each kind. `perCall`: how many fit in one bulk request (Permit's documentation). The
 * bulk request for instances replaces them, and nothing says that roles on them survive that: updates are sent singly.
 */
export const GRAPH_CHANGES = {
  createInstance: { sign: '+', verb: 'create', done: 'created', noun: 'instance', perCall: 3000 },
  updateInstance: { sign: '~', verb: 'update', done: 'updated', noun: 'instance', perCall: 1 },
  createTuple: { sign: '+', verb: 'add', done: 'added', noun: 'link', perCall: 1000 },
  deleteTuple: { sign: '-', verb: 'remove', done: 'removed', noun: 'link', perCall: 1000 },
  deleteInstance: { sign: '-', verb: 'delete', done: 'deleted', noun: 'instance', perCall: 3000 },
} as const satisfies {
  readonly [K in GraphKind]: {
    readonly sign: Sign;
    readonly verb: string;
    readonly done: string;
    readonly noun: 'instance' | 'link';
    readonly perCall: number;
  };
};

/** In the order in which they are applied. */
export const GRAPH_KINDS = Object.keys(GRAPH_CHANGES) as readonly GraphKind[];

/** Whether it takes something away. */
export const isGraphLoss = ({ kind }: GraphChange): boolean => GRAPH_CHANGES[kind].sign === '-';

/** Which instance or tuple a change is about. */
export const graphTarget = (change: GraphChange): string =>
  'object' in change ? tupleId(change) : change.name;

/** By kind, then by what it is about. */
export const compareGraphChanges = (a: GraphChange, b: GraphChange): number =>
  GRAPH_KINDS.indexOf(a.kind) - GRAPH_KINDS.indexOf(b.kind) || compareText(graphTarget(a), graphTarget(b));

/** A change to the graph and how it ended. */
export type GraphResult = Result<GraphChange>;
