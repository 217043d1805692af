import { CHANGE_KINDS, CHANGES, type Change, compareChanges, plainChange } from './change.ts';
import { grantId } from './grant.ts';
import { compareText, distinctNames, folded, type UserKey } from './identity.ts';
import type { Verdict } from './limits.ts';
import { changesOf, type Plan } from './plan.ts';
import { INSTANCE_ATTRIBUTES } from './repositories/graph.ts';
import { GRAPH_KINDS, type GraphChange, type GraphKind, graphTarget } from './repositories/graph-change.ts';
import { canonicalJson } from './text/canonical-json.ts';
import { defined, isRecord, parseEach } from './text/record.ts';
import type { Attributes } from './user.ts';

const SAVED_PLAN_KIND = 'gh-permit-sync plan';
const SAVED_PLAN_VERSION = 1;

/** What a run was about, for the reader. Names are in lower case, sorted. `users` is set if it was narrowed to some. */
type PlanScope = {
  readonly orgs: readonly string[];
  readonly users?: readonly string[];
  readonly mode: string;
  readonly adopt: string;
};

/**
 * Digests of everything that decides what a plan is and may do, by the name of the setting; one digest of them all.
 * No setting can be read from it, so that a plan tells nobody what the config says.
 */
export type ConfigDigest = { readonly digest: string; readonly parts: { readonly [name: string]: string } };

/**
 * A plan as `--out` writes it and `apply` reads it. It holds no attribute but our mark, and no email.
 * `createdAt` and `verdict` are for the reader: `apply` judges its own plan, and nothing else depends on them.
 */
export type SavedPlan = {
  /** ISO 8601. */
  readonly createdAt: string;
  readonly verdict: Verdict['verdict'];
  readonly scope: PlanScope;
  readonly config: ConfigDigest;
  readonly changes: readonly Change[];
  /** Undefined if the run changes nothing in the graph of repositories. */
  readonly graph?: readonly SavedGraphChange[];
  /** Of scope, config and changes: the same plan under the same settings has the same fingerprint. */
  readonly fingerprint: string;
};

/** A change to the graph, as a file holds it: no attribute but our own. */
type SavedGraphChange = {
  readonly kind: GraphKind;
  /** The instance, or the tuple. */
  readonly target: string;
  readonly tenant: string;
  readonly attributes?: Attributes;
  readonly reason: string;
};

/** @returns a short text that is always the same for the same text, such as `sha256:…`. */
export type Hash = (text: string) => string;

/** @param users the logins that narrow the run, as they were given. */
export function planScope(
  orgs: readonly string[],
  users: readonly string[] | undefined,
  mode: string,
  adopt: string,
): PlanScope {
  return defined({ orgs: namesOf(orgs), users: users && namesOf(users), mode, adopt });
}

const namesOf = (names: readonly string[]): readonly string[] => distinctNames(names.map(folded));

export function configDigest(settings: Readonly<Record<string, unknown>>, hash: Hash): ConfigDigest {
  const names = Object.keys(settings).sort(compareText);
  const parts = Object.fromEntries(names.map((name) => [name, hash(canonicalJson(settings[name]))]));
  return { digest: hash(canonicalJson(parts)), parts };
}

/** The names of settings that differ, or that only one of the two has. */
export function configDifferences(a: ConfigDigest, b: ConfigDigest): readonly string[] {
  const names = new Set([...Object.keys(a.parts), ...Object.keys(b.parts)]);
  const part = ({ parts }: ConfigDigest, name: string) =>
    Object.hasOwn(parts, name) ? parts[name] : undefined;
  return [...names].filter((name) => part(a, name) !== part(b, name)).sort(compareText);
}

