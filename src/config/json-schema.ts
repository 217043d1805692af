import * as z from 'zod/mini';
import { ROLE_KEY_PATTERN, USER_KEY_PATTERN } from '../model/identity.ts';
import { PUBLISHED_PACE } from '../model/pace.ts';
import { configSchema } from './schema.ts';
import { schemaAddress } from './schema-address.ts';
import { DEFAULT_USER_KEY } from './user-key.ts';

/**
 * The JSON Schema of the config file, for editors: generated from the very schema that the program checks with, so
 * the two can't drift apart. Runs when the package is built; what only an editor shows stands here, so that it is
 * in no bundle.
 *
 * It may accept more than the program does (what depends on several values is the program's to judge), never less.
 */
export function configJsonSchema(version: string): JsonSchema {
  const generated = z.toJSONSchema(configSchema, {
    // The newest that all editors know: yaml-language-server "supports JSON Schema 7 and below" in full.
    target: 'draft-7',
    io: 'input',
    reused: 'inline',
  }) as JsonSchema;
  const { $schema, ...rest } = annotated(generated, []);
  return {
    $schema,
    $id: schemaAddress(version),
    title: 'Config file of gh-permit-sync',
    description: 'Who on GitHub gets which roles in Permit.io, and what a run may do.',
    ...rest,
    definitions: DEFINITIONS,
  };
}

/** As far as this module looks into one. */
export type JsonSchema = {
  readonly properties?: { readonly [key: string]: JsonSchema };
  readonly items?: JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly [keyword: string]: unknown;
};

/** Of one key of the config, or of the items of one list. */
type Note = {
  readonly description: string;
  /** What holds where the key is left out. */
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** What every text has to be that can stand here: the value itself, or the items of its list. */
  readonly text?: JsonSchema;
};

/** A text of this form. `patternErrorMessage` is what editors show in place of the pattern. */
const form = (pattern: string, words: string): JsonSchema => ({
  type: 'string',
  pattern,
  patternErrorMessage: `expected ${words}`,
});

const anyCase = (word: string): string =>
  [...word].map((letter) => `[${letter}${letter.toUpperCase()}]`).join('');
/** One of the words in any case, or letters with a `*` among them. */
const oneOf = (...words: readonly string[]): string =>
  `(?:${words.map(anyCase).join('|')}|[A-Za-z]*\\*[A-Za-z*]*)`;

const NAME = '[A-Za-z0-9_.*-]+';
const ENTERPRISE = anyCase('ent');
const TEAM_ROLE = oneOf('maintainer', 'member');
const LOCATOR_TAIL = [
  '\\*',
  `${oneOf('role')}:${oneOf('admin', 'member')}`,
  `${oneOf('user')}:${NAME}`,
  `${oneOf('team')}:(?:\\*|(?:(?:${ENTERPRISE}:)?${NAME}|#[1-9][0-9]*):${TEAM_ROLE})`,
  oneOf('collaborator'),
].join('|');
const LOCATOR = `^(?:\\*|${oneOf('github')}:(?:\\*|${NAME}:(?:${LOCATOR_TAIL})))$`;
const LOCATOR_FORMS =
  'github:ORG:role:(admin|member), github:ORG:user:LOGIN, github:ORG:team:SLUG:(maintainer|member), ' +
  'github:ORG:team:#ID:(maintainer|member) or github:ORG:collaborator; * matches any run of characters in one ' +
  'segment, and as the last segment one or more segments';
const A_LOCATOR: JsonSchema = { $ref: '#/definitions/locator' };
const DEFINITIONS = { locator: { ...form(LOCATOR, LOCATOR_FORMS), maxLength: 300 } };

const ADDRESS = form(
  `^${anyCase('http')}[sS]?://[^/\\s\\\\?#@]+(?:/[^\\s\\\\?#]*)?$`,
  'an absolute address such as https://api.example.com',
);
const LETTERS = 'letters, digits, - and _';
const KEY = form(ROLE_KEY_PATTERN.source, LETTERS);
const PERCENTAGE = form('^[0-9]{1,3}(?:\\.[0-9]{1,3})?%$', 'a percentage such as "25%"');
const TENANT = form(
  '^(?:[A-Za-z0-9\\-_]|\\{org\\})+$',
  `${LETTERS}, and {org} for the name of the organization`,
);
const ORGANIZATION = form('^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$', 'letters, digits and hyphens, at most 39');
const USER_KEY_LETTER = USER_KEY_PATTERN.source.replace(/^\^|\+\$$/g, '');

