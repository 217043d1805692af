import { compareText } from '../../model/identity.ts';
import { isSameJson, MANAGED_BY_PREFIX } from '../../model/mark.ts';
import type { GraphPlan, Note, Skipped } from '../../model/plan.ts';
import { type Level, ORG_TYPE, REPOSITORY_TYPE, TEAM_TYPE } from '../../model/repositories/access-model.ts';
import type { LinkLoss } from '../../model/repositories/facts.ts';
import type { PermitInstance } from '../../model/repositories/graph.ts';
import { compareGraphChanges } from '../../model/repositories/graph-change.ts';
import { groupBy } from '../../model/text/record.ts';
import { enumerate } from '../../model/text/text.ts';
import type { Attributes } from '../../model/user.ts';
import type { PlanInput } from '../plan-input.ts';
import { orgsNotMirrored, orgsToMirror, type WantedInstance, wantedInstances } from './desired-graph.ts';
import { diffLinks } from './diff-links.ts';
import { foreignUseIn } from './foreign-use.ts';
import { addWaiting, type GraphDiff, isAsked, isLost, mayTake } from './graph-diff.ts';
import { mayBeOfUnreadOrg } from './kept.ts';
import {
  describeInstance,
  describeNotMirrored,
  type OwnedInstance,
  ownedInstance,
  rememberedRoles,
  roleAttributes,
} from './owned-instance.ts';

/**
 * Compares the instances and links that should exist with those that do (docs/REPOSITORIES.md). Only instances with our
 * mark, and links by the model's relations to them, are changed. Pure.
 * @returns undefined if the graph was not read, and in a run that is narrowed to logins.
 */
export function diffGraph(
  input: PlanInput,
):
  | { readonly graph: GraphPlan; readonly notes: readonly Note[]; readonly skipped: readonly Skipped[] }
  | undefined {
  const { graph, repositories: settings, owner } = input;
  if (graph === undefined) return undefined;
  const listings = new Map(orgsToMirror(input).map((one) => [one.id, one]));
  // A part of the people shows too little of what else is there.
  const isWhole = input.logins === undefined && input.ids === undefined;
  const notMirrored = new Map(isWhole ? orgsNotMirrored(input).map((one) => [one.id, one.org]) : []);
  if (listings.size + notMirrored.size === 0) return undefined;
  const all = [...graph.instances.values()].flatMap((one) => ownedInstance(one, owner) ?? []);
  const asked = all.filter(({ org }) => listings.has(org) || notMirrored.has(org));
  let foreignUse: ReturnType<typeof foreignUseIn> | undefined;
  const diff: GraphDiff = {
    ...{ input, tenant: settings?.tenant ?? '', graph, listings, notMirrored },
    wanted: wantedInstances([...listings.values()], input),
    owned: new Map(asked.map((one) => [one.instance.name, one])),
    ...{ changes: [], losses: new Map(), gone: new Set(), waiting: new Map() },
    foreignUse: () => {
      foreignUse ??= foreignUseIn(input);
      return foreignUse;
    },
  };
  const taken = diffInstances(diff);
  diffLinks(diff, new Set([...taken.foreign, ...taken.elsewhere, ...taken.waiting]));
  return {
    graph: {
      changes: diff.changes.sort(compareGraphChanges),
      losses: [...diff.losses.values()],
      gone: [...diff.gone].sort(),
      kept: [...(input.keptLinks?.values() ?? [])].flatMap(({ about, why }) =>
        why === undefined ? [] : about,
      ),
      before: input.graphCounts ?? countBefore(diff),
      waiting: [...diff.waiting]
        .sort(([a], [b]) => compareText(a, b))
        .map(([name, many]) => ({ name, many })),
    },
    notes: [...keptNotes(input), ...foreignUseNotes(diff)],
    skipped: [...skipForeign(taken, diff), ...unclearLosses(input)],
  };
}

/** Wanted instances that can't be written: someone else's, ours in another tenant, or waiting for `policy`. */
type UnwritableInstances = { readonly [why in 'foreign' | 'elsewhere' | 'waiting']: Set<string> };

