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
  const { key } = unknown;
  switch (unknown.kind) {
    case 'user':
      return lacking(
        'UNKNOWN_USER',
        `user ${key}`,
        'check the spelling, or sync first (gh-permit-sync reconcile)',
      );
    case 'tenant':
      return lacking(
        'UNKNOWN_TENANT',
        `tenant ${key}`,
        'choose another with --tenant, or create it (gh-permit-sync policy)',
      );
    case 'resource':
      return lacking(
        'UNKNOWN_RESOURCE',
        `resource ${key}`,
        'check the spelling, or create it (gh-permit-sync policy)',
      );
    case 'action': {
      const next = suggestion(key, unknown.known) || 'it has none';
      const message = `the resource ${unknown.resource} has no action ${key}: ${next}`;
      return { code: 'UNKNOWN_ACTION', message };
    }
    case 'instance':
      return lacking('UNKNOWN_INSTANCE', `resource instance ${key}`, instanceAdvice(key));
    case 'elsewhere': {
      const { tenant } = unknown;
      const message = `the resource instance ${key} is in the tenant ${tenant}: ask with --tenant ${tenant}`;
      return { code: 'UNKNOWN_INSTANCE', message };
    }
    default:
      return unknown satisfies never;
  }
}

const lacking = (code: string, what: string, next: string): Warning => ({
  code,
  message: `Permit has no ${what}: ${next}`,
});

/** @param name of a resource instance that Permit lacks */
const instanceAdvice = (name: string): string => {
  const isNamed = name.startsWith(`${REPOSITORY_TYPE}:`) && parseInstanceName(name) === undefined;
  const ofMirror = isNamed ? '; a mirrored repository goes by its numeric ID on GitHub' : '';
  return `check the spelling, or create it in Permit${ofMirror}`;
};
