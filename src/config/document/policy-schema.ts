import * as z from 'zod/mini';
import { ROLE_KEY_PATTERN } from '../../model/identity.ts';
import { printable } from '../../model/text/text.ts';
import { invalid } from '../problem.ts';
import { checked, matching, noted, optional } from './noted-schema.ts';

export const LETTERS = 'letters, digits, - and _';
const key = matching(ROLE_KEY_PATTERN, LETTERS);
export const keySchema = (thing: string) => noted(key, { description: `Key of a ${thing}.` });

const prose = checked((value) =>
  printable(value) === value ? undefined : invalid('holds control characters', 'remove them'),
);
const described = (thing: string) => ({
  name: optional(prose, { description: `Name of the ${thing}, as Permit shows it.` }),
  description: optional(prose, { description: `Description of the ${thing}, as Permit shows it.` }),
});
const tenant = z.strictObject(described('tenant'));
const resource = z.strictObject({
  ...described('resource'),
  actions: noted(z.array(noted(key, { description: 'Key of an action.' })), {
    description: 'Keys of the actions on the resource.',
    examples: [['view', 'edit']],
  }),
});
const PERMISSION_FORM = '"resource:action", or "resource:*" for every action of it';
const role = z.strictObject({
  ...described('role'),
  permissions: noted(
    z.array(
      noted(matching(/^[A-Za-z0-9\-_]+:(?:[A-Za-z0-9\-_]+|\*)$/, PERMISSION_FORM), {
        description: 'resource:action, or resource:* for every action of the resource.',
      }),
    ),
    {
      description: 'What the role may do. Permissions are removed only with --allow-revoke N.',
      examples: [['membership:view-private-repo']],
    },
  ),
});
/** `policy` of the config file: the desired schema of Permit. */
export const policy = z.strictObject({
  tenants: optional(z.record(keySchema('tenant'), noted(tenant, { description: 'A tenant.' })), {
    description: 'Tenants by key.',
  }),
  resources: optional(
    z.record(keySchema('resource'), noted(resource, { description: 'A resource and its actions.' })),
    { description: 'Resources (types of things) by key, with their actions.' },
  ),
  roles: optional(z.record(keySchema('role'), noted(role, { description: 'A role and its permissions.' })), {
    description: 'Roles by key, with their permissions.',
  }),
});
