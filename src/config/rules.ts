import { LocatorPattern } from '../model/locator.ts';
import { defaultRules, type Rule } from '../model/rule.ts';
import type { RuleConfig } from './schema.ts';

/**
 * The rules of the file, each with lists in place of single values.
 * @param tenant for an `allow` that names none. A `deny` that names none holds in every tenant: who wants bots kept
 * out means everywhere.
 */
export function rulesOf(grants: readonly RuleConfig[] | undefined, tenant: string): readonly Rule[] {
  if (grants === undefined) return defaultRules(tenant);
  return grants.map((grant) => {
    const effect = grant.effect ?? 'allow';
    return {
      subject: patternsIn(grant.subject),
      also: patternsIn(grant.also ?? []),
      unless: patternsIn(grant.unless ?? []),
      effect,
      roles: grant.roles,
      tenant: grant.tenant ?? (effect === 'deny' ? '*' : tenant),
      ...(grant.resource === undefined ? {} : { resource: grant.resource }),
    };
  });
}

const patternsIn = (value: string | readonly string[]): readonly LocatorPattern[] =>
  [value].flat().map((text) => new LocatorPattern(text));
