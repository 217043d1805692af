import { folded, type OrgId, parseOrgId, ROLE_KEY_PATTERN } from '../model/identity.ts';
import type { Overrides } from '../model/limits.ts';
import { defined } from '../model/record.ts';
import { invalid, quoted } from './problem.ts';
import type { Flags } from './settings.ts';
import { fromFlag, refuse } from './source.ts';

/** @throws SyncError `USAGE`: a number that is none, or a floor that is not TENANT/ROLE=N. */
export function overridesOf(flags: Flags): Overrides {
  return defined({
    removals: countOf('--allow-removals', flags.allowRemovals),
    demotions: countOf('--allow-demotions', flags.allowDemotions),
    moves: countOf('--allow-moves', flags.allowMoves),
    duplicates: countOf('--allow-duplicates', flags.allowDuplicates),
    floors: floorsOf(flags.allowFloor ?? []),
  });
}

/** @throws SyncError `USAGE`: no number of people. */
export const pruneUnmanagedOf = (flags: Flags): number | undefined =>
  countOf('--prune-unmanaged', flags.pruneUnmanaged);

/** @throws SyncError `USAGE`: an organization is retired by its numeric id, which no other can get. */
export function retiredOrgsOf({ retireOrg = [] }: Flags): readonly OrgId[] {
  return retireOrg.flatMap((text) => {
    const given = fromFlag('--retire-org', text);
    if (given === undefined) return [];
    const id = parseOrgId(parseId(given.text));
    if (id !== undefined) return [id];
    const hint = 'give the number that the refusal named, such as --retire-org 4242';
    refuse(given, invalid(`${quoted(given.text)} is no id of an organization`, hint));
    return [];
  });
}

/**
 * Slugs in lower case, behind which another team may stand from now on.
 * @throws SyncError `USAGE`: what is no slug.
 */
export function acceptedTeamsOf({ acceptTeam = [] }: Flags): readonly string[] {
  return acceptTeam.flatMap((text) => {
    const given = fromFlag('--accept-team', text);
    if (given === undefined) return [];
    if (/^(?:ent:)?[A-Za-z0-9_.-]+$/i.test(given.text)) return [folded(given.text)];
    const hint = 'give the slug that the warning named, such as --accept-team platform';
    refuse(given, invalid(`${quoted(given.text)} is not the slug of a team`, hint));
    return [];
  });
}

const parseId = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);

function countOf(flag: string, value: string | number | undefined): number | undefined {
  const given = fromFlag(flag, value === undefined ? undefined : String(value));
  if (given === undefined) return undefined;
  const people = parseCount(given.text);
  if (people === undefined) {
    const message = `${quoted(given.text)} is no number of people`;
    refuse(given, invalid(message, `give a whole number, such as ${flag} 40`));
  }
  return people;
}

function floorsOf(texts: readonly string[]): Overrides['floors'] {
  if (texts.length === 0) return undefined;
  const floors = new Map<string, number>();
  for (const text of texts) {
    const given = fromFlag('--allow-floor', text);
    if (given === undefined) continue;
    const [, tenant = '', role = '', number = ''] = /^([^/=]+)\/([^/=]+)=([^=]*)$/.exec(given.text) ?? [];
    const holders = parseCount(number);
    if (!ROLE_KEY_PATTERN.test(tenant) || !ROLE_KEY_PATTERN.test(role) || holders === undefined) {
      const hint = 'give the tenant, the role and a whole number, such as --allow-floor default/admin=0';
      refuse(given, invalid(`${quoted(given.text)} is not TENANT/ROLE=N`, hint));
      continue;
    }
    const floor = `${tenant}/${role}`;
    if (floors.has(floor)) {
      refuse(given, invalid(`${quoted(floor)} is given twice`, 'give each tenant and role once'));
    }
    floors.set(floor, holders);
  }
  return Object.fromEntries(floors);
}

const parseCount = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);