const limitNote = (description: string): Note => ({
  description: `${description} A number of people, a percentage of all users with our mark, or a list of which the smallest holds; 0 allows none.`,
  default: ['25%', 100],
  examples: [['25%', 100], '10%', 5, 0],
  text: PERCENTAGE,
});
const shownName = (thing: string): Note => ({
  description: `Name of the ${thing} as Permit shows it.`,
});
const shownDescription = (thing: string): Note => ({
  description: `What the ${thing} is for, as Permit shows it.`,
});

/** By the path of the key: `[]` for the items of a list, `.*` for the values of a mapping with free keys. */
const NOTES: { readonly [path: string]: Note } = {
  $schema: { description: 'Address of this schema, for editors; the program passes over it.' },
  owner: {
    description:
      'Marks the users that this config manages: two configs that write to one Permit environment need two owners.',
    default: 'default',
    examples: ['acme-identity'],
    text: form('^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$', 'letters, digits, . _ and -, at most 100'),
  },
  mode: {
    description:
      'sync gives and takes; upsert-only never takes anything away: no user deleted, no grant unassigned.',
    default: 'sync',
  },
  github: { description: 'GitHub: the organizations, and where its API is.' },
  'github.orgs': {
    description: 'Organizations whose members are synced.',
    examples: [['acme'], [{ name: 'acme', id: 1234 }, 'acme-labs']],
  },
  'github.orgs[]': {
    description:
      'Name of an organization, as in github.com/NAME; or its name and id, so that nobody else can pass for it.',
    text: ORGANIZATION,
  },
  'github.orgs[].name': { description: 'Name of the organization.', text: ORGANIZATION },
  'github.orgs[].id': {
    description:
      'Numeric id of the organization (gh api orgs/ORG --jq .id); under another id it is not believed.',
    examples: [1234],
  },
  'github.apiUrl': {
    description: 'Address of the GitHub API; https://HOST/api/v3 for GitHub Enterprise Server.',
    default: 'https://api.github.com',
    text: ADDRESS,
  },
  permit: { description: 'Permit: the tenant, and where its API and its PDP are.' },
  'permit.tenant': {
    description:
      'Tenant of rules that name none; {org} is replaced by the organization, so that each has a tenant of its own.',
    default: 'default',
    examples: ['default', '{org}'],
    text: TENANT,
  },
  'permit.apiUrl': {
    description: 'Address of the Permit API.',
    default: 'https://api.permit.io',
    text: ADDRESS,
  },
  'permit.pdpUrl': {
    description: 'Address of the policy decision point that check asks.',
    default: 'https://cloudpdp.api.permit.io',
    text: ADDRESS,
  },
  'permit.pace': {
    description:
      "Permit's rate limits, which are kept by waiting; the published ones where they are left out. Less leaves room for others who use the same API key.",
  },
  'permit.pace.requestsPerMinute': {
    description: 'Most requests of all kinds in any minute.',
    default: PUBLISHED_PACE.requestsPerMinute,
  },
  'permit.pace.writesPerMinute': {
    description: 'Most requests other than GET in any minute.',
    default: PUBLISHED_PACE.writesPerMinute,
  },
  'permit.pace.deletesPerMinute': {
    description: 'Most DELETEs in any minute.',
    default: PUBLISHED_PACE.deletesPerMinute,
  },
  'permit.pace.bulkPer10Minutes': {
    description: 'Most bulk calls in any 10 minutes.',
    default: PUBLISHED_PACE.bulkPer10Minutes,
  },
  'permit.pace.schemaPostsPerMinute': {
    description: 'Most POSTs to the schema (resources, actions, roles, permissions) in any minute.',
    default: PUBLISHED_PACE.schemaPostsPerMinute,
  },
  users: { description: 'How members become Permit users.' },
  'users.key': {
    description:
      'Template of the user key, with {login} or {id} in it. A key with {id} alone survives a renamed login; changing the template moves everyone to a new key.',
    default: DEFAULT_USER_KEY,
    examples: ['github|{id}', '{login}', '{id}', '{login}@github'],
    text: form(
      `^(?=.*\\{(?:login|id)\\})(?:${USER_KEY_LETTER}|\\{login\\}|\\{id\\})+$`,
      '{login} or {id}, and around it letters, digits and | @ + - . _',
    ),
  },
  'users.onLeave': {
    description:
      'When a person is left without any grant: delete removes the user, unassign keeps it and takes the grants.',
    default: 'delete',
  },
  'users.adopt': {
    description:
      "Users without our mark under a member's key: none leaves them alone, plain takes over those that hold nothing beyond the managed grants, all takes over every one.",
    default: 'none',
  },
  'users.protect': {
    description: 'Patterns of user keys that are never written.',
    default: [],
    examples: [['svc-*']],
  },
  'users.protect[]': {
    description: 'A user key; * matches any run of characters.',
    text: form('^[A-Za-z0-9|@+\\-._*]+$', 'letters, digits, | @ + - . _ and * for any run of characters'),
  },
  grants: {
    description:
      'Rules, from the strongest to the weakest. Left out: organization owners are admin, all others member.',
    examples: [
      [
        { subject: 'github:*:role:admin', roles: ['admin'] },
        { subject: 'github:*:role:member', roles: ['member'] },
      ],
    ],
  },
  'grants[]': { description: 'A rule: whom it is about, and which roles it gives or denies.' },
  'grants[].subject': {
    description: `Whom the rule is about: any of these locators. ${LOCATOR_FORMS}.`,
    examples: ['github:*:role:admin', 'github:acme:team:platform:*'],
    text: A_LOCATOR,
  },
  'grants[].also': {
    description: 'Locators that a person must have besides the subject, every one of them.',
    text: A_LOCATOR,
  },
  'grants[].unless': {
    description: 'Locators that keep a person out, each of them.',
    examples: [['github:acme:team:contractors:*']],
    text: A_LOCATOR,
  },
  'grants[].effect': {
    description: 'allow gives the roles; deny takes them away, and wins wherever it stands.',
    default: 'allow',
  },
  'grants[].roles': { description: 'Keys of roles in Permit. In a deny, * matches any run of characters.' },
  'grants[].roles[]': {
    description: 'Key of a role in Permit; a pattern only in a deny.',
    text: form('^[A-Za-z0-9\\-_*]+$', LETTERS),
  },
  'grants[].tenant': {
    description:
      'Tenant in which the roles hold; permit.tenant where it is left out. In a deny a pattern, every tenant where it is left out.',
    text: form('^(?:[A-Za-z0-9\\-_*]|\\{org\\})+$', `${LETTERS}, and {org} for the name of the organization`),
  },
  'grants[].resource': {
    description: 'Resource instance on which the roles hold, as type:key. In a deny a pattern.',
    examples: ['repository:payments-api'],
    text: form('^[A-Za-z0-9\\-_*]+:[A-Za-z0-9|@+\\-._*]+$', '"type:key" of a resource instance'),
  },
  manages: {
    description: 'Grants that are governed though no rule gives them: a user of ours who holds one loses it.',
    default: [],
    examples: [['production/auditor']],
  },
  'manages[]': {
    description: 'tenant/role; * matches any run of characters.',
    text: form('^[A-Za-z0-9\\-_*]+\\/[A-Za-z0-9\\-_*]+$', 'a pattern such as "production/auditor"'),
  },
  limits: { description: 'A plan that crosses one of these is refused, and nothing is written.' },
  'limits.removals': limitNote('How many people may lose everything in one run.'),
  'limits.demotions': limitNote('How many people may lose a role for a weaker one in one run.'),
  'limits.moves': limitNote('How many people a changed users.key may move to a new key in one run.'),
  'limits.floors': {
    description:
      'Role to the least number of its holders in each tenant, managed by us or not; 0 for no floor.',
    default: { admin: 1 },
  },
  'limits.floors.*': { description: 'Least number of holders of this role in each tenant.' },
  policy: {
    description: 'What the command policy brings Permit to. It adds and changes, and never deletes.',
  },
  'policy.tenants': { description: 'Tenants by their key.' },
  'policy.tenants.*': { description: 'A tenant.' },
  'policy.tenants.*.name': shownName('tenant'),
  'policy.tenants.*.description': shownDescription('tenant'),
  'policy.resources': {
    description: 'Resources (types of things) by their key, with what can be done to them.',
  },
  'policy.resources.*': { description: 'A resource and its actions.' },
  'policy.resources.*.name': shownName('resource'),
  'policy.resources.*.description': shownDescription('resource'),
  'policy.resources.*.actions': {
    description: 'Keys of what can be done to the resource.',
    examples: [['view', 'edit']],
  },
  'policy.resources.*.actions[]': { description: 'Key of an action.', text: KEY },
  'policy.roles': { description: 'Roles by their key, with what they may do.' },
  'policy.roles.*': { description: 'A role and its permissions.' },
  'policy.roles.*.name': shownName('role'),
  'policy.roles.*.description': shownDescription('role'),
  'policy.roles.*.permissions': {
    description: 'What the role may do. A permission is only taken away with --allow-revoke N.',
    examples: [['membership:view-private-repo']],
  },
  'policy.roles.*.permissions[]': {
    description: 'resource:action, or resource:* for every action of it.',
    text: form(
      '^[A-Za-z0-9\\-_]+:(?:[A-Za-z0-9\\-_]+|\\*)$',
      '"resource:action", or "resource:*" for every action of it',
    ),
  },
  redis: { description: 'Redis, for receive, drain and queue; its address comes from REDIS_URL.' },
  'redis.prefix': {
    description: 'Begins all keys in Redis; gh-permit-sync:OWNER where it is left out.',
    text: form('^[A-Za-z0-9][A-Za-z0-9:._-]{0,199}$', 'letters, digits, : . _ and -, at most 200'),
  },
};

