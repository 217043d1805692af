import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { configJsonSchema, type JsonSchema } from '../../../src/config/document/json-schema.ts';
import { configSchema } from '../../../src/config/document/schema.ts';
import { schemaAddress } from '../../../src/config/file.ts';

const schema = configJsonSchema('0.1.0');
/** A validator that knows the JSON Schema alone, as an editor does. */
const editor = z.fromJSONSchema(schema as never);
const editorAccepts = (value: unknown): boolean => editor.safeParse(value).success;
const programAccepts = (value: unknown): boolean => configSchema.safeParse(value).success;

/** The example of CONTRACT §4, and what it leaves out. */
const WHOLE = `
$schema: https://example.com/schema.json
owner: acme-identity
mode: sync
github: { orgs: [{ name: acme, id: 1234 }, acme-labs], apiUrl: "https://github.example.com/api/v3" }
permit: { tenant: default, apiUrl: "http://127.0.0.1:7000", pdpUrl: "https://pdp.example.com:7766/x@y" }
users:
  key: "{login}"
  onLeave: delete
  adopt: none
  protect: ["svc-*"]
grants:
  - { subject: "github:*:role:admin",  roles: [admin] }
  - { subject: "github:*:role:member", roles: [member] }
  - { subject: "github:acme:team:platform:*", roles: [deployer], tenant: production }
  - { subject: ["github:acme:team:ent:contractors:*", "github:acme:team:Ent:x:member"], roles: [deployer] }
  - { subject: "github:acme:team:#4242:maintainer", roles: [owner], resource: "repository:payments-api" }
  - { subject: "github:acme:collaborator", roles: [guest] }
  - { subject: "github:*:user:*-bot", effect: deny, roles: ["*"], tenant: "prod-{org}*" }
  - { subject: ["github:acme:role:member"], also: ["github:acme:*"], unless: ["github:acme:team:contractors:*"], roles: [insider] }
manages: ["production/auditor"]
limits: { removals: [25%, 100], demotions: 2.5%, moves: 0, floors: { admin: 1 } }
policy:
  tenants: { default: { name: Default, description: The one } }
  resources: { membership: { actions: [create-repo, view-private-repo, edit-repo, delete-repo] } }
  roles:
    admin:  { permissions: ["membership:*"] }
    member: { permissions: ["membership:view-private-repo"], name: Member }
redis: { prefix: "gh-permit-sync:acme" }
`;

test('a whole config is accepted', () => {
  expect(configSchema.safeParse(parse(WHOLE)).error).toBeUndefined();
  expect(editor.safeParse(parse(WHOLE)).error).toBeUndefined();
  expect(editorAccepts({})).toBe(true);
});

