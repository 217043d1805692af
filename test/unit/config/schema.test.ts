import { describe, expect, test } from 'vitest';
import { config, locales } from 'zod';
import * as z from 'zod/mini';
import { parseConfigFile } from '../../../src/config/document/check.ts';
import { configSchema } from '../../../src/config/document/schema.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { load, problems, refusal } from './support.ts';

// A program that uses the library may load zod's own messages, which are global: ours must not change.
config(locales.en());

/** The example of CONTRACT §4. */
const CONTRACT = `
owner: acme-identity                 # marks the users that this config manages; default "default"
mode: sync                           # or upsert-only: never takes anything away
github: { orgs: [acme, acme-labs] }
permit: { tenant: default }
users:
  key: "{login}"                     # or "{id}", "github|{id}" (what init writes), "{login}@github"
  onLeave: delete                    # or unassign: keep the user, take the grants
  adopt: none                        # plain, all (§5)
  protect: ["svc-*"]                 # user keys that are never written
grants:
  - { subject: "github:*:role:admin",  roles: [admin] }
  - { subject: "github:*:role:member", roles: [member] }
  - { subject: "github:acme:team:platform:*", roles: [deployer], tenant: production }
  - { subject: "github:acme:team:#4242:maintainer", roles: [owner], resource: "repository:payments-api" }
  - { subject: "github:acme:collaborator", roles: [guest] }
  - { subject: "github:*:user:*-bot", effect: deny, roles: ["*"] }
  - { subject: "github:acme:role:member", unless: ["github:acme:team:contractors:*"], roles: [insider] }
manages: ["production/auditor"]      # tenant/role patterns governed though no rule gives them
limits: { removals: [25%, 100], demotions: [25%, 100], moves: [25%, 100], floors: { admin: 1 } }
policy:
  tenants: { default: { name: Default } }
  resources: { membership: { actions: [create-repo, view-private-repo, edit-repo, delete-repo] } }
  roles:
    admin:  { permissions: ["membership:*"] }
    member: { permissions: ["membership:view-private-repo"] }
`;

test('every setting of the contract is known', () => {
  const { config } = parseConfigFile({ name: 'x.yaml', text: CONTRACT }, []);
  expect(config.grants).toHaveLength(7);
  expect(config.limits?.removals).toEqual(['25%', 100]);
  expect(Object.keys(config.policy?.roles ?? {})).toEqual(['admin', 'member']);
});

test('every setting of the contract loads', () => {
  const settings = load({ env: { GITHUB_ORG: '' }, file: CONTRACT });
  expect(settings.orgs).toEqual(['acme', 'acme-labs']);
  expect(settings.users).toEqual({ key: '{login}', onLeave: 'delete', adopt: 'none', protect: ['svc-*'] });
  expect(settings.manages).toEqual(['production/auditor']);
  expect(settings.rules[3]).toMatchObject({ resource: 'repository:payments-api', tenant: 'default' });
});

test.each([
  ['users: { key: "{id}" }', { key: '{id}' }],
  ['users: { onLeave: unassign }', { onLeave: 'unassign' }],
  ['users: { adopt: plain }', { adopt: 'plain' }],
])('%s', (file, expected) => {
  expect(load({ file }).users).toMatchObject(expected);
});

test('--adopt beats the file, and means plain without a word', () => {
  const file = 'users: { adopt: all }';
  expect(load({ file, flags: { adopt: true } }).users.adopt).toBe('plain');
  expect(load({ flags: { adopt: 'all' } }).users.adopt).toBe('all');
  expect(refusal({ flags: { adopt: 'al' } })).toMatchObject({
    code: 'USAGE',
    hint: expect.stringMatching(/all/),
  });
});

