/**
 * One line of the mapping from GitHub to Permit (CONTRACT §4). It holds for a person when any pattern of `subject`
 * matches one of the person's locators, every pattern of `also` does too, and none of `unless` does.
 * Rules are read from the strongest to the weakest: the order decides what is a promotion, never who gets what.
 */
export type Rule = {
  readonly subject: readonly string[];
  readonly also: readonly string[];
  readonly unless: readonly string[];
} & (
  | {
      readonly effect: 'allow';
      readonly roles: readonly string[];
      /** A tenant key; `{org}` stands for the organization that the matching locator names. */
      readonly tenant: string;
      /** "type:key" of a resource instance. */
      readonly resource?: string;
    }
  | {
      /** Patterns in which `*` matches any run of characters. Deny wins, wherever it stands. */
      readonly effect: 'deny';
      readonly roles: readonly string[];
      readonly tenant: string;
      readonly resource?: string;
    }
);

/** What holds without rules of one's own: owners are `admin`, all others `member`. */
export function defaultRules(tenant: string): readonly Rule[] {
  const give = (role: string): Rule => ({
    subject: [`github:*:role:${role}`],
    also: [],
    unless: [],
    effect: 'allow',
    roles: [role],
    tenant,
  });
  return [give('admin'), give('member')];
}
