/** What `doctor` looks into, in the order of its report. */
export const AREAS = ['settings', 'mapping', 'github', 'webhook', 'permit', 'pdp', 'redis'] as const;
export type Area = (typeof AREAS)[number];

/**
 * `skipped`: could not be looked into, or does not apply. `warning`: works, but not as it should or not for long.
 * `failed`: something is broken.
 */
export type Health = 'ok' | 'skipped' | 'warning' | 'failed';
/** How bad all of it is; what was skipped says nothing about that. */
export type Condition = Exclude<Health, 'skipped'>;

/**
 * One line of `doctor`: what was found, and the next step where there is one. Neither holds a secret.
 * `id` never changes, so that scripts can match on it; it names its subject behind a colon (`github.owners:acme`).
 */
export type Finding = {
  readonly id: string;
  readonly area: Area;
  readonly status: Health;
  readonly message: string;
  readonly hint?: string;
};

/** How bad all of it is: the worst of the findings. */
export function worst(findings: readonly Finding[]): Condition {
  if (findings.some(({ status }) => status === 'failed')) return 'failed';
  return findings.some(({ status }) => status === 'warning') ? 'warning' : 'ok';
}
