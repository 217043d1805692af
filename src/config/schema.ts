import * as z from 'zod/mini';
import { ROLE_KEY_PATTERN } from '../model/identity.ts';
import { printable } from '../model/text.ts';
import { addressFlaw } from './address.ts';
import { type Flaw, mustMatch } from './flaw.ts';
import { limitFlaw } from './limits.ts';
import { locatorFlaw } from './locator.ts';
import { organizationFlaw, repeatedOrganization } from './organization.ts';
import { ruleFlaws } from './rule-checks.ts';
import { tenantFlaw, tenantPatternFlaw } from './tenant.ts';
import { userKeyFlaw, userKeyPatternFlaw } from './user-key.ts';

/**
 * The config file (CONTRACT §4). Nothing is transformed and no default is put in: what is valid comes out as it
 * went in, so that the JSON Schema for editors can be generated from the same value.
 */

/** A text to which `flawOf` has no objection. */
const text = (flawOf: (text: string) => Flaw | undefined, description?: string) => {
  const checked = z.string().check(
    z.superRefine((value, issues) => {
      const flaw = flawOf(value);
      if (flaw !== undefined)
        issues.addIssue({ code: 'custom', message: flaw.what, params: { mend: flaw.mend } });
    }),
  );
  return description === undefined ? checked : checked.check(z.describe(description));
};

const KEY_FORM = 'letters, digits, - and _';
const key = text(mustMatch(ROLE_KEY_PATTERN, KEY_FORM));
const prose = text((value) =>
  printable(value) === value ? undefined : { what: 'holds control characters', mend: 'remove them' },
);

const organization = z.union(
  [
    text(organizationFlaw),
    z.strictObject({
      name: text(organizationFlaw),
      id: z
        .int('must be the numeric id of the organization')
        .check(z.gte(1, 'must be the numeric id of the organization')),
    }),
  ],
  'must be the name of an organization, or { name, id } to pin its numeric id',
);

const github = z.strictObject({
  orgs: z.optional(
    z.array(organization).check(
      z.minLength(1, 'is an empty list; name at least one organization'),
      z.superRefine((entries, issues) => {
        const flaw = repeatedOrganization(entries);
        if (flaw === undefined) return;
        issues.addIssue({
          code: 'custom',
          path: [flaw.index],
          message: flaw.what,
          params: { mend: flaw.mend },
        });
      }),
      z.describe('Organizations whose members are synced.'),
    ),
  ),
  apiUrl: z.optional(
    text(addressFlaw, 'Address of the GitHub API; https://HOST/api/v3 for GitHub Enterprise Server.'),
  ),
});

const calls = z.optional(z.int().check(z.gte(1, 'can not be less than 1')));

const permit = z.strictObject({
  tenant: z.optional(text(tenantFlaw, 'Tenant of rules that name none; {org} is replaced.')),
  apiUrl: z.optional(text(addressFlaw, 'Address of the Permit API.')),
  pdpUrl: z.optional(text(addressFlaw, 'Address of the PDP.')),
  pace: z.optional(
    z.strictObject({
      requestsPerMinute: calls,
      writesPerMinute: calls,
      deletesPerMinute: calls,
      bulkPer10Minutes: calls,
      schemaPostsPerMinute: calls,
    }),
  ),
});

const users = z.strictObject({
  key: z.optional(text(userKeyFlaw, 'Template of the user key: {login}, {id}, or both.')),
  onLeave: z.optional(z.enum(['delete', 'unassign'])),
  adopt: z.optional(z.enum(['none', 'plain', 'all'])),
  protect: z.optional(
    z.array(text(userKeyPatternFlaw)).check(z.describe('Patterns of user keys that are never written.')),
  ),
});

const locator = text(locatorFlaw);
const LOCATORS = 'must be a locator or a list of locators';

