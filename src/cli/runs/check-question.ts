import { tenantProblem } from '../../config/keys.ts';
import { suggestion } from '../../config/problem.ts';
import type { PermitSettings } from '../../config/settings.ts';
import { fromFlag, refuse } from '../../config/source.ts';
import { SyncError } from '../../model/errors.ts';
import { ROLE_KEY_PATTERN } from '../../model/identity.ts';
import type { Warning } from '../../model/problem.ts';
import { parseInstanceName, REPOSITORY_TYPE } from '../../model/repositories/access-model.ts';
import { namesOrganization, tenantFor } from '../../model/rule.ts';
import { enumerate } from '../../model/text/text.ts';
import type { Unknown } from '../../permit/find-unknown.ts';
import type { Question } from '../../permit/permit-pdp.ts';

/** Parses `type` or `type:key`. The key may contain colons. @throws SyncError `USAGE` */
export function parseResource(text: string): Pick<Question['resource'], 'type' | 'key'> {
  const colon = text.indexOf(':');
  const type = colon < 0 ? text : text.slice(0, colon);
  requireKey('the type in RESOURCE', type);
  if (colon < 0) return { type };
  const key = text.slice(colon + 1);
  if (key.trim() !== '') return { type, key };
  throw new SyncError(
    'USAGE',
    'RESOURCE has no key after its colon',
    `use TYPE:KEY, or ${type} alone to ask about all instances`,
  );
}

/** @throws SyncError `USAGE` */
export function requireKey(what: string, text: string): void {
  if (ROLE_KEY_PATTERN.test(text)) return;
  throw new SyncError(
    'USAGE',
    `${what}: ${text.trim() === '' ? 'is empty' : `"${text}" can't be a key in Permit`}`,
    'expected letters, digits, - and _',
  );
}

/** The tenant to ask in. @param flag the value of `--tenant`. @throws SyncError `USAGE` */
export function tenantOf(
  flag: string | undefined,
  { permit, orgs }: Pick<PermitSettings, 'permit' | 'orgs'>,
): string {
  const given = fromFlag('--tenant', flag);
  if (given !== undefined) refuse(given, tenantProblem(given.text));
  const tenant = given?.text ?? permit.tenant;
  if (!namesOrganization(tenant)) return tenant;
  const [org, ...others] = orgs;
  if (org !== undefined && others.length === 0) return tenantFor(tenant, org);
  throw new SyncError(
    'USAGE',
    org === undefined
      ? `each organization has its own tenant "${tenant}", and no organization is named`
      : `each of ${enumerate(orgs)} has its own tenant "${tenant}"`,
    'choose the tenant with --tenant, or one organization with --org',
  );
}

/** A warning about something that Permit does not have, so that a deny means nothing. */
export function warningAbout(unknown: Unknown): Warning {
  switch (unknown.kind) {
    case 'user':
      return {
        code: 'UNKNOWN_USER',
        message: `Permit has no user ${unknown.key}: check the spelling, or sync first (gh-permit-sync reconcile)`,
      };
    case 'tenant':
      return {
        code: 'UNKNOWN_TENANT',
        message: `Permit has no tenant ${unknown.key}: choose another with --tenant, or create it (gh-permit-sync policy)`,
      };
    case 'resource':
      return {
        code: 'UNKNOWN_RESOURCE',
        message: `Permit has no resource ${unknown.key}: check the spelling, or create it (gh-permit-sync policy)`,
      };
    case 'action': {
      const { key, resource, known } = unknown;
      const next = suggestion(key, known) || 'it has none';
      return { code: 'UNKNOWN_ACTION', message: `the resource ${resource} has no action ${key}: ${next}` };
    }
    case 'instance':
      return {
        code: 'UNKNOWN_INSTANCE',
        message: `Permit has no resource instance ${unknown.key}: ${instanceAdvice(unknown.key)}`,
      };
    case 'elsewhere':
      return {
        code: 'UNKNOWN_INSTANCE',
        message: `the resource instance ${unknown.key} is in the tenant ${unknown.tenant}: ask with --tenant ${unknown.tenant}`,
      };
    default:
      return unknown satisfies never;
  }
}

/** @param name of a resource instance that Permit lacks */
const instanceAdvice = (name: string): string => {
  const isNamed = name.startsWith(`${REPOSITORY_TYPE}:`) && parseInstanceName(name) === undefined;
  const ofMirror = isNamed ? '; a mirrored repository goes by its numeric ID on GitHub' : '';
  return `check the spelling, or create it in Permit${ofMirror}`;
};
