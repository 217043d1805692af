import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { schemaAddress } from '../../../src/config/file.ts';
import { userKeyProblem } from '../../../src/config/keys.ts';
import { organizationProblem, repeatedOrganization } from '../../../src/config/organization.ts';
import type { Answers } from '../../../src/init/answers.ts';
import { renderConfigFile } from '../../../src/init/config-file.ts';
import { defaultRules } from '../../../src/model/rule.ts';
import { patterns } from '../../support/builders.ts';
import { load } from '../config/support.ts';

const ANSWERS: Answers = { orgs: ['acme'], tenant: 'default', userKey: 'github|{id}', owner: 'default' };
const render = (answers: Partial<Answers> = {}): string =>
  renderConfigFile({ ...ANSWERS, ...answers }, schemaAddress('0.1.0'));
/** Nothing but the file says which organizations. */
const loadFile = (file: string) => load({ file, env: { GITHUB_ORG: undefined } });
/** Removes the `#` from every line with a commented-out setting. */
const uncommented = (text: string): string => text.replace(/^( *)#(?=[^ \n]| {2,})/gm, '$1');

test('holds the answers, and otherwise the defaults', () => {
  const settings = loadFile(render());
  expect(settings).toEqual({
    ...load({ env: { GITHUB_ORG: 'acme' } }),
    userKeyChosen: true,
    hasRules: true,
    users: { key: 'github|{id}', onLeave: 'delete', adopt: 'none', protect: [] },
    configFile: 'gh-permit-sync.yaml',
  });
  expect(settings.rules).toEqual(defaultRules('default'));
});

describe('what is commented out', () => {
  const [bare, whole] = [loadFile(render()), loadFile(uncommented(render()))];

  test('is valid', () => {
    expect(uncommented(render())).not.toMatch(/^ *#[^ \n]/m);
    expect(whole.rules).toHaveLength(7);
    expect(whole.users.protect).toEqual(['svc-*']);
    expect(whole.manages).toEqual(['production/auditor']);
    expect(Object.keys(whole.policy?.roles ?? {})).toEqual(['admin', 'member']);
  });

  test('is the default unless it is an example', () => {
    const { rules: _, manages: __, policy: ___, repositories, users, ...rest } = whole;
    expect(bare).toMatchObject(rest);
    expect(bare.users).toEqual({ ...users, protect: [] });
    expect([bare.repositories, repositories?.match]).toEqual([undefined, ['*']]);
  });
});

test('names the schema of its major version in the first line', () => {
  expect(render().split('\n')[0]).toBe(
    '# yaml-language-server: $schema=https://cdn.jsdelivr.net/npm/gh-permit-sync@0/dist/config.schema.json',
  );
});

test('several organizations, a tenant of its own for each', () => {
  const settings = loadFile(render({ orgs: ['acme', 'acme-labs'], tenant: '{org}' }));
  expect(settings.orgs).toEqual(['acme', 'acme-labs']);
  expect(settings.rules).toEqual(defaultRules('{org}'));
});

test('several organizations in one tenant: the file names who is admin of all of them', () => {
  const text = render({ orgs: ['acme', 'acme-labs'] });
  expect(text).toContain('CAREFUL');
  expect(loadFile(text).rules[0]).toMatchObject({
    subject: patterns(['github:acme:role:admin', 'github:acme-labs:role:admin']),
    roles: ['admin'],
    tenant: 'default',
  });
});

/** Names that YAML would read as something else if they were not quoted. */
const TRICKY = ['null', 'true', 'NO', 'on', '007', '1e3', '0x1F', '1_000', '12', 'y', 'nan'];
const name = fc.oneof(fc.constantFrom(...TRICKY), fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$/));
const answers: fc.Arbitrary<Answers> = fc.record({
  orgs: fc
    .array(name, { minLength: 1, maxLength: 4 })
    .filter((orgs) => orgs.every((org) => organizationProblem(org) === undefined))
    .filter((orgs) => repeatedOrganization(orgs) === undefined),
  tenant: fc.oneof(
    name,
    name.map((prefix) => `${prefix}-{org}`),
  ),
  userKey: fc
    .stringMatching(/^[A-Za-z0-9|@+\-._]{0,9}(\{login\}|\{id\})[A-Za-z0-9|@+\-._]{0,9}$/)
    .filter((key) => userKeyProblem(key) === undefined),
  owner: fc.oneof(fc.constantFrom(...TRICKY), fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/)),
});

test('every valid answer is read back as given, with and without the comments', () => {
  fc.assert(
    fc.property(answers, fc.boolean(), (given, whole) => {
      const text = renderConfigFile(given, schemaAddress('0.1.0'));
      const settings = loadFile(whole ? uncommented(text) : text);
      expect({
        orgs: settings.orgs,
        tenant: settings.permit.tenant,
        userKey: settings.users.key,
        owner: settings.owner,
      }).toEqual(given);
    }),
    { numRuns: 60 },
  );
});
