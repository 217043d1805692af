import * as z from 'zod/mini';
import { MODES } from '../../model/limits.ts';
import { PUBLISHED_PACE } from '../../model/pace.ts';
import { EFFECTS } from '../../model/rule.ts';
import { addressProblem } from '../address.ts';
import { lastDayProblem } from '../duration.ts';
import { TENANT_FORM, tenantPatternProblem, tenantProblem } from '../keys.ts';
import { LOCATOR_FORMS, LOCATOR_PATTERN, locatorProblem } from '../locator.ts';
import { INSTALLED, organizationProblem, repeatedOrganization } from '../organization.ts';
import { DEFAULTS } from '../settings.ts';
import { users } from '../users/schema.ts';
import { limits } from './limits-schema.ts';
import { matching, noted, optional, text } from './noted-schema.ts';
import { LETTERS, policy } from './policy-schema.ts';

/**
 * The config file (CONTRACT §4). It transforms nothing and adds no defaults: valid input comes out unchanged. The notes
 * become the JSON Schema for editors and docs/CONFIGURATION.md.
 */

const TENANT_PATTERN = '^(?:[A-Za-z0-9\\-_]|\\{org\\})+$';

const address = text(
  addressProblem,
  '^[hH][tT][tT][pP][sS]?://[^/\\s\\\\?#@]+(?:/[^\\s\\\\?#]*)?$',
  'an absolute address such as https://api.example.com',
);

const organizationName = text(
  organizationProblem,
  '^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$',
  'letters, digits and hyphens, at most 39',
);
const organization = z.union(
  [
    organizationName,
    z.strictObject({
      name: noted(organizationName, { description: 'Name of the organization.' }),
      id: noted(
        z
          .int('must be the numeric id of the organization')
          .check(z.gte(1, 'must be the numeric id of the organization')),
        {
          description:
            'Numeric id of the organization (gh api orgs/ORG --jq .id). An organization with another id is refused.',
          examples: [1234],
        },
      ),
    }),
  ],
  'must be the name of an organization, or { name, id } to pin its numeric id',
);

const eachOnce = <S extends typeof organization | typeof organizationName>(entry: S) =>
  z.array(entry).check(
    z.minLength(1, 'is an empty list; name at least one organization'),
    z.superRefine((entries, issues) => {
      const repeated = repeatedOrganization(entries);
      if (repeated === undefined) return;
      const { index, message, hint } = repeated;
      issues.addIssue({ code: 'custom', path: [index], message, params: { hint } });
    }),
  );

const github = z.strictObject({
  orgs: optional(
    z.union(
      [
        z.literal(INSTALLED),
        eachOnce(
          noted(organization, {
            description:
              'Name of an organization, as in github.com/NAME, or its name and id, so that nobody else can claim the name.',
          }),
        ),
      ],
      'must be a list of organizations, or installed',
    ),
    {
      description:
        'Organizations whose members are synced; or installed, for every organization that the GitHub App is installed in.',
      examples: [['acme'], [{ name: 'acme', id: 1234 }], INSTALLED],
      variable: 'GITHUB_ORG',
      flag: '--org',
    },
  ),
  enterprise: optional(matching(/^[A-Za-z0-9][A-Za-z0-9-]*$/, 'the name in github.com/enterprises/NAME'), {
    description:
      "Enterprise whose identity provider is used for organizations that show none of their own. Needs an enterprise owner's classic token with read:enterprise.",
    examples: ['acme-corp'],
  }),
  apiUrl: optional(address, {
    description: 'Address of the GitHub API; https://HOST/api/v3 for GitHub Enterprise Server.',
    default: DEFAULTS.gitHubUrl,
    variable: 'GITHUB_API_URL',
    flag: '--github-url',
  }),
});

