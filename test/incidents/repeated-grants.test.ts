import { expect, onTestFinished, test } from 'vitest';
import { addPermitUser, permitWorld, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import { ACME_ID, githubOf, openTarget, outcomes, reconcileOnce, writesOf } from '../support/adapters.ts';
import { allow } from '../support/builders.ts';

/** An answer of Permit that names a grant twice (issue 9.5). */

const person = { id: 7 as GitHubId, login: 'octocat', role: 'member' } as const;
const attributes = {
  github_id: 7,
  github_login: 'octocat',
  github_orgs: [ACME_ID],
  managed_by: 'gh-permit-sync:default',
  managed_origin: 'created',
};
const BOTH = { rules: [allow('github:acme:role:*', ['admin', 'member'])] };

async function permitWith(grants: readonly string[], repeatGrants = false) {
  const world = permitWorld();
  addPermitUser(world, { key: 'octocat', attributes, grants });
  const permit = await startPermitEmulator(world, { repeatGrants });
  onTestFinished(() => permit.close());
  return permit;
}

test('a grant that is listed twice never hides a missing one', async () => {
  const permit = await permitWith(['default/admin', 'default/admin']);
  const run = await reconcileOnce({ github: githubOf([person]), permit }, { request: BOTH });
  expect(outcomes(run)).toEqual({ applied: 1 });
  expect(permit.world.users.get('octocat')?.grants.map(({ role }) => role)).toContain('member');
});

test('if every grant is listed twice, a run finds everything in sync', async () => {
  const permit = await permitWith(['default/admin', 'default/member'], true);
  const run = await reconcileOnce({ github: githubOf([person]), permit }, { request: BOTH });
  expect(run.results).toEqual([]);
  expect(writesOf(permit.requests)).toEqual([]);
  const user = await openTarget(permit).reader.readUser('octocat' as never);
  expect(user?.grants).toHaveLength(2);
});