/** One rule; what `allow` and `deny` ask of it differently is in `rule-rules.ts`. */
export const ruleSchema = z
  .strictObject({
    subject: z.union(
      [locator, z.array(locator).check(z.minLength(1, 'is an empty list; name a locator'))],
      LOCATORS,
    ),
    also: z.optional(z.union([locator, z.array(locator)], LOCATORS)),
    unless: z.optional(z.union([locator, z.array(locator)], LOCATORS)),
    effect: z.optional(z.enum(['allow', 'deny'])),
    roles: z
      .array(text(mustMatch(/^[A-Za-z0-9\-_*]+$/, KEY_FORM)))
      .check(z.minLength(1, 'is an empty list; name at least one role')),
    tenant: z.optional(text(tenantPatternFlaw)),
    resource: z.optional(
      text(mustMatch(/^[A-Za-z0-9\-_*]+:[A-Za-z0-9|@+\-._*]+$/, '"type:key" of a resource instance')),
    ),
  })
  .check(
    z.superRefine(
      (rule, issues) => {
        for (const { path, what, mend } of ruleFlaws(rule)) {
          issues.addIssue({ code: 'custom', path: [...path], message: what, params: { mend } });
        }
      },
      // Else a mistake in one key would hide those in the others until the next run.
      { when: () => true },
    ),
  );

const percentage = text(limitFlaw);
const people = z.int().check(z.gte(0, 'can not be less than 0'));
const LIMIT = 'must be a number of people, a percentage such as "25%", or a list of these';
const limit = z.optional(
  z.union(
    [
      people,
      percentage,
      z
        .array(z.union([people, percentage], LIMIT))
        .check(z.minLength(1, 'is an empty list; write 0 to allow none')),
    ],
    LIMIT,
  ),
);
const limits = z.strictObject({
  removals: limit,
  demotions: limit,
  moves: limit,
  floors: z.optional(
    z
      .record(key, people)
      .check(z.describe('Least number of holders of a role in each tenant; 0 for no floor.')),
  ),
});

const described = { name: z.optional(prose), description: z.optional(prose) };
const permission = text(
  mustMatch(
    /^[A-Za-z0-9\-_]+:(?:[A-Za-z0-9\-_]+|\*)$/,
    '"resource:action", or "resource:*" for every action of it',
  ),
);
const policy = z.strictObject({
  tenants: z.optional(z.record(key, z.strictObject(described))),
  resources: z.optional(z.record(key, z.strictObject({ ...described, actions: z.array(key) }))),
  roles: z.optional(z.record(key, z.strictObject({ ...described, permissions: z.array(permission) }))),
});

export const configSchema = z.strictObject({
  $schema: z.optional(z.string()),
  owner: z.optional(
    text(
      mustMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'letters, digits, . _ and -, at most 100'),
      'Marks the users that this config manages.',
    ),
  ),
  mode: z.optional(
    z.enum(['sync', 'upsert-only']).check(z.describe('upsert-only never takes anything away.')),
  ),
  github: z.optional(github),
  permit: z.optional(permit),
  users: z.optional(users),
  grants: z.optional(
    z
      .array(ruleSchema)
      .check(
        z.minLength(
          1,
          'is an empty list, which would give nobody anything; remove the key for the default rules',
        ),
        z.describe('Rules, from the strongest to the weakest.'),
      ),
  ),
  manages: z.optional(
    z.array(
      text(mustMatch(/^[A-Za-z0-9\-_*]+\/[A-Za-z0-9\-_*]+$/, 'a pattern such as "production/auditor"')),
    ),
  ),
  limits: z.optional(limits),
  policy: z.optional(policy),
  redis: z.optional(
    z.strictObject({
      prefix: z.optional(
        text(mustMatch(/^[A-Za-z0-9][A-Za-z0-9:._-]{0,199}$/, 'letters, digits, : . _ and -, at most 200')),
      ),
    }),
  ),
});

export type Config = z.infer<typeof configSchema>;
export type RuleConfig = z.infer<typeof ruleSchema>;
