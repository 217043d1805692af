import { count, sanitizeLines } from '../model/text/text.ts';
import type { ActionsReport, Annotation } from './page.ts';

/** GitHub shows ten errors and ten warnings of a step and silently drops the rest. */
const MAX_ANNOTATIONS = 10;

/** Workflow commands for GitHub's runner, one a line; "" where there is nothing to annotate. */
export function renderAnnotations({ errors, warnings }: ActionsReport): string {
  const lines = [
    ...shown(errors, 'error').map((annotation) => command('error', annotation)),
    ...shown(warnings, 'warning').map((annotation) => command('warning', annotation)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Lines for the file that `GITHUB_OUTPUT` names. */
export const renderOutputs = ({ outputs }: ActionsReport): string =>
  Object.entries(outputs)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

/** The last of the ten says how many more there are. */
function shown(annotations: readonly Annotation[], noun: string): readonly Annotation[] {
  if (annotations.length <= MAX_ANNOTATIONS) return annotations;
  const first = annotations.slice(0, MAX_ANNOTATIONS - 1);
  const rest = count(annotations.length - first.length, `more ${noun}`);
  return [...first, { title: rest, message: `${rest}; the job summary and --output json have them all.` }];
}

/** `::error title=…::…`, escaped as the runner unescapes it (ActionCommand.cs: `%` first). */
function command(level: 'error' | 'warning', { title, message }: Annotation): string {
  const property = escapeData(`gh-permit-sync: ${title}`).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${level} title=${property}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return sanitizeLines(text)
    .join('\n')
    .replaceAll('%', '%25')
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A');
}
