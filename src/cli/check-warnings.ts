import { suggestion } from '../config/suggest.ts';
import type { Unknown } from '../permit/find-unknown.ts';
import type { Warning } from '../report/run-report.ts';

/** In words, with what to do: a deny about something that Permit does not have decides nothing. */
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
        message: `Permit has no tenant ${unknown.key}: name another by --tenant, or create it (gh-permit-sync policy)`,
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
        message: `Permit has no resource instance ${unknown.key}: check the spelling, or create it in Permit`,
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
