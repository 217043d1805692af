import { expect, test } from 'vitest';
import { renderAnnotations, renderOutputs } from '../../../src/report/actions.ts';
import type { Page } from '../../../src/report/page.ts';
import { checkPage } from '../../../src/report/pages/check.ts';
import { doctorPage } from '../../../src/report/pages/doctor.ts';
import { explainPage } from '../../../src/report/pages/explain.ts';
import { policyPage } from '../../../src/report/pages/policy.ts';
import { queuePage } from '../../../src/report/pages/queue.ts';
import { redeliverPage } from '../../../src/report/pages/redeliver.ts';
import { runPage } from '../../../src/report/pages/run.ts';
import { verifyPage } from '../../../src/report/pages/verify.ts';
import { render } from '../../../src/report/render.ts';
import { CHECKS, DOCTORS, EXPLAINS, POLICIES, QUEUES, REDELIVERIES, RUNS, VERIFICATIONS } from './cases.ts';

const each = <R>(folder: string, reports: Readonly<Record<string, R>>, pageOf: (report: R) => Page) =>
  Object.entries(reports).map(([name, report]) => ({ file: `${folder}/${name}`, page: pageOf(report) }));

const CASES = [
  ...each('run', RUNS, runPage),
  ...each('doctor', DOCTORS, doctorPage),
  ...each('explain', EXPLAINS, explainPage),
  ...each('check', CHECKS, checkPage),
  ...each('policy', POLICIES, policyPage),
  ...each('queue', QUEUES, queuePage),
  ...each('redeliver', REDELIVERIES, redeliverPage),
  ...each('verify', VERIFICATIONS, verifyPage),
];

/** Escape sequences in a form that a reader of the golden file can see. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colors
const visible = (text: string): string => text.replace(/\u001b\[(\d+)m/g, '⟨$1⟩');

function allForms(page: Page): string {
  const text = (color: boolean, width?: number): string => render(page, { format: 'text', color, width });
  const { actions } = page;
  return [
    ...[60, 80, 120].map((width) => `=== text, ${width} columns\n${text(false, width)}`),
    `=== text, piped\n${text(false)}`,
    `=== text, colour\n${visible(text(true, 100))}`,
    `=== markdown\n${render(page, { format: 'markdown', color: false })}`,
    ...(actions ? [`=== actions\n${renderAnnotations(actions)}${renderOutputs(actions)}`] : []),
    `=== json\n${render(page, { format: 'json', color: false })}`,
  ].join('');
}

test.each(CASES)('$file', async ({ file, page }) => {
  await expect(allForms(page)).toMatchFileSnapshot(`golden/${file}.txt`);
});
