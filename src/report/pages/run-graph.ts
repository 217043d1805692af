import type { Outcome, Sign } from '../../model/change.ts';
import { compareText } from '../../model/identity.ts';
import { baseOfRelation, roleOfRelation } from '../../model/repositories/access-model.ts';
import {
  GRAPH_CHANGES,
  GRAPH_KINDS,
  type GraphChange,
  type GraphResult,
} from '../../model/repositories/graph-change.ts';
import { defined, getOrMake } from '../../model/text/record.ts';
import { outcomeFields } from '../json.ts';
import { type Group, name, type Phrase, type Remark, type Row, type Section } from '../page.ts';
import { countKinds, graphResultsOf, type RunReport } from '../run-report.ts';

/** The counts of a table: to add, to change, to remove. */
export function graphCountRows(
  changes: readonly GraphChange[],
): readonly (readonly [string, number, number, number])[] {
  const counts = countKinds(GRAPH_KINDS, changes);
  return [
    [
      'Repositories, teams, organizations',
      counts.createInstance,
      counts.updateInstance,
      counts.deleteInstance,
    ],
    ['Links between them', counts.createTuple, 0, counts.deleteTuple],
  ];
}

/** Repositories, teams and links, grouped by the repository or team; losses first. */
export function graphSection(report: RunReport, outcomeRemark: (outcome: Outcome) => Remark): Section {
  const byTitle = new Map<string, GraphResult[]>();
  for (const result of graphResultsOf(report)) {
    const { repository, team } = result.change;
    const title = repository ?? (team === undefined ? 'organization' : `team ${team}`);
    getOrMake(byTitle, title, () => []).push(result);
  }
  const losesSomething = (results: readonly GraphResult[]): boolean =>
    results.some(({ change }) => isLoss(change));
  const sorted = [...byTitle].sort(
    ([a, one], [b, other]) =>
      Number(losesSomething(other)) - Number(losesSomething(one)) || compareText(a, b),
  );
  const groups = sorted.map(([title, results]): Group => {
    const [only, ...more] = new Set(results.map(({ change }) => GRAPH_CHANGES[change.kind].sign));
    const sign: Sign = more.length === 0 && only ? only : '~';
    return {
      sign,
      title: [{ ...name(title), strong: true }],
      rows: results.map(
        ({ change, outcome }): Row => ({
          sign: GRAPH_CHANGES[change.kind].sign,
          label: graphPhrase(change),
          remarks: [{ text: change.reason, tone: 'faint' }, outcomeRemark(outcome)],
        }),
      ),
      rank: results.some(({ outcome }) => outcome.kind === 'failed') ? 0 : losesSomething(results) ? 1 : 2,
      kind: SIGN_WORDS[sign],
    };
  });
  return {
    kind: 'groups',
    title: 'Repositories and teams',
    columns: ['Repository or team', 'Change', 'Reason', 'Outcome'],
    noun: ['repository or team', 'repositories and teams'],
    groups,
  };
}

const SIGN_WORDS = { '+': 'new', '~': 'changed', '-': 'removed' } as const;

const isLoss = (change: GraphChange): boolean =>
  change.kind === 'deleteInstance' || (change.kind === 'deleteTuple' && !change.isReplaced);

/** "create", "link the team acme/platform as writer", "link the organization, base permission read". */
export function graphPhrase(change: GraphChange): Phrase {
  const { verb } = GRAPH_CHANGES[change.kind];
  if (!('object' in change)) return [`${verb} `, name(change.name)];
  const base = baseOfRelation(change.relation);
  if (base !== undefined) return [`${verb} base permission `, name(base)];
  const role = roleOfRelation(change.relation) ?? change.relation;
  return [`${verb} team `, name(change.team ?? change.subject), ' as ', name(role)];
}

/** The fields of a change in JSON. */
export function graphFields({ change, outcome }: GraphResult) {
  return { ...graphChangeFields(change), ...outcomeFields(outcome) };
}

export function graphChangeFields(change: GraphChange) {
  const { kind, reason, repository, team } = change;
  const about = defined({ repository, team });
  if (!('object' in change)) {
    const { name: instance, tenant } = change;
    return { kind, instance, tenant, ...about, reason };
  }
  const { subject, relation, object, tenant } = change;
  return { kind, subject, relation, object, tenant, ...about, reason };
}
