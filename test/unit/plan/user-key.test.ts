import { expect, test } from 'vitest';
import { userKeyFor } from '../../../src/plan/keys/user-key.ts';
import { gitHubId } from '../../support/builders.ts';

test.each([
  ['{login}', 'Octo-Cat', 'Octo-Cat'],
  ['{id}', 'octocat', '583231'],
  ['github|{id}', 'octocat', 'github|583231'],
  ['{login}@github', 'octocat', 'octocat@github'],
  ['{login}+{id}+{login}', 'a', 'a+583231+a'],
  ['{login}', 'octo_acme', 'octo_acme'],
])('%s of %s is %s', (template, login, expected) => {
  expect(userKeyFor(template, { login, id: gitHubId(583231) })).toBe(expected);
});

test.each(['dependabot[bot]', 'a b', 'é', '\u202eabc', 'a/b'])('no key of the login %j', (login) => {
  expect(userKeyFor('{login}', { login, id: gitHubId(1) })).toBeUndefined();
  expect(userKeyFor('{id}', { login, id: gitHubId(1) })).toBe('1');
});

test.each(['{id}', '$&', "$'", '{login}'])('the login %j is text, never a template', (login) => {
  expect(userKeyFor('{login}@x', { login, id: gitHubId(1) })).toBeUndefined();
});
