import { expect, test } from 'vitest';
import { annotations, outputs } from '../../../src/report/actions.ts';
import { renderCheckJson, renderCheckMarkdown, renderCheckText } from '../../../src/report/check-report.ts';
import { renderDoctorJson } from '../../../src/report/doctor-json.ts';
import { renderDoctorMarkdown } from '../../../src/report/doctor-markdown.ts';
import { renderDoctorText } from '../../../src/report/doctor-text.ts';
import { renderExplainJson, renderExplainMarkdown, renderExplainText } from '../../../src/report/explain.ts';
import { renderJson } from '../../../src/report/json.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import { renderPolicyJson } from '../../../src/report/policy-json.ts';
import { renderPolicyMarkdown } from '../../../src/report/policy-markdown.ts';
import { renderPolicyText } from '../../../src/report/policy-text.ts';
import { renderQueueJson } from '../../../src/report/queue-json.ts';
import { renderQueueMarkdown } from '../../../src/report/queue-markdown.ts';
import { renderQueueText } from '../../../src/report/queue-text.ts';
import { renderRedeliverJson } from '../../../src/report/redeliver-json.ts';
import { renderRedeliverMarkdown } from '../../../src/report/redeliver-markdown.ts';
import { renderRedeliverText } from '../../../src/report/redeliver-text.ts';
import { renderText } from '../../../src/report/text.ts';
import { CHECKS, DOCTORS, EXPLAINS, POLICIES, QUEUES, REDELIVERIES, RUNS } from './cases.ts';

type Forms = {
  readonly text: (options: { color: boolean; width?: number }) => string;
  readonly markdown: () => string;
  readonly json: () => string;
  readonly actions?: () => string;
};

const each = <R>(folder: string, reports: Readonly<Record<string, R>>, forms: (report: R) => Forms) =>
  Object.entries(reports).map(([name, report]) => ({ file: `${folder}/${name}`, forms: forms(report) }));

const CASES = [
  ...each('run', RUNS, (one) => ({
    text: (options) => renderText(one, options),
    markdown: () => renderMarkdown(one),
    json: () => renderJson(one),
    actions: () => annotations(one) + outputs(one),
  })),
  ...each('doctor', DOCTORS, (one) => ({
    text: (options) => renderDoctorText(one, options),
    markdown: () => renderDoctorMarkdown(one),
    json: () => renderDoctorJson(one),
  })),
  ...each('explain', EXPLAINS, (one) => ({
    text: (options) => renderExplainText(one, options),
    markdown: () => renderExplainMarkdown(one),
    json: () => renderExplainJson(one),
  })),
  ...each('check', CHECKS, (one) => ({
    text: (options) => renderCheckText(one, options),
    markdown: () => renderCheckMarkdown(one),
    json: () => renderCheckJson(one),
  })),
  ...each('policy', POLICIES, (one) => ({
    text: (options) => renderPolicyText(one, options),
    markdown: () => renderPolicyMarkdown(one),
    json: () => renderPolicyJson(one),
  })),
  ...each('queue', QUEUES, (one) => ({
    text: (options) => renderQueueText(one, { ...options, quiet: false }),
    markdown: () => renderQueueMarkdown(one),
    json: () => renderQueueJson(one),
  })),
  ...each('redeliver', REDELIVERIES, (one) => ({
    text: (options) => renderRedeliverText(one, options),
    markdown: () => renderRedeliverMarkdown(one),
    json: () => renderRedeliverJson(one),
  })),
];

/** Escape sequences in a form that a reader of the golden file can see. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the very sequences that colour consists of
const visible = (text: string): string => text.replace(/\u001b\[(\d+)m/g, '⟨$1⟩');

function allForms({ text, markdown, json, actions }: Forms): string {
  return [
    ...[60, 80, 120].map((width) => `=== text, ${width} columns\n${text({ color: false, width })}`),
    `=== text, piped\n${text({ color: false })}`,
    `=== text, colour\n${visible(text({ color: true, width: 100 }))}`,
    `=== markdown\n${markdown()}`,
    ...(actions ? [`=== actions\n${actions()}`] : []),
    `=== json\n${json()}`,
  ].join('');
}

test.each(CASES)('$file', async ({ file, forms }) => {
  await expect(allForms(forms)).toMatchFileSnapshot(`golden/${file}.txt`);
});