test('deny, also, unless, policy and redis', () => {
  const settings = load({
    env: { GITHUB_ORG: 'acme,labs' },
    file: `
grants:
  - { subject: ["github:acme:role:admin", "github:labs:role:admin"], roles: [admin, owner], tenant: "{org}" }
  - { subject: "github:acme:role:member", also: "github:labs:role:*", unless: "github:*:user:x", roles: [both] }
  - { subject: "github:*:user:*-bot", effect: deny, roles: ["*"], until: 1999-12-31 }
  - { subject: "github:*:user:*-bot", effect: deny, roles: ["adm*"], tenant: "prod-*" }
limits: { removals: 0, demotions: [2.5%, 7], floors: { owner: 2 } }
policy: { roles: { admin: { permissions: [] } } }
redis: { prefix: "p:q" }
owner: o
`,
  });
  const none: readonly string[] = [];
  expect(JSON.parse(JSON.stringify(settings.rules))).toEqual([
    {
      subject: ['github:acme:role:admin', 'github:labs:role:admin'],
      also: none,
      unless: none,
      effect: 'allow',
      roles: ['admin', 'owner'],
      tenant: '{org}',
    },
    {
      subject: ['github:acme:role:member'],
      also: ['github:labs:role:*'],
      unless: ['github:*:user:x'],
      effect: 'allow',
      roles: ['both'],
      tenant: 'default',
    },
    {
      subject: ['github:*:user:*-bot'],
      also: none,
      unless: none,
      effect: 'deny',
      roles: ['*'],
      tenant: '*',
      until: '1999-12-31',
    },
    {
      subject: ['github:*:user:*-bot'],
      also: none,
      unless: none,
      effect: 'deny',
      roles: ['adm*'],
      tenant: 'prod-*',
    },
  ]);
  expect(settings.limits).toEqual({
    removals: [{ kind: 'count', people: 0 }],
    demotions: [
      { kind: 'ratio', ratio: 0.025 },
      { kind: 'count', people: 7 },
    ],
    moves: [
      { kind: 'ratio', ratio: 0.25 },
      { kind: 'count', people: 100 },
    ],
    repositories: DEFAULT_LIMITS.repositories,
    links: DEFAULT_LIMITS.links,
    floors: { admin: 1, owner: 2 },
  });
  expect(settings.policy).toEqual({ tenants: {}, resources: {}, roles: { admin: { permissions: [] } } });
  expect(settings.redis.prefix).toBe('p:q');
});

