import type { Condition, Finding, Health } from '../model/finding.ts';

/** All that `doctor` has to say. */
export type DoctorReport = {
  readonly status: Condition;
  readonly orgs: readonly string[];
  /** In the order in which they are shown. */
  readonly findings: readonly Finding[];
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
};

/** How often each status occurs. */
export function countHealth(findings: readonly Finding[]): { readonly [health in Health]: number } {
  const number = (wanted: Health): number => findings.filter(({ status }) => status === wanted).length;
  return {
    ok: number('ok'),
    skipped: number('skipped'),
    warning: number('warning'),
    failed: number('failed'),
  };
}
