/** What `doctor` examines, in the order of its report. */
export const AREAS = ['settings', 'mapping', 'github', 'webhook', 'permit', 'pdp', 'redis'] as const;
export type Area = (typeof AREAS)[number];

/**
 * `skipped`: could not be checked, or does not apply. `warning`: works, but not as it should or not for long.
 * `failed`: something is broken.
 */
export type Health = 'ok' | 'skipped' | 'warning' | 'failed';
/** The state of everything that was checked. */
export type Condition = Exclude<Health, 'skipped'>;

/**
 * One line of `doctor`: what was found, and the next step if there is one. Neither holds a secret.
 * `id` never changes, so that scripts can match on it. Its subject follows a colon (`github.owners:acme`).
 */
export type Finding = {
  readonly id: string;
  readonly area: Area;
  readonly status: Health;
  readonly message: string;
  readonly hint?: string;
};

/** Makes the findings of one area. */
export const findingsIn = (area: Area) => ({
  ok: (id: string, message: string): Finding => ({ id, area, status: 'ok', message }),
  skipped: (id: string, message: string): Finding => ({ id, area, status: 'skipped', message }),
  warning: (id: string, message: string, hint: string): Finding => ({
    ...{ id, area, message, hint },
    status: 'warning',
  }),
  failed: (id: string, message: string, hint: string): Finding => ({
    ...{ id, area, message, hint },
    status: 'failed',
  }),
});

/** The worst of the findings. */
export function worst(findings: readonly Finding[]): Condition {
  if (findings.some(({ status }) => status === 'failed')) return 'failed';
  return findings.some(({ status }) => status === 'warning') ? 'warning' : 'ok';
}

/** What a service answered to one question of `doctor`, or why it did not. */
export type Answered<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'refused'; readonly message: string; readonly hint: string };

/** Requests an hour. A GitHub Enterprise Server without a limit has none. */
export type Quota = { readonly limit: number; readonly remaining: number; readonly resetMs: number };

/**
 * What the credentials see of one organization. Each question is asked only if the previous one was answered.
 */
export type OrgView = {
  readonly organization: Answered<{ readonly id: number; readonly login: string }>;
  /** How many are shown, and whether there are more pages. */
  readonly owners?: Answered<{ readonly shown: number; readonly more: boolean }>;
  /** Whether GitHub answers about a membership, as it does for credentials that see concealed members. */
  readonly concealed?: Answered<boolean>;
};