test.each([
  'onwer: acme',
  'owner: "with space"',
  'owner: 7',
  'mode: upsert',
  'github: { org: acme }',
  'github: { orgs: acme }',
  'github: { orgs: [] }',
  'github: { orgs: ["acme/x"] }',
  'github: { apiUrl: api.github.com }',
  'permit: { tenant: "a b" }',
  'permit: { tenant: "{organization}" }',
  'permit: { apiKey: x }',
  'users: { key: "login" }',
  'users: { key: "{Login}" }',
  'users: { key: "{login} {id}" }',
  'users: { onLeave: remove }',
  'users: { adopt: true }',
  'users: { protect: "svc-*" }',
  'grants: []',
  'grants: [{ roles: [admin] }]',
  'grants: [{ subject: "github:acme:role:admin" }]',
  'grants: [{ subject: "github:acme:role:owner", roles: [admin] }]',
  'grants: [{ subject: "acme:role:admin", roles: [admin] }]',
  'grants: [{ subject: "github:acme:teams:platform:*", roles: [admin] }]',
  'grants: [{ subject: "github:acme:team:platform", roles: [admin] }]',
  'github: { orgs: [{ name: acme }] }',
  'github: { orgs: [{ name: acme, id: 0 }] }',
  'github: { orgs: [{ name: acme, id: "12" }] }',
  'github: { orgs: [{ name: acme, id: 1, ids: 2 }] }',
  'github: { orgs: [{ name: "a b", id: 1 }] }',
  'grants: [{ subject: "github:acme:team:#x:member", roles: [admin] }]',
  'grants: [{ subject: "github:acme:team:ent:contractors", roles: [admin] }]',
  'grants: [{ subject: "github:acme:team:org:contractors:member", roles: [admin] }]',
  'grants: [{ subject: [], roles: [admin] }]',
  'grants: [{ subject: "github:*", role: admin }]',
  'grants: [{ subject: "github:*", roles: admin }]',
  'grants: [{ subject: "github:*", roles: ["a b"] }]',
  'grants: [{ subject: "github:*", roles: [a], effect: forbid }]',
  'grants: [{ subject: "github:*", roles: [a], resource: repository }]',
  'manages: [auditor]',
  'limits: { removals: "25" }',
  'limits: { removals: [] }',
  'limits: { removals: -1 }',
  'limits: { removal: 1 }',
  'limits: { floors: { "an admin": 1 } }',
  'limits: { floors: { admin: 10% } }',
  'policy: { roles: { admin: { permissions: [membership] } } }',
  'policy: { roles: { admin: {} } }',
  'policy: { resources: { membership: { actions: ["create repo"] } } }',
  'redis: { url: "redis://localhost" }',
  'redis: { prefix: "" }',
])('refused by program and editor alike: %s', (text) => {
  expect(programAccepts(parse(text))).toBe(false);
  expect(editorAccepts(parse(text))).toBe(false);
});

/** Texts that are nearly right: most parts fit, some do not. */
const nearly = (fine: readonly string[], odd: readonly string[] = []): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...fine) },
        { weight: 1, arbitrary: fc.constantFrom(...odd, ...'.*@|+/:_- é\n#%?{}\\') },
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join(''));
const KEY = nearly(['a', 'Z', '0', '-', '_']);
const PATTERN = nearly(['a', 'Z', '0', '-', '_', '*']);
const TENANT = nearly(['a', '-', '_', '{org}'], ['{', '{login}']);
const LOCATOR = fc
  .tuple(
    fc.constantFrom('github', 'github', 'GitHub', 'g*', '*', 'gitlab'),
    fc.constantFrom('acme', 'acme', 'a_b', '*', '', 'a b'),
    fc.constantFrom('role', 'Role', 'team', 't*m', 'user', 'collaborator', 'collab*', '*', 'rule'),
    fc.constantFrom('admin', 'MEMBER', 'm*', '*', '#12', '#0', 'platform', 'owner'),
    fc.constantFrom('maintainer', 'member', '*', 'admin', ''),
  )
  .chain((segments) => fc.integer({ min: 1, max: 5 }).map((length) => segments.slice(0, length).join(':')));