function diffInstances(diff: GraphDiff): UnwritableInstances {
  const { graph, wanted, owned, changes, input } = diff;
  const taken: UnwritableInstances = { foreign: new Set(), elsewhere: new Set(), waiting: new Set() };
  const created = new Set([...graph.model.roles].map((role) => role.slice(0, role.indexOf('#'))));
  for (const [name, one] of wanted) {
    const held = graph.instances.get(name);
    const named = namesOf(one);
    if (held === undefined && !canBeMade(one, created, diff)) {
      taken.waiting.add(name);
      continue;
    }
    if (held === undefined) {
      const reason = `${describeInstance(one)} is on GitHub`;
      const attributes = { ...one.instance.attributes, ...rolesToRemember(one, undefined, diff) };
      changes.push({ kind: 'createInstance', ...one.instance, attributes, ...named, reason });
      continue;
    }
    const own = ownedInstance(held, input.owner);
    if (own === undefined) {
      taken.foreign.add(name);
      continue;
    }
    if (held.tenant !== one.instance.tenant) {
      taken.elsewhere.add(name);
      // Permit ties an instance to its tenant. The next run creates it in the new one. A drain sees too little of what
      // goes with an organization or team.
      if (mayTake(diff) && input.ids === undefined)
        drop(diff, own, `repositories.tenant is ${one.instance.tenant} now`);
      continue;
    }
    const attributes: Attributes = {
      ...held.attributes,
      ...one.instance.attributes,
      ...rolesToRemember(one, held, diff),
    };
    if (isSameJson(attributes, held.attributes)) continue;
    const reason = describeUpdate(held.attributes, attributes);
    changes.push({
      kind: 'updateInstance',
      ...one.instance,
      attributes,
      from: held.attributes,
      ...named,
      reason,
    });
  }
  for (const [name, own] of owned) {
    if (!wanted.has(name) && isAsked(own, diff.listings)) loseInstance(diff, own);
  }
  return taken;
}

/**
 * The organization roles with a level on all repositories, for the organization's instance: those that are listed, and
 * those that were written and whose end GitHub did not confirm.
 * @returns undefined if the roles were not read, or there are none to remember.
 */
function rolesToRemember(
  { type, org }: WantedInstance,
  held: PermitInstance | undefined,
  diff: GraphDiff,
): Attributes | undefined {
  const { orgRoles, unread = [] } = diff.listings.get(org) ?? {};
  if (type !== ORG_TYPE || orgRoles === undefined || unread.some(({ what }) => what.kind === 'org-role'))
    return undefined;
  const listed = new Map(
    orgRoles.flatMap(({ id, base }) => (base === undefined ? [] : [[id, base] as const])),
  );
  const before = held ? rememberedRoles(held) : new Map<number, Level>();
  const kept = [...before].filter(([id, level]) => {
    const loss: LinkLoss = { kind: 'org-role', org, id, level };
    return listed.get(id) !== level && !isLost(loss, diff);
  });
  return listed.size + before.size === 0 ? undefined : roleAttributes(new Map([...listed, ...kept]));
}

/**
 * Whether Permit has its resource and its tenant. A missing tenant is reported with the grants that name it.
 * @param created the resources that `policy` has created.
 */
function canBeMade(
  { type, instance }: WantedInstance,
  created: ReadonlySet<string>,
  { input, waiting }: GraphDiff,
): boolean {
  if (input.missing?.tenants.includes(instance.tenant)) return false;
  if (!created.has(type)) addWaiting(waiting, `resource ${type}`);
  return created.has(type);
}

function loseInstance(diff: GraphDiff, own: OwnedInstance): void {
  const { listings, notMirrored, input } = diff;
  const { type, id, org } = own;
  if (!mayTake(diff) || mayBeOfUnreadOrg(own, input)) return;
  const name = notMirrored.get(org);
  if (name !== undefined) drop(diff, own, describeNotMirrored(name));
  if (name !== undefined || type === ORG_TYPE) return;
  const leftOut = listings.get(org)?.repositories.leftOut.get(id);
  if (type === REPOSITORY_TYPE && leftOut === 'excluded') {
    drop(diff, own, `repositories.match leaves out ${own.title}`);
    return;
  }
  const loss: LinkLoss = { kind: type === TEAM_TYPE ? 'team' : 'repository', org, id };
  if (!isLost(loss, diff)) return;
  const why = leftOut === 'archived' ? 'is archived' : 'is no longer there';
  drop(diff, own, `${describeInstance(own)} ${why}`);
}

/**
 * No managed grant or link is left on it. If others use it, it stays, since deleting it would delete their grants too.
 */
function drop(diff: GraphDiff, own: OwnedInstance, reason: string): void {
  const { changes, gone, foreignUse, graph } = diff;
  const { name, tenant } = own.instance;
  gone.add(name);
  // What was not asked about waits for the next run.
  const isKnown = graph.uses === undefined || graph.uses.of.has(name);
  if (isKnown && !foreignUse().has(name))
    changes.push({ kind: 'deleteInstance', name, tenant, ...namesOf(own), reason });
}