export function savePlan(
  plan: Plan,
  facts: Pick<SavedPlan, 'createdAt' | 'verdict' | 'scope' | 'config'>,
  hash: Hash,
  concealed: (text: string) => string,
): SavedPlan {
  const changes = changesOf(plan)
    .map(plainChange)
    .map((change) => withoutSecrets(change, concealed));
  const graph = plan.graph?.changes.map(plainGraphChange).map((change) => withoutSecrets(change, concealed));
  const content = { ...facts, changes, ...(graph?.length ? { graph } : {}) };
  return { ...content, fingerprint: fingerprintOf(content, hash) };
}

function plainGraphChange(change: GraphChange): SavedGraphChange {
  const { kind, tenant, reason } = change;
  const attributes = 'attributes' in change ? { attributes: plainAttributes(change.attributes) } : {};
  return { kind, target: graphTarget(change), tenant, ...attributes, reason };
}

const plainAttributes = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => INSTANCE_ATTRIBUTES.has(name)));

/**
 * A name from outside may hold a secret. It is concealed before the fingerprint is taken, so that plans still
 * compare.
 */
function withoutSecrets<C extends Change | SavedGraphChange>(
  change: C,
  concealed: (text: string) => string,
): C {
  const text = JSON.stringify(change);
  const plain = concealed(text);
  return plain === text ? change : JSON.parse(plain);
}

const fingerprintOf = (
  { scope, config, changes, graph }: Pick<SavedPlan, 'scope' | 'config' | 'changes' | 'graph'>,
  hash: Hash,
): string =>
  hash(canonicalJson(defined({ version: SAVED_PLAN_VERSION, scope, config: config.digest, changes, graph })));

type Difference<C> = {
  /** `altered`: both have it, but not alike: another mark, or another reason. */
  readonly kind: 'only saved' | 'only now' | 'altered';
  readonly change: C;
};

/** One change in which a saved plan and the plan of now are not the same. */
export type PlanDifference = Difference<Change | SavedGraphChange>;

/** Sorted like plans. Empty if the two would do the same for the same reasons. */
export function planDifferences(
  saved: Pick<SavedPlan, 'changes' | 'graph'>,
  now: Pick<SavedPlan, 'changes' | 'graph'>,
): readonly PlanDifference[] {
  const people = differencesBetween(saved.changes, now.changes, stepOf);
  people.sort((a, b) => compareChanges(a.change, b.change) || compareText(a.kind, b.kind));
  const graph = differencesBetween(
    saved.graph ?? [],
    now.graph ?? [],
    ({ kind, target }) => `${kind} ${target}`,
  );
  return [...people, ...graph];
}

function differencesBetween<C>(
  saved: readonly C[],
  now: readonly C[],
  stepOf: (change: C) => string,
): Difference<C>[] {
  const savedByStep = new Map(saved.map((change) => [stepOf(change), change]));
  const differences: Difference<C>[] = [];
  for (const change of now) {
    const step = stepOf(change);
    const before = savedByStep.get(step);
    savedByStep.delete(step);
    if (before === undefined) differences.push({ kind: 'only now', change });
    else if (canonicalJson(before) !== canonicalJson(change)) differences.push({ kind: 'altered', change });
  }
  for (const change of savedByStep.values()) differences.push({ kind: 'only saved', change });
  return differences;
}

/** What a change does, and to whom, without its reason and mark. */
const stepOf = (change: Change): string =>
  `${change.kind} ${change.user} ${'grant' in change ? grantId(change.grant) : ''}`;

/** The document as a value. How it is written as text is decided elsewhere. */
export function planDocument({ createdAt, verdict, scope, config, changes, graph, fingerprint }: SavedPlan) {
  return {
    kind: SAVED_PLAN_KIND,
    version: SAVED_PLAN_VERSION,
    createdAt,
    verdict,
    command: scope,
    configDigest: config.digest,
    config: config.parts,
    changes: changes.map(changeDocument),
    ...(graph === undefined ? {} : { graph }),
    fingerprint,
  };
}