const repositories = z.strictObject({
  orgs: optional(
    eachOnce(
      noted(organizationName, { description: 'Name of an organization that github.orgs or --org names.' }),
    ),
    {
      description:
        "Organizations whose repositories are mirrored. Default: all organizations of the run. --org narrows them. Mirrors of the run's other organizations are removed, within the limits.",
      examples: [['acme']],
    },
  ),
  match: optional(
    z
      .array(
        noted(
          matching(
            /^[A-Za-z0-9._*-]+$/,
            'the name of a repository without its organization; * for any run of characters',
          ),
          {
            description:
              'Name of a repository, or a pattern; * matches any run of characters. Case is ignored.',
          },
        ),
      )
      .check(z.minLength(1, 'is an empty list; remove the key to mirror all repositories')),
    {
      description: 'Mirror only repositories whose names match one of these patterns.',
      default: ['*'],
      examples: [['payments-*', 'website']],
    },
  ),
  tenant: optional(text(tenantProblem, TENANT_PATTERN, TENANT_FORM), {
    description:
      'Tenant of all instances: organizations, teams and repositories. {org} is replaced by the name of the organization. Default: permit.tenant.',
    examples: ['default', '{org}'],
  }),
});

const rate = (description: string, limit: keyof typeof PUBLISHED_PACE) =>
  optional(z.int().check(z.gte(1, 'cannot be less than 1')), { description, default: PUBLISHED_PACE[limit] });

const permit = z.strictObject({
  tenant: optional(text(tenantProblem, TENANT_PATTERN, TENANT_FORM), {
    description:
      "Tenant for rules that don't name one. {org} is replaced by the name of the organization, so that each has its own tenant.",
    default: DEFAULTS.tenant,
    examples: ['default', '{org}'],
    variable: 'PERMIT_TENANT',
    flag: '--tenant',
  }),
  apiUrl: optional(address, {
    description: 'Address of the Permit API.',
    default: DEFAULTS.permitUrl,
    variable: 'PERMIT_API_URL',
  }),
  pdpUrl: optional(address, {
    description: 'Address of the policy decision point that gh-permit-sync check asks.',
    default: DEFAULTS.pdpUrl,
    variable: 'PERMIT_PDP_URL',
  }),
  pace: optional(
    z.strictObject({
      requestsPerMinute: rate('Maximum number of requests in any minute.', 'requestsPerMinute'),
      writesPerMinute: rate('Maximum number of requests other than GET in any minute.', 'writesPerMinute'),
      deletesPerMinute: rate('Maximum number of DELETE requests in any minute.', 'deletesPerMinute'),
      bulkPer10Minutes: rate('Maximum number of bulk requests in any 10 minutes.', 'bulkPer10Minutes'),
      schemaPostsPerMinute: rate(
        'Maximum number of POST requests to the schema (resources, actions, roles, permissions) in any minute.',
        'schemaPostsPerMinute',
      ),
    }),
    {
      description:
        "Permit's rate limits. Requests wait to stay below them. Lower them to leave room for others with the same API key.",
    },
  ),
});

const locator = text(locatorProblem, LOCATOR_PATTERN, LOCATOR_FORMS).check(
  z.meta({ id: 'locator', maxLength: 300 }),
);
const NOT_LOCATORS = 'must be a locator or a list of locators';

