import { describe, expect, test } from 'vitest';
import { addToken, orgOf, repositoryOf, userOf } from '../../../src/demo/github/github.ts';
import { openInspector } from '../../support/adapters.ts';
import { accessOnGitHub, githubWithRepositories } from '../../support/repositories.ts';

describe('who has access to a repository', () => {
  test.each(['payments-api', 'next.js', 'handbook'])('%s', async (name) => {
    const github = await githubWithRepositories();
    const everybody = await openInspector(github).listEffectiveAccess(
      'acme',
      repositoryOf(github.world, 'acme', name),
    );
    expect(Object.fromEntries(everybody.map(({ login, role }) => [login, role]))).toEqual(
      accessOnGitHub(github.world)[name],
    );
  });

  test('a list that fails is an error with the reason', async () => {
    const github = await githubWithRepositories();
    github.faults.push({
      match: ({ path }) => path.endsWith('/collaborators'),
      do: {
        kind: 'answer',
        status: 403,
        body: { message: 'Must have push access to view repository collaborators.' },
      },
    });
    const repository = repositoryOf(github.world, 'acme', 'handbook');
    await expect(openInspector(github).listEffectiveAccess('acme', repository)).rejects.toMatchObject({
      code: 'GITHUB_INCOMPLETE',
      message: expect.stringContaining('Must have push access'),
    });
  });
});

test('custom roles, and none if the credential sees none', async () => {
  const github = await githubWithRepositories();
  expect(await openInspector(github).listCustomRoles('acme')).toEqual([{ name: 'Deployer', level: 'write' }]);
  const { world } = github;
  addToken(world, 'ghp_ann', { kind: 'pat', userId: userOf(world, 'ann').id, scopes: ['read:org'] });
  expect(await openInspector(github, 'ghp_ann').listCustomRoles('acme')).toBeUndefined();
  const permissions = { members: 'read' };
  addToken(world, 'ghs_few', { kind: 'installation', orgId: orgOf(world, 'acme').id, permissions });
  expect(await openInspector(github, 'ghs_few').listCustomRoles('acme')).toBeUndefined();
});

test('the mirrored repositories', async () => {
  const github = await githubWithRepositories();
  const found = await openInspector(github).findRepositories('acme', { match: ['next*', 'attic', 'HAND*'] });
  expect([...found.values()].map(({ name }) => name)).toEqual(['next.js', 'handbook']);
});