/** Mappings whose keys are the reader's own, and what each key is. */
const KEYS_OF: { readonly [path: string]: string } = {
  'limits.floors': 'Key of a role.',
  'policy.tenants': 'Key of a tenant.',
  'policy.resources': 'Key of a resource.',
  'policy.roles': 'Key of a role.',
};

type Path = readonly string[];

/** Steps glued as {@link NOTES} has them: `grants[].roles[]`, `policy.roles.*.permissions`. */
const nameOf = (path: Path): string => path.join('.').replaceAll('.[]', '[]');

/** @throws Error where a key of the config has no note: the build fails rather than leaving it unexplained. */
function annotated(schema: JsonSchema, path: Path): JsonSchema {
  const name = nameOf(path);
  const note = NOTES[name];
  if (path.length > 0 && note === undefined) throw new Error(`json-schema.ts: ${name} has no note`);
  const {
    description: _,
    properties,
    items,
    propertyNames,
    additionalProperties,
    anyOf,
    ...own
  } = withText(schema, note?.text);
  const inside = (key: string, value: JsonSchema): JsonSchema => annotated(value, [...path, key]);
  return {
    ...(note && { description: note.description }),
    ...(note?.default !== undefined && { default: note.default }),
    ...(note?.examples && { examples: note.examples }),
    ...own,
    ...(anyOf && { anyOf: anyOf.map((one) => (one.properties ? annotated(one, path) : one)) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, inside(key, value)]),
      ),
    }),
    ...(items && { items: inside('[]', items) }),
    ...(propertyNames && { propertyNames: { description: keyNote(name), ...KEY } }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'boolean' ? additionalProperties : inside('*', additionalProperties),
    }),
  };
}

/** The schema with `text` in the place of each text that it allows, alone or in a list. */
function withText(schema: JsonSchema, text: JsonSchema | undefined): JsonSchema {
  if (text === undefined) return schema;
  if (schema.type === 'string') return text;
  const { items, anyOf } = schema;
  if (anyOf === undefined) return { ...schema, ...(items && { items: withText(items, text) }) };
  return { ...schema, anyOf: anyOf.map((branch) => withText(branch, text)) };
}

function keyNote(name: string): string {
  const note = KEYS_OF[name];
  if (note === undefined) throw new Error(`json-schema.ts: the keys of ${name} have no note`);
  return note;
}