describe('one mistake', () => {
  const RULE = 'subject: "github:acme:role:admin"';
  test.each([
    ['mod: sync', /^1:1: mod: unknown key; did you mean "mode"\?$/],
    ['\n\npermit:\n  tennant: x', /^4:3: permit\.tennant: unknown key; did you mean "tenant"\?$/],
    ['colour: red', /^1:1: colour: unknown key; expected owner, mode, github, .* or redis$/],
    [`grants:\n  - { ${RULE}, role: [a], roles: [a] }`, /^2:42: grants\[0\]\.role: .* "roles"\?$/],
    [
      `grants:\n  - { ${RULE}, roles: [a], until: 31.3.2027 }`,
      /^2:61: grants\[0\]\.until: "31\.3\.2027" is not a date; /,
    ],
    [
      `grants:\n  - { ${RULE}, roles: [a], until: 2027-02-29 }`,
      /^2:61: .*is not a day of the calendar; .*YYYY-MM-DD/,
    ],
    [
      `grants:\n  - { ${RULE}, roles: [a], until: 2027 }`,
      /^2:61: grants\[0\]\.until: must be text, not a number/,
    ],
    [
      'policy: { resources: { m: { actions: [a], actoins: [] } } }',
      /^1:43: policy\.resources\.m\.actoins: .*"actions"/,
    ],
    ['github: { orgs: 7 }', /^1:17: github\.orgs: must be a list of organizations, or installed$/],
    ['mode: synk', /^1:7: mode: unknown value "synk"; did you mean "sync"\?$/],
    ['mode: both-ways', /^1:7: mode: unknown value "both-ways"; expected sync or upsert-only$/],
    ['mode:', /^1:6: mode: has no value; expected sync or upsert-only$/],
    ['mode: [sync]', /^1:7: mode: is not text/],
    ['users: { onLeave: remove }', /^1:19: .*expected delete or unassign$/],
    ['users: { adopt: plan }', /^1:17: .*did you mean "plain"\?$/],
    ['users: { key: login }', /^1:15: users\.key: gives every person the same key; .*\{login\}/],
    [
      'users: { key: "{lgoin}" }',
      /^1:15: users\.key: unknown placeholder "\{lgoin\}"; .*did you mean "\{login\}"\?$/,
    ],
    ['users: { protect: ["a b"] }', /^1:20: users\.protect\[0\]: "a b" is not valid; expected letters/],
    ['owner: 5', /^1:8: owner: must be text, not a number; put it in quotes$/],
    ['owner: true', /^1:8: owner: must be text, not a boolean; put it in quotes$/],
    ['owner: a b', /^1:8: owner: "a b" is not valid; expected letters/],
    ['owner: ""', /^1:8: owner: is empty; expected letters/],
    ['github: acme', /^1:9: github: must be a mapping$/],
    ['github: { orgs: "https://github.com/acme" }', /: must be a list; did you mean \["acme"\]\?$/],
    ['github: { orgs: "@acme" }', /: must be a list; did you mean \["acme"\]\?$/],
    ['users: { protect: "@acme" }', /: must be a list; did you mean \["@acme"\]\?$/],
    ['github: { orgs: acme }', /^1:17: github\.orgs: must be a list; did you mean \["acme"\]\?$/],
    ['github: { orgs: [] }', /^1:17: github\.orgs: is an empty list; name at least one organization$/],
    ['github: { orgs: [a.b] }', /^1:18: github\.orgs\[0\]: "a\.b" is not an organization name/],
    ['github: { orgs: [a, b, A] }', /^1:24: github\.orgs\[2\]: "A" and "a" are the same organization/],
    [
      'github: { apiUrl: "https://github.com" }',
      /^1:19: github\.apiUrl: .*did you mean "https:\/\/api\.github\.com"\?$/,
    ],
    ['permit: { apiUrl: api.permit.io }', /^1:19: permit\.apiUrl: is not an absolute http or https address/],
    ['permit: { tenant: a.b }', /^1:19: permit\.tenant: "a\.b" is not a valid tenant key in Permit/],
    ['grants: []', /^1:9: grants: is an empty list/],
    ['grants: [x]', /^1:10: grants\[0\]: must be a mapping$/],
    [
      'grants:\n  - roles: [a]',
      /^2:5: grants\[0\]\.subject: is missing; it must be a locator or a list of locators$/,
    ],
    [`grants:\n  - { ${RULE} }`, /^2:5: grants\[0\]\.roles: is missing; it must be a list$/],
    [
      `grants:\n  - { ${RULE}, roles: a }`,
      /^2:49: grants\[0\]\.roles: must be a list; did you mean \["a"\]\?$/,
    ],
    [`grants:\n  - { ${RULE}, roles: [] }`, /^2:49: grants\[0\]\.roles: is an empty list/],
    [
      `grants:\n  - { ${RULE}, roles: [a.b] }`,
      /^2:50: grants\[0\]\.roles\[0\]: "a\.b" is not valid; expected letters/,
    ],
    [
      `grants:\n  - { ${RULE}, roles: ["a*"] }`,
      /^2:50: .*an allow names each role; only a deny can hold \*$/,
    ],
    [`grants:\n  - { ${RULE}, roles: [a], tenant: "*" }`, /^2:62: .*tenant: "\*": an allow names its tenant/],
    [`grants:\n  - { ${RULE}, roles: [a], resource: "r:*" }`, /^2:64: .*an allow names its resource/],
    [`grants:\n  - { ${RULE}, roles: [a], resource: r }`, /^2:64: .*"r" is not valid; expected "type:key"/],
    [`grants:\n  - { ${RULE}, roles: [a], effect: dent }`, /^2:62: .*did you mean "deny"\?$/],
    [`grants:\n  - { subject: [], roles: [a] }`, /^2:16: grants\[0\]\.subject: is an empty list/],
    [
      `grants:\n  - { subject: 5, roles: [a] }`,
      /^2:16: grants\[0\]\.subject: must be a locator or a list of locators$/,
    ],
    [
      `grants:\n  - { subject: [5], roles: [a] }`,
      /^2:17: grants\[0\]\.subject\[0\]: must be text, not a number/,
    ],
    [
      'manages: [auditor]',
      /^1:11: manages\[0\]: "auditor" is not valid; expected a pattern such as "production\/auditor"$/,
    ],
    ['limits: { removals: -1 }', /^1:21: limits\.removals: cannot be less than 0$/],
    [
      'limits: { removals: 0.25 }',
      /^1:21: limits\.removals: must be a number of people, a percentage such as "25%"/,
    ],
    ['limits: { removals: .inf }', /^1:21: limits\.removals: must be a number of people/],
    ['limits: { removals: "25" }', /^1:21: limits\.removals: "25" is not a limit; did you mean "25%"/],
    ['limits: { removals: 101% }', /^1:21: limits\.removals: "101%" is more than 100%; give at most 100%$/],
    ['limits: { removals: [] }', /^1:21: limits\.removals: is an empty list; write 0 to allow none$/],
    ['limits: { removals: [1, x] }', /^1:25: limits\.removals\[1\]: "x" is not a limit/],
    ['limits: { removals: [1, {}] }', /^1:25: limits\.removals\[1\]: must be a number of people/],
    ['limits: { removal: 1 }', /^1:11: limits\.removal: unknown key; did you mean "removals"\?$/],
    [
      'limits: { floors: { "a b": 1 } }',
      /^1:21: limits\.floors\.a b: cannot be a key here; .*expected letters/,
    ],
    ['limits: { floors: { a: -1 } }', /^1:24: limits\.floors\.a: cannot be less than 0$/],
    ['limits: { floors: { a: 1.5 } }', /^1:24: limits\.floors\.a: must be a whole number$/],
    [
      'policy: { roles: { a: { permissions: [x] } } }',
      /^1:39: .*expected "resource:action", or "resource:\*"/,
    ],
    [
      'policy: { tenants: { a: { name: "\\e[2J" } } }',
      /^1:33: policy\.tenants\.a\.name: holds control characters/,
    ],
    [
      'github: { orgs: [acme] }\nrepositories: { orgs: [acmee] }',
      /^2:24: repositories\.orgs\[0\]: "acmee" is not a configured organization; did you mean "acme"\?$/,
    ],
    [
      'github: { orgs: [acme] }\nrepositories: { orgs: [acme, labs] }',
      /^2:30: .*"labs" is not a configured organization; add it to github\.orgs, which has acme$/,
    ],
    ['repositories: { orgs: [] }', /^1:23: repositories\.orgs: is an empty list; name at least one organ/],
    ['repositories: { orgs: [acme, ACME] }', /^1:30: .*"ACME" and "acme" are the same organization/],
    ['repositories: { match: [] }', /^1:24: repositories\.match: is an empty list; remove the key to mirror/],
    [
      'repositories: { match: [acme/api] }',
      /^1:25: repositories\.match\[0\]: "acme\/api" is not valid; expected the name of a repository without/,
    ],
    ['repositories: { tenant: a.b }', /^1:25: repositories\.tenant: "a\.b" is not a valid tenant key/],
    ['repositories: { tenat: a }', /^1:17: repositories\.tenat: unknown key; did you mean "tenant"\?$/],
    ['limits: { links: x }', /^1:18: limits\.links: "x" is not a limit/],
    ['limits: { links: {} }', /^1:18: limits\.links: must be a number of links, a percentage/],
    ['redis: { prefix: "a b" }', /^1:18: redis\.prefix: "a b" is not valid/],
  ])('%j', (file, expected) => {
    expect(problems(file)).toEqual([expect.stringMatching(expected)]);
    expect(refusal({ file }).hint).toMatch(/correct this line/);
  });
});