const rule = z.strictObject({
  subject: noted(
    z.union(
      [locator, z.array(locator).check(z.minLength(1, 'is an empty list; name a locator'))],
      NOT_LOCATORS,
    ),
    {
      description: `Who the rule is about: people who match any of these locators. ${LOCATOR_FORMS}.`,
      examples: ['github:*:role:admin', 'github:acme:team:platform:*'],
    },
  ),
  also: optional(z.union([locator, z.array(locator)], NOT_LOCATORS), {
    description: 'Locators that a person must match as well, all of them.',
  }),
  unless: optional(z.union([locator, z.array(locator)], NOT_LOCATORS), {
    description: 'Locators that exclude a person: one match is enough.',
    examples: [['github:acme:team:contractors:*']],
  }),
  effect: optional(z.enum(EFFECTS), {
    description:
      'allow gives the roles; deny takes them away and always wins, regardless of the order of the rules.',
    default: 'allow',
  }),
  roles: noted(
    z
      .array(
        noted(matching(/^[A-Za-z0-9\-_*]+$/, LETTERS), {
          description: 'Key of a role in Permit; a deny can use a pattern.',
        }),
      )
      .check(z.minLength(1, 'is an empty list; name at least one role')),
    { description: 'Keys of roles in Permit. In a deny, * matches any run of characters.' },
  ),
  tenant: optional(text(tenantPatternProblem, '^(?:[A-Za-z0-9\\-_*]|\\{org\\})+$', TENANT_FORM), {
    description:
      'Tenant of the roles. Without it, an allow uses permit.tenant and a deny applies to every tenant. A deny can use a pattern.',
  }),
  resource: optional(
    matching(/^[A-Za-z0-9\-_*]+:[A-Za-z0-9|@+\-._*]+$/, '"type:key" of a resource instance'),
    {
      description: 'Resource instance of the roles, as type:key. A deny can use a pattern.',
      examples: ['repository:payments-api'],
    },
  ),
  until: optional(
    text(lastDayProblem, '^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$', 'a date, YYYY-MM-DD'),
    {
      description:
        "Last day of the rule: it ends at the end of that day, UTC. Grants that end with it don't count against any limit except floors.",
      examples: ['2027-03-31'],
    },
  ),
});

export const configSchema = z.strictObject({
  $schema: optional(z.string(), {
    description: 'Address of this schema, for editors. The program ignores it.',
  }),
  owner: optional(matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'letters, digits, . _ and -, at most 100'), {
    description:
      'Marks the users that this config manages. Two configs that write to one Permit environment need two owners.',
    default: DEFAULTS.owner,
    examples: ['acme-identity'],
  }),
  mode: optional(z.enum(MODES), {
    description:
      'sync gives and removes access. upsert-only never removes any: it deletes no user and unassigns no grant.',
    default: 'sync',
    flag: '--mode',
  }),
  github: optional(github, { description: 'GitHub: the organizations and the API.' }),
  permit: optional(permit, { description: 'Permit: the tenant, the API and the PDP.' }),
  users: optional(users, { description: 'How members become Permit users.' }),
  grants: optional(
    z
      .array(noted(rule, { description: 'A rule: who it is about, and which roles it gives or denies.' }))
      .check(
        z.minLength(1, 'is an empty list, which gives nobody anything; remove the key for the default rules'),
      ),
    {
      description:
        'Rules, from the strongest to the weakest. Without the key, organization owners get the role admin and everyone else gets member.',
      examples: [
        [
          { subject: 'github:*:role:admin', roles: ['admin'] },
          { subject: 'github:*:role:member', roles: ['member'] },
        ],
      ],
    },
  ),
  manages: optional(
    z.array(
      noted(matching(/^[A-Za-z0-9\-_*]+\/[A-Za-z0-9\-_*]+$/, 'a pattern such as "production/auditor"'), {
        description: 'tenant/role; * matches any run of characters.',
      }),
    ),
    {
      description: 'Grants to manage even though no rule gives them. A managed user who holds one loses it.',
      default: [],
      examples: [['production/auditor']],
    },
  ),
  repositories: optional(repositories, {
    description:
      "Mirrors GitHub's repositories and who has access to them into Permit: see docs/REPOSITORIES.md. Without the key, no repository is mirrored and earlier mirrors are removed, within the limits; `repositories: {}` mirrors all.",
  }),
  limits: optional(limits, {
    description: 'A plan that crosses one of these limits is refused, and nothing is written.',
  }),
  policy: optional(policy, {
    description:
      "Permit's schema as gh-permit-sync policy creates it. The command adds and changes, and never deletes.",
  }),
  redis: optional(
    z.strictObject({
      prefix: optional(
        matching(/^[A-Za-z0-9][A-Za-z0-9:._-]{0,199}$/, 'letters, digits, : . _ and -, at most 200'),
        { description: 'Prefix of all keys in Redis. Default: gh-permit-sync:OWNER.' },
      ),
    }),
    { description: 'Redis, for receive, drain and queue. Its address comes from REDIS_URL.' },
  ),
});

export type Config = z.infer<typeof configSchema>;
export type RuleConfig = z.infer<typeof rule>;
