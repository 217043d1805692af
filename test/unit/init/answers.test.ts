import { describe, expect, test } from 'vitest';
import { collectAnswers, type GivenAnswers, type Prompter } from '../../../src/init/answers.ts';
import { SyncError } from '../../../src/model/errors.ts';

/** Somebody who gives these answers, one after the other. */
function person(...answers: readonly string[]): Prompter & { asked: string[]; told: string[] } {
  const left = [...answers];
  const asked: string[] = [];
  const told: string[] = [];
  return {
    asked,
    told,
    tell: (text) => void told.push(text),
    ask: async (prompt) => {
      asked.push(prompt);
      const answer = left.shift();
      if (answer === undefined) throw new Error(`no answer is left for ${prompt}`);
      return answer;
    },
  };
}

const USUAL = { orgs: ['acme'], tenant: 'default', userKey: 'github|{id}', owner: 'default' };

describe('without a terminal', () => {
  test.each<[string, GivenAnswers, Record<string, string>, object]>([
    ['one organization', { org: ['acme'] }, {}, USUAL],
    ['from the environment', {}, { GITHUB_ORG: 'acme' }, USUAL],
    ['a flag beats the environment', { org: ['acme'] }, { GITHUB_ORG: 'other' }, USUAL],
    ['several', { org: ['acme,labs', 'x'] }, {}, { orgs: ['acme', 'labs', 'x'], tenant: '{org}' }],
    ['one tenant for several', { org: ['a', 'b'], tenant: 'all' }, {}, { orgs: ['a', 'b'], tenant: 'all' }],
    ['the tenant', { org: ['acme'] }, { PERMIT_TENANT: 'prod' }, { ...USUAL, tenant: 'prod' }],
    ['the rest', { org: ['a'], userKey: '{login}', owner: 'me' }, {}, { userKey: '{login}', owner: 'me' }],
  ])('%s', async (_, given, env, expected) => {
    expect(await collectAnswers(given, env, undefined)).toMatchObject(expected);
  });

  test.each<[GivenAnswers, Record<string, string>, 'USAGE' | 'CONFIG_INVALID', RegExp]>([
    [{}, {}, 'USAGE', /no organization is given.*terminal/],
    [{ org: ['a b'] }, {}, 'USAGE', /^--org: "a b" is not an organization name/],
    [{ org: ['acme', 'ACME'] }, {}, 'USAGE', /^--org: "ACME" and "acme" are the same organization/],
    [{}, { GITHUB_ORG: 'a/b' }, 'CONFIG_INVALID', /^GITHUB_ORG: /],
    [{ org: ['acme'], tenant: 'a b' }, {}, 'USAGE', /^--tenant: /],
    [{ org: ['acme'], tenant: '{login}' }, {}, 'USAGE', /^--tenant: unknown placeholder "{login}"/],
    [{ org: ['acme'], userKey: 'github' }, {}, 'USAGE', /^--user-key: .*same key/],
    [{ org: ['acme'], owner: 'a b' }, {}, 'USAGE', /^--owner: "a b" is not valid/],
    [{ org: ['acme'], owner: '' }, {}, 'USAGE', /^--owner: is empty/],
    [{ org: ['acme'], owner: 'ghp_0123456789' }, {}, 'USAGE', /^--owner: holds what looks like a secret$/],
  ])('%j and %j are refused', async (given, env, code, message) => {
    const error = await collectAnswers(given, env, undefined).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SyncError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((error as SyncError).hint).not.toBe('');
  });
});

describe('on a terminal', () => {
  test('asks for everything, and an empty answer takes the default in brackets', async () => {
    const who = person('acme', '', '', '');
    expect(await collectAnswers({}, {}, who)).toEqual(USUAL);
    expect(who.asked.map((prompt) => /\[(.*)\]: $/.exec(prompt)?.[1])).toEqual([
      undefined,
      'default',
      'github|{id}',
      'default',
    ]);
  });

  test('what a flag says is not asked, what the environment says is suggested', async () => {
    const who = person('', 'production');
    const given = { userKey: '{login}', owner: 'me' };
    expect(await collectAnswers(given, { GITHUB_ORG: 'acme' }, who)).toMatchObject({
      orgs: ['acme'],
      tenant: 'production',
    });
    expect(who.asked[0]).toContain('[acme]');
  });

  test('several organizations are suggested a tenant each', async () => {
    const who = person('acme, labs', '', '', '');
    expect(await collectAnswers({}, {}, who)).toMatchObject({ orgs: ['acme', 'labs'], tenant: '{org}' });
  });

  test('a wrong answer is explained, and asked again', async () => {
    const who = person(
      '',
      'https://github.com/acme',
      'acme',
      'a b',
      ' prod ',
      'octo',
      '{id}',
      'ghp_abcdef',
      'o',
    );
    expect(await collectAnswers({}, {}, who)).toEqual({
      orgs: ['acme'],
      tenant: 'prod',
      userKey: '{id}',
      owner: 'o',
    });
    expect(who.told).toHaveLength(5);
    expect(who.told[1]).toContain('did you mean "acme"?');
    expect(who.told.join('')).not.toContain('ghp_abcdef');
  });
});