/** The fields of a change as in the report (CONTRACT §9), and the marks. */
function changeDocument(change: Change) {
  if (!('grant' in change)) {
    const { kind, user, reason, ...marks } = change;
    return { kind, user, ...marks, reason };
  }
  const { kind, user, grant, reason } = change;
  const { role, tenant, resource } = grant;
  return { kind, user, role, tenant, ...(resource === undefined ? {} : { resource }), reason };
}

/**
 * Reads a saved plan from its document. A matching fingerprint proves that the file is complete, not who wrote it: so
 * `apply` trusts nothing in it and plans again.
 * @returns `flaw` if it is not a valid plan: what is wrong, worded to follow the name of the file.
 */
export function parseSavedPlan(document: unknown, hash: Hash): SavedPlan | { readonly flaw: string } {
  if (!isRecord(document) || document.kind !== SAVED_PLAN_KIND)
    return { flaw: 'is not a plan of gh-permit-sync' };
  if (document.version !== SAVED_PLAN_VERSION) {
    return { flaw: 'was saved by another version of gh-permit-sync' };
  }
  const plan = readPlan(document);
  if (plan === undefined) return { flaw: 'is damaged: fields are missing, or are none that a plan has' };
  const whole =
    plan.config.digest === hash(canonicalJson(plan.config.parts)) &&
    plan.fingerprint === fingerprintOf(plan, hash);
  return whole ? plan : { flaw: 'was changed after it was saved: its fingerprint does not fit' };
}

function readPlan(document: Readonly<Record<string, unknown>>): SavedPlan | undefined {
  const { createdAt, verdict, command, configDigest: digest, config, changes, fingerprint } = document;
  const scope = readScope(command);
  if (typeof createdAt !== 'string' || (verdict !== 'pass' && verdict !== 'refused') || !scope) return;
  if (typeof digest !== 'string' || typeof fingerprint !== 'string' || !isRecord(config)) return;
  const read = parseEach(changes, readChange);
  const graph = document.graph === undefined ? undefined : parseEach(document.graph, readGraphChange);
  if (document.graph !== undefined && graph === undefined) return;
  if (!isTexts(Object.values(config)) || read === undefined) return;
  const parts = config as ConfigDigest['parts'];
  return {
    createdAt,
    verdict,
    scope,
    config: { digest, parts },
    changes: read,
    ...defined({ graph }),
    fingerprint,
  };
}

function readScope(value: unknown): PlanScope | undefined {
  if (!isRecord(value)) return;
  const { orgs, users, mode, adopt } = value;
  if (!isTexts(orgs) || typeof mode !== 'string' || typeof adopt !== 'string') return;
  if (users !== undefined && !isTexts(users)) return;
  return defined({ orgs, users, mode, adopt });
}

function readChange(value: unknown): Change | undefined {
  if (!isRecord(value) || typeof value.user !== 'string' || typeof value.reason !== 'string') return;
  const kind = CHANGE_KINDS.find((one) => one === value.kind);
  if (kind === undefined) return;
  const fields = CHANGES[kind].read(value);
  if (fields === undefined) return;
  // Only compared with today's keys, never written: Permit may hold keys that it would no longer accept.
  const change = plainChange({
    kind,
    user: value.user as UserKey,
    reason: value.reason,
    ...fields,
  } as Change);
  // Fields that no plan has would otherwise slip past the fingerprint.
  return canonicalJson(changeDocument(change)) === canonicalJson(value) ? change : undefined;
}

function readGraphChange(value: unknown): SavedGraphChange | undefined {
  if (!isRecord(value)) return;
  const { target, tenant, reason, attributes } = value;
  const kind = GRAPH_KINDS.find((one) => one === value.kind);
  if (kind === undefined || !isTexts([target, tenant, reason])) return;
  const texts = { target: String(target), tenant: String(tenant), reason: String(reason) };
  const change = {
    kind,
    ...texts,
    ...(isRecord(attributes) ? { attributes: plainAttributes(attributes as Attributes) } : {}),
  };
  return canonicalJson(change) === canonicalJson(value) ? change : undefined;
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
