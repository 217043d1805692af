import { GRAPH_CHANGES } from '../model/repositories/graph-change.ts';
import { type PlanDifference, planDocument, type SavedPlan } from '../model/saved-plan.ts';
import { count } from '../model/text/text.ts';
import { jsonLine } from './json.ts';
import { plainText } from './page.ts';
import { changePhrase } from './words.ts';

/** The file of a saved plan: JSON with one change per line, so that two plans can be compared with `diff`. */
export function renderSavedPlan(plan: SavedPlan): string {
  const { changes, graph, fingerprint, ...head } = planDocument(plan);
  const listOf = (items: readonly unknown[]): string =>
    `[${items.map((one) => `\n    ${jsonLine(one)}`).join(',')}${items.length === 0 ? '' : '\n  '}]`;
  const fields = [
    ...Object.entries(head).map(([name, value]) => `"${name}": ${jsonLine(value)}`),
    `"changes": ${listOf(changes)}`,
    ...(graph === undefined ? [] : [`"graph": ${listOf(graph)}`]),
    `"fingerprint": ${jsonLine(fingerprint)}`,
  ];
  return `{\n  ${fields.join(',\n  ')}\n}\n`;
}

const MAX_DIFFERENCES = 5;
const WORDS: { readonly [kind in PlanDifference['kind']]: string } = {
  'only saved': 'only in the saved plan',
  'only now': 'only in the new plan',
  altered: 'different in the new plan',
};

/** How many changes differ, and the first few of them, one per line. */
export function describeDifferences(differences: readonly PlanDifference[]): string {
  const shown = differences.slice(0, MAX_DIFFERENCES);
  const rest = differences.length - shown.length;
  return [
    `${count(differences.length, 'change')} ${differences.length === 1 ? 'differs' : 'differ'}:`,
    ...shown.map(({ kind, change }) => `${describeStep(change)} (${WORDS[kind]})`),
    ...(rest > 0 ? [`and ${count(rest, 'more change')}`] : []),
  ].join('\n');
}

function describeStep(change: PlanDifference['change']): string {
  if ('target' in change) return `${GRAPH_CHANGES[change.kind].verb} ${change.target}`;
  const words = plainText(changePhrase(change, change.user));
  const preposition = change.kind === 'assignRole' ? 'to' : 'from';
  return 'grant' in change ? `${words} ${preposition} ${change.user}` : `${words} ${change.user}`;
}