const namesOf = ({ type, title }: Pick<OwnedInstance, 'type' | 'title'>) =>
  type === REPOSITORY_TYPE ? { repository: title } : type === TEAM_TYPE ? { team: title } : {};

function describeUpdate(from: Attributes, to: Attributes): string {
  const differing = Object.keys(to).filter((key) => !isSameJson(from[key] ?? null, to[key] ?? null));
  return differing
    .map((key) => `${key} ${JSON.stringify(from[key] ?? null)} → ${JSON.stringify(to[key])}`)
    .join(', ');
}

/** The totals that the ratios of the limits refer to. */
function countBefore({ owned, graph, input }: GraphDiff): GraphPlan['before'] {
  const repositories = [...owned.values()].filter(({ type }) => type === REPOSITORY_TYPE).length;
  const tuples = graph.tuples.filter(({ object }) => owned.has(object)).length;
  const grants = input.users.reduce(
    (sum, user) =>
      sum + user.grants.filter(({ resource }) => resource !== undefined && owned.has(resource)).length,
    0,
  );
  return { repositories, links: tuples + grants };
}

/** One for the instances without a valid mark, and one for each other owner. */
function skipForeign({ foreign }: UnwritableInstances, { graph }: GraphDiff): readonly Skipped[] {
  const names = [...foreign].sort();
  const ownerOf = (name: string): string | undefined => otherOwnerOf(graph.instances.get(name));
  const unmarked = names.filter((name) => ownerOf(name) === undefined);
  return [
    ...skipOf('KEY_TAKEN', unmarked, 'in Permit without our mark', (them) => {
      return `: delete ${them} if nothing else needs ${them}`;
    }),
    ...[...groupBy(names, ownerOf)].flatMap(([owner, theirs]) =>
      skipOf('FOREIGN_OWNER', theirs, `managed by the owner ${owner}`, (them) => {
        return ` here; let one config mirror ${them}`;
      }),
    ),
  ];
}

function skipOf(
  code: Skipped['code'],
  names: readonly string[],
  what: string,
  next: (them: string) => string,
): readonly Skipped[] {
  const [first, ...more] = names;
  if (first === undefined) return [];
  const [are, them] = more.length === 0 ? ['is', 'it'] : ['are', 'them'];
  const message = `${enumerate(names)} ${are} ${what}, so nobody is given anything on ${them}${next(them)}`;
  return [{ id: undefined, user: first, code, message }];
}

/** @returns undefined if no owner's mark is whole and valid. */
function otherOwnerOf(instance: PermitInstance | undefined): string | undefined {
  const managedBy = instance?.attributes.managed_by;
  if (instance === undefined || typeof managedBy !== 'string') return undefined;
  const owner = managedBy.slice(MANAGED_BY_PREFIX.length);
  return owner !== '' && ownedInstance(instance, owner) ? owner : undefined;
}

function keptNotes({ keptLinks }: PlanInput): readonly Note[] {
  const titles = [...(keptLinks?.values() ?? [])].flatMap(({ title, why }) =>
    why === undefined ? [title] : [],
  );
  if (titles.length === 0) return [];
  const message = `${enumerate(titles)}: kept, since GitHub confirmed it when asked about it alone; the listing had said otherwise`;
  return [{ code: 'KEPT_UNCONFIRMED', users: titles, message }];
}

function foreignUseNotes({ gone, foreignUse }: GraphDiff): readonly Note[] {
  return [...gone].sort().flatMap((name): readonly Note[] => {
    const uses = foreignUse().get(name);
    if (uses === undefined) return [];
    const message = `${name} is no longer mirrored and stays in Permit, since others use it: ${enumerate(uses)}`;
    return [{ code: 'KEPT_FOREIGN', users: [name], message }];
  });
}

/** Losses that GitHub did not clearly confirm. They don't happen in this run. */
const unclearLosses = ({ keptLinks }: PlanInput): readonly Skipped[] =>
  [...(keptLinks?.values() ?? [])].flatMap(({ title, why }) =>
    why === undefined
      ? []
      : [
          {
            id: undefined,
            user: title,
            code: 'LOOKUP_FAILED' as const,
            message: `${title} is kept, since GitHub gave no clear answer about it: ${why}`,
          },
        ],
  );
