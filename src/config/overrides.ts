import { SyncError } from '../model/errors.ts';
import { folded, type OrgId, parseOrgId, ROLE_KEY_PATTERN } from '../model/identity.ts';
import type { Overrides } from '../model/limits.ts';
import type { Problem } from '../model/problem.ts';
import { defined } from '../model/text/record.ts';
import { invalid, quoted } from './problem.ts';
import type { SettingFlags } from './settings.ts';
import { fromFlag, refuse } from './source.ts';

/** @throws SyncError `USAGE`: not a number, or a floor that is not TENANT/ROLE=N. */
export function overridesOf(flags: SettingFlags): Overrides {
  return defined({
    removals: countOf('--allow-removals', flags.allowRemovals),
    demotions: countOf('--allow-demotions', flags.allowDemotions),
    moves: countOf('--allow-moves', flags.allowMoves),
    repositories: countOf('--allow-repositories', flags.allowRepositories),
    links: countOf('--allow-links', flags.allowLinks),
    duplicates: countOf('--allow-duplicates', flags.allowDuplicates),
    floors: floorsOf(flags.allowFloor ?? []),
  });
}

/** @throws SyncError `USAGE`: not a whole number. */
export const pruneUnmanagedOf = (flags: SettingFlags): number | undefined =>
  countOf('--prune-unmanaged', flags.pruneUnmanaged);

/** @throws SyncError `USAGE`: an organization is retired by its numeric id, which is never reused. */
export function retiredOrgsOf({ retireOrg = [] }: SettingFlags): readonly OrgId[] {
  return valuesOf(
    ['--retire-org', retireOrg],
    (text) => parseOrgId(/^\d{1,15}$/.test(text) ? Number(text) : undefined),
    invalid('is not an organization ID', 'give the number that the refusal named, such as --retire-org 4242'),
  );
}

/**
 * Slugs, in lower case, that may belong to another team from now on.
 * @throws SyncError `USAGE`: not a slug.
 */
export function acceptedTeamsOf({ acceptTeam = [] }: SettingFlags): readonly string[] {
  return valuesOf(
    ['--accept-team', acceptTeam],
    (text) => (/^(?:ent:)?[A-Za-z0-9_.-]+$/i.test(text) ? folded(text) : undefined),
    invalid(
      'is not the slug of a team',
      'give the slug that the warning named, such as --accept-team platform',
    ),
  );
}

/** The values of a flag that can be repeated. @throws SyncError `USAGE` for one that `parse` does not accept. */
const valuesOf = <T>(
  [flag, texts]: readonly [string, readonly string[]],
  parse: (text: string) => T | undefined,
  { message, hint }: Problem,
): readonly T[] =>
  texts.flatMap((text) => {
    const given = fromFlag(flag, text);
    const value = given && parse(given.text);
    if (given && value === undefined) refuse(given, invalid(`${quoted(given.text)} ${message}`, hint));
    return value === undefined ? [] : [value];
  });

function countOf(flag: string, value: string | number | undefined): number | undefined {
  const given = fromFlag(flag, value === undefined ? undefined : String(value));
  if (given === undefined) return undefined;
  const people = parseCount(given.text);
  if (people === undefined) {
    const message = `${quoted(given.text)} is not a whole number`;
    refuse(given, invalid(message, `give a number such as ${flag} 40`));
  }
  return people;
}

function floorsOf(texts: readonly string[]): Overrides['floors'] {
  if (texts.length === 0) return undefined;
  const hint = 'give the tenant, the role and a whole number, such as --allow-floor default/admin=0';
  const floors = valuesOf(['--allow-floor', texts], parseFloor, invalid('is not TENANT/ROLE=N', hint));
  const names = floors.map(([floor]) => floor);
  const twice = names.find((floor, i) => names.indexOf(floor) < i);
  if (twice === undefined) return Object.fromEntries(floors);
  throw new SyncError(
    'USAGE',
    `--allow-floor: ${quoted(twice)} is given twice`,
    'give each tenant and role once',
  );
}

function parseFloor(text: string): readonly [tenantRole: string, holders: number] | undefined {
  const [, tenant = '', role = '', number = ''] = /^([^/=]+)\/([^/=]+)=([^=]*)$/.exec(text) ?? [];
  const holders = parseCount(number);
  const isValid = ROLE_KEY_PATTERN.test(tenant) && ROLE_KEY_PATTERN.test(role) && holders !== undefined;
  return isValid ? [`${tenant}/${role}`, holders] : undefined;
}

const parseCount = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);
