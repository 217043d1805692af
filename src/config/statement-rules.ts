import { canMatchOrganization, kindsMatched } from '../model/locator.ts';
import { enumerate } from '../model/text.ts';
import { type Flaw, quoted } from './flaw.ts';
import { covers, openToAnyTeam, organizationOf } from './locator.ts';
import { suggestion } from './suggest.ts';

/** A flaw of one statement; `path` from the statement on. */
export type StatementFlaw = Flaw & { readonly path: readonly (string | number)[] };

const LISTS = ['subject', 'also', 'unless'] as const;
type Located = { readonly path: readonly (string | number)[]; readonly pattern: string };

/**
 * What is wrong with a statement although each of its values has a valid form.
 * @param statement as it stands in the file, of any shape: values of a wrong shape are passed over here, since the
 * schema objects to them.
 */
export function statementFlaws(statement: unknown): readonly StatementFlaw[] {
  if (typeof statement !== 'object' || statement === null) return [];
  const { effect, tenant, resource } = statement as { [key: string]: unknown };
  const flaws = neverHolds(statement);
  if (effect !== undefined && effect !== 'allow') return flaws;

  const mend = 'only a deny may hold *';
  for (const { path, pattern } of textsAt(statement, 'roles')) {
    if (pattern.includes('*'))
      flaws.push({ path, what: `${quoted(pattern)}: an allow names each role`, mend });
  }
  if (typeof tenant === 'string' && tenant.includes('*')) {
    flaws.push({ path: ['tenant'], what: `${quoted(tenant)}: an allow names its tenant`, mend });
  }
  if (typeof resource === 'string' && resource.includes('*')) {
    flaws.push({ path: ['resource'], what: `${quoted(resource)}: an allow names its resource`, mend });
  }
  for (const { path, pattern } of [...textsAt(statement, 'subject'), ...textsAt(statement, 'also')]) {
    if (!openToAnyTeam(pattern)) continue;
    const what = `${quoted(pattern)} lets any team in, and any member may create a team`;
    const mend = 'name the team by its slug or #ID; only the last segment may be *';
    flaws.push({ path, what, mend });
  }
  return flaws;
}

/** A statement whose `unless` takes back all that it gives. */
function neverHolds(statement: object): StatementFlaw[] {
  const unless = textsAt(statement, 'unless').map(({ pattern }) => pattern);
  const excluded = ({ pattern }: Located) => unless.some((wider) => covers(wider, pattern));
  const subject = textsAt(statement, 'subject');
  const also = textsAt(statement, 'also').find(excluded);
  const [first] = subject;
  const by = also ?? (subject.every(excluded) ? first : undefined);
  if (by === undefined) return [];
  return [
    {
      path: ['unless'],
      what: 'the statement can never hold',
      mend: `unless excludes all of ${quoted(by.pattern)}`,
    },
  ];
}

/**
 * Patterns of organizations that are not synced. They can never match, and in an `unless` that would be worse than
 * nothing.
 * @param organizations every one that flags, environment or file name: a run that is narrowed by `--org` does not
 * make the rest of the file wrong.
 */
export function strangerFlaws(
  statement: unknown,
  organizations: readonly string[],
): readonly StatementFlaw[] {
  if (typeof statement !== 'object' || statement === null) return [];
  return LISTS.flatMap((list) => textsAt(statement, list)).flatMap(({ path, pattern }) => {
    if (kindsMatched(pattern).length === 0) return [];
    if (organizations.some((org) => canMatchOrganization(pattern, org))) return [];
    const org = organizationOf(pattern);
    const what = `${quoted(pattern)} can never match: ${quoted(org)} is not among the organizations`;
    const near = suggestion(org, organizations);
    const mend = near.startsWith('did')
      ? near
      : `add it to github.orgs, which has ${enumerate(organizations)}`;
    return [{ path, what, mend }];
  });
}

/** The texts under a key that holds one or a list of them. */
export function textsAt(statement: object, key: string): readonly Located[] {
  const value = (statement as { [key: string]: unknown })[key];
  if (typeof value === 'string') return [{ path: [key], pattern: value }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, i) => (typeof item === 'string' ? [{ path: [key, i], pattern: item }] : []));
}
