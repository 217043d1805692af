import type { Grant } from '../model/grant.ts';
import type { Problem, Warning } from '../model/problem.ts';
import type { Page } from './page.ts';
import type { Cost } from './run-report.ts';

/** The document of CONTRACT §9. Text from outside is kept, but escaped so that it has no effect on a terminal. */
export const renderJson = ({ document }: Pick<Page, 'document'>): string =>
  `${escapeInvisible(JSON.stringify(document, null, 2))}\n`;

/** A document on one line, without the line break: for files with a document a line. */
export const jsonLine = (document: unknown): string => escapeInvisible(JSON.stringify(document));

/** A grant's fields, as every document has them. */
export function grantFields({ role, tenant, resource }: Grant) {
  return { role, tenant, ...(resource === undefined ? {} : { resource }) };
}

/** The warnings of a document. */
export const warningFields = (warnings: readonly Warning[]) =>
  warnings.map(({ code, message }) => ({ code, message }));

/** The last fields of every document about a run: what it cost, and the error that ended it. */
export function endFields({ requests, durationMs, error }: Cost & { readonly error?: Problem | undefined }) {
  return {
    requests: { github: requests.github, permit: requests.permit },
    durationMs,
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message, hint: error.hint } }),
  };
}

/** An outcome's fields, as every document has them. */
export function outcomeFields<K extends string>(outcome: {
  readonly kind: K;
  readonly code?: string;
  readonly message?: string;
  readonly why?: string;
}) {
  const { kind, code, message, why } = outcome;
  return {
    outcome: kind,
    ...(kind === 'failed' ? { error: { code: code ?? '', message: message ?? '' } } : {}),
    ...(kind === 'skipped' ? { why } : {}),
  };
}

/**
 * JSON leaves DEL, the C1 controls, line separators and format characters (bidirectional overrides among them)
 * unescaped, and `##[` is a workflow command to GitHub's runner. All of them can only occur inside strings, where an
 * escape means the same.
 */
function escapeInvisible(json: string): string {
  return json
    .replace(/[\u007F-\u009F\u2028\u2029\p{Cf}]/gu, (character) =>
      Array.from({ length: character.length }, (_, unit) => escapeUnit(character.charCodeAt(unit))).join(''),
    )
    .replaceAll('##[', `##${escapeUnit('['.charCodeAt(0))}`);
}

const escapeUnit = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;
