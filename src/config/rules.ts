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
      subject: listOf(grant.subject),
      also: listOf(grant.also ?? []),
      unless: listOf(grant.unless ?? []),
      effect,
      roles: grant.roles,
      tenant: grant.tenant ?? (effect === 'deny' ? '*' : tenant),
      ...(grant.resource === undefined ? {} : { resource: grant.resource }),
    };
  });
}

const listOf = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;
