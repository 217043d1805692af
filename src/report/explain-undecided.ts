import type { Explanation } from '../model/explanation.ts';
import { globMatches } from '../model/glob.ts';
import type { Grant } from '../model/grant.ts';
import { type Rule, tenantFor } from '../model/rule.ts';

/** A grant of which nobody can tell whether it should hold, and why. */
export type Undecided = { readonly grant: Grant; readonly because: string };

/** The rules that would have to be decided first, by their numbers. */
export function undecidedGrants({ undecided, traces }: Explanation): readonly Undecided[] {
  return undecided.map((id) => {
    const grant = parseGrantId(id);
    const open = traces.filter(({ holds, rule }) => holds === 'undecided' && isAbout(rule, grant));
    const who = open.map(({ number, by }) => `rule ${number} (${by.join(', ')})`).join(' and ');
    const hang = open.length > 1 ? 'hang' : 'hangs';
    const what = who === '' ? 'it hangs' : `${who} ${hang}`;
    return { grant, because: `not known, and left as it is: ${what} on something that could not be read` };
  });
}

/** `tenant/role`, or `tenant/role@type:key`; no key of a tenant or a role holds `/` or `@`. */
function parseGrantId(id: string): Grant {
  const [, tenant = '', role = id, resource] = /^([^/]*)\/([^@]*)(?:@(.*))?$/s.exec(id) ?? [];
  return { tenant, role, ...(resource === undefined ? {} : { resource }) };
}

const isAbout = ({ roles, tenant }: Rule, grant: Grant): boolean =>
  roles.some((role) => globMatches(role, grant.role, 'exact case')) &&
  globMatches(tenantFor(tenant, '*'), grant.tenant);