describe('an editor never refuses what the program accepts', () => {
  const rule = (part: object) => ({
    grants: [{ subject: 'github:acme:user:x', roles: ['a'], effect: 'deny', ...part }],
  });
  test.each<[string, fc.Arbitrary<string>, (text: string) => unknown]>([
    ['owner', nearly(['a', 'Z', '0', '-', '_', '.']), (owner) => ({ owner })],
    ['orgs', nearly(['a', '-', '_', 'a'.repeat(12)]), (org) => ({ github: { orgs: [org] } })],
    [
      'apiUrl',
      nearly(['a', '/', '.b'], ['[::1]', ':80']).map((rest) => `https://h${rest}`),
      (apiUrl) => ({ github: { apiUrl } }),
    ],
    ['permit.tenant', TENANT, (tenant) => ({ permit: { tenant } })],
    ['users.key', nearly(['{login}', '{id}', 'a', '|'], ['{', '}']), (key) => ({ users: { key } })],
    ['users.protect', PATTERN, (key) => ({ users: { protect: [key] } })],
    ['subject', LOCATOR, (subject) => rule({ subject })],
    ['unless', LOCATOR, (unless) => rule({ subject: 'github:labs:user:x', unless: [unless] })],
    ['roles', PATTERN, (role) => rule({ roles: [role] })],
    [
      'until',
      fc.date({ noInvalidDate: true }).map((day) => day.toISOString().slice(0, 10)),
      (until) => rule({ until }),
    ],
    ['tenant', TENANT, (tenant) => rule({ tenant })],
    ['resource', nearly(['a', '*', '-', ':']), (resource) => rule({ resource })],
    ['manages', nearly(['a', '*', '/']), (pattern) => ({ manages: [pattern] })],
    ['limits', nearly(['2', '5', '.', '%']), (moves) => ({ limits: { moves } })],
    ['floors', KEY, (role) => ({ limits: { floors: { [role]: 1 } } })],
    ['actions', KEY, (action) => ({ policy: { resources: { r: { actions: [action] } } } })],
    ['permissions', nearly(['a', ':', '-']), (one) => ({ policy: { roles: { r: { permissions: [one] } } } })],
    ['redis.prefix', nearly(['a', '.', ':', '-', '_']), (prefix) => ({ redis: { prefix } })],
  ])('%s', (_, texts, config) => {
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(programAccepts(config(text)));
        expect(editorAccepts(config(text))).toBe(true);
      }),
      // Most texts are refused by the program; fewer than one in a thousand that fit would prove too little.
      { numRuns: 40, maxSkipsPerRun: 1000 },
    );
  });
});

/** Every schema inside, by path. */
function everySchema(of: JsonSchema, at = ''): readonly (readonly [string, JsonSchema])[] {
  const inside: [string, unknown][] = [
    ...Object.entries(of.properties ?? {}).map(([key, one]): [string, unknown] => [`${at}.${key}`, one]),
    [`${at}[]`, of.items],
    [`${at}.*`, of.additionalProperties],
    [`${at}'s keys`, of.propertyNames],
  ];
  return [
    [at, of],
    ...inside.flatMap(([path, one]) =>
      typeof one === 'object' ? everySchema(one as JsonSchema, path) : ([] as const),
    ),
  ];
}

test('every key is described, and every text has a form', () => {
  const all = everySchema(schema);
  expect(all.length).toBeGreaterThan(55);
  expect(all.filter(([, one]) => typeof one.description !== 'string').map(([path]) => path)).toEqual([]);
  const formless = all.filter(
    ([, { type, enum: choices, pattern }]) => type === 'string' && !choices && !pattern,
  );
  expect(formless.map(([path]) => path)).toEqual([
    '.$schema',
    '.policy.tenants.*.name',
    '.policy.tenants.*.description',
    '.policy.resources.*.name',
    '.policy.resources.*.description',
    '.policy.roles.*.name',
    '.policy.roles.*.description',
  ]);
});

test('defaults and examples are valid where they stand', () => {
  for (const [path, one] of everySchema(schema)) {
    const { default: usual, examples } = one as { default?: unknown; examples?: readonly unknown[] };
    const here = z.fromJSONSchema({
      ...one,
      $schema: schema.$schema,
      definitions: schema.definitions,
    } as never);
    for (const value of [...(usual === undefined ? [] : [usual]), ...(examples ?? [])]) {
      expect([path, value, here.safeParse(value).success]).toEqual([path, value, true]);
    }
  }
});

test('it is a draft-07 schema with an address for each major version', () => {
  expect(schema).toMatchObject({
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'https://cdn.jsdelivr.net/npm/gh-permit-sync@0/dist/config.schema.json',
    title: expect.any(String),
  });
  expect(schemaAddress('12.3.4')).toContain('gh-permit-sync@12/');
});

test('the descriptions of limits say that a percentage allows at least one, as `judge` counts', () => {
  const { properties = {} } = schema.properties?.limits ?? {};
  for (const [name, { description }] of Object.entries(properties)) {
    if (name !== 'floors') expect(description, name).toContain('which allows at least 1');
  }
});