test('every mistake is reported at once, in the order of the file', () => {
  const file = `
mode: synk
github:
  orgs: [acme, a.b]
grants:
  - { subject: "github:acme:role:owner", roles: ["*"], efect: allow }
  - { subject: "github:elsewhere:role:admin", roles: [] }
  - { roles: a }
limits: { removals: 200% }
colour: red
`;
  expect(problems(file).map((line) => line.replace(/^(\d+:\d+: \S+): .*/, '$1'))).toEqual([
    '2:7: mode',
    '4:16: github.orgs[1]',
    '6:16: grants[0].subject',
    '6:50: grants[0].roles[0]',
    '6:56: grants[0].efect',
    '7:16: grants[1].subject',
    '7:54: grants[1].roles',
    '8:5: grants[2].subject',
    '8:14: grants[2].roles',
    '9:21: limits.removals',
    '10:1: colour',
  ]);
  expect(refusal({ file }).hint).toMatch(/these lines/);
});

test('a file of mistakes does not fill the screen', () => {
  const lines = problems(Array.from({ length: 500 }, (_, i) => `key${i}: 1`).join('\n'));
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe('and 400 more');
});

test('a name of the file cannot write to the terminal', () => {
  const error = refusal({
    flags: { config: 'a\u001b[2J.yaml' },
    files: { '/w/a\u001b[2J.yaml': '"k\\e[2J": 1' },
  });
  expect(error.message).toMatch(/^a\[2J\.yaml:1:1: k\[2J: unknown key/);
});

test('a JSON Schema for editors can be made of the schema', () => {
  const json = z.toJSONSchema(configSchema, { io: 'input' });
  expect(Object.keys(json.properties ?? {})).toContain('grants');
  expect(json.additionalProperties).toBe(false);
  expect(JSON.stringify(json)).toContain('Rules, from the strongest to the weakest.');
});
