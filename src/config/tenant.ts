import { tenantFor } from '../model/rule.ts';
import { type Flaw, quoted } from './flaw.ts';

/**
 * What keeps `text` from being a tenant key once `{org}` is replaced. An organization's name is always a valid
 * part of a key, so what stands around the placeholder decides.
 */
export const tenantFlaw = (text: string): Flaw | undefined => tenantFlawBeside(text, /^[A-Za-z0-9\-_]*$/);

/** The same for a tenant in which `*` matches any run of characters. */
export const tenantPatternFlaw = (text: string): Flaw | undefined =>
  tenantFlawBeside(text, /^[A-Za-z0-9\-_*]*$/);

function tenantFlawBeside(text: string, literal: RegExp): Flaw | undefined {
  const form = 'letters, digits, - and _, and {org} for the name of the organization';
  if (text.trim() === '') return { what: 'is empty', mend: `expected ${form}` };
  const placeholder = /\{[^}]*\}/.exec(tenantFor(text, ''))?.[0];
  if (placeholder !== undefined) {
    return { what: `${quoted(placeholder)} stands for nothing`, mend: 'only {org} is replaced in a tenant' };
  }
  if (literal.test(tenantFor(text, ''))) return undefined;
  return { what: `${quoted(text)} can be no tenant in Permit`, mend: `expected ${form}` };
}
