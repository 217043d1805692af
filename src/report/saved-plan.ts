import { type PlanDifference, planDocument, type SavedPlan } from '../model/saved-plan.ts';
import { count } from '../model/text/text.ts';
import { jsonLine } from './json.ts';
import { changePhrase, plainText } from './words.ts';

/** The file of a saved plan: JSON with one change per line, so that two plans can be compared with `diff`. */
export function renderSavedPlan(plan: SavedPlan): string {
  const { changes, fingerprint, ...head } = planDocument(plan);
  const list = changes.map((change) => `\n    ${jsonLine(change)}`).join(',');
  const fields = [
    ...Object.entries(head).map(([name, value]) => `"${name}": ${jsonLine(value)}`),
    `"changes": [${list}${list === '' ? '' : '\n  '}]`,
    `"fingerprint": ${jsonLine(fingerprint)}`,
  ];
  return `{\n  ${fields.join(',\n  ')}\n}\n`;
}

const MOST_SHOWN = 5;
const WORDS: { readonly [kind in PlanDifference['kind']]: string } = {
  'only saved': 'only in the saved plan',
  'only now': 'only in the new plan',
  altered: 'different in the new plan',
};

/** How many changes differ, and the first few of them, one per line. */
export function describeDifferences(differences: readonly PlanDifference[]): string {
  const shown = differences.slice(0, MOST_SHOWN);
  const rest = differences.length - shown.length;
  return [
    `${count(differences.length, 'change')} ${differences.length === 1 ? 'differs' : 'differ'}:`,
    ...shown.map(({ kind, change }) => `${describeStep(change)} (${WORDS[kind]})`),
    ...(rest > 0 ? [`and ${count(rest, 'more change')}`] : []),
  ].join('\n');
}

function describeStep(change: PlanDifference['change']): string {
  const words = plainText(changePhrase(change, change.user));
  const preposition = change.kind === 'assignRole' ? 'to' : 'from';
  return 'grant' in change ? `${words} ${preposition} ${change.user}` : `${words} ${change.user}`;
}
